"""The stopwatch of lesson 10: its arithmetic against made-up times, its trials on a real file."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgelab import records
from edgelab.errors import InputError, MissingFileError
from edgelab.measuring import stopwatch


class Watch:
    """A network whose runs take the given milliseconds, and the clock that sees them."""

    def __init__(self, *costs: float) -> None:
        self.costs, self.calls, self.seconds = costs, 0, 5.0

    def __call__(self) -> None:
        self.seconds += self.costs[self.calls] / 1e3
        self.calls += 1

    def clock(self) -> float:
        return self.seconds


def test_the_median_leaves_out_the_warm_up() -> None:
    watch = Watch(90, 80, 3, 1, 50, 2, 4)
    assert stopwatch.median_ms(watch, warmup=2, runs=5, clock=watch.clock) == pytest.approx(3)
    assert watch.calls == 7


@pytest.mark.parametrize(
    ("percentile", "runs"), [(90, records.RUNS_FOR_P90), (99, records.RUNS_FOR_P99)]
)
def test_the_runs_that_a_percentile_needs_follow_from_the_chance_of_too_few(
    percentile: float, runs: int
) -> None:
    assert stopwatch.chance_of_too_few(percentile, runs) <= 0.01
    assert stopwatch.chance_of_too_few(percentile, runs - 1) > 0.01


def test_the_chance_of_too_few_is_a_binomial_sum() -> None:
    expected = sum(math.comb(30, k) * 0.05**k * 0.95 ** (30 - k) for k in (0, 1))
    assert stopwatch.chance_of_too_few(95, 30) == pytest.approx(expected)


def test_a_ratio_of_medians_finds_a_large_difference_and_not_a_small_one() -> None:
    generator = np.random.default_rng(1)
    first = generator.normal(10, 0.5, 200)
    assert stopwatch.ratio_of_medians(first, first + 1).verdict == "slower"
    assert stopwatch.ratio_of_medians(first, first - 1).verdict == "faster"
    assert stopwatch.ratio_of_medians(first, first * 1.001).verdict == "cannot tell"
    ratio = stopwatch.ratio_of_medians(first, first * 1.2)
    assert ratio.value == pytest.approx(1.2)
    assert ratio.low < ratio.value < ratio.high


def test_a_ratio_needs_times_on_both_sides() -> None:
    with pytest.raises(InputError, match="empty"):
        stopwatch.ratio_of_medians([], [1.0])


@pytest.mark.parametrize("file", ["m.tflite", "m.onnx"])
def test_a_fair_trial_has_one_estimate_for_each_load(
    tiny_files: dict[str, Path], file: str
) -> None:
    ratio = stopwatch.trial(tiny_files[file], loads=4, seed=0)
    assert (ratio.instances, ratio.level) == (4, 0.95)
    assert ratio.low <= ratio.value <= ratio.high


def test_a_single_load_gives_an_interval_over_its_runs(tiny_files: dict[str, Path]) -> None:
    ratio = stopwatch.trial(tiny_files["m.tflite"], loads=1, order="one after the other")
    assert ratio.instances == 1
    assert math.isfinite(ratio.high)


def test_every_plan_times_the_same_number_of_runs(
    tiny_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[int] = []
    real = stopwatch.timing.block

    def counting(inference: Callable[[], object], runs: int) -> list[int]:
        timed.append(runs)
        return real(inference, runs)

    monkeypatch.setattr(stopwatch.timing, "block", counting)
    for loads in (1, 20):
        timed.clear()
        stopwatch.trial(tiny_files["m.tflite"], loads=loads)
        assert sum(timed) == 2 * stopwatch.RUNS


class Cooling:
    """A runner whose first runs are slow; it stands in for a loaded file and for the clock."""

    def __init__(self) -> None:
        self.calls = 0
        self.input_spec = SimpleNamespace(shape=(1, 1))

    def prepare(self, _batch: np.ndarray) -> Cooling:
        return self

    def __call__(self) -> None:
        self.calls += 1

    def close(self) -> None:
        pass


def cold_then_warm(inference: Cooling, runs: int) -> list[int]:
    times = []
    for _ in range(runs):
        times.append(200 if inference.calls < 3 else 100)
        inference()
    return times


@pytest.mark.parametrize(
    ("warm_up", "ratio"), [((20, 20), 1.0), ((0, 20), 0.5), ((20, 0), 2.0), ((1, 1), 1.0)]
)
def test_unequal_warm_up_makes_the_colder_side_slower(
    monkeypatch: pytest.MonkeyPatch, warm_up: tuple[int, int], ratio: float
) -> None:
    monkeypatch.setattr(stopwatch.runtimes, "load", lambda _path: Cooling())
    monkeypatch.setattr(stopwatch.timing, "block", cold_then_warm)
    assert stopwatch.trial("net.onnx", warm_up=warm_up).value == pytest.approx(ratio)


@pytest.mark.parametrize(
    "plan",
    [
        {"loads": 0},
        {"loads": stopwatch.RUNS + 1},
        {"warm_up": (-1, 5)},
        {"warm_up": (1, 2, 3)},
        {"order": "backwards"},
    ],
)
def test_a_plan_that_cannot_run_is_refused(tiny_files: dict[str, Path], plan: dict) -> None:
    with pytest.raises(InputError, match="A trial needs"):
        stopwatch.trial(tiny_files["m.tflite"], **plan)


def test_a_trial_of_a_missing_file_says_so() -> None:
    with pytest.raises(MissingFileError, match=r"nowhere\.onnx"):
        stopwatch.trial("nowhere.onnx")


def test_the_broken_plan_differs_from_the_fair_one_in_its_warm_up_only() -> None:
    plan, rule = stopwatch.broken(stopwatch.FAIR)
    assert rule == "warm-up"
    assert [key for key in stopwatch.FAIR if plan[key] != stopwatch.FAIR[key]] == ["warm_up"]
