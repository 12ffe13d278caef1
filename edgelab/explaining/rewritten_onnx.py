"""An `.onnx` file with thin layers padded to 8 channels, or with its weights stored as floats.

    rewritten_onnx.padded(Path("thin.onnx"))       # the bytes of the copy, None where no way is known

What `edgelab.explaining.rewritten` does to a `.tflite` file, for ONNX. Its runtime works the shapes out by itself, so
only constants are changed here. Lesson 25.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.explaining.anatomy import LANES

_LAYERS = ("Conv", "Gemm", "MatMul")
# Operators that treat every channel alike, and keep their number.
_ALIKE = ("Relu", "Clip", "Sigmoid", "Tanh", "Abs", "HardSwish", "MaxPool", "AveragePool", "Identity",
          "GlobalAveragePool", "ReduceMean", "Transpose", "Squeeze", "Softmax")  # fmt: skip
_PAIRED = ("Add", "Sub", "Mul", "Div")


class _UnknownError(Exception):
    """There is no way known to rewrite this file."""


def padded(path: Path) -> bytes | None:
    """Return a copy of a float file whose inner layers have a multiple of 8 channels."""
    import onnx

    model = onnx.load(path)
    try:
        _Padder(model).run()
    except _UnknownError:
        return None
    content: bytes = model.SerializeToString()
    return content


def with_floats(path: Path) -> bytes | None:
    """Return a copy in which weights that are widened when it runs are stored as float32."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    graph = model.graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    codes = {
        n.output[0]: n
        for n in graph.node
        if n.op_type == "DequantizeLinear" and n.input[0] in constants
    }
    from_codes = {
        n.output[0]
        for n in graph.node
        if n.op_type == "DequantizeLinear" and n.input[0] not in constants
    }
    used = {
        name
        for n in graph.node
        for name in n.input
        if name in codes and n.input[0] not in from_codes
    }
    if not used or any(_setting(codes[name], "block_size", 0) for name in used):
        return None
    for name in used:
        node = codes[name]
        values = _real(constants, node.input, _setting(node, "axis", 1))
        graph.initializer.append(numpy_helper.from_array(values, name))
        graph.node.remove(node)
    content: bytes = model.SerializeToString()
    return content


def _real(constants: dict[str, np.ndarray], names: Sequence[str], axis: int) -> np.ndarray:
    values, scale = constants[names[0]].astype(np.float32), constants[names[1]]
    point = constants[names[2]].astype(np.float32) if len(names) > 2 else np.float32(0)
    aligned = [1] * values.ndim
    if scale.size > 1:
        aligned[axis] = -1
    spread = np.broadcast_to(np.asarray(point, np.float32), scale.shape).reshape(aligned)
    result: np.ndarray = ((values - spread) * scale.reshape(aligned)).astype(np.float32)
    return result


def _setting(node: Any, name: str, default: int) -> int:
    return next((int(a.i) for a in node.attribute if a.name == name), default)


