"""A PyTorch checkpoint is read as numbers, and as nothing else."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import sys
import types

import numpy as np
import pytest

from edgelab.errors import FormatError, MissingFileError
from edgelab.networks import checkpoint


@pytest.fixture
def torch(monkeypatch):
    """Give the pickle module names to write down; nothing here runs PyTorch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        """Stand for the function that PyTorch would call."""

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


class _Stored:
    def __init__(self, kind, key, count):
        self.pid = ("storage", kind, key, "cpu", count, None)


class _Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, _Stored) else None


def write(path, tensors, storages, magic=checkpoint._MAGIC):
    with path.open("wb") as stream:
        for part in (magic, 1001, {"little_endian": True}):
            pickle.dump(part, stream, protocol=2)
        _Pickler(stream, protocol=2).dump(collections.OrderedDict(tensors))
        pickle.dump(list(storages), stream, protocol=2)
        for values in storages.values():
            stream.write(struct.pack("<q", len(values)))
            stream.write(values.tobytes())
    return path


def test_a_tensor_comes_back_with_its_shape_offset_and_strides(tmp_path, torch):
    numbers = np.arange(30, dtype="<f4")
    storage = _Stored(torch.FloatStorage, "7", 30)
    tensors = {
        "plain": _Tensor(storage, 6, (2, 3, 4), (12, 4, 1)),
        "transposed": _Tensor(storage, 0, (3, 5), (1, 3)),
    }
    found = checkpoint.read_pth(write(tmp_path / "a.pth", tensors, {"7": numbers}))
    assert np.array_equal(found["plain"], numbers[6:].reshape(2, 3, 4))
    assert np.array_equal(found["transposed"], numbers[:15].reshape(5, 3).T)
    assert found["transposed"].flags.c_contiguous


def test_a_number_without_dimensions_and_integers_are_read(tmp_path, torch):
    storage = _Stored(torch.LongStorage, "0", 1)
    path = write(
        tmp_path / "a.pth", {"count": _Tensor(storage, 0, (), ())}, {"0": np.array([42], "<i8")}
    )
    assert checkpoint.read_pth(path)["count"] == 42


def test_a_checkpoint_that_wants_to_run_something_is_refused_and_nothing_runs(tmp_path, torch):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "attacked"),)

    path = write(tmp_path / "a.pth", {"weights": Attack()}, {})
    with pytest.raises(FormatError, match=r"asks for \w+\.mkdir"):
        checkpoint.read_pth(path)
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (11,), (1,)), (8, (3,), (1,)), (0, (2, 2), (-1, 1)), (-1, (2,), (1,))],
)
def test_a_tensor_that_reaches_outside_its_numbers_is_refused(
    tmp_path, torch, offset, shape, strides
):
    storage = _Stored(torch.FloatStorage, "0", 10)
    tensors = {"t": _Tensor(storage, offset, shape, strides)}
    path = write(tmp_path / "a.pth", tensors, {"0": np.zeros(10, "<f4")})
    with pytest.raises(FormatError, match="outside"):
        checkpoint.read_pth(path)


@pytest.mark.parametrize("kept", [0, 10, 120, -1])
def test_a_truncated_checkpoint_is_refused(tmp_path, torch, kept):
    storage = _Stored(torch.FloatStorage, "0", 10)
    tensors = {"t": _Tensor(storage, 0, (10,), (1,))}
    path = write(tmp_path / "a.pth", tensors, {"0": np.zeros(10, "<f4")})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError, match="not a readable PyTorch checkpoint"):
        checkpoint.read_pth(path)


def test_a_checkpoint_that_announces_other_counts_is_refused(tmp_path, torch):
    storage = _Stored(torch.FloatStorage, "0", 99)
    tensors = {"t": _Tensor(storage, 0, (10,), (1,))}
    path = write(tmp_path / "a.pth", tensors, {"0": np.zeros(10, "<f4")})
    with pytest.raises(FormatError, match="10 numbers where 99"):
        checkpoint.read_pth(path)


def test_another_kind_of_file_is_refused(tmp_path, torch):
    with pytest.raises(FormatError, match="magic number"):
        checkpoint.read_pth(write(tmp_path / "a.pth", {}, {}, magic=1))


def test_a_missing_checkpoint_is_told(tmp_path):
    with pytest.raises(MissingFileError):
        checkpoint.read_pth(tmp_path / "nowhere.pth")
