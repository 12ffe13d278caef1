"""Parameters and multiply-accumulates of a network, layer by layer.

    counts.of(model).macs            # a Keras model, a .tflite or an .onnx file

A multiply-accumulate (MAC) is one multiplication and one addition; pooling, activations and additions
are not counted, as is usual. Lesson 10 counts a convolution by hand first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab import keras, workspace
from edgelab.errors import InputError


@dataclass(frozen=True)
class Layer:
    """One layer's costs for a single image."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Counts:
    """A network's costs for a single image."""

    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """Return the number of weights."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Return the multiply-accumulates of one inference."""
        return sum(layer.macs for layer in self.layers)


def of(model: Any) -> Counts:
    """Count a Keras model in memory, or a `.keras`, `.tflite` or `.onnx` artefact.

    Raises:
        InputError: another kind of file.
        MissingFileError: there is no such file.
    """
    if keras.is_model(model):
        return _keras(model)
    path = workspace.existing(model)
    counters = {".keras": lambda: _keras(keras.load(path)), ".tflite": lambda: _lite(path)}
    counters[".onnx"] = lambda: _onnx(path)
    if path.suffix not in counters:
        raise InputError(f"{path.name}: counting works on {', '.join(counters)} and Keras models.")
    return counters[path.suffix]()


def macs(kernel: Sequence[int], output: Sequence[int]) -> int:
    """Return the multiply-accumulates of one layer: its whole kernel at every output position.

    Args:
        kernel: shape of the weights, all of which one position uses.
        output: shape of the output without the batch, channels last.
    """
    return math.prod(kernel) * math.prod(output[:-1])


def _keras(model: Any) -> Counts:
    layers = []
    for layer in model.layers:
        kind = type(layer).__name__
        shape = layer.output_shape
        shape = shape[0] if isinstance(shape, list) else shape
        output = tuple(int(s) for s in shape[1:] if s is not None)
        kernel = next((w for w in layer.weights if "kernel" in w.name), None)
        work = macs(kernel.shape, output) if kernel is not None else 0
        layers.append(Layer(layer.name, kind, output, layer.count_params(), work))
    return Counts(tuple(layers))


def _lite(path: Path) -> Counts:
    from edgelab import runtimes

    with runtimes.load(path) as runner:
        interpreter = runner._interpreter  # type: ignore[attr-defined]
        tensors = {d["index"]: d for d in interpreter.get_tensor_details()}
        operations = interpreter._get_ops_details()
    layers = []
    counted: set[int] = set()
    for operation in operations:
        kind = operation["op_name"]
        inputs = [int(i) for i in operation["inputs"] if i >= 0]
        if kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") or len(inputs) < 2:
            continue
        kernel = [int(s) for s in tensors[inputs[1]]["shape"]]
        output = tensors[int(operation["outputs"][0])]
        shape = tuple(int(s) for s in output["shape"][1:])
        constants = [i for i in inputs[1:] if i not in counted]
        counted.update(constants)
        parameters = sum(math.prod(int(s) for s in tensors[i]["shape"]) for i in constants)
        layers.append(Layer(output["name"], kind, shape, parameters, macs(kernel, shape)))
    return Counts(tuple(layers))


def _onnx(path: Path) -> Counts:
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    graph = model.graph
    weights = {i.name: tuple(i.dims) for i in graph.initializer}
    # A quantized graph keeps its weights behind a DequantizeLinear node.
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]]
    shapes = {
        v.name: tuple(d.dim_value or 1 for d in v.type.tensor_type.shape.dim)
        for v in (*graph.value_info, *graph.output)
    }
    layers = []
    for node in graph.node:
        kernel = weights.get(node.input[1]) if len(node.input) > 1 else None
        if node.op_type not in ("Conv", "Gemm", "MatMul") or kernel is None:
            continue
        shape = shapes.get(node.output[0], ())[1:]
        # ONNX convolutions put channels first: positions are what comes after them.
        positions = math.prod(shape[1:]) if node.op_type == "Conv" else 1
        extra = [weights[i] for i in node.input[2:] if i in weights]
        parameters = math.prod(kernel) + sum(math.prod(e) for e in extra)
        work = math.prod(kernel) * positions
        layers.append(Layer(node.name or node.output[0], node.op_type, shape, parameters, work))
    return Counts(tuple(layers))
