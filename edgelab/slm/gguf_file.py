"""What stands in a GGUF file: its metadata, its tensors, and how many bits a weight really takes.

    file = gguf_file.read("model-Q4_K_M.gguf")
    file                               # its repr says what is inside
    file.metadata["llama.block_count"]
    file.types                         # Counter({'Q4_K': 24, 'F32': 9, 'Q6_K': 5})
    file.bits_per_weight               # 5.26, whatever the name of the file promises

A file name promises a type; only the tensors say what is really there. `gguf_header` reads them, this module adds
them up. Lesson 30 reads a header by hand.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError
from edgelab.slm import gguf_header
from edgelab.slm.gguf_types import FLOATS, TYPES, TensorType

__all__ = ["FLOATS", "TYPES", "GgufFile", "Tensor", "TensorType", "read"]


@dataclass(frozen=True)
class Tensor:
    """One tensor: what it is called, its sides, how its weights are stored and where."""

    name: str
    shape: tuple[int, ...]  # as NumPy says it, (rows, columns): the file lists the columns first
    type: str
    offset: int  # from the beginning of the file, in bytes
    size_bytes: int

    @property
    def count(self) -> int:
        """Return the number of weights."""
        return math.prod(self.shape)

    @property
    def is_matrix(self) -> bool:
        """Tell whether it is a matrix: norms and biases are vectors and stay as they are."""
        return sum(side > 1 for side in self.shape) > 1

    @property
    def in_block(self) -> bool:
        """Tell whether it belongs to a transformer block, not to the embedding or the output."""
        return self.name.startswith("blk.")


@dataclass(frozen=True, repr=False)
class GgufFile:
    """A GGUF file, read up to its weights."""

    path: Path
    version: int
    metadata: Mapping[str, Any]
    tensors: tuple[Tensor, ...]
    data_start: int  # where the weights begin; the header before holds the whole tokenizer
    size_bytes: int

    @property
    def architecture(self) -> str:
        """Return the family of networks, for instance "llama" or "qwen2"."""
        return str(self.metadata.get("general.architecture", "unknown"))

    @property
    def types(self) -> Counter[str]:
        """Return how many tensors there are of each type."""
        return Counter(tensor.type for tensor in self.tensors)

    @property
    def matrix_types(self) -> Counter[str]:
        """Return how many matrices there are of each type: what quantizing is about."""
        return Counter(tensor.type for tensor in self.tensors if tensor.is_matrix)

    @property
    def parameters(self) -> int:
        """Return the number of weights."""
        return sum(tensor.count for tensor in self.tensors)

    @property
    def bits_per_weight(self) -> float:
        """Return the bits of a weight on average over all tensors, embedding and norms included."""
        return _bits(self.tensors)

    @property
    def block_bits_per_weight(self) -> float:
        """Return the bits of a weight on average over the transformer blocks only (NaN without any)."""
        return _bits([tensor for tensor in self.tensors if tensor.in_block])

    @property
    def is_quantized(self) -> bool:
        """Tell whether any matrix is stored in less than 16 bits."""
        return any(t.is_matrix and t.type not in FLOATS for t in self.tensors)

    def setting(self, name: str) -> Any:
        """Return a number of the architecture: "block_count" for `llama.block_count`.

        Raises:
            FormatError: the file does not say it.
        """
        key = f"{self.architecture}.{name}"
        if key not in self.metadata:
            raise FormatError(
                f"{self.path.name} does not say {key!r}, which a language model's file must. It may "
                "be a tokenizer or an adapter without its network."
            )
        return self.metadata[key]

    def tensor(self, name: str) -> Tensor:
        """Return the tensor of this name.

        Raises:
            InputError: there is none.
        """
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        names = [t.name for t in self.tensors]
        near = [t.name for t in self.tensors if t.name.split(".")[-2:] == name.split(".")[-2:]]
        raise InputError(
            f"{self.path.name} has no tensor {name!r}; it has {', '.join((near or names)[:4])}, …"
        )

    def raw(self, name: str) -> np.ndarray:
        """Return the stored bytes of a tensor.

        Returns:
            uint8 (rows, bytes of a row), mapped from the file and not writable.
        """
        tensor = self.tensor(name)
        columns = tensor.shape[-1]
        kind = TYPES[tensor.type]
        stored = np.memmap(self.path, np.uint8, "r", tensor.offset, (tensor.size_bytes,))
        return stored.reshape(-1, columns // kind.block * kind.size)

    def __repr__(self) -> str:
        """Return a small report."""
        kinds = ", ".join(f"{n} {kind}" for kind, n in self.types.most_common())
        return (
            f"{self.path.name}: GGUF version {self.version}, {self.architecture}, "
            f"{self.parameters / 1e6:.2f} million weights in {self.size_bytes:,} bytes\n"
            f"  {self.bits_per_weight:.2f} bits per weight, {self.block_bits_per_weight:.2f} in the "
            f"blocks\n  tensors: {kinds}"
        )


def read(path: str | os.PathLike[str]) -> GgufFile:
    """Read everything in a GGUF file but the weights.

    Raises:
        MissingFileError: there is no such file.
        FormatError: no GGUF file, another version, truncated, or its header contradicts itself.
    """
    source = workspace.existing(path)
    if not source.is_file():
        raise FormatError(f"{source} is a folder; a GGUF model is one file.")
    header = gguf_header.read(source)
    return GgufFile(
        source,
        header.version,
        header.metadata,
        _placed(source, header),
        header.data_start,
        header.size_bytes,
    )


def _placed(path: Path, header: gguf_header.Header) -> tuple[Tensor, ...]:
    """Return the tensors, each held against the file's end."""
    found: dict[str, Tensor] = {}
    for name, shape, type_name, offset in header.entries:
        kind, count = TYPES[type_name], math.prod(shape)
        columns = shape[-1] if shape else 1
        if count == 0 or columns % kind.block or offset % header.alignment or name in found:
            raise FormatError(
                f"{path.name}: the entry of tensor {name!r} (shape {shape}, {type_name}, at byte "
                f"{offset}) can't be right: a row of {type_name} is a multiple of {kind.block} long, "
                f"offsets are multiples of {header.alignment}, and a name stands once. The file is damaged."
            )
        size = count // kind.block * kind.size
        if header.data_start + offset + size > header.size_bytes:
            raise FormatError(
                f"{path.name} is truncated: tensor {name!r} ends at byte {header.data_start + offset + size} "
                f"and the file has {header.size_bytes} bytes. Get it again."
            )
        found[name] = Tensor(name, shape, type_name, header.data_start + offset, size)
    return tuple(found.values())


def _bits(tensors: tuple[Tensor, ...] | list[Tensor]) -> float:
    count = sum(tensor.count for tensor in tensors)
    return 8 * sum(tensor.size_bytes for tensor in tensors) / count if count else math.nan
