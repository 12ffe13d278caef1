"""What goes wrong with a mixed-precision recipe under a budget (exercise 20.8).

An answer is tried on made-up scans, small enough to try every other recipe as well: it passes when it
keeps the budget and wins back nearly what the best one does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _

if TYPE_CHECKING:
    from edgelab.quantizing.sensitivity import LayerSensitivity, Scan

# A recipe passes when it wins back this share of what the best one under the budget would.
ENOUGH = 0.9
_HIGH = 8


def made_up_scan(layers: Sequence[tuple[str, int, float]]) -> Scan:
    """Return a scan at 4 bits of layers that do not exist: name, weights, divergence."""
    from edgelab.quantizing.sensitivity import LayerSensitivity, Scan

    entries = tuple(
        LayerSensitivity(name, "CONV_2D", 4, weights, weights * 28 // 8, kl, 0.9, None)
        for name, weights, kl in layers
    )
    total = sum(weights for _name, weights, _kl in layers)
    return Scan(
        artefact="made-up.tflite",
        bits=4,
        layers=entries,
        baseline=None,
        float_bytes=4 * total + 4000,
        low_bytes=total // 2 + 4000,
        images=100,
    )


def recipe_of(result: Any, scan: Scan) -> dict[str, int]:
    """Return a student's recipe, or raise `Wrong` where it is none."""
    if not isinstance(result, Mapping):
        raise Wrong(
            "not-a-recipe",
            _("A recipe is a dictionary: layer name → bits."),
            _("End with `return recipe`."),
        )
    names = [entry.layer for entry in scan]
    strange = [key for key in result if key not in names]
    if strange:
        raise Wrong(
            "unknown-layer",
            _("Your recipe names {name}, which is no layer of the scan.").format(
                name=f"`{strange[0]!r}`"
            ),
            _("The name of an entry is `entry.layer`."),
        )
    widths = [width for width in result.values() if width not in (scan.bits, _HIGH)]
    if widths:
        raise Wrong(
            "wrong-width",
            _("A layer gets {low} or {high} bits here; yours gets {got}.").format(
                low=scan.bits, high=_HIGH, got=widths[0]
            ),
            _("Spared layers get {high} bits, the others {low}.").format(low=scan.bits, high=_HIGH),
        )
    return dict(result)


def judge_recipe(recipe: Mapping[str, int], scan: Scan, budget: int) -> None:
    """Raise `Wrong` unless the recipe keeps the budget and wins back nearly what can be won."""
    spared = [entry for entry in scan if recipe.get(entry.layer, scan.bits) == _HIGH]
    room = budget - scan.low_bytes
    extra = sum(entry.extra_bytes(_HIGH) for entry in spared)
    if extra > room:
        everything = len(spared) == len(scan)
        raise Wrong(
            "everything-spared" if everything else "over-budget",
            _("Your recipe makes the file {extra} bytes larger; {room} are allowed.").format(
                extra=extra, room=room
            ),
            _("Keep count: each spared layer takes `entry.extra_bytes()` of the room."),
        )
    best = max(_gain(some) for some in _affordable(scan, room))
    if _gain(spared) >= ENOUGH * best:
        return
    if not spared:
        raise Wrong(
            "nothing-spared",
            _("No layer is spared, though {room} bytes are free.").format(room=room),
            _("Which layer is worth its bytes most?"),
        )
    for misconception, order, text in _orders():
        if _filled(scan, room, order) == spared:
            raise Wrong(
                misconception,
                text,
                _("Sort by what a layer brings for each byte that it takes."),
            )
    raise Wrong(
        "not-enough",
        _("Your recipe wins back {share} % of what this budget can.").format(
            share=round(100 * _gain(spared) / best)
        ),
        _("Go on while something fits, the layer that brings most for its bytes first."),
    )


def _orders() -> tuple[tuple[str, Callable[[LayerSensitivity], float], str], ...]:
    """Return how people sort layers who do not sort by gain per byte."""
    return (
        (
            "ignores-bytes",
            lambda entry: -entry.kl,
            _(
                "You spare the most sensitive layer first, whatever it costs: it takes the room of "
                "several others."
            ),
        ),
        (
            "by-size",
            lambda entry: entry.weights,
            _("You spare the smallest layers: they cost little, and some bring nothing."),
        ),
        (
            "by-size",
            lambda entry: -entry.weights,
            _("You spare the largest layers: they cost most, and size says nothing about harm."),
        ),
        (
            "upside-down",
            lambda entry: entry.kl,
            _("You spare the layers that suffer least."),
        ),
        (
            "upside-down",
            lambda entry: entry.kl / entry.extra_bytes(),
            _("You spare the layers that suffer least."),
        ),
    )


def _filled(
    scan: Scan, room: int, order: Callable[[LayerSensitivity], float]
) -> list[LayerSensitivity]:
    """Return which layers are spared when taken in an order while they fit."""
    taken = []
    for entry in sorted(scan, key=order):
        if entry.extra_bytes(_HIGH) <= room:
            taken.append(entry.layer)
            room -= entry.extra_bytes(_HIGH)
    return [entry for entry in scan if entry.layer in taken]


def _affordable(scan: Scan, room: int) -> list[tuple[LayerSensitivity, ...]]:
    """Return every set of layers that fits; the made-up scans have few layers."""
    sets = itertools.chain.from_iterable(
        itertools.combinations(scan, count) for count in range(len(scan) + 1)
    )
    return [some for some in sets if sum(e.extra_bytes(_HIGH) for e in some) <= room]


def _gain(spared: Sequence[LayerSensitivity]) -> float:
    return sum(entry.kl for entry in spared)
