"""Reading a PyTorch checkpoint without PyTorch, and without running code from it.

    tensors = checkpoint.read_pth("weights.pth")      # {"layer.weight": array, ...}

A `.pth` file is a pickle, and a pickle may call any function while it is read. The reader here knows
four names and refuses every other, so a checkpoint can hold numbers and nothing else. The old format
(before PyTorch 1.6) is five pickles in a row followed by the raw numbers. Lesson 42 takes up why
loading a model file is a security question.
"""

from __future__ import annotations

import collections
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


@dataclass(frozen=True)
class _Tensor:
    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in elements; a tensor need not lie in its storage row by row


def read_pth(path: str | Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dictionary saved in PyTorch's old format.

    Args:
        path: the `.pth` file.

    Returns:
        An array per name, in the order of the file.

    Raises:
        MissingFileError: there is no such file.
        FormatError: another format, a truncated file, or a pickle that wants to do more than hold
            numbers.

    Source: the legacy loader in torch/serialization.py (`_legacy_load`).
    """
    source = workspace.existing(path)
    try:
        with source.open("rb") as stream:
            return _read(stream)
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        struct.error,
        MemoryError,
        OverflowError,
    ) as error:
        raise FormatError(
            f"{source} is not a readable PyTorch checkpoint of the old format "
            f"({type(error).__name__}: {error}). Install the package that it came with again."
        ) from error


def _read(stream: BinaryIO) -> dict[str, np.ndarray]:
    if _Reader(stream).load() != _MAGIC:
        raise pickle.UnpicklingError("the file does not start with PyTorch's magic number")
    for _ in ("protocol", "system"):
        _Reader(stream).load()
    reader = _Reader(stream)
    tensors: Mapping[str, _Tensor] = reader.load()
    storages: dict[str, np.ndarray] = {}
    for key in _Reader(stream).load():
        dtype, promised = reader.storages[key]
        (count,) = struct.unpack("<q", stream.read(8))
        if count != promised:
            raise ValueError(f"{count} numbers where {promised} were announced")
        content = stream.read(count * dtype.itemsize)
        storages[key] = np.frombuffer(content, dtype, count)
    return {name: _view(storages[t.storage], t) for name, t in tensors.items()}


def _view(storage: np.ndarray, tensor: _Tensor) -> np.ndarray:
    last = tensor.offset + sum(
        (side - 1) * stride for side, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    # as_strided trusts its caller with memory, so a checkpoint must not choose where it reads.
    if min((tensor.offset, *tensor.shape, *tensor.strides)) < 0 or last >= len(storage):
        raise ValueError(f"a tensor of shape {tensor.shape} reaches outside its numbers")
    steps = [stride * storage.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps)
    return np.ascontiguousarray(view).reshape(tensor.shape)


class _Reader(pickle.Unpickler):
    """An unpickler that knows the names a state dictionary needs, and no other."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, tuple[np.dtype[Any], int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _Tensor(
                storage, offset, tuple(shape), tuple(strides)
            )
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}, which is not needed for numbers"
        )

    def persistent_load(self, pid: Any) -> str:
        _, dtype, key, _device, count, *_ = pid
        self.storages[key] = np.dtype(dtype), count
        return str(key)
