"""Multiply-accumulates of an `.onnx` file, node by node, float and quantized operators alike.

    counts.of("dynamic.onnx").macs

A node's work is the numbers that it gives (or takes, where it spreads them) times what one of them costs; the
shapes are ONNX's own shape inference, for a batch of one image. Use it through `edgelab.files.counts`. Lesson 10.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from edgelab.files.counted import Counts, Layer, holds_weights, uncountable

# Operator → places of first factor, weights and bias among its inputs (None: it has no bias).
_PLACES: dict[str, tuple[int, int, int | None]] = {
    "Conv": (0, 1, 2),
    "ConvInteger": (0, 1, None),
    "QLinearConv": (0, 3, 8),
    "ConvTranspose": (0, 1, 2),
    "Gemm": (0, 1, 2),
    "MatMul": (0, 1, None),
    "MatMulInteger": (0, 1, None),
    "QLinearMatMul": (0, 3, None),
}
# These take whole tables of constants and multiply no matrices.
_WITHOUT = {
    "Add", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "DequantizeLinear", "Div", "Equal",
    "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Identity",
    "InstanceNormalization", "LayerNormalization", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mul", "PRelu",
    "Pad", "Pow", "QLinearAdd", "QLinearConcat", "QLinearMul", "QuantizeLinear", "Reshape", "ScatterND", "Slice",
    "Split", "Squeeze", "Sub", "Sum", "Tile", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip

Shapes = dict[str, tuple[int, ...]]


def of(path: Path) -> Counts:
    """Count an `.onnx` file.

    Raises:
        UncountableError: a node with weights whose work is not known here, or whose shape ONNX can't infer.
    """
    import onnx

    model = onnx.load(path)
    shapes, batch = _shapes(model)
    roots = {i.name: i.name for i in model.graph.initializer}  # constant → where it is stored
    layers = []
    counted: set[str] = set()
    for node in model.graph.node:
        given = [name for name in node.input if name]
        if node.op_type == "Constant" or (given and all(name in roots for name in given)):
            # Weights behind a DequantizeLinear, a Cast or a Transpose are weights.
            roots.update(dict.fromkeys(node.output, roots[given[0]] if given else node.output[0]))
            continue
        if node.op_type not in _PLACES:
            _refuse_weights(node, roots, shapes)
            continue
        _, weights, bias = _PLACES[node.op_type]
        places = (weights, bias) if bias is not None else (weights,)
        held = {node.input[i] for i in places if i < len(node.input) and node.input[i] in roots}
        parameters = sum(math.prod(shapes[n]) for n in held if roots[n] not in counted)
        counted.update(roots[name] for name in held)
        output = _known(node, node.output[0], shapes)
        work = _macs(node, shapes, output) // batch
        name = node.name or node.output[0]
        layers.append(Layer(name, node.op_type, output[1:], parameters, work))
    return Counts(tuple(layers))


def _macs(node: Any, shapes: Shapes, output: tuple[int, ...]) -> int:
    first, second, _ = _PLACES[node.op_type]
    weights = _known(node, node.input[second], shapes)
    if node.op_type == "ConvTranspose":  # (inputs, outputs of a group, sides), at every input
        return math.prod(_known(node, node.input[first], shapes)) * math.prod(weights[1:])
    if "Conv" in node.op_type:  # (outputs, inputs of a group, sides)
        return math.prod(output) * math.prod(weights[1:])
    if node.op_type == "Gemm":
        return math.prod(output) * math.prod(weights) // output[-1]
    inner = weights[-2] if len(weights) > 1 else weights[0]
    return math.prod(output) * inner


def _shapes(model: Any) -> tuple[Shapes, int]:
    """Return the shape of every tensor for the model's batch, a free one taken as 1, and that batch."""
    from onnx import shape_inference

    graph = model.graph
    stored = {i.name: tuple(i.dims) for i in graph.initializer}
    inputs = [i for i in graph.input if i.name not in stored]
    for value in inputs:
        sides = value.type.tensor_type.shape.dim
        if sides and not sides[0].dim_value:
            sides[0].dim_value = 1
    # Shapes that the file brings along name the free batch, and would stand in the way of numbers.
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    found = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = dict(stored)
    for value in (*inputs, *found.value_info, *found.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(side.HasField("dim_value") for side in kind.shape.dim):
            shapes[value.name] = tuple(side.dim_value for side in kind.shape.dim)
    first = shapes.get(inputs[0].name, ()) if inputs else ()
    return shapes, max(1, first[0]) if first else 1


def _known(node: Any, name: str, shapes: Shapes) -> tuple[int, ...]:
    if name not in shapes:
        why = f"works on {name!r}, whose shape is not fixed"
        raise uncountable(node.name or node.output[0], node.op_type, why)
    return shapes[name]


def _refuse_weights(node: Any, roots: dict[str, str], shapes: Shapes) -> None:
    graphs = any(attribute.HasField("g") for attribute in node.attribute)
    weighted = any(holds_weights(shapes.get(name, ())) for name in node.input if name in roots)
    if graphs or (weighted and node.op_type not in _WITHOUT):
        raise uncountable(node.name or node.output[0], node.op_type)
