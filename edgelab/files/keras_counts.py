"""Multiply-accumulates of a Keras model, layer by layer.

    counts.of(model).macs

A layer that is used twice works twice, and a layer that holds weights of an unknown kind is an error. Use it
through `edgelab.files.counts`. Lesson 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgelab import keras
from edgelab.files.counted import Counts, Layer, holds_weights, macs, uncountable


def of(model: Any) -> Counts:
    """Count a Keras model, see `counts.of`."""
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
        return of(layer).macs
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