class _Padder:
    """Passes the old and the new number of channels on from node to node."""

    def __init__(self, model: Any) -> None:
        from onnx import numpy_helper

        self.graph = model.graph
        self.places = {i.name: n for n, i in enumerate(self.graph.initializer)}
        self.values = {i.name: numpy_helper.to_array(i) for i in self.graph.initializer}
        self.counts: dict[str, tuple[int, int]] = {}  # tensor → channels before and now
        self.grown: dict[str, tuple[int, ...]] = {}
        self.last = self._last()

    def run(self) -> None:
        for node in self.graph.node:
            if node.op_type in _LAYERS and len(node.input) > 1 and node.input[1] in self.values:
                self._layer(node)
            elif any(name in self.counts for name in node.input):
                self._passed_on(node)
        if not self.grown:
            raise _UnknownError
        del self.graph.value_info[:]

    def _last(self) -> set[str]:
        """Return the outputs of those layers behind which no other layer comes."""
        makers = {name: node for node in self.graph.node for name in node.output}
        waiting, found = [o.name for o in self.graph.output], set()
        while waiting:
            node = makers.get(waiting.pop())
            if node is None:
                continue
            if node.op_type in _LAYERS and len(node.input) > 1 and node.input[1] in self.values:
                found.add(node.output[0])
            else:
                waiting += list(node.input)
        return found

    def _layer(self, node: Any) -> None:
        weights = self.values[node.input[1]]
        if weights.dtype != np.float32:
            raise _UnknownError
        outs, ins = (0, 1) if node.op_type == "Conv" or _setting(node, "transB", 0) else (1, 0)
        shape, count = list(weights.shape), weights.shape[outs]
        old, new = self.counts.get(node.input[0], (0, 0))
        wanted = count if node.output[0] in self.last else math.ceil(count / LANES) * LANES
        group = _setting(node, "group", 1)
        if group > 1:
            if group != count or shape[ins] != 1:
                raise _UnknownError  # groups of several channels
            wanted = new or count
            for attribute in node.attribute:
                if attribute.name == "group":
                    attribute.i = wanted
        elif old:
            if shape[ins] % old:
                raise _UnknownError
            shape[ins] = shape[ins] // old * new
        shape[outs] = wanted
        self._grow(node.input[1], shape)
        if len(node.input) > 2:
            self._grow(node.input[2], [wanted])
        self._note(node.output[0], count, wanted)

    def _passed_on(self, node: Any) -> None:
        known = [self.counts[name] for name in node.input if name in self.counts]
        old, new = known[0]
        if node.op_type in _PAIRED:
            others = [n for n in node.input if n not in self.counts]
            if any(k != known[0] for k in known) or any(n not in self.values for n in others):
                raise _UnknownError
            for name in others:
                self._grow_beside(name, old, new)
        elif node.op_type == "BatchNormalization":
            for name in node.input[1:]:
                self._grow(name, [new])
        elif node.op_type == "Reshape":
            old, new = self._flat(node, old, new)
        elif node.op_type == "Concat" or node.op_type not in _ALIKE:
            raise _UnknownError
        self._note(node.output[0], old, new)

    def _flat(self, node: Any, old: int, new: int) -> tuple[int, int]:
        """Flatten an image with more channels: the constant that holds the shape changes as well."""
        lengths = self.values.get(node.input[1])
        if lengths is None or lengths.size != 2 or lengths[-1] <= 0 or lengths[-1] % old:
            raise _UnknownError
        count = int(lengths[-1])
        more = count // old * new
        self._store(node.input[1], np.array([lengths[0], more], lengths.dtype))
        return count, more

    def _grow_beside(self, name: str, old: int, new: int) -> None:
        shape = list(self.values[name].shape)
        places = [i for i, length in enumerate(shape) if length == old and old > 1]
        if len(places) > 1 or (not places and max(shape, default=1) > 1):
            raise _UnknownError
        for place in places:
            shape[place] = new
        self._grow(name, shape)

    def _note(self, name: str, old: int, new: int) -> None:
        if old != new:
            self.counts[name] = old, new

    def _grow(self, name: str, shape: Sequence[int]) -> None:
        """Repeat the values of a constant until it has this shape."""
        if name not in self.values or self.grown.get(name, tuple(shape)) != tuple(shape):
            raise _UnknownError
        values = self.values[name]
        if name in self.grown or tuple(shape) == values.shape:
            return
        more = [(0, new - old) for new, old in zip(shape, values.shape, strict=True)]
        self._store(name, np.pad(values, more, mode="wrap"))

    def _store(self, name: str, values: np.ndarray) -> None:
        from onnx import numpy_helper

        if name in self.grown and self.grown[name] != values.shape:
            raise _UnknownError
        self.grown[name] = values.shape
        self.graph.initializer[self.places[name]].CopyFrom(numpy_helper.from_array(values, name))
