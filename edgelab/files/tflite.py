"""Look inside a `.tflite` file: its tensors, its operators, and the layers that hold weights.

A TensorFlow Lite file is a FlatBuffer: tables that can be read in place, without unpacking.

    model = tflite.read("int8.tflite")
    for layer in tflite.layers(model):
        print(layer.name, layer.kind, layer.shape, layer.bits)

Only the structure is read here; running the file is the work of `edgelab.runtimes`. Lesson 30 opens a
file with it, lesson 20 names the layers of a recipe with it.

Source: the schema of TensorFlow Lite (tensorflow/compiler/mlir/lite/schema/schema.fbs), version 3.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError

_IDENTIFIER = b"TFL3"
_BITS = {
    **dict.fromkeys(("COMPLEX128",), 128),
    **dict.fromkeys(("FLOAT64", "INT64", "UINT64", "COMPLEX64"), 64),
    **dict.fromkeys(("FLOAT32", "INT32", "UINT32"), 32),
    **dict.fromkeys(("FLOAT16", "BFLOAT16", "INT16", "UINT16"), 16),
    **dict.fromkeys(("INT8", "UINT8", "BOOL", "FLOAT8_E4M3FN", "FLOAT8_E5M2"), 8),
    **dict.fromkeys(("INT4", "UINT4"), 4),
    "INT2": 2,
}
# The operators that hold the weights of a layer, always as their second input.
_LAYER_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_KERNEL_NAMES = re.compile(r"/(Conv2D|depthwise|MatMul|BiasAdd|convolution)[^/]*$")


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file.

    Attributes:
        name: as stored.
        shape: numbers of the dimensions (1 for a free batch).
        dtype: "float32", "int8", "int4", …
        bits: of one value.
        data: raw bytes of a constant tensor, None for one that is computed.
        scales: quantization scales, empty for a float tensor.
        zero_points: as many as scales.
        axis: of the channels, where there are several scales.
        sparse_bytes: bytes of the indices of a sparse tensor, 0 for a dense one.
        buffer: number of the buffer; tensors may share one.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    bits: int
    data: bytes | None
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    sparse_bytes: int
    buffer: int

    @property
    def count(self) -> int:
        """Return the number of values."""
        return math.prod(self.shape)

    def codes(self) -> np.ndarray:
        """Return the stored numbers of a dense constant, 2- and 4-bit ones unpacked to int8.

        Raises:
            InputError: the tensor is computed, sparse, or of a type without a NumPy counterpart.
        """
        if self.data is None or self.sparse_bytes:
            kind = "sparse" if self.data is not None else "computed when the model runs"
            raise InputError(f"{self.name} is {kind}; only dense constants hold codes to read.")
        if self.dtype in ("int4", "int2"):
            return _unpacked(self.data, self.bits, self.count).reshape(self.shape)
        try:
            return np.frombuffer(self.data, self.dtype).reshape(self.shape)
        except TypeError as error:
            raise InputError(
                f"{self.name} has type {self.dtype}, which NumPy can't read."
            ) from error

    def values(self) -> np.ndarray:
        """Return the real numbers of a dense constant as float32, dequantized where it has scales.

        Raises:
            InputError: as `codes`.
        """
        codes = self.codes().astype(np.float32)
        if not self.scales:
            return codes
        aligned = [1] * len(self.shape)
        if len(self.scales) > 1:
            aligned[self.axis] = -1
        scale = np.asarray(self.scales, np.float32).reshape(aligned)
        point = np.asarray(self.zero_points, np.float32).reshape(aligned)
        result: np.ndarray = scale * (codes - point)
        return result


@dataclass(frozen=True)
class Operator:
    """One step of the computation: its kind, and the numbers of its input and output tensors."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    """The main graph of a file."""

    path: Path
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]


@dataclass(frozen=True)
class Layer:
    """An operator that holds weights.

    Attributes:
        name: the Keras layer's name where the file still knows it, unique in the model.
        kind: "CONV_2D", "DEPTHWISE_CONV_2D" or "FULLY_CONNECTED".
        shape: of the weights.
        bits: of one weight.
        scope: the full names of its outputs, by which litert-quantizer finds it.
        channels: outputs of the layer, each with a scale of its own after quantization.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    bits: int
    scope: str
    channels: int

    @property
    def count(self) -> int:
        """Return the number of weights."""
        return math.prod(self.shape)


def read(path: str | os.PathLike[str]) -> Model:
    """Read the structure and the constants of a `.tflite` file.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is no TensorFlow Lite file, or truncated.
        MissingRuntimeError: ai-edge-litert is not installed.
    """
    source = workspace.existing(path)
    schema = _schema()
    content = source.read_bytes() if source.is_file() else b""
    if content[4:8] != _IDENTIFIER:
        raise FormatError(
            f"{source} is no TensorFlow Lite file: it does not carry the mark TFL3 "
            f"({len(content)} bytes). Make it with convert.to_tflite or a verb of edgelab.quantize."
        )
    try:
        root = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        return _model(source, root, content)
    except Exception as error:  # whatever a broken offset leads to
        raise FormatError(
            f"{source} ({len(content)} bytes) is truncated or damaged: its tables point outside the "
            f"file ({type(error).__name__}). Make it again."
        ) from error


