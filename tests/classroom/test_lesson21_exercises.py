"""Each check of lesson 21 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from edgelab import prune
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.exercises.sparing_mistakes import two_layers
from edgelab.pruning import masks
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)


def border(weights: Any, sparsity: float) -> Any:
    return np.quantile(np.abs(weights), sparsity)


MASK: dict[str, list[Answer]] = {
    "inverted": [lambda w, s: np.abs(w) < border(w, s), lambda w, s: ~masks.largest(w, s)],
    "signed": [lambda w, s: w > np.quantile(w, s), lambda w, s: w >= np.quantile(w, s)],
    "sparsity-as-border": [lambda w, s: np.abs(w) > s],
    "share-of-largest": [lambda w, s: np.abs(w) > s * np.abs(w).max()],
    "pruned-weights": [
        lambda w, s: w * masks.largest(w, s),
        lambda w, s: np.where(np.abs(w) > border(w, s), w, 0),
    ],
    "wrong-share": [
        lambda w, s: np.ones(w.shape, bool),
        lambda w, s: np.zeros(w.shape, bool),
        lambda w, s: np.abs(w) > np.abs(w).mean(),
    ],
    "wrong-weights": [
        lambda w, s: np.random.default_rng(0).permutation(masks.largest(w, s).ravel()).reshape(
            w.shape
        ),
    ],
    "wrong-shape": [
        lambda w, s: masks.largest(w, s).ravel()[:-1],
        lambda w, s: np.argsort(np.abs(w), axis=None)[: round(w.size * s)],
    ],
    "not-a-mask": [lambda w, s: np.abs(w), lambda w, s: np.argsort(np.abs(w))],
    "changes-its-input": [lambda w, s: np.abs(w, out=w) > border(w, s)],
}  # fmt: skip


def curve(step: int, last: int, final: float) -> float:
    return prune.cubic(step, last, final)


SCHEDULE: dict[str, list[Answer]] = {
    "straight": [lambda t, n, f: f * min(1, t / n)],
    "other-power": [lambda t, n, f: f * (1 - (1 - min(1, t / n)) ** 2)],
    "slow-start": [lambda t, n, f: f * min(1, t / n) ** 3],
    "falling": [lambda t, n, f: f * (1 - min(1, t / n)) ** 3],
    "percent": [lambda t, n, f: 100 * curve(t, n, f)],
    "not-scaled": [lambda t, n, f: 1 - (1 - min(1, t / n)) ** 3],
    "goes-on": [lambda t, n, f: f * (1 - (1 - t / n) ** 3)],
    "wrong-curve": [lambda t, n, f: f, lambda t, n, f: 0.0, lambda t, n, f: f * (t / n) ** 0.5],
    "not-one-number": [lambda t, n, f: [curve(i, n, f) for i in range(4)]],
}


def everywhere(scan: Any, share: float) -> dict[str, float]:
    return {entry.layer: share for entry in scan}


def by_mean(scan: Any, target: float) -> dict[str, float]:
    """Spare the layer with most weights: the mean of the sparsities is still high enough."""
    shares = everywhere(scan, scan.sparsities[-1])
    largest = max(scan, key=lambda entry: entry.weights)
    shares[largest.layer] = max(s for s in (0, *scan.sparsities) if s < target)
    return shares


def largest_first(scan: Any, target: float) -> dict[str, float]:
    shares = everywhere(scan, 0.0)
    done = 0
    for entry in sorted(scan, key=lambda e: -e.weights):
        if done < target * scan.weights:
            shares[entry.layer] = scan.sparsities[-1]
            done += entry.points[-1].removed
    return shares


def best(scan: Any, target: float) -> dict[str, float]:
    names = [entry.layer for entry in scan]

    def total(shares: tuple[float, ...], what: str) -> float:
        pairs = zip(scan, shares, strict=True)
        return sum(getattr(entry.at(s), what) for entry, s in pairs if s)

    every = itertools.product((0, *scan.sparsities), repeat=len(scan))
    enough = [s for s in every if total(s, "removed") >= target * scan.weights]
    return dict(zip(names, min(enough, key=lambda s: total(s, "kl")), strict=True))


def least_harm_a_weight(scan: Any, target: float) -> dict[str, float]:
    """Take the cheapest step again and again, as one does by hand."""
    shares = everywhere(scan, 0.0)
    steps = sorted(
        (point.kl / point.removed, entry.layer, point.sparsity, entry)
        for entry in scan
        for point in entry.points
    )
    for _, layer, sparsity, _ in steps:
        done = sum(e.at(shares[e.layer]).removed for e in scan if shares[e.layer])
        if done < target * scan.weights:
            shares[layer] = max(shares[layer], sparsity)
    return shares


SPARSITIES: dict[str, list[Answer]] = {
    "too-few-zeros": [
        lambda scan, t: everywhere(scan, 0.0),
        lambda scan, t: {},
        lambda scan, t: everywhere(scan, 0.5),
    ],
    "ignores-weights": [by_mean],
    "all-alike": [
        lambda scan, t: everywhere(scan, 0.9),
        lambda scan, t: everywhere(scan, min(s for s in scan.sparsities if s >= t)),
    ],
    "too-much-harm": [largest_first],
    "not-tried": [everywhere, lambda scan, t: everywhere(scan, 0.99)],
    "unknown-layer": [lambda scan, t: {"hidden9": 0.5}, lambda scan, t: {0: 0.5}],
    "not-a-share": [
        lambda scan, t: {e.layer: e.at(0.9) for e in scan},
        lambda scan, t: {e.layer: None for e in scan},
        lambda scan, t: {e.layer: True for e in scan},
        lambda scan, t: {e.layer: "0.9" for e in scan},
        lambda scan, t: {e.layer: np.array([0.5, 0.9]) for e in scan},
    ],
    "not-a-dictionary": [lambda scan, t: t, lambda scan, t: [0.5] * len(scan)],
}

FILTERS: dict[str, list[Answer]] = {
    "next-not-cut": [lambda k, n, keep: (k[..., keep], n)],
    "keeps-the-others": [
        lambda k, n, keep: (np.delete(k, keep, axis=3), np.delete(n, keep, axis=2)),
    ],
    "only-zeroed": [
        lambda k, n, keep: (k * np.isin(np.arange(k.shape[-1]), keep), n),
        lambda k, n, keep: (k, n),
        lambda k, n, keep: (k, n[:, :, keep]),
    ],
    "wrong-axis-next": [lambda k, n, keep: (k[..., keep], n[..., : len(keep)])],
    "wrong-axis-first": [lambda k, n, keep: (k[:2], n[:, :, keep])],
    "wrong-filters": [
        lambda k, n, keep: (k[..., : len(keep)], n[:, :, : len(keep)]),
        lambda k, n, keep: (k[..., keep], n[:, :, : len(keep)]),
    ],
    "not-a-pair": [lambda k, n, keep: k[..., keep], lambda k, n, keep: {"kernel": k}],
    "IndexError": [lambda k, n, keep: (k[:, :, keep], n[:, :, keep])],
}


def scaled(first: Any, second: Any, factor: Any, letter: Any = "d") -> Any:
    return first / factor, second * np.reshape(factor, (-1, 1)), letter


def mean_size(first: Any) -> Any:
    return np.abs(first).mean(axis=0)


DISGUISE: dict[str, list[Answer]] = {
    "all-units-alike": [
        lambda f, s: (f, s, "d"),
        lambda f, s: scaled(f, s, np.full(16, 1000.0)),
    ],
    "survives": [
        lambda f, s: scaled(f, s, 1 / mean_size(f)),  # the weak become weaker
        lambda f, s: scaled(f, s, np.where(np.arange(16) == 0, 1.2, 1.0)),
    ],
    "another-answer": [
        lambda f, s: (f / mean_size(f) ** 2, s, "d"),
        lambda f, s: (f / 100, s, "d"),
        lambda f, s: scaled(f, s, -np.ones(16)),
        lambda f, s: (np.zeros_like(f), s, "d"),
    ],
    "wrong-shape": [lambda f, s: (f[:, :8], s[:8], "d"), lambda f, s: (f.T, s.T, "d")],
    "reason-a": [lambda f, s: scaled(f, s, mean_size(f) ** 2, "a")],
    "reason-c": [lambda f, s: scaled(f, s, mean_size(f) ** 2, "c")],
    "reason-b": [lambda f, s: scaled(f, s, mean_size(f) ** 2, "B")],
    "no-reason": [
        lambda f, s: scaled(f, s, mean_size(f) ** 2, ""),
        lambda f, s: scaled(f, s, mean_size(f) ** 2, 2),
    ],
    "not-three": [lambda f, s: (f, s), lambda f, s: f],
    "not-finite": [lambda f, s: scaled(f, s, np.zeros(16))],
}

WRONG = {
    "21.1 mask": MASK,
    "21.2 sparsities": SPARSITIES,
    "21.3 schedule": SCHEDULE,
    "21.4 filters": FILTERS,
    "21.5 disguise": DISGUISE,
}

RIGHT: dict[str, list[Answer]] = {
    "21.1 mask": [
        lambda w, s: np.abs(w) > border(w, s),
        lambda w, s: np.abs(w) >= border(w, s),
        lambda w, s: (np.abs(w) > np.sort(np.abs(w).ravel())[int(w.size * s) - 1]).astype(int),
        masks.largest,
    ],
    "21.3 schedule": [
        lambda t, n, f: f * (1 - (1 - min(1, t / n)) ** 3),
        lambda t, n, f: f if t >= n else f - f * ((n - t) / n) ** 3,
        lambda t, n, f: np.float32(curve(t, n, f)),
        curve,
    ],
    "21.2 sparsities": [
        best,
        least_harm_a_weight,
        prune.propose,
        lambda scan, t: {name: np.float32(share) for name, share in best(scan, t).items()},
    ],
    "21.4 filters": [
        lambda k, n, keep: (k[:, :, :, keep], n[:, :, keep, :]),
        lambda k, n, keep: [k.take(keep, axis=3), n.take(keep, axis=2)],
        lambda k, n, keep: (
            np.stack([k[..., row] for row in keep], axis=-1),
            np.stack([n[:, :, row] for row in keep], axis=2),
        ),
        lambda k, n, keep: (
            np.delete(k, np.setdiff1d(np.arange(k.shape[3]), keep), axis=3),
            n[:, :, np.isin(np.arange(n.shape[2]), keep)],
        ),
    ],
    "21.5 disguise": [
        lambda f, s: scaled(f, s, mean_size(f) ** 2),
        lambda f, s: scaled(f, s, np.where(mean_size(f) > 0.5, 1000.0, 1.0), "D"),
        lambda f, s: scaled(f, s, np.abs(f).max(axis=0) ** 3),
    ],
}


def test_the_two_layers_can_be_pruned_to_a_half_as_they_are() -> None:
    for seed in (1, 2):
        first, second, images = two_layers(seed)
        whole = np.maximum(images @ first, 0) @ second
        half = np.maximum(images @ (first * masks.largest(first, 0.5)), 0) @ second
        assert np.abs(half - whole).mean() < 0.05 * whole.std()


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("21")] == list(WRONG)


def test_a_wrong_answer_is_told_its_numbers() -> None:
    found = examine("21.2 sparsities", by_mean)
    assert "%" in found.text
