"""The choices of lesson 20 (20.6 to 20.8) against plausible wrong answers, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgelab.quantizing import sensitivity
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)

Order = Callable[[Any], float]


def ruin_by(
    change: Callable[[np.ndarray], object] = lambda w: w.flat.__setitem__(0, 100 * w.max()),
    letter: Any = "b",
) -> Answer:
    """Return the right answer with one part replaced."""

    def answer(weights: np.ndarray) -> tuple[np.ndarray, Any]:
        changed = weights.copy()
        change(changed)
        return changed, letter

    return answer


def put(factor: float, count: int = 1) -> Callable[[np.ndarray], object]:
    def change(weights: np.ndarray) -> None:
        weights.flat[:count] = factor * np.abs(weights).max()

    return change


def drop_largest(weights: np.ndarray) -> None:
    weights.flat[np.abs(weights).argmax()] = 0


OUTLIER: dict[str, list[Answer]] = {
    "several-changed": [ruin_by(put(100, count=2)), lambda w: (w * 100, "b")],
    "nothing-changed": [ruin_by(put(0, count=0)), lambda w: (w, "b")],
    "too-small": [ruin_by(put(2)), ruin_by(put(10)), ruin_by(put(-15))],
    "no-outlier": [ruin_by(drop_largest), ruin_by(put(0.5))],
    "wrong-shape": [lambda w: (np.append(w, 100.0), "b"), lambda w: (w.ravel()[1:], "b")],
    "not-finite": [ruin_by(lambda w: w.flat.__setitem__(0, np.inf))],
    "not-a-pair": [lambda w: ruin_by()(w)[0], lambda w: (*ruin_by()(w), "b")],
    "blames-the-outlier": [ruin_by(letter="a")],
    "overflow": [ruin_by(letter="c")],
    "fewer-codes": [ruin_by(letter="D ")],
    "no-such-reason": [ruin_by(letter="e"), ruin_by(letter=2), ruin_by(letter="a b")],
    "changes-its-input": [lambda w: (put(100)(w), (w, "b"))[1]],
}


def chosen(
    rows: Callable[[np.ndarray, np.ndarray, int], Any] = lambda p, y, n: np.linspace(
        0, len(p) - 1, n
    ).astype(int),
    scale: Callable[[np.ndarray], Any] = lambda x: (x / 255).astype(np.float32),
) -> Answer:
    """Return the right answer with one part replaced."""
    return lambda pixels, labels, n: scale(pixels[rows(pixels, labels, n)])


def a_few_of_each_class(pixels: np.ndarray, labels: np.ndarray, n: int) -> np.ndarray:
    """Return fewer than n pictures where n is no multiple of the number of classes."""
    rows = [row for k in range(10) for row in np.flatnonzero(labels == k)[: n // 10]]
    return pixels[rows].astype(np.float32) / 255.0


def as_many_of_each_class_as_possible(pixels: np.ndarray, labels: np.ndarray, n: int) -> np.ndarray:
    shares = np.array_split(np.arange(n), 10)
    rows = [r for k in range(10) for r in np.flatnonzero(labels == k)[: len(shares[k])]]
    return pixels[rows].astype(np.float32) / 255.0


CALIBRATION: dict[str, list[Answer]] = {
    "forgotten-scaling": [
        chosen(scale=lambda x: x.astype(np.float32)),
        chosen(scale=lambda x: x),
        chosen(rows=lambda p, y, n: slice(n), scale=lambda x: x),
    ],
    "another-range": [
        chosen(scale=lambda x: (x / 127.5 - 1).astype(np.float32)),
        chosen(scale=lambda x: (x.astype(np.float32) - 127) / 128),
    ],
    "integer-division": [
        chosen(scale=lambda x: x // 255),
        chosen(scale=lambda x: (x // 255).astype(np.float32)),
        chosen(scale=lambda x: (x / 255).astype(int)),
    ],
    "scaled-twice": [chosen(scale=lambda x: (x / 255 / 255).astype(np.float32))],
    "not-float32": [chosen(scale=lambda x: x / 255), chosen(scale=lambda x: x / np.float64(255))],
    "few-classes": [
        chosen(rows=lambda p, y, n: slice(n)),
        chosen(rows=lambda p, y, n: slice(-n, None)),
        chosen(rows=lambda p, y, n: np.flatnonzero(y < 4)[:n]),
    ],
    "repeated-pictures": [
        chosen(rows=lambda p, y, n: np.random.default_rng(0).choice(len(p), n)),
        chosen(rows=lambda p, y, n: np.zeros(n, int)),
    ],
    "wrong-count": [
        chosen(rows=lambda p, y, n: slice(None)),
        chosen(rows=lambda p, y, n: slice(None, None, len(p) // n + 1)),
        chosen(rows=lambda p, y, n: [np.flatnonzero(y == k)[0] for k in range(10)]),
        a_few_of_each_class,
    ],
    "not-the-pictures": [
        lambda p, y, n: np.random.default_rng(0).random((n, *p.shape[1:]), np.float32),
        chosen(scale=lambda x: (x / 256).astype(np.float32)),
        chosen(scale=lambda x: (x / x.max() * 0.9).astype(np.float32)),
    ],
    "wrong-shape": [
        lambda p, y, n: (p.reshape(len(p), -1) / 255).astype(np.float32),
        lambda p, y, n: (p[0] / 255).astype(np.float32),
    ],
    "signature": [lambda p, n: p],
}


def sorted_by(order: Order, count: bool = True, high: int = 8) -> Answer:
    """Return an answer that spares layers in an order, while they fit if it keeps count."""

    def answer(scan: sensitivity.Scan, budget: int) -> dict[str, int]:
        recipe, room = {}, budget - scan.low_bytes
        for entry in sorted(scan, key=order):
            fits = entry.extra_bytes() <= room or not count
            recipe[entry.layer] = high if fits else 4
            room -= entry.extra_bytes() if fits else 0
        return recipe

    return answer


def by_worth(entry: Any) -> float:
    return -float(entry.kl) / int(entry.extra_bytes())


RECIPE: dict[str, list[Answer]] = {
    "everything-spared": [
        lambda s, b: {e.layer: 8 for e in s},
        sorted_by(by_worth, count=False),
    ],
    "over-budget": [lambda s, b: {e.layer: 8 for e in s.ranked[:4]}],
    "nothing-spared": [lambda s, b: {e.layer: 4 for e in s}, lambda s, b: {}],
    "ignores-bytes": [sorted_by(lambda e: -e.kl)],
    "upside-down": [sorted_by(lambda e: e.kl), sorted_by(lambda e: -by_worth(e))],
    "by-size": [sorted_by(lambda e: e.weights), sorted_by(lambda e: -e.weights)],
    "not-enough": [lambda s, b: {min(s, key=by_worth).layer: 8}],
    "wrong-width": [lambda s, b: {s[0].layer: 6}, sorted_by(by_worth, high=16)],
    "unknown-layer": [lambda s, b: {"conv1": 8}, lambda s, b: dict.fromkeys(s, 8)],
    "not-a-recipe": [lambda s, b: [8] * len(s), lambda s, b: "stem"],
    "AttributeError": [lambda s, b: {e.name: 8 for e in s}],
    "signature": [lambda s: {}],
}

WRONG = {"20.6 outlier": OUTLIER, "20.7 calibration": CALIBRATION, "20.8 recipe": RECIPE}


def the_best_of_all(scan: sensitivity.Scan, budget: int) -> dict[str, int]:
    best: dict[str, int] = {}
    for code in range(2 ** len(scan)):
        some = [entry for at, entry in enumerate(scan) if code >> at & 1]
        fits = sum(e.extra_bytes() for e in some) <= budget - scan.low_bytes
        if fits and sum(e.kl for e in some) > sum(scan[name].kl for name in best):
            best = {entry.layer: 8 for entry in some}
    return best


RIGHT: dict[str, list[Answer]] = {
    "20.6 outlier": [
        ruin_by(),
        ruin_by(put(-40)),
        ruin_by(put(1e6), "B"),
        ruin_by(lambda w: w.flat.__setitem__(np.abs(w).argmin(), 1000.0), " b "),
        lambda w: [np.where(np.arange(w.size).reshape(w.shape) == 3, 500.0, w), "b"],
    ],
    "20.7 calibration": [
        chosen(),
        chosen(rows=lambda p, y, n: np.random.default_rng(1).permutation(len(p))[:n]),
        chosen(rows=lambda p, y, n: np.random.default_rng(1).choice(len(p), n, replace=False)),
        chosen(rows=lambda p, y, n: np.arange(0, len(p), len(p) // n)[:n]),
        chosen(scale=lambda x: np.float32(x) / 255),
        as_many_of_each_class_as_possible,
    ],
    "20.8 recipe": [
        sensitivity.propose,
        sorted_by(by_worth),
        sorted_by(lambda e: -e.kl / e.weights),
        the_best_of_all,
    ],
}
