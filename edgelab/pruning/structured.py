"""Structured pruning: remove whole filters, and the network really is smaller and faster.

    structured.groups(model)                          # which filters can go, and which go together
    small = structured.filters(model, 0.5)            # half of the filters of every group
    small = structured.filters(model, {"conv1": 0.25, "hidden": 0.75})
    small = finetune.train(small, digits, epochs=3)

Filters with small weights go first (their L1 norm). What they fed is cut from the layers that read it:
the next kernel, batch normalisation, a dense layer behind `Flatten`. Channels that meet in a residual
addition go together. A network that can't be handled is refused with the reason. Lesson 21 does it by
hand for one layer.

Source: Li et al., "Pruning filters for efficient ConvNets", ICLR 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgelab import artefacts, keras
from edgelab.errors import InputError
from edgelab.pruning import channels, masks

Importance = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Group:
    """Filters that go together, since their channels meet in an addition; often those of one layer.

    Attributes:
        name: of the first of its layers; shares are given to it.
        layers: the layers whose filters these are.
        filters: how many each of them has.
    """

    name: str
    layers: tuple[str, ...]
    filters: int


def groups(model: Any) -> tuple[Group, ...]:
    """Return the groups of filters that can be made smaller, in the order of the network.

    The answer's own units are none: there is one for each class.

    Raises:
        InputError: the network can't be handled; the message names the layer and the reason.
    """
    graph = channels.follow(keras.clone(artefacts.model_of(model)))
    return tuple(group for group, _ in _groups(graph))


def l1_norm(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of absolute weights of each filter: its importance, as far as magnitude tells."""
    result: NDArray[np.float64] = np.abs(kernel).sum(axis=tuple(range(kernel.ndim - 1)))
    return result


def filters(
    model: Any,
    share: float | Mapping[str, float],
    *,
    multiple: int = 1,
    importance: Importance = l1_norm,
) -> Any:
    """Return a smaller network without its least important filters.

    It answers worse until it is trained a little (`finetune.train`).

    Args:
        model: a functional or Sequential Keras model; it is not changed.
        share: of the filters that go, in every group; or for each group by the name of one of its
            layers (groups that are not named stay whole).
        multiple: filters that stay are rounded to a multiple of this, since kernels work on 4, 8 or 16
            channels at once.
        importance: kernel → a number for each filter (last axis); small ones go first.

    Returns:
        A Keras model of fewer channels; what stays keeps its weights.

    Raises:
        InputError: a share outside [0, 1), no such layer, one whose filters can't go, a multiple below
            1, or a network that can't be handled.
    """
    source = keras.clone(artefacts.model_of(model))
    if multiple < 1:
        raise InputError(f"multiple is {multiple!r}; filters stay in multiples of 1, 4, 8 or 16.")
    graph = channels.follow(source)
    removed: set[int] = set()
    found = _groups(graph)
    for (group, roots), part in zip(found, _shares(source, found, share), strict=True):
        stays = _count(group.filters, part, multiple)
        scores = _scores(source, graph, group, roots, importance)
        order = np.argsort(scores, kind="stable")
        removed.update(int(root) for root in roots[order[: group.filters - stays]])
    return _cut(source, graph, removed)


def _groups(graph: channels.Graph) -> list[tuple[Group, NDArray[np.int64]]]:
    """Return each group with the channels (roots) that can go."""
    makers: dict[int, list[str]] = {}
    for name, made in graph.makers.items():
        for root in graph.roots(made):
            if int(root) not in graph.fixed:
                makers.setdefault(int(root), []).append(name)
    tied: dict[tuple[str, ...], list[int]] = {}
    for root, names in makers.items():
        tied.setdefault(tuple(dict.fromkeys(names)), []).append(root)
    return [
        (Group(names[0], names, len(roots)), np.array(roots, np.int64))
        for names, roots in tied.items()
    ]


def _shares(
    model: Any,
    found: list[tuple[Group, NDArray[np.int64]]],
    share: float | Mapping[str, float],
) -> list[float]:
    if not found:
        raise InputError(f"{model.name!r} has no filters that could go: every layer is an answer.")
    if not isinstance(share, Mapping):
        return [masks.checked(share, "share of filters")] * len(found)
    known = {name: i for i, (group, _) in enumerate(found) for name in group.layers}
    result = [0.0] * len(found)
    given: dict[int, str] = {}
    for name, part in share.items():
        if name not in known:
            others = [layer.name for layer in model.layers]
            why = "has no filters that can go" if name in others else "is not in the network"
            raise InputError(f"The layer {name!r} {why}. There are {', '.join(known)}.")
        index, value = known[name], masks.checked(part, f"share of {name}")
        if index in given and result[index] != value:
            raise InputError(
                f"{given[index]!r} and {name!r} are added to each other, so their filters go together: "
                "give both the same share, or name one of them."
            )
        given[index], result[index] = name, value
    return result


def _count(filters: int, share: float, multiple: int) -> int:
    """Return how many filters stay."""
    stays = multiple * max(1, int(filters * (1 - share) / multiple + 0.5))
    return min(filters, stays)


def _scores(
    model: Any,
    graph: channels.Graph,
    group: Group,
    roots: NDArray[np.int64],
    importance: Importance,
) -> NDArray[np.float64]:
    place = {int(root): i for i, root in enumerate(roots)}
    scores = np.zeros(len(roots))
    for name in group.layers:
        values = np.asarray(importance(model.get_layer(name).get_weights()[0].astype(np.float64)))
        made = graph.roots(graph.makers[name])
        if values.shape != made.shape:
            raise InputError(
                f"importance gave {values.shape} numbers for the {len(made)} filters of {name!r}; it "
                "must give one for each filter, the last axis of the kernel."
            )
        # Layers that are tied may differ in scale; none shall outvote the others for that.
        typical = np.abs(values).mean() or 1.0
        for root, value in zip(made, values, strict=True):
            if int(root) in place:
                scores[place[int(root)]] += value / typical
    return scores


def _cut(model: Any, graph: channels.Graph, removed: set[int]) -> Any:
    """Return the network without the removed channels."""

    def stays(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([int(root) not in removed for root in graph.roots(numbers)], bool)

    def smaller(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in graph.makers:
            size = "filters" if "filters" in config else "units"
            config[size] = int(stays(graph.makers[layer.name]).sum())
        return type(layer).from_config(config)

    small = keras.keras().models.clone_model(model, clone_function=smaller)
    for layer in model.layers:
        if layer.name not in graph.inputs:
            continue
        read = stays(graph.inputs[layer.name])
        made = stays(graph.makers[layer.name]) if layer.name in graph.makers else None
        weights = [_cut_weight(w, layer, read, made) for w in layer.get_weights()]
        small.get_layer(layer.name).set_weights(weights)
    return small


def _cut_weight(
    weight: NDArray[Any], layer: Any, read: NDArray[np.bool_], made: NDArray[np.bool_] | None
) -> NDArray[Any]:
    if made is not None:  # a convolution or a dense layer: kernel, then bias
        return weight[..., read, :][..., made] if weight.ndim > 1 else weight[made]
    if weight.ndim > 1:  # a depthwise kernel: height, width, channels, multiplier
        return weight[:, :, read]
    multiplier = getattr(layer, "depth_multiplier", 1)
    return weight[np.repeat(read, multiplier)]
