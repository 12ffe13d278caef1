"""Parameters and multiply-accumulates of a network, layer by layer.

    counts.of(model).macs            # a Keras model, a .tflite or an .onnx file

A multiply-accumulate (MAC) is one multiplication and one addition; pooling, activations and additions
are not counted, as is usual. An operator that holds weights and whose work is not known here is an error:
a sum without it would look right and be wrong. Lesson 10 counts a convolution by hand first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgelab import keras, workspace
from edgelab.errors import InputError, UncountableError


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

    In a `.tflite` or `.onnx` file only the operators that multiply by weights or matrices are layers, and
    their parameters are those that the operator itself holds.

    Raises:
        InputError: another kind of file.
        UncountableError: an operator with weights whose work is not known here, or whose shape is not fixed.
        MissingFileError: there is no such file.
    """
    if keras.is_model(model):
        return _keras(model)
    from edgelab import lite_counts, onnx_counts

    path = workspace.existing(model)
    counters = {
        ".keras": lambda: _keras(keras.load(path)),
        ".tflite": lambda: lite_counts.of(path),
        ".onnx": lambda: onnx_counts.of(path),
    }
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


def uncountable(name: str, kind: str, why: str = "holds weights") -> UncountableError:
    """Return the error about an operator that can't be counted."""
    return UncountableError(
        f"{name!r} ({kind}) {why}, and how many multiply-accumulates it takes is not known here. Sizes and "
        "times can be measured all the same; count this network with another tool."
    )


def holds_weights(shape: Sequence[int]) -> bool:
    """Tell whether a constant of this shape is a matrix or more: scales and biases are vectors."""
    return sum(side > 1 for side in shape) > 1


def _keras(model: Any) -> Counts:
    layers = []
    for layer in model.layers:
        shapes = _keras_shapes(model, layer)
        first = shapes[0][1] if shapes else ()
        output = tuple(int(s) for s in first[1:] if s is not None)
        work = sum(_keras_macs(layer, given[1:], made[1:]) for given, made in shapes)
        if not shapes and any(holds_weights(w.shape) for w in layer.weights):
            raise uncountable(layer.name, type(layer).__name__, "has no fixed output shape")
        layers.append(Layer(layer.name, type(layer).__name__, output, layer.count_params(), work))
    return Counts(tuple(layers))


def _keras_shapes(model: Any, layer: Any) -> list[tuple[Any, Any]]:
    """Return input and output shape of each use of a layer in a model: a shared layer works twice."""
    inside = getattr(model, "_network_nodes", ())
    nodes = [
        node
        for i, node in enumerate(layer._inbound_nodes)
        if f"{layer.name}_ib-{i}" in inside and not node.is_input
    ]
    if nodes:
        return [(_one_shape(n.input_shapes), _one_shape(n.output_shapes)) for n in nodes]
    try:
        return [(_one_shape(layer.input_shape), _one_shape(layer.output_shape))]
    except AttributeError:  # a layer that was never called
        return []


def _one_shape(shapes: Any) -> tuple[int | None, ...]:
    """Return the shape of the first tensor of a layer that may take or give several."""
    while isinstance(shapes, list | dict) or (shapes and isinstance(shapes[0], list | tuple)):
        shapes = next(iter(shapes.values())) if isinstance(shapes, dict) else shapes[0]
    return tuple(shapes)


def _keras_macs(layer: Any, given: Sequence[Any], made: Sequence[Any]) -> int:
    """Return the multiply-accumulates of one use of a layer; shapes without the batch."""
    k = keras.keras()
    if isinstance(layer, k.Model):
        return _keras(layer).macs
    inner = layer.layer if isinstance(layer, k.layers.Wrapper) else layer
    if not any(holds_weights(w.shape) for w in inner.weights) or isinstance(
        inner,
        _kinds("BatchNormalization", "Embedding", "LayerNormalization", "Normalization", "PReLU"),
    ):
        return 0
    # A transposed convolution brings its kernel to every position of the input. It is a subclass.
    transposed = isinstance(inner, _kinds("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"))
    known = isinstance(
        inner,
        _kinds("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
               "SeparableConv2D", "Dense"),
    )  # fmt: skip
    positions = given[:-1] if transposed else made[:-1]
    if not (known or transposed) or getattr(inner, "data_format", "") == "channels_first":
        raise uncountable(layer.name, type(inner).__name__)
    if None in positions:
        raise uncountable(layer.name, type(inner).__name__, "has a free image size")
    kernels = (getattr(inner, f"{kind}kernel", None) for kind in ("", "depthwise_", "pointwise_"))
    return sum(macs(w.shape, (*positions, 1)) for w in kernels if w is not None)


def _kinds(*names: str) -> tuple[type, ...]:
    layers = keras.keras().layers
    return tuple(getattr(layers, name) for name in names)
