"""A Llama language model as plain arrays: its shape, its tensors, its tokenizer.

    checkpoint = hf_folder.read("my-model")          # or from_gguf.read("model.gguf")
    checkpoint.shape.parameters
    gguf_writer.write(checkpoint, "model-f16.gguf")

Two kinds of file hold the same model under other names: a Hugging Face folder says
`model.layers.0.self_attn.q_proj.weight`, a GGUF file `blk.0.attn_q.weight`. A `Checkpoint` keeps the
names of Hugging Face; `tensors_of` is the dictionary between the two. Lesson 30 looks into both.

Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", arXiv:2302.13971, 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edgelab.errors import FormatError, InputError

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
_PARTS = (
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
)


@dataclass(frozen=True)
class Shape:
    """The numbers that define a Llama network.

    Args:
        vocabulary: tokens.
        hidden: numbers that stand for one token between the layers.
        layers: transformer blocks.
        heads: attention heads for queries.
        kv_heads: attention heads for keys and values (fewer: grouped-query attention).
        feed_forward: width of the gated feed-forward part.
        context: most tokens that the network was trained to see at once.
        head_size: numbers of one head.
        rope_theta: base of the rotary position embedding.
        epsilon: of the RMS normalisation.
        tied: whether the output layer is the embedding, used a second time.
    """

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    context: int
    head_size: int = 64
    rope_theta: float = 10_000.0
    epsilon: float = 1e-5
    tied: bool = True

    @property
    def parameters(self) -> int:
        """Return the number of weights; a tied embedding counts once."""
        return sum(int(np.prod(tensor.size)) for tensor in tensors_of(self))


@dataclass(frozen=True)
class Tensor:
    """One tensor of a network under both of its names.

    Args:
        name: in a Hugging Face folder.
        gguf: in a GGUF file.
        size: rows and columns, or the length of a norm.
        rotated_heads: for the query and key matrices, over how many heads their rows are spread;
            else 0.
    """

    name: str
    gguf: str
    size: tuple[int, ...]
    rotated_heads: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """A whole model in memory.

    Args:
        shape: of the network.
        tensors: float arrays under the names of Hugging Face, matrices as (outputs, inputs).
        tokenizer: the content of a `tokenizer.json`.
        facts: what else is known: "name", "licence", "chat_template", and the numbers of the special
            tokens "bos", "eos", "unknown", "padding".
    """

    shape: Shape
    tensors: Mapping[str, np.ndarray]
    tokenizer: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = {tensor.name: tensor.size for tensor in tensors_of(self.shape)}
        if missing := sorted(expected.keys() - self.tensors.keys()):
            raise FormatError(f"The model lacks {len(missing)} tensors, first {missing[0]!r}.")
        if unknown := sorted(self.tensors.keys() - expected.keys()):
            raise InputError(
                f"The model holds {unknown[0]!r}, which a Llama network does not have; only the Llama "
                "architecture without biases is supported here."
            )
        for name, size in expected.items():
            if self.tensors[name].shape != size:
                raise FormatError(
                    f"{name} has the shape {self.tensors[name].shape}; the configuration says {size}."
                )

    def with_tensors(self, changed: Mapping[str, np.ndarray]) -> Checkpoint:
        """Return the same model with some of its tensors replaced."""
        return replace(self, tensors={**self.tensors, **changed})


def tensors_of(shape: Shape) -> Iterator[Tensor]:
    """Yield every tensor that a network of this shape has, in the order of its layers."""
    queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    hidden, wide = shape.hidden, shape.feed_forward
    sizes: dict[str, tuple[int, ...]] = {
        "attn_q": (queries, hidden),
        "attn_k": (keys, hidden),
        "attn_v": (keys, hidden),
        "attn_output": (hidden, queries),
        "ffn_gate": (wide, hidden),
        "ffn_up": (wide, hidden),
        "ffn_down": (hidden, wide),
    }
    rotated = {"attn_q": shape.heads, "attn_k": shape.kv_heads}
    yield Tensor(EMBEDDING, "token_embd.weight", (shape.vocabulary, hidden))
    for layer in range(shape.layers):
        for name, gguf in _PARTS:
            yield Tensor(
                f"model.layers.{layer}.{name}.weight",
                f"blk.{layer}.{gguf}.weight",
                sizes.get(gguf, (hidden,)),
                rotated.get(gguf, 0),
            )
    yield Tensor("model.norm.weight", "output_norm.weight", (hidden,))
    if not shape.tied:
        yield Tensor(HEAD, "output.weight", (shape.vocabulary, hidden))


def matrices(shape: Shape, embedding: bool = False) -> list[str]:
    """Return the names of the matrices, which are what gets quantized; norms stay as they are.

    Args:
        shape: of the network.
        embedding: whether the embedding (and an output layer of its own) is among them.
    """
    outside = () if embedding else (EMBEDDING, HEAD)
    return [t.name for t in tensors_of(shape) if len(t.size) == 2 and t.name not in outside]


def pairs_beside(matrix: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the rows of a query or key matrix from Hugging Face's order to GGUF's.

    The rotary embedding turns pairs of numbers. Hugging Face takes number i and number i + half of a head as
    a pair, llama.cpp takes two neighbours. Without this step a converted model runs and writes nonsense.

    Args:
        matrix: (heads · head size, inputs).
        heads: over which the rows are spread.
    """
    rows, inputs = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, inputs).swapaxes(1, 2).reshape(rows, inputs)


def pairs_apart(matrix: np.ndarray, heads: int) -> np.ndarray:
    """Undo `pairs_beside`: from GGUF's order of rows to Hugging Face's."""
    rows, inputs = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, inputs).swapaxes(1, 2).reshape(rows, inputs)
