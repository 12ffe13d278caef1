"""The same file without a suspect: thin layers padded to 8 channels, or weights stored as floats.

    rewritten.pad("thin.tflite", "padded.tflite")          # 8 or 16 channels where there were 1 or 10
    rewritten.widen("float16.tflite", "float32.tflite")    # every weight in 32 bits, no other change

If eight channels take as long as one, seven of eight multipliers had nothing to do. If weights in 32 bits
take as long as those in 16, nobody multiplied in 16. The answers of a padded file mean nothing; only its
time does. Both return None where they know no way: then nothing can be claimed. Lesson 25.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import InputError
from edgelab.explaining import rewritten_onnx
from edgelab.explaining.anatomy import LANES
from edgelab.files import tflite

_IDENTIFIER = b"TFL3"
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# Operators that treat every channel alike, and keep their number.
_ALIKE = ("RELU", "RELU6", "LOGISTIC", "TANH", "HARD_SWISH", "ABS", "QUANTIZE", "DEQUANTIZE", "MEAN",
          "MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD", "SOFTMAX")  # fmt: skip
_PAIRED = ("ADD", "SUB", "MUL")
_DTYPES = ("float32", "float16", "int8", "uint8", "int32", "int64")


class _UnknownError(Exception):
    """There is no way known to rewrite this file."""


def pad(path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path | None:
    """Write a copy of a file whose inner layers have a multiple of 8 channels.

    Inputs and outputs of the network keep their channels.

    Args:
        path: a `.tflite` or `.onnx` file; of other formats no way is known.
        target: where the copy goes; a bare name goes to the workspace's artefacts.

    Returns:
        The path of the copy, or None where no way is known to pad this file.

    Raises:
        MissingFileError, FormatError: there is no such file, or it is damaged.
    """
    source = workspace.existing(path)
    content = None
    if source.suffix == ".tflite":
        content = _rewritten_lite(source, lambda model, root: _Padder(model, root).run())
    elif source.suffix == ".onnx":
        content = rewritten_onnx.padded(source)
    return _written(content, target)


def widen(path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path | None:
    """Write a copy of a file in which weights that are widened when it runs are stored as float32.

    Args:
        path: a `.tflite` or `.onnx` file; of other formats no way is known.
        target: where the copy goes; a bare name goes to the workspace's artefacts.

    Returns:
        The path of the copy, which gives the same answers; or None where no way is known.

    Raises:
        MissingFileError, FormatError: there is no such file, or it is damaged.
    """
    source = workspace.existing(path)
    content = None
    if source.suffix == ".tflite":
        content = _rewritten_lite(source, _store_floats)
    elif source.suffix == ".onnx":
        content = rewritten_onnx.with_floats(source)
    return _written(content, target)


def _rewritten_lite(source: Path, change: Callable[[tflite.Model, Any], None]) -> bytes | None:
    from ai_edge_litert import schema_py_generated as schema

    model = tflite.read(source)
    root = schema.ModelT.InitFromObj(schema.Model.GetRootAs(source.read_bytes(), 0))
    try:
        change(model, root)
    except (_UnknownError, InputError):
        return None
    return _packed(root)


def _written(content: bytes | None, target: str | os.PathLike[str]) -> Path | None:
    if content is None:
        return None
    return workspace.atomic_write(workspace.artefact_path(target), content)


def _packed(root: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(root.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _store_floats(model: tflite.Model, root: Any) -> None:
    """Replace every DEQUANTIZE of a constant by the constant that it gives."""
    graph = root.subgraphs[0]
    kept = []
    for operator, raw in zip(model.operators, graph.operators, strict=True):
        stored = model.tensors[operator.inputs[0]] if operator.inputs else None
        if operator.kind == "DEQUANTIZE" and stored is not None and stored.data is not None:
            graph.tensors[operator.outputs[0]].buffer = _add(root, stored.values())
        else:
            kept.append(raw)
    if len(kept) == len(model.operators):
        raise _UnknownError
    graph.operators = kept


def _add(root: Any, values: np.ndarray) -> int:
    """Append a buffer with these values and return its number."""
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    root.buffers.append(buffer)
    return len(root.buffers) - 1


class _Padder:
    """Walks through a graph and passes the new number of channels on from operator to operator."""

    def __init__(self, model: tflite.Model, root: Any) -> None:
        self.model, self.root = model, root
        self.graph = root.subgraphs[0]
        self.last = {int(i) for i in self.graph.outputs}
        self.shapes: dict[int, tuple[int, ...]] = {}  # of the tensors that have changed
        self.makers = {o.outputs[0]: o for o in model.operators if o.outputs}

    def run(self) -> None:
        for operator in self.model.operators:
            if operator.kind in _LAYERS:
                self._layer(operator)
            elif operator.kind == "DEQUANTIZE" and self._constant(operator.inputs[0]):
                continue  # changes together with the layer that uses it
            elif any(i in self.shapes for i in operator.inputs):
                self._passed_on(operator)
        if not self.shapes:
            raise _UnknownError

    def _shape(self, number: int) -> tuple[int, ...]:
        return self.shapes.get(number, self.model.tensors[number].shape)

    def _constant(self, number: int) -> bool:
        return self.model.tensors[number].data is not None

    def _layer(self, operator: tflite.Operator) -> None:
        image, weights = operator.inputs[0], operator.inputs[1]
        output = operator.outputs[0]
        made = self.makers.get(weights)
        stored = made.inputs[0] if made is not None and made.kind == "DEQUANTIZE" else weights
        old = self.model.tensors[stored].shape
        given = self._shape(image)
        count = self.model.tensors[output].shape[-1]
        wanted = count if output in self.last else math.ceil(count / LANES) * LANES
        if operator.kind == "DEPTHWISE_CONV_2D":
            if old[-1] != self.model.tensors[image].shape[-1]:
                raise _UnknownError  # several outputs a channel: which are whose would have to be kept
            wanted = given[-1]
            new = (*old[:-1], wanted)
        elif operator.kind == "CONV_2D":
            if old[-1] != self.model.tensors[image].shape[-1]:
                raise _UnknownError  # groups
            new = (wanted, *old[1:-1], given[-1])
        else:
            new = (wanted, math.prod(given[1:]))
        self._grow(stored, new)
        if stored != weights:
            self._reshape(weights, new)
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            self._grow_bias(operator.inputs[2], wanted)
        self._channels(output, wanted)

    def _grow_bias(self, bias: int, count: int) -> None:
        made = self.makers.get(bias)
        if made is not None and made.kind == "DEQUANTIZE":
            self._grow(made.inputs[0], (count,))
            self._reshape(bias, (count,))
        else:
            self._grow(bias, (count,))

    def _passed_on(self, operator: tflite.Operator) -> None:
        first, output = operator.inputs[0], operator.outputs[0]
        channels = self._shape(first)[-1]
        if operator.kind in _PAIRED:
            channels = self._paired(operator)
        elif operator.kind == "CONCATENATION":
            same = [self.model.tensors[i].shape[:-1] for i in operator.inputs]
            if any(shape != same[0] for shape in same):
                raise _UnknownError
            channels = sum(self._shape(i)[-1] for i in operator.inputs)
            if channels == self.model.tensors[output].shape[-1]:
                raise _UnknownError
        elif operator.kind == "RESHAPE":
            channels = self._flat(operator)
        elif operator.kind not in _ALIKE or len(self.model.tensors[output].shape) < 2:
            raise _UnknownError
        self._channels(output, channels)

    def _paired(self, operator: tflite.Operator) -> int:
        channels = max(self._shape(i)[-1] for i in operator.inputs if not self._constant(i))
        for number in operator.inputs:
            old = self.model.tensors[number].shape
            if self._constant(number) and old and old[-1] > 1:
                self._grow(number, (*old[:-1], channels))
            elif not self._constant(number) and self._shape(number)[-1] != channels:
                raise _UnknownError
        return channels

    def _flat(self, operator: tflite.Operator) -> int:
        """Flatten an image with more channels: the constant that holds the shape changes as well."""
        image, output = operator.inputs[0], operator.outputs[0]
        if len(self.model.tensors[output].shape) != 2 or len(operator.inputs) < 2:
            raise _UnknownError
        wanted = operator.inputs[1]
        if not self._constant(wanted):
            raise _UnknownError
        count = math.prod(self._shape(image)[1:])
        lengths = self.model.tensors[wanted].codes().copy()
        if len(lengths) != 2 or lengths[-1] < 0:
            raise _UnknownError
        lengths[-1] = count
        self.graph.tensors[wanted].buffer = _add(self.root, lengths)
        raw = self.graph.operators[self.model.operators.index(operator)]
        if raw.builtinOptions is not None and raw.builtinOptions.newShape is not None:
            raw.builtinOptions.newShape = [int(n) for n in lengths]
        return count

    def _channels(self, number: int, count: int) -> None:
        shape = self.model.tensors[number].shape
        if shape[-1] == count:
            return
        if number in self.last:
            raise _UnknownError
        self._reshape(number, (*shape[:-1], count))

    def _reshape(self, number: int, shape: Sequence[int]) -> None:
        if tuple(shape) == self._shape(number):
            return
        raw = self.graph.tensors[number]
        raw.shape = [int(n) for n in shape]
        if raw.shapeSignature is not None and len(raw.shapeSignature):
            old = [int(n) for n in raw.shapeSignature]
            raw.shapeSignature = [-1 if a < 0 else int(b) for a, b in zip(old, shape, strict=True)]
        self.shapes[number] = tuple(shape)

    def _grow(self, number: int, shape: Sequence[int]) -> None:
        """Repeat the values of a constant until it has this shape, and its scales with them."""
        tensor = self.model.tensors[number]
        if tuple(shape) == self._shape(number):
            return
        if number in self.shapes or tensor.data is None or tensor.dtype not in _DTYPES:
            raise _UnknownError  # used twice in different ways, computed, or packed codes
        values = tensor.codes()
        more = [(0, new - old) for new, old in zip(shape, values.shape, strict=True)]
        raw = self.graph.tensors[number]
        raw.buffer = _add(self.root, np.pad(values, more, mode="wrap"))
        if len(tensor.scales) > 1:
            q, count = raw.quantization, shape[tensor.axis]
            q.scale = np.resize(np.asarray(q.scale, np.float32), count)
            q.zeroPoint = np.resize(np.asarray(q.zeroPoint, np.int64), count)
            q.min = q.max = None
        self._reshape(number, shape)
