"""Multiply-accumulates of a `.tflite` file, operator by operator, read from its tables.

    counts.of("int8.tflite").macs

Each operator multiplies the numbers that it gives (or takes, where it spreads them) by what one of them
costs. Use it through `edgelab.files.counts`. Lesson 10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from edgelab import runtimes
from edgelab.files import tflite
from edgelab.files.counted import Counts, Layer, holds_weights, uncountable

# Where each operator finds its weights.
_WEIGHTS = {
    "CONV_2D": 1,
    "DEPTHWISE_CONV_2D": 1,
    "FULLY_CONNECTED": 1,
    "TRANSPOSE_CONV": 1,
    "CONV_3D": 1,
    "BATCH_MATMUL": 1,
}
# These take whole tables of constants and multiply no matrices.
_WITHOUT = {
    "ADD", "ADD_N", "BROADCAST_TO", "CONCATENATION", "DEQUANTIZE", "DIV", "EMBEDDING_LOOKUP", "EQUAL",
    "EXPAND_DIMS", "GATHER", "GATHER_ND", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "MAXIMUM",
    "MINIMUM", "MIRROR_PAD", "MUL", "NOT_EQUAL", "PACK", "PAD", "PADV2", "POW", "PRELU", "QUANTIZE", "RESHAPE",
    "SELECT", "SELECT_V2", "SLICE", "SPLIT", "SQUARED_DIFFERENCE", "SQUEEZE", "STRIDED_SLICE", "SUB", "TILE",
    "TRANSPOSE",
}  # fmt: skip
_WITH_GRAPHS = {"IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_WHILE"}


def of(path: Path) -> Counts:
    """Count a `.tflite` file.

    Raises:
        UncountableError: an operator with weights whose work is not known here.
        FormatError: it is no TensorFlow Lite file.
    """
    model = tflite.read(path)
    sides, batch = _shapes(model), _batch(model)
    layers = []
    counted: set[int] = set()
    for operator in model.operators:
        name = model.tensors[operator.outputs[0]].name if operator.outputs else ""
        constants = [i for i in operator.inputs if i >= 0 and _stored(model, i)]
        if operator.kind not in _WEIGHTS:
            weighted = any(holds_weights(model.tensors[i].shape) for i in constants)
            if operator.kind in _WITH_GRAPHS or (weighted and operator.kind not in _WITHOUT):
                raise uncountable(name, operator.kind)
            continue
        shapes = [sides[i] if i >= 0 else () for i in operator.inputs]
        output = sides[operator.outputs[0]]
        # The first input of a transposed convolution is the shape of its output, no parameter.
        own = [i for i in constants if i in operator.inputs[1:] and i not in counted]
        counted.update(own)
        parameters = sum(model.tensors[i].count for i in own)
        work = _macs(operator.kind, shapes, output) // batch
        layers.append(Layer(name, operator.kind, output[1:], parameters, work))
    return Counts(tuple(layers))


def _macs(kind: str, inputs: Sequence[Sequence[int]], output: Sequence[int]) -> int:
    weights = inputs[_WEIGHTS[kind]]
    if kind == "DEPTHWISE_CONV_2D":  # (1, height, width, channels): a channel sees itself alone
        return math.prod(output) * math.prod(weights[1:3])
    if kind == "TRANSPOSE_CONV":  # (outputs, height, width, inputs), at every input
        return math.prod(inputs[2]) * math.prod(weights[:3])
    if kind == "CONV_3D":  # outputs stand last
        return math.prod(output) * math.prod(weights[:-1])
    if kind == "BATCH_MATMUL":  # either factor may be transposed: rows × inner is known in any case
        return math.prod(output) * inputs[0][-1] * inputs[0][-2] // output[-2]
    return math.prod(output) * math.prod(weights[1:])


def _shapes(model: tflite.Model) -> list[tuple[int, ...]]:
    """Return the shape of every tensor; those that are computed are known once the file has run."""
    stored = [tensor.shape for tensor in model.tensors]
    if not any(operator.kind == "SHAPE" for operator in model.operators):
        return stored
    # Without XNNPACK, which keeps what lies between its borders to itself.
    with runtimes.load(model.path, runtime="litert-builtin") as runner:
        runner.prepare(runtimes.example(runner))()
        details = runner._interpreter.get_tensor_details()  # type: ignore[attr-defined]
    found = {detail["index"]: tuple(int(side) for side in detail["shape"]) for detail in details}
    return [found.get(i, shape) for i, shape in enumerate(stored)]


def _stored(model: tflite.Model, index: int) -> bool:
    """Tell whether a tensor is a constant, directly or behind a DEQUANTIZE."""
    if model.tensors[index].data is not None:
        return True
    return any(
        o.kind == "DEQUANTIZE"
        and index in o.outputs
        and model.tensors[o.inputs[0]].data is not None
        for o in model.operators
    )


def _batch(model: tflite.Model) -> int:
    """Return how many images the file takes at once; 1 where that is free."""
    made = {i for operator in model.operators for i in operator.outputs}
    for operator in model.operators:
        for i in operator.inputs:
            if i >= 0 and i not in made and model.tensors[i].data is None:
                return max(1, model.tensors[i].shape[0]) if model.tensors[i].shape else 1
    return 1
