"""The weights that an artefact holds, tensor by tensor, read from the file itself.

    for tensor in size.tensors("int8.tflite"):
        print(tensor.name, tensor.shape, tensor.dtype, tensor.bytes)

Each format is read with its own library, without running the model: the FlatBuffer tables of TensorFlow
Lite, the initializers of ONNX, the variables of Keras and SavedModel, the constants of OpenVINO. Lesson
30 lists them, `edgelab.size` adds them up.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import keras, workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.files import tflite

_SCALE_BYTES = 4
_SUFFIXES = (".tflite", ".onnx", ".keras", ".xml", "a SavedModel folder")
_ONNX_STRUCTURE = (7, 8, 9)  # int64, string, bool: shapes, names, switches


@dataclass(frozen=True)
class TensorSize:
    """One tensor of weights in an artefact.

    Attributes:
        name: as the format names it.
        shape: of the values.
        dtype: "float32", "int8", "int4", …
        bits: of one value.
        value_bytes: of the stored values (fewer than count × bits where only non-zeros are stored).
        extra_bytes: scales, zero points that are not zero, and sparse indices.
        memory_bits: of one value at the width in which the runtime computes, as far as the file tells.
        index_bytes: the part of `extra_bytes` that says where the stored values belong (sparse tensors).
        stays_sparse: whether a kernel reads a sparse tensor as it is stored; others are unpacked first.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    bits: int
    value_bytes: int
    extra_bytes: int
    memory_bits: int
    index_bytes: int = 0
    stays_sparse: bool = False

    @property
    def count(self) -> int:
        """Return the number of values."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Return values, scales and indices together: the nominal size."""
        return self.value_bytes + self.extra_bytes

    @property
    def memory_bytes(self) -> int:
        """Return the values at `memory_bits`, and the scales: calculated, not measured.

        All values count, zeros too; of a tensor that `stays_sparse` the stored ones and their places. A
        runtime may keep weights packed or twice; the memory of a process is `benchmark.footprint`'s.
        """
        if self.stays_sparse:
            return self.value_bytes * self.memory_bits // self.bits + self.extra_bytes
        return self.count * self.memory_bits // 8 + self.extra_bytes - self.index_bytes


def tensors(artefact: Any) -> tuple[TensorSize, ...]:
    """Return every tensor of weights in an artefact, each stored buffer once.

    Constants that describe the graph (shapes, axes, paddings) are no weights and are left out.

    Raises:
        MissingFileError: there is no such file.
        FormatError: an unknown suffix, or a truncated file.
        MissingRuntimeError: the package that reads this format is not installed.
        InputError: neither a path nor a Keras model.
    """
    if keras.is_model(artefact):
        return _keras_tensors(artefact)
    path = existing(artefact)
    if path.is_dir():
        return _saved_model_tensors(path)
    readers = {
        ".tflite": _tflite_tensors,
        ".onnx": _onnx_tensors,
        ".keras": lambda file: _keras_tensors(keras.load(file)),
        ".xml": _openvino_tensors,
    }
    return readers[path.suffix](path)


def existing(artefact: Any) -> Path:
    """Return the path of an artefact of a known format.

    Raises:
        As `tensors`.
    """
    if not isinstance(artefact, str | os.PathLike):
        raise InputError(
            f"An artefact's path or a Keras model is needed; this is a {type(artefact).__name__}."
        )
    path = workspace.existing(artefact)
    known = (path / "saved_model.pb").is_file() if path.is_dir() else path.suffix in _SUFFIXES
    if not known:
        raise FormatError(f"{path} is of no kind that edgelab can size: {', '.join(_SUFFIXES)}.")
    return path


def files(path: Path) -> list[Path]:
    """Return all files that belong to an artefact, its weights in a file of their own included.

    Raises:
        As `tensors`.
    """
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file())
    if path.suffix == ".xml":
        return [path, _weights_of_ir(path)]
    if path.suffix == ".onnx":
        return [path, *_external_files(path)]
    return [path]


