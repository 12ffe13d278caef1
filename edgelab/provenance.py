"""Whose weights a network has: remembered on the Keras model, from its making to its measurement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

_TAG = "edgelab_info"


@dataclass(frozen=True)
class ModelInfo:
    """What is known about a network's weights.

    Args:
        name: of the network.
        weights: "trained" (by this course), "imagenet", or "none".
        accuracy: share of right answers, where the course measured it; else None.
        note: on which images, or what the weights are not good for.
        simulated: whether the weights only pretend to be small: masked, clustered or rounded, and each
            of them still takes 32 bits.
    """

    name: str
    weights: str
    accuracy: float | None = None
    note: str = ""
    simulated: bool = False


def tag(model: Any, facts: ModelInfo) -> Any:
    """Remember on a Keras model whose weights it has; returns the model."""
    setattr(model, _TAG, facts)
    return model


def tag_simulated(model: Any, source: Any = None) -> Any:
    """Remember on a Keras model that its weights only pretend to be small; returns the model.

    As long as it is in memory, it has an accuracy but neither a size nor a speed to show. A file that a
    verb of `convert`, `quantize` or `prune` makes of it is real.

    Args:
        model: with masked, clustered or rounded weights.
        source: the model that it was made from, to tell whose weights these are; None takes what the
            model is tagged with itself.
    """
    facts = tagged(model if source is None else source)
    return tag(model, replace(facts, accuracy=None, simulated=True))


def tagged(model: Any) -> ModelInfo:
    """Return what `tag` remembered; a model that nobody tagged has no trained weights."""
    return getattr(model, _TAG, ModelInfo(model.name, "none", None, "not trained in this session"))
