"""The Llama network in PyTorch: to train it, to tune it, and as the reference for every engine.

    model = torch_llama.build(shape, seed=0)
    checkpoint = torch_llama.checkpoint(model, shape, tokenizer_content)
    again = torch_llama.from_checkpoint(checkpoint)

Everything of the course that trains a language model goes through this module, which imports torch and
transformers when it is asked to. Lesson 34 tunes with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgelab.errors import MissingRuntimeError
from edgelab.slm.llama import HEAD, Checkpoint, Shape


def torch() -> Any:
    """Return the module torch.

    Raises:
        MissingRuntimeError: torch or transformers is not installed.
    """
    try:
        import torch as module
        import transformers
    except ImportError as error:
        raise MissingRuntimeError(
            "Training a language model needs torch and transformers, which are not installed here: "
            "`pip install -e '.[olive]' -c constraints.txt`, or all with `make lab`."
        ) from error
    log: Any = transformers.utils.logging
    log.set_verbosity_error()
    log.disable_progress_bar()
    return module


def build(shape: Shape, seed: int = 0, dropout: float = 0.0) -> Any:
    """Return an untrained network.

    Args:
        shape: of it.
        seed: of its weights.
        dropout: share of the numbers that each attention and feed-forward part, and the embedding,
            leaves out while it trains; `model.dropout` draws them.

    Returns:
        A `transformers.LlamaForCausalLM`, float32.
    """
    torch().manual_seed(seed)
    from transformers import LlamaConfig, LlamaForCausalLM

    configuration: Any = LlamaConfig  # its types know only half of what it takes
    model: Any = LlamaForCausalLM(
        configuration(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            head_dim=shape.head_size,
            intermediate_size=shape.feed_forward,
            max_position_embeddings=shape.context,
            rms_norm_eps=shape.epsilon,
            rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
            tie_word_embeddings=shape.tied,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation="sdpa",
        )
    )
    if dropout:
        model.dropout = Dropout(dropout)
        model.dropout.add_to(model)
    return model


def checkpoint(
    model: Any,
    shape: Shape,
    tokenizer: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Return a copy of a network's weights as a `Checkpoint`.

    Args:
        model: a `LlamaForCausalLM` of that shape.
        shape: of it.
        tokenizer: content of its `tokenizer.json`.
        facts: name and special tokens, see `Checkpoint`.
    """
    tensors = {
        name: np.array(value.detach().float().cpu().numpy())
        for name, value in model.state_dict().items()
        if not (shape.tied and name == HEAD)
    }
    return Checkpoint(shape, tensors, tokenizer, dict(facts or {}))


def from_checkpoint(source: Checkpoint) -> Any:
    """Return a network with the weights of a checkpoint, float32, ready to answer."""
    # Its random start costs more than reading the weights, and is thrown away.
    with _without_start():
        model = build(source.shape)
    load(model, source.tensors)
    return model.eval()


def load(model: Any, tensors: Mapping[str, np.ndarray]) -> None:
    """Put arrays into a network; a tied output layer follows its embedding."""
    state = {name: torch().from_numpy(np.array(t, np.float32)) for name, t in tensors.items()}
    left_out = model.load_state_dict(state, strict=False).missing_keys
    assert set(left_out) <= {HEAD}, left_out
    model.tie_weights()


def logits(model: Any, ids: np.ndarray) -> np.ndarray:
    """Return the logits of windows of tokens, without a cache.

    Args:
        model: a `LlamaForCausalLM`.
        ids: (windows, tokens).

    Returns:
        float32 (windows, tokens, vocabulary).
    """
    with torch().no_grad():
        answer = model(input_ids=torch().as_tensor(np.asarray(ids, np.int64)), use_cache=False)
    found: np.ndarray = answer.logits.float().cpu().numpy()
    return found


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads within a block."""
    before = torch().get_num_threads()
    torch().set_num_threads(count)
    try:
        yield
    finally:
        torch().set_num_threads(before)


@contextlib.contextmanager
def _without_start() -> Iterator[None]:
    torch()
    from transformers.initialization import no_init_weights

    with no_init_weights():
        yield


class Dropout:
    """Numbers left out at random where the residual stream is written, as GPT-2 has it and Llama has not.

    NumPy draws the masks: torch's own draw took a sixth of a training step.

    Args:
        share: of the numbers that are left out, in steps of 1/256.
    """

    def __init__(self, share: float) -> None:
        self._below = round(share * 256)
        self._random = np.random.default_rng(0)

    def seed(self, *numbers: int) -> None:
        """Start the masks anew, as these numbers decide."""
        self._random = np.random.default_rng(numbers)

    def add_to(self, model: Any) -> None:
        """Let a network pass through here after its embedding and after each part of each layer."""
        model.model.embed_tokens.register_forward_hook(self._hook)
        for layer in model.model.layers:
            layer.self_attn.register_forward_hook(self._hook)
            layer.mlp.register_forward_hook(self._hook)

    def _hook(self, module: Any, _inputs: Any, output: Any) -> Any:
        if not module.training:
            return None
        if isinstance(output, tuple):
            return self._dropped(output[0]), *output[1:]
        return self._dropped(output)

    def _dropped(self, numbers: Any) -> Any:
        drawn = self._random.integers(0, 256, tuple(numbers.shape), np.uint8)
        kept = torch().from_numpy(drawn >= self._below)
        return numbers * kept * (256 / (256 - self._below))
