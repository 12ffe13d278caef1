"""A Llama network in NumPy: every operation of it, in order, in fifty lines.

    checkpoint = from_gguf.read(slm.course_model())
    forward.logits(checkpoint, [17, 4, 230])           # float32 (3, 4096)

Slow, exact, and independent of every engine: what a conversion has to reproduce, where neither llama.cpp nor
PyTorch is installed. Lesson 30.

Source: Touvron et al., "LLaMA", arXiv:2302.13971, 2023; Su et al., "RoFormer" (rotary embedding), arXiv:2104.09864.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgelab.errors import InputError
from edgelab.slm.llama import EMBEDDING, HEAD, Checkpoint


def logits(checkpoint: Checkpoint, ids: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the logits after every token.

    Args:
        checkpoint: the model.
        ids: tokens (n,).

    Returns:
        float32 (n, vocabulary).

    Raises:
        InputError: no token, or one that the vocabulary does not have.
    """
    shape, weights = checkpoint.shape, checkpoint.tensors
    tokens = np.asarray(ids, np.int64)
    if (
        tokens.ndim != 1
        or not tokens.size
        or not 0 <= tokens.min() <= tokens.max() < shape.vocabulary
    ):
        raise InputError(
            f"Give tokens between 0 and {shape.vocabulary - 1} in one row, at least one."
        )
    angles = _angles(len(tokens), shape.head_size, shape.rope_theta)
    # After a token nothing is seen of those that follow.
    hidden_from = np.triu(np.full((len(tokens), len(tokens)), -np.inf, np.float32), 1)
    x = weights[EMBEDDING][tokens].astype(np.float32)
    for number in range(shape.layers):
        layer = f"model.layers.{number}."

        def matrix(name: str, values: np.ndarray, layer: str = layer) -> np.ndarray:
            product: np.ndarray = values @ weights[f"{layer}{name}.weight"].T
            return product

        y = _normed(x, weights[layer + "input_layernorm.weight"], shape.epsilon)
        queries = _rotated(_heads(matrix("self_attn.q_proj", y), shape.heads), angles)
        keys = _rotated(_heads(matrix("self_attn.k_proj", y), shape.kv_heads), angles)
        values = _heads(matrix("self_attn.v_proj", y), shape.kv_heads)
        shared = shape.heads // shape.kv_heads  # query heads that look at the same keys
        keys, values = keys.repeat(shared, axis=0), values.repeat(shared, axis=0)
        fits = queries @ keys.swapaxes(1, 2) / np.float32(math.sqrt(shape.head_size))
        seen = _softmax(fits + hidden_from) @ values
        x = x + matrix("self_attn.o_proj", seen.swapaxes(0, 1).reshape(len(tokens), -1))
        y = _normed(x, weights[layer + "post_attention_layernorm.weight"], shape.epsilon)
        gate = matrix("mlp.gate_proj", y)
        gate = gate / (1 + np.exp(-gate))  # SiLU
        x = x + matrix("mlp.down_proj", gate * matrix("mlp.up_proj", y))
    x = _normed(x, weights["model.norm.weight"], shape.epsilon)
    scores: np.ndarray = x @ weights[EMBEDDING if shape.tied else HEAD].T
    return scores.astype(np.float32)


def _normed(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    size = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(epsilon))
    normed: np.ndarray = x / size * weight
    return normed


def _heads(x: np.ndarray, heads: int) -> np.ndarray:
    """Return (heads, tokens, head size) of (tokens, heads × head size)."""
    return x.reshape(len(x), heads, -1).swapaxes(0, 1)


def _angles(tokens: int, size: int, theta: float) -> np.ndarray:
    """Return by how much each pair of numbers is turned at each place, (tokens, size / 2)."""
    speeds = theta ** -(np.arange(0, size, 2) / size)
    return np.outer(np.arange(tokens), speeds)


def _rotated(x: np.ndarray, angles: np.ndarray) -> np.ndarray:
    # A pair is a number of the first half of a head and its partner in the second, as Hugging Face stores them.
    cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return shares
