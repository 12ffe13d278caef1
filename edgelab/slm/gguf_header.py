"""The header of a GGUF file, read with `struct` and believed in nothing.

Four bytes "GGUF", a version, two counts, then keys with typed values, then one entry for each tensor: name, sides, type,
where its bytes begin. Every length is held against what is left of the file before anything is reserved for it, so a
header that announces a million billion tensors is an error at once. Use `edgelab.slm.gguf_file`. Lesson 30.

Source: ggml, "GGUF" (docs/gguf.md in the repository ggml-org/ggml).
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

from edgelab.errors import FormatError
from edgelab.slm.gguf_types import TYPES

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_SIDES = 4
DEFAULT_ALIGNMENT = 32
_NAMES = {kind.number: name for name, kind in TYPES.items()}

# The types that a metadata value may have: struct's letter for each, by number.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}  # fmt: skip
_SIZES = {letter: struct.calcsize("<" + letter) for letter in _SCALARS.values()}
_STRING, _ARRAY = 8, 9
_DEEPEST = 4  # arrays in arrays; no real file has more than two


class Entry(NamedTuple):
    """What the header says of one tensor."""

    name: str
    shape: tuple[int, ...]  # as NumPy says it, (rows, columns): the file lists the columns first
    type: str
    offset: int  # from where the weights begin


class Header(NamedTuple):
    """Everything before the weights."""

    version: int
    metadata: dict[str, Any]
    entries: tuple[Entry, ...]
    alignment: int
    data_start: int  # where the weights begin
    size_bytes: int  # of the whole file


def read(path: Path) -> Header:
    """Read the header of a GGUF file.

    Raises:
        FormatError: no GGUF file, another version, truncated, or values that GGUF does not have.
    """
    size = path.stat().st_size
    if size < len(MAGIC):
        raise FormatError(f"{path.name} is no GGUF file: it has {size} bytes.")
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return _Reader(path, content).header()


class _Reader:
    """Reads the header and never asks for more bytes than the file has left."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content, self.size = path, content, len(content)
        self.position = 0

    def header(self) -> Header:
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
        return Header(version, metadata, tuple(entries), alignment, start, self.size)

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

    def entry(self) -> Entry:
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
        return Entry(name, shape, _NAMES[number], offset)
