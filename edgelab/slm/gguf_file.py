"""What stands in a GGUF file: its metadata, its tensors, and how many bits a weight really takes.

    file = gguf_file.read("model-Q4_K_M.gguf")
    file                               # its repr says what is inside
    file.metadata["llama.block_count"]
    file.types                         # Counter({'Q4_K': 24, 'F32': 9, 'Q6_K': 5})
    file.bits_per_weight               # 5.26, whatever the name of the file promises

A GGUF file is four bytes "GGUF", a version, two counts, then keys with typed values, then one entry for each
tensor (name, sides, type, where its bytes begin), then the bytes. This module reads all of it with `struct` and
believes nothing: every length is held against what is left of the file before anything is reserved for it.
Lesson 30 reads a header by hand.

Source: ggml, "GGUF" (docs/gguf.md) and ggml-common.h in the repository ggml-org/llama.cpp.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_SIDES = 4
DEFAULT_ALIGNMENT = 32


class TensorType(NamedTuple):
    """How weights of one type are stored: `block` of them together in `size` bytes."""

    number: int  # in the file
    block: int
    size: int

    @property
    def bits(self) -> float:
        """Return the bits of one weight, scales included."""
        return 8 * self.size / self.block


TYPES = {
    "F32": TensorType(0, 1, 4),
    "F16": TensorType(1, 1, 2),
    "Q4_0": TensorType(2, 32, 18),
    "Q4_1": TensorType(3, 32, 20),
    "Q5_0": TensorType(6, 32, 22),
    "Q5_1": TensorType(7, 32, 24),
    "Q8_0": TensorType(8, 32, 34),
    "Q8_1": TensorType(9, 32, 36),
    "Q2_K": TensorType(10, 256, 84),
    "Q3_K": TensorType(11, 256, 110),
    "Q4_K": TensorType(12, 256, 144),
    "Q5_K": TensorType(13, 256, 176),
    "Q6_K": TensorType(14, 256, 210),
    "Q8_K": TensorType(15, 256, 292),
    "IQ2_XXS": TensorType(16, 256, 66),
    "IQ2_XS": TensorType(17, 256, 74),
    "IQ3_XXS": TensorType(18, 256, 98),
    "IQ1_S": TensorType(19, 256, 50),
    "IQ4_NL": TensorType(20, 32, 18),
    "IQ3_S": TensorType(21, 256, 110),
    "IQ2_S": TensorType(22, 256, 82),
    "IQ4_XS": TensorType(23, 256, 136),
    "I8": TensorType(24, 1, 1),
    "I16": TensorType(25, 1, 2),
    "I32": TensorType(26, 1, 4),
    "I64": TensorType(27, 1, 8),
    "F64": TensorType(28, 1, 8),
    "IQ1_M": TensorType(29, 256, 56),
    "BF16": TensorType(30, 1, 2),
    "TQ1_0": TensorType(34, 256, 54),
    "TQ2_0": TensorType(35, 256, 66),
    "MXFP4": TensorType(39, 32, 17),
    "NVFP4": TensorType(40, 64, 36),
    "Q1_0": TensorType(41, 128, 18),
    "Q2_0": TensorType(42, 64, 18),
}
_NAMES = {kind.number: name for name, kind in TYPES.items()}
FLOATS = ("F64", "F32", "F16", "BF16")  # what was never quantized

# The types that a metadata value may have: struct's letter for each, by number.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}  # fmt: skip
_SIZES = {letter: struct.calcsize("<" + letter) for letter in _SCALARS.values()}
_STRING, _ARRAY = 8, 9
_DEEPEST = 4  # arrays in arrays; no real file has more than two


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
        near = [t.name for t in self.tensors if t.name.split(".")[-2:] == name.split(".")[-2:]]
        raise InputError(
            f"{self.path.name} has no tensor {name!r}; it has {', '.join((near or [t.name for t in self.tensors])[:4])}, …"
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
    size = source.stat().st_size
    if size < len(MAGIC):
        raise FormatError(f"{source.name} is no GGUF file: it has {size} bytes.")
    with (
        source.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return _Reader(source, content).file()


class _Reader:
    """Reads the header and never asks for more bytes than the file has left."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content, self.size = path, content, len(content)
        self.position = 0

    def file(self) -> GgufFile:
        magic = self.take(len(MAGIC))
        if magic != MAGIC:
            raise FormatError(
                f"{self.path.name} is no GGUF file: it begins with {magic!r} and not with {MAGIC!r}."
            )
        version = self.number("I")
        if version not in VERSIONS:
            turned = int.from_bytes(version.to_bytes(4, "little"), "big")
            why = (
                "is written for big-endian machines" if turned in VERSIONS else "is too old or new"
            )
            raise FormatError(
                f"{self.path.name} has version {version} of GGUF and {why}; versions "
                f"{' and '.join(map(str, VERSIONS))} can be read here."
            )
        tensors, keys = self.number("Q"), self.number("Q")
        # A key takes 13 bytes at least (length, type, one byte of value), a tensor 24.
        self.require(keys * 13 + tensors * 24, f"{keys} keys and {tensors} tensors")
        metadata: dict[str, Any] = {}
        for _ in range(keys):
            key = self.string()
            if key in metadata:
                raise FormatError(f"{self.path.name} holds the key {key!r} twice; it is damaged.")
            metadata[key] = self.value(self.number("I"))
        entries = [self.entry() for _ in range(tensors)]
        alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise FormatError(f"{self.path.name} aligns its tensors to {alignment!r} bytes.")
        start = -(-self.position // alignment) * alignment
        return GgufFile(
            self.path, version, metadata, self.placed(entries, start, alignment), start, self.size
        )

    def take(self, count: int) -> bytes:
        if count > self.size - self.position:
            self.require(count, f"{count} more bytes")
        self.position += count
        return self.content[self.position - count : self.position]

    def require(self, count: int, what: str) -> None:
        if count > self.size - self.position:
            raise FormatError(
                f"{self.path.name} is truncated or damaged: at byte {self.position} its header announces "
                f"{what}, and the file has {self.size} bytes. Get it again."
            )

    def number(self, letter: str) -> Any:
        return struct.unpack("<" + letter, self.take(_SIZES[letter]))[0]

    def string(self) -> str:
        # Tokens may hold half a character, so bytes that are no UTF-8 are no error.
        return self.take(self.number("Q")).decode("utf-8", errors="replace")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind == _STRING:
            return self.string()
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind != _ARRAY or depth == _DEEPEST:
            raise FormatError(
                f"{self.path.name} holds a value of the type {kind} at byte {self.position}, which GGUF "
                "does not have; it is damaged, or newer than this reader."
            )
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            letter = _SCALARS[inner]
            self.require(count * _SIZES[letter], f"a list of {count} values")
            return list(struct.unpack(f"<{count}{letter}", self.take(count * _SIZES[letter])))
        self.require(8 * count, f"a list of {count} values")
        return [self.value(inner, depth + 1) for _ in range(count)]

    def entry(self) -> tuple[str, tuple[int, ...], str, int]:
        """Return a tensor's name, shape, type, and where it begins after the header."""
        name, sides = self.string(), self.number("I")
        if sides > MOST_SIDES:
            raise FormatError(
                f"{self.path.name}: tensor {name!r} has {sides} sides; GGUF knows {MOST_SIDES} at most."
            )
        shape = tuple(self.number("Q") for _ in range(sides))[::-1]
        number, offset = self.number("I"), self.number("Q")
        if number not in _NAMES:
            raise FormatError(
                f"{self.path.name}: tensor {name!r} has the type {number}, which this reader does not "
                f"know; it knows {', '.join(TYPES)}. The file is damaged, or newer than edgelab."
            )
        return name, shape, _NAMES[number], offset

    def placed(
        self, entries: list[tuple[str, tuple[int, ...], str, int]], start: int, alignment: int
    ) -> tuple[Tensor, ...]:
        """Return the tensors, each held against the file's end."""
        found: dict[str, Tensor] = {}
        for name, shape, type_name, offset in entries:
            kind, count = TYPES[type_name], math.prod(shape)
            columns = shape[-1] if shape else 1
            if count == 0 or columns % kind.block or offset % alignment or name in found:
                raise FormatError(
                    f"{self.path.name}: the entry of tensor {name!r} (shape {shape}, {type_name}, at byte "
                    f"{offset}) can't be right: a row of {type_name} is a multiple of {kind.block} long, "
                    f"offsets are multiples of {alignment}, and a name stands once. The file is damaged."
                )
            size = count // kind.block * kind.size
            if start + offset + size > self.size:
                raise FormatError(
                    f"{self.path.name} is truncated: tensor {name!r} ends at byte {start + offset + size} "
                    f"and the file has {self.size} bytes. Get it again."
                )
            found[name] = Tensor(name, shape, type_name, start + offset, size)
        return tuple(found.values())


def _bits(tensors: tuple[Tensor, ...] | list[Tensor]) -> float:
    count = sum(tensor.count for tensor in tensors)
    return 8 * sum(tensor.size_bytes for tensor in tensors) / count if count else math.nan
