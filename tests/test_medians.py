"""Bounds of a median: how often they hold the truth, over loads and within one."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import medians


def covered(loads: int, trials: int, seed: int) -> float:
    """Return how often the bounds hold the true median when every load has a speed of its own."""
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(trials):
        speeds = rng.normal(100, 1.5, loads)
        low, high = medians.interval([rng.normal(s, 0.5, 60) for s in speeds])
        hits += low <= 100 <= high
    return hits / trials


@pytest.mark.parametrize("loads", [4, 5, 6, 12])
def test_bounds_over_loads_hold_the_truth_as_often_as_they_say(loads: int) -> None:
    # A bootstrap over four to six loads does so in 83 to 90 of 100 cases.
    assert covered(loads, 400, loads) >= 0.92


def test_two_and_three_loads_give_their_smallest_and_largest_median() -> None:
    assert medians.interval([[1, 2, 3], [5, 6, 7]]) == (2, 6)
    assert medians.interval([[1, 2, 3], [9, 9, 9], [5, 6, 7]]) == (2, 9)
    assert "smallest and largest median of 3 fresh loads" in medians.words(3)
    assert "95 %" not in medians.words(3)


def wandering(rng: np.random.Generator, runs: int, memory: float) -> np.ndarray:
    """Return times of which each resembles the one before (median 1)."""
    steps = rng.normal(size=runs)
    logs = np.empty(runs)
    logs[0] = steps[0] / np.sqrt(1 - memory**2)
    for i in range(1, runs):
        logs[i] = memory * logs[i - 1] + steps[i]
    return np.exp(0.1 * logs)


def test_runs_that_resemble_each_other_widen_the_bounds_within_a_load() -> None:
    rng = np.random.default_rng(0)
    hits = sum(
        low <= 1 <= high
        for low, high in (medians.within_load(wandering(rng, 800, 0.8)) for _ in range(120))
    )
    assert hits / 120 >= 0.88


def test_bounds_within_a_load_do_not_depend_on_how_many_runs_are_told_twice() -> None:
    times = np.random.default_rng(1).gamma(4, 1, 400)
    once, twice = medians.within_load(times), medians.within_load(np.repeat(times, 2))
    assert twice[1] - twice[0] == pytest.approx(once[1] - once[0], rel=0.25)


@pytest.mark.parametrize("runs", [1, 2, 3, 5, 10, 1000])
def test_the_bounds_hold_the_median_of_the_runs(runs: int) -> None:
    times = np.random.default_rng(runs).gamma(2, 1, runs)
    low, high = medians.interval([times])
    assert low <= np.median(times) <= high
    low, high = medians.interval([times, 2 * times, times, times, 50 * times])
    assert low <= np.median(np.concatenate([times, 2 * times, times, times, 50 * times])) <= high


def test_equal_times_leave_no_doubt() -> None:
    assert medians.interval([[3] * 50]) == (3, 3)
    assert medians.interval([[3] * 50] * 6) == (3, 3)


def test_one_load_is_told_to_be_one() -> None:
    assert "within one load; another load may differ" in medians.words(1)
    assert medians.words(28) == "95 % interval over 28 fresh loads"
    assert "earlier version" in medians.words(0)
