"""Each check of lesson 22 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from typing import Any

import numpy as np

from edgelab import distill
from edgelab.classroom.exercises import exercises_of
from edgelab.classroom.exercises.lesson22 import made_up_grids
from edgelab.classroom.questions import find
from edgelab.distilling import trials
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)


def softmax(z: Any, axis: int | None = 1) -> Any:
    e = np.exp(z - np.max(z))
    return e / (e.sum() if axis is None else e.sum(axis=axis, keepdims=True))


SOFT: dict[str, list[Answer]] = {
    "wrong-shape": [lambda z, t: softmax(z / t)[0], lambda z, t: softmax(z / t).max(axis=1)],
    "over-all-images": [lambda z, t: softmax(z / t, None)],
    "wrong-axis": [lambda z, t: softmax(z / t, 0)],
    "not-normalised": [lambda z, t: np.exp(z / t)],
    "ignores-temperature": [lambda z, t: softmax(z)],
    "multiplies": [lambda z, t: softmax(z * t)],
    "divides-probabilities": [lambda z, t: softmax(z) / t],
    "wrong-probabilities": [lambda z, t: z / t, lambda z, t: softmax(z / t**2)],
    "not-numbers": [lambda z, t: str(z)],
    "ValueError": [lambda z, t: np.exp(z / t) / np.exp(z / t).sum(axis=1)],
}

LOSS: dict[str, list[Answer]] = {
    "alpha-swapped": [lambda h, s, t, a: (1 - a) * h + a * t**2 * s],
    "no-square": [lambda h, s, t, a: a * h + (1 - a) * s],
    "only-once": [lambda h, s, t, a: a * h + (1 - a) * t * s],
    "square-on-labels": [
        lambda h, s, t, a: t**2 * (a * h + (1 - a) * s),
        lambda h, s, t, a: a * t**2 * h + (1 - a) * s,
    ],
    "no-weights": [lambda h, s, t, a: h + t**2 * s, lambda h, s, t, a: a * h + t**2 * s],
    "divides-by-square": [lambda h, s, t, a: a * h + (1 - a) * s / t**2],
    "wrong-loss": [lambda h, s, t, a: 0.0, lambda h, s, t, a: a * h + 1 - a * t**2 * s],
    "not-one-number": [lambda h, s, t, a: (a * h, (1 - a) * s)],
}

INTERVAL: dict[str, list[Answer]] = {
    "one-number": [lambda a, d, f: (d - a).mean(), lambda a, d, f: f * (d - a).std(ddof=1)],
    "not-two": [lambda a, d, f: d - a],
    "upper-first": [lambda a, d, f: trials.paired_interval(a, d, f)[::-1]],
    "reversed": [lambda a, d, f: trials.paired_interval(d, a, f)],
    "best-against-best": [
        lambda a, d, f: (
            d.max() - a.max() - f * (d - a).std(ddof=1) / len(a) ** 0.5,
            d.max() - a.max() + f * (d - a).std(ddof=1) / len(a) ** 0.5,
        )
    ],
    "wrong-mean": [lambda a, d, f: (0.0, 1.0), lambda a, d, f: (d.min(), d.max())],
    "unpaired": [
        lambda a, d, f: (
            (d - a).mean() - f * ((a.var(ddof=1) + d.var(ddof=1)) / len(a)) ** 0.5,
            (d - a).mean() + f * ((a.var(ddof=1) + d.var(ddof=1)) / len(a)) ** 0.5,
        )
    ],
    "spread-not-error": [
        lambda a, d, f: (
            (d - a).mean() - f * (d - a).std(ddof=1),
            (d - a).mean() + f * (d - a).std(ddof=1),
        )
    ],
    "population-spread": [
        lambda a, d, f: (
            (d - a).mean() - f * (d - a).std() / np.sqrt(len(a)),
            (d - a).mean() + f * (d - a).std() / np.sqrt(len(a)),
        )
    ],
    "no-factor": [lambda a, d, f: trials.paired_interval(a, d, 1.0)],
    "wrong-width": [lambda a, d, f: trials.paired_interval(a, d, 1.96)],
}


def luckiest(grid: trials.Grid) -> tuple[float, float, bool]:
    row, column, _ = np.unravel_index(grid.accuracy.argmax(), grid.accuracy.shape)
    t, alpha = grid.temperatures[row], grid.alphas[column]
    return t, alpha, grid.worth_a_test(t, alpha)


def worst(grid: trials.Grid) -> tuple[float, float, bool]:
    row, column = np.unravel_index(grid.mean.argmin(), grid.mean.shape)
    return grid.temperatures[row], grid.alphas[column], False


CHOICE: dict[str, list[Answer]] = {
    "not-three": [lambda g: g.best, lambda g: g.best[0]],
    "not-a-verdict": [lambda g: (*g.best, 1.0), lambda g: (*g.best, "yes")],
    "swapped": [lambda g: (g.best[1], g.best[0], g.choice[2])],
    "no-such-cell": [
        lambda g: (*np.unravel_index(g.mean.argmax(), g.mean.shape), True),
        lambda g: (5, 0.5, True),
    ],
    "luckiest-seed": [luckiest],
    "worst-cell": [worst],
    "not-the-best-mean": [lambda g: (g.temperatures[1], g.alphas[1], True)],
    "too-hopeful": [
        lambda g: (*g.best, True),
        lambda g: (*g.best, bool(g.differences(*g.best).mean() > 0)),
    ],
    "too-modest": [lambda g: (*g.best, False)],
}


def one_hot(z: Any, high: float, low: float) -> Any:
    return np.where(z == z.max(axis=1, keepdims=True), high, low)


def upside_down(z: Any) -> Any:
    """Return the same winners, and every other class the less likely the more it resembled."""
    return np.where(z == z.max(axis=1, keepdims=True), z, -z)


def shuffled_losers(z: Any) -> Any:
    """Return the same winners, and the other logits of each row in another order."""
    random, spoilt = np.random.default_rng(1), z.copy()
    for row, winner in zip(spoilt, z.argmax(axis=1), strict=True):
        others = np.arange(len(row)) != winner
        row[others] = random.permutation(row[others])
    return spoilt


SPOIL: dict[str, list[Answer]] = {
    "wrong-shape": [lambda z: (z[:, :-1], "c"), lambda z: (z.argmax(axis=1), "c")],
    "changes-answers": [
        lambda z: (-z, "c"),
        lambda z: (np.random.default_rng(0).permuted(z, axis=1), "c"),
        lambda z: (np.zeros_like(z) + np.eye(z.shape[1])[0] * 20, "c"),
    ],
    "same-soft-labels": [lambda z: (z, "c"), lambda z: (z - z.max(axis=1, keepdims=True), "c")],
    "faint-winner": [lambda z: (one_hot(z, 1, 0), "c"), lambda z: (z / 100, "c")],
    "similarity-left": [
        lambda z: (z * 0.9, "c"),
        lambda z: (z + one_hot(z, 1, 0), "c"),
        lambda z: (upside_down(z), "c"),
        lambda z: (upside_down(z) * 0.9 + 3, "c"),
    ],
    "lost-answers": [lambda z: (one_hot(z, 20, 0), "a")],
    "lost-images": [lambda z: (one_hot(z, 20, 0), "b")],
    "lost-nothing": [lambda z: (one_hot(z, 20, 0), "d")],
    "no-such-reason": [lambda z: (one_hot(z, 20, 0), "similarity")],
    "not-a-pair": [lambda z: one_hot(z, 20, 0), lambda z: (one_hot(z, 20, 0),)],
}

WRONG = {
    "22.1 soft labels": SOFT,
    "22.2 loss": LOSS,
    "22.3 interval": INTERVAL,
    "22.4 grid": CHOICE,
    "22.5 spoil": SPOIL,
}

RIGHT: dict[str, list[Answer]] = {
    "22.1 soft labels": [
        distill.soft_labels,
        lambda z, t: softmax(z / t),
        lambda z, t: np.array([np.exp(row / t) / np.exp(row / t).sum() for row in z]),
    ],
    "22.2 loss": [
        distill.combine,
        lambda h, s, t, a: a * h + (1 - a) * t**2 * s,
        lambda h, s, t, a: np.float64(h) * a + s * t * t * (1 - a),
    ],
    "22.3 interval": [
        trials.paired_interval,
        lambda a, d, f: np.array(trials.paired_interval(a, d, f)),
        lambda a, d, f: [
            np.mean(d - a) + sign * f * np.std(d - a, ddof=1) / len(a) ** 0.5 for sign in (-1, 1)
        ],
    ],
    "22.4 grid": [
        lambda g: g.choice,
        lambda g: (*g.best, trials.over_seeds(g.differences(*g.best))[0] > 0),
        lambda g: (*g.best, np.bool_(g.worth_a_test(*g.best))),
    ],
    "22.5 spoil": [
        lambda z: (distill.without_similarity(z), "c"),
        lambda z: (one_hot(z, 15, 0), "C"),
        lambda z: (shuffled_losers(z), "c"),
        lambda z: (z * 40, "c"),  # one-hot after any softmax: nothing is said about the others
    ],
}


def test_the_right_option_is_not_always_in_the_same_place() -> None:
    places = {
        [option.right for option in find(f"22.q{n}").options].index(True) for n in range(1, 5)
    }
    assert len(places) == 3


def test_the_made_up_grids_tell_the_mistakes_apart() -> None:
    clear, doubtful, lucky = made_up_grids()
    assert clear.choice[2]
    assert not doubtful.choice[2]
    assert doubtful.differences(*doubtful.best).mean() > 0
    assert luckiest(lucky)[:2] != lucky.best


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("22")] == list(WRONG)
