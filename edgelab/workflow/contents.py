"""What stands in an artefact: its weights by their role, its operators, and what it says about itself.

A weight's role is what it does in the network: "convolution", "depthwise", "dense", "embedding", "vector" (norms
and biases), or "scale" (a scale or zero point of other weights). `reading.read` fills this in for every format.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# In the names of Hugging Face, GGUF ("token_embd", and "output.weight" beside "blk.0.attn_output.weight").
_EMBEDDINGS = ("embed", "token_embd", "wte", "wpe", "lm_head")
_HEAD = "output.weight"


@dataclass(frozen=True)
class Weight:
    """One tensor of weights: its type, the bits of one value, and what it does."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bits: float
    role: str

    @property
    def count(self) -> int:
        """Return the number of values."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Contents:
    """Everything that was read of an artefact."""

    name: str
    format: str
    kind: str
    bytes: int
    architecture: str
    weights: tuple[Weight, ...]
    operators: Counter[str]
    context: int | None = None
    macs: int | None = None
    kv_bytes_per_token: int | None = None


def role_of(name: str, shape: Sequence[int]) -> str:
    """Return the role that a name and a shape tell, where no operator does."""
    if sum(side > 1 for side in shape) < 2:
        return "vector"
    if name == _HEAD or any(word in name for word in _EMBEDDINGS):
        return "embedding"
    return "dense"


def kv_bytes(layers: int, kv_heads: int, head: int) -> int:
    """Return the bytes that one token takes in a key-value cache of 16 bits."""
    return 2 * layers * kv_heads * head * 2