def _tflite_tensors(path: Path) -> tuple[TensorSize, ...]:
    model = tflite.read(path)
    unpacked = {
        op.inputs[0]: model.tensors[op.outputs[0]].bits
        for op in model.operators
        if op.kind == "DEQUANTIZE"
    }
    # LiteRT unpacks what passes through a DENSIFY; otherwise the layer's own kernel reads it sparse.
    densified = {op.inputs[0] for op in model.operators if op.kind == "DENSIFY"}
    found: dict[int, TensorSize] = {}
    for index, tensor in enumerate(model.tensors):
        # Whole numbers without a scale are shapes and axes.
        if tensor.data is None or (tensor.dtype[:3] in ("int", "uin", "boo") and not tensor.scales):
            continue
        points = len(tensor.zero_points) if any(tensor.zero_points) else 0
        scale_bytes = len(tensor.scales) * _SCALE_BYTES + -(-points * tensor.bits // 8)
        size = TensorSize(
            name=tensor.name,
            shape=tensor.shape,
            dtype=tensor.dtype,
            bits=tensor.bits,
            value_bytes=len(tensor.data),
            extra_bytes=scale_bytes + tensor.sparse_bytes,
            # What passes through a DEQUANTIZE is widened to its output. Otherwise LiteRT computes
            # with 8 bits and more; an approximation, since XNNPACK keeps 4-bit dense layers packed.
            memory_bits=unpacked.get(index, max(tensor.bits, 8)),
            index_bytes=tensor.sparse_bytes,
            stays_sparse=tensor.sparse_bytes > 0 and index not in densified,
        )
        found.setdefault(tensor.buffer, size)
    return tuple(found.values())


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise _missing("onnx", ".onnx") from error
    return onnx


def _onnx_model(path: Path, weights: bool) -> Any:
    onnx = _onnx()
    try:
        model = onnx.load(str(path), load_external_data=weights)
        onnx.checker.check_model(model) if weights else None
    except Exception as error:
        raise FormatError(
            f"{path} ({path.stat().st_size} bytes) is truncated or no ONNX file "
            f"({type(error).__name__}). Make it again."
        ) from error
    return model


def _external_files(path: Path) -> list[Path]:
    model = _onnx_model(path, weights=False)
    names = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return [workspace.existing(path.parent / name) for name in sorted(names)]


def _onnx_tensors(path: Path) -> tuple[TensorSize, ...]:
    onnx = _onnx()
    graph = _onnx_model(path, weights=True).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    describing: set[str] = set()  # scales and zero points, counted with the tensor they belong to
    extra: dict[str, int] = {}
    widened: dict[str, int] = {}
    for node in graph.node:
        if node.op_type not in ("DequantizeLinear", "QuantizeLinear"):
            continue
        describing.update(node.input[1:])
        if node.input[0] in constants:
            parts = [constants[name] for name in node.input[1:] if name in constants]
            extra[node.input[0]] = sum(_extra_bytes(onnx.numpy_helper.to_array(p)) for p in parts)
            if not _computes_in_integers(graph, node.output[0]):
                widened[node.input[0]] = 32
    found = []
    for name, tensor in constants.items():
        bits = _onnx_bits(tensor.data_type)
        if name in describing or tensor.data_type in _ONNX_STRUCTURE or not bits:
            continue
        count = math.prod(tensor.dims)
        dtype = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
        found.append(
            TensorSize(
                name=name,
                shape=tuple(tensor.dims),
                dtype={"float": "float32", "double": "float64"}.get(dtype, dtype),
                bits=bits,
                value_bytes=-(-count * bits // 8),
                extra_bytes=extra.get(name, 0),
                memory_bits=widened.get(name, max(bits, 8)),
            )
        )
    return tuple(found)


def _onnx_bits(data_type: int) -> int:
    name = _onnx().TensorProto.DataType.Name(data_type)
    digits = "".join(c for c in name if c.isdigit())
    return {"FLOAT": 32, "DOUBLE": 64}.get(name, int(digits) if digits.isdecimal() else 0)


def _extra_bytes(values: np.ndarray) -> int:
    """Return the bytes of scales; zero points that are all zero need not be kept."""
    return 0 if values.dtype.kind != "f" and not values.any() else values.nbytes


def _computes_in_integers(graph: Any, name: str) -> bool:
    """Tell whether all inputs of the nodes that use this value were integers before.

    ONNX Runtime then fuses the node with its DequantizeLinear inputs into an integer kernel.
    """
    dequantized = {n.output[0] for n in graph.node if n.op_type == "DequantizeLinear"}
    users = [n for n in graph.node if name in n.input]
    return bool(users) and all(set(n.input) - {""} <= dequantized for n in users)


def _keras_tensors(model: Any) -> tuple[TensorSize, ...]:
    return tuple(_float_tensor(w.name, w.shape, w.dtype.name) for w in model.weights)


def _float_tensor(name: str, shape: Any, dtype: str) -> TensorSize:
    sides = tuple(int(s) for s in shape)
    bits = np.dtype(dtype).itemsize * 8
    return TensorSize(name, sides, dtype, bits, math.prod(sides) * bits // 8, 0, bits)


def _saved_model_tensors(path: Path) -> tuple[TensorSize, ...]:
    tf = keras.tf()
    try:
        reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except Exception as error:
        raise FormatError(
            f"The variables of the SavedModel {path} can't be read ({type(error).__name__}): it is "
            "incomplete. Make it again."
        ) from error
    return tuple(
        _float_tensor(name, shapes[name], dtypes[name].name)
        for name in sorted(shapes)
        if name.endswith("VARIABLE_VALUE") and dtypes[name].is_floating
    )


def _weights_of_ir(path: Path) -> Path:
    return workspace.existing(path.with_suffix(".bin"))


def _openvino_tensors(path: Path) -> tuple[TensorSize, ...]:
    _weights_of_ir(path)
    try:
        import openvino
    except ImportError as error:
        raise _missing("openvino", ".xml") from error
    try:
        model = openvino.Core().read_model(path)
        return tuple(_openvino_constants(model))
    except Exception as error:
        raise FormatError(
            f"{path} is truncated or no OpenVINO model ({type(error).__name__}). Make it again."
        ) from error


def _openvino_constants(model: Any) -> Iterator[TensorSize]:
    for node in model.get_ops():
        if node.get_type_name() != "Constant":
            continue
        element = node.get_output_element_type(0)
        if element.get_type_name() in ("i64", "i32", "boolean", "string"):
            continue  # shapes, axes and paddings
        shape = tuple(int(s) for s in node.get_output_shape(0))
        bits = element.get_bitwidth()
        dtype = {"f": "float", "bf": "bfloat", "i": "int", "u": "uint"}
        letters = element.get_type_name().rstrip("0123456789")
        stored = -(-math.prod(shape) * bits // 8)
        name = f"{dtype.get(letters, letters)}{bits}"
        yield TensorSize(
            node.get_friendly_name(),
            shape,
            name,
            bits,
            stored,
            0,
            32 if bits == 16 else max(bits, 8),
        )


def _missing(package: str, suffix: str) -> MissingRuntimeError:
    return MissingRuntimeError(
        f"{suffix} files need the package {package!r}, which is not installed here. Install it with "
        f"`pip install {package} -c constraints.txt`."
    )
