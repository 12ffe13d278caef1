"""The same file with its zeros filled: does a runtime save anything where a weight is 0?

    filled.fill("pruned.tflite", "filled.tflite")      # no weight is 0 any more, nothing else changed

A product with 0 need not be computed, but somebody would have to notice. If the filled file takes as long
as the pruned one, nobody does. Its answers mean nothing; only its time does. Lesson 25.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from edgelab import workspace
from edgelab.errors import InputError
from edgelab.files import tflite

_SUFFIXES = (".tflite", ".onnx")
_SMALL = 1e-3  # of a float weight: any value that is not 0, and too small to overflow anything


def can_fill(path: Path) -> bool:
    """Tell whether `fill` knows this kind of file."""
    return path.suffix in _SUFFIXES


def fill(path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path:
    """Write a copy of a file in which every zero weight has a small value.

    Args:
        path: a `.tflite` or `.onnx` file.
        target: where the copy goes, same suffix; a bare name goes to the workspace's artefacts.

    Returns:
        The path of the copy. It has the same layers and shapes, and useless answers.

    Raises:
        InputError: another kind of file.
        MissingFileError, FormatError: there is none, or it is damaged.
    """
    source = workspace.existing(path)
    if not can_fill(source):
        raise InputError(f"{source.name}: zeros can be filled in {' and '.join(_SUFFIXES)} files.")
    content = _lite(source) if source.suffix == ".tflite" else _onnx(source)
    return workspace.atomic_write(workspace.artefact_path(target), content)


def _lite(path: Path) -> bytes:
    """Change the weights in place: the file's tables keep their offsets."""
    from ai_edge_litert import schema_py_generated as schema

    weights = {
        model_tensor.buffer: model_tensor.dtype
        for model_tensor in tflite.read(path).tensors
        if model_tensor.data is not None
        and len(model_tensor.shape) >= 2
        and model_tensor.dtype in ("float32", "float16", "int8")
        and not model_tensor.sparse_bytes
    }
    content = bytearray(path.read_bytes())
    root = schema.Model.GetRootAs(content, 0)
    for number, dtype in weights.items():
        values = root.Buffers(number).DataAsNumpy().view(dtype)
        values[values == 0] = 1 if dtype == "int8" else _SMALL
    return bytes(content)


def _onnx(path: Path) -> bytes:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if len(tensor.dims) >= 2 and tensor.data_type == onnx.TensorProto.FLOAT:
            values = np.array(numpy_helper.to_array(tensor))
            values[values == 0] = _SMALL
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    content: bytes = model.SerializeToString()
    return content
