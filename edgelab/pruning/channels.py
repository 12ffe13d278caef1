"""Which channels of a network hang together? Follow each one from layer to layer.

A filter of one layer is an input of the next, so removing it means cutting both. A residual addition ties
channels of different layers: channel 3 of one branch is added to channel 3 of the other, and the two
can only go together. Here every channel is a number; an addition makes two numbers one, a
concatenation sets them side by side, flattening repeats them.

    graph = channels.follow(model)
    graph.makers["conv1"], graph.inputs["conv2"]      # the same channels

`edgelab.pruning.structured` removes them. Lesson 21.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgelab.errors import InputError

Numbers = NDArray[np.int64]

# Layers that treat every channel by itself, so that one can leave without the others noticing.
_BY_CHANNEL = {
    "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Activation", "Dropout", "SpatialDropout2D",
    "GaussianNoise", "GaussianDropout", "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D",
    "Cropping2D", "UpSampling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
}  # fmt: skip
_ELEMENTWISE = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"}
_KNOWN = (
    "Conv2D, DepthwiseConv2D, Dense, BatchNormalization, ReLU and other activations by channel, "
    "pooling, padding, Dropout, Flatten, Add and its like, Concatenate"
)


@dataclass
class Graph:
    """The channels of a network.

    Attributes:
        makers: layer with filters of its own → the channels that it makes.
        inputs: layer with weights → the channels that it reads.
        fixed: channels that must stay: those of the input and of the answer.
    """

    makers: dict[str, Numbers] = field(default_factory=dict)
    inputs: dict[str, Numbers] = field(default_factory=dict)
    fixed: set[int] = field(default_factory=set)
    _parents: list[int] = field(default_factory=list)

    def root(self, channel: int) -> int:
        """Return the number that stands for all channels tied to this one."""
        while self._parents[channel] != channel:
            self._parents[channel] = self._parents[self._parents[channel]]
            channel = self._parents[channel]
        return channel

    def roots(self, channels: Numbers) -> Numbers:
        """Return the number that stands for each of these channels."""
        return np.array([self.root(int(channel)) for channel in channels], np.int64)

    def new(self, count: int) -> Numbers:
        """Return channels that did not exist before."""
        first = len(self._parents)
        self._parents += range(first, first + count)
        return np.arange(first, first + count)

    def tie(self, some: Numbers, others: Numbers) -> None:
        """Make pairs of channels one: from now on they stay or go together."""
        for a, b in zip(some, others, strict=True):
            one, other = sorted((self.root(int(a)), self.root(int(b))))
            self._parents[other] = one


def follow(model: Any) -> Graph:
    """Follow the channels of a functional or Sequential network from its input to its answer.

    Args:
        model: a Keras model that was cloned for this: each layer must be used in it alone.

    Raises:
        InputError: the network can't be handled; the message names the layer and the reason.
    """
    graph = Graph()
    at: dict[int, Numbers] = {}
    for tensor in model.inputs:
        at[id(tensor)] = graph.new(int(tensor.shape[-1]))
        graph.fixed.update(int(channel) for channel in at[id(tensor)])
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        if kind in ("Functional", "Sequential", "Model"):
            raise _refused(layer, "is a network inside the network; build it of single layers")
        if len(layer.inbound_nodes) != 1:
            raise _refused(layer, "is used more than once, so its filters have several readers")
        given = layer.input if isinstance(layer.input, list) else [layer.input]
        strangers = [tensor for tensor in given if id(tensor) not in at]
        if strangers:
            raise _refused(layer, "takes an input that does not come from a layer before it")
        made = _through(graph, layer, kind, [at[id(tensor)] for tensor in given])
        at[id(layer.output)] = made
    for tensor in model.outputs:
        graph.fixed.update(int(channel) for channel in at[id(tensor)])
    graph.fixed = {graph.root(channel) for channel in graph.fixed}
    return graph


def _through(graph: Graph, layer: Any, kind: str, given: list[Numbers]) -> Numbers:
    """Return the channels that leave a layer."""
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _refused(layer, "has its channels first; edgelab's networks have them last")
    handlers: dict[str, Callable[[Graph, Any, list[Numbers]], Numbers]] = {
        "Conv2D": _convolution,
        "DepthwiseConv2D": _depthwise,
        "Dense": _dense,
        "BatchNormalization": _normalisation,
        "Flatten": _flatten,
        "Concatenate": _concatenate,
        "Softmax": _softmax,
        **dict.fromkeys(_BY_CHANNEL, _by_channel),
        **dict.fromkeys(_ELEMENTWISE, _elementwise),
    }
    if kind not in handlers:
        raise _refused(layer, f"is a {kind}, and what a channel means to it is not known here")
    return handlers[kind](graph, layer, given)


def _convolution(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:
    if layer.groups != 1:
        raise _refused(layer, f"is a convolution in {layer.groups} groups of channels")
    return _made(graph, layer, given[0], layer.filters)


def _dense(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:
    return _made(graph, layer, given[0], layer.units)


def _made(graph: Graph, layer: Any, given: Numbers, count: int) -> Numbers:
    graph.inputs[layer.name] = given
    made = graph.makers[layer.name] = graph.new(count)
    if _mixes(layer):
        graph.fixed.update(int(channel) for channel in made)
    return made


def _depthwise(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:
    graph.inputs[layer.name] = given[0]
    return np.repeat(given[0], layer.depth_multiplier)


def _normalisation(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (-1, len(layer.input.shape) - 1):
        raise _refused(layer, f"normalises axis {axis}, which is not that of the channels")
    graph.inputs[layer.name] = given[0]
    return given[0]


def _flatten(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:  # noqa: ARG001
    places = int(np.prod(layer.input.shape[1:-1]))
    return np.tile(given[0], places)


def _concatenate(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:  # noqa: ARG001
    if layer.axis not in (-1, len(layer.output.shape) - 1):
        raise _refused(layer, f"joins along axis {layer.axis}, which is not that of the channels")
    return np.concatenate(given)


def _elementwise(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:
    counts = {len(channels) for channels in given}
    if len(counts) != 1:
        raise _refused(layer, f"combines branches of {sorted(counts)} channels")
    for other in given[1:]:
        graph.tie(given[0], other)
    return given[0]


def _by_channel(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:
    if _mixes(layer):
        return _softmax(graph, layer, given)
    return given[0]


def _softmax(graph: Graph, layer: Any, given: list[Numbers]) -> Numbers:  # noqa: ARG001
    # Each probability depends on all channels: none may go.
    graph.fixed.update(int(channel) for channel in given[0])
    return given[0]


def _mixes(layer: Any) -> bool:
    return getattr(getattr(layer, "activation", None), "__name__", "") in ("softmax", "log_softmax")


def _refused(layer: Any, why: str) -> InputError:
    return InputError(
        f"Filters can't be removed from this network: its layer {layer.name!r} {why}. Handled are "
        f"{_KNOWN}. Rebuild that part, or prune single weights with prune.gradually."
    )