def layers(model: Model) -> tuple[Layer, ...]:
    """Return the layers that hold constant weights, in the order in which they run.

    Weights that reach their operator through a DEQUANTIZE count with their stored width.
    """
    unpacked = {
        operator.outputs[0]: operator.inputs[0]
        for operator in model.operators
        if operator.kind == "DEQUANTIZE"
    }
    found: list[Layer] = []
    for operator in model.operators:
        if operator.kind not in _LAYER_KINDS:
            continue
        weights = model.tensors[unpacked.get(operator.inputs[1], operator.inputs[1])]
        if weights.data is None:
            continue
        name = _layer_name(weights.name)
        taken = sum(layer.name.split("#")[0] == name for layer in found)
        depthwise = operator.kind == "DEPTHWISE_CONV_2D"
        found.append(
            Layer(
                name=f"{name}#{taken + 1}" if taken else name,
                kind=operator.kind,
                shape=weights.shape,
                bits=weights.bits,
                scope="".join(f"{model.tensors[t].name};" for t in operator.outputs),
                channels=weights.shape[-1] if depthwise else weights.shape[0],
            )
        )
    return tuple(found)


def _layer_name(tensor_name: str) -> str:
    """Find the Keras layer's name in a tensor name such as "model/conv2d/Conv2D;model/bn/…"."""
    parts = tensor_name.split(";")
    chosen = next((part for part in parts if _KERNEL_NAMES.search(part)), parts[0])
    path = chosen.split("/")
    return "/".join(path[1:-1]) if len(path) > 2 else chosen


@cache
def _schema() -> Any:
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise MissingRuntimeError(
            "ai-edge-litert is not installed here; it reads and runs .tflite files. Install the "
            "course with `make lab`, or `pip install ai-edge-litert`."
        ) from error
    return schema_py_generated


@cache
def _names(kind: str) -> dict[int, str]:
    members = vars(getattr(_schema(), kind))
    return {number: name for name, number in members.items() if isinstance(number, int)}


def _model(source: Path, root: Any, content: bytes) -> Model:
    graph = root.subgraphs[0]
    kinds = []
    for code in root.operatorCodes:
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        custom = code.customCode.decode() if code.customCode else ""
        kinds.append(custom or _names("BuiltinOperator")[number])
    return Model(
        path=source,
        tensors=tuple(_tensor(t, root.buffers, content) for t in graph.tensors),
        operators=tuple(
            Operator(kinds[op.opcodeIndex], _numbers(op.inputs), _numbers(op.outputs))
            for op in graph.operators
        ),
    )


def _tensor(raw: Any, buffers: list[Any], content: bytes) -> Tensor:
    buffer = buffers[raw.buffer]
    data = None if buffer.data is None or len(buffer.data) == 0 else bytes(buffer.data)
    if buffer.offset > 1:  # files above 2 GB keep their weights behind the tables
        data = content[buffer.offset : buffer.offset + buffer.size]
        if len(data) != buffer.size:
            raise EOFError("the weights behind the tables are missing")
    type_name = _names("TensorType")[raw.type]
    quantization = raw.quantization
    scales = () if quantization is None else _floats(quantization.scale)
    return Tensor(
        name=raw.name.decode() if raw.name else "",
        shape=_numbers(raw.shape),
        dtype=type_name.lower(),
        bits=_BITS.get(type_name, 0),
        data=data,
        scales=scales,
        zero_points=_numbers(quantization.zeroPoint) if scales else (),
        axis=quantization.quantizedDimension if scales else 0,
        sparse_bytes=_sparse_bytes(raw.sparsity),
        buffer=raw.buffer,
    )


def _numbers(values: Any) -> tuple[int, ...]:
    return () if values is None else tuple(int(v) for v in values)


def _floats(values: Any) -> tuple[float, ...]:
    return () if values is None else tuple(float(v) for v in values)


def _sparse_bytes(sparsity: Any) -> int:
    if sparsity is None:
        return 0
    vectors = [v for d in sparsity.dimMetadata for v in (d.arraySegments, d.arrayIndices) if v]
    return sum(np.asarray(vector.values).nbytes for vector in vectors)


def _unpacked(data: bytes, bits: int, count: int) -> np.ndarray:
    """Unpack codes of 2 or 4 bits, low bits first, two's complement."""
    packed = np.frombuffer(data, np.uint8)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes = ((packed[:, None] >> shifts) & (2**bits - 1)).ravel()[:count].astype(np.int8)
    signed: np.ndarray = np.where(codes >= 2 ** (bits - 1), codes - 2**bits, codes)
    return signed.astype(np.int8)
