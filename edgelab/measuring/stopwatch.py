"""A stopwatch simple enough to read, and a comparison with every knob that can spoil it.

    stopwatch.median_ms(runner.prepare(image), warmup=10, runs=50)
    stopwatch.trial("net.onnx", loads=1)          # a file against itself: one load, a narrow interval, wrong
    stopwatch.trial("net.onnx", **stopwatch.FAIR)

To measure, use `benchmark`: it knows all of this. Lesson 10 builds the stopwatch by hand, compares a
file with itself, and spoils a fair plan on purpose.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import runtimes
from edgelab.errors import InputError
from edgelab.measuring import compare, machine, timing
from edgelab.records import Ratio

ORDERS = ("in turn", "one after the other")
# What a comparison needs: fresh loads, the same warm-up for both, and turns.
FAIR: Mapping[str, Any] = {"loads": 20, "warm_up": (20, 20), "order": "in turn"}
RUNS = 60  # timed runs of each side in one trial, spread over its loads
LEVEL = 0.95  # the usual confidence; `benchmark.compare` asks for more (see `compare.LEVEL`)
_RESAMPLES = 500


def median_ms(
    inference: Callable[[], object],
    warmup: int = 10,
    runs: int = 50,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the median time of single inferences in milliseconds.

    Args:
        inference: runs exactly one inference.
        warmup: runs before the timed ones.
        runs: timed runs.
        clock: returns seconds.
    """
    for _ in range(warmup):
        inference()
    times = []
    for _ in range(runs):
        begin = clock()
        inference()
        times.append((clock() - begin) * 1e3)
    return statistics.median(times)


def chance_of_too_few(percentile: float, runs: int) -> float:
    """Return the chance that at most one of the runs is slower than the percentile.

    Args:
        percentile: 0 to 100.
        runs: in the sample.

    Source: MLPerf LoadGen, loadgen/early_stopping.cc: order statistics, one run may lie beyond.
    """
    faster = percentile / 100
    return faster**runs + runs * (1 - faster) * faster ** (runs - 1)


def ratio_of_medians(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Ratio:
    """Return median(second) / median(first) with a 95 % bootstrap interval over the runs.

    The interval knows nothing of what differs between two loads of a file: it is the one that most
    people compute, and lesson 10 shows how often it is wrong.

    Args:
        first: times of single runs.
        second: the other's times, same unit.
        seed: of the resampling.

    Raises:
        InputError: one of them holds no time.
    """
    if not len(first) or not len(second):
        raise InputError("A ratio of medians needs times on both sides; one list is empty.")
    rng = np.random.default_rng(seed)
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    shape = (_RESAMPLES, -1)
    tops = np.median(rng.choice(b, _RESAMPLES * len(b)).reshape(shape), axis=1)
    bottoms = np.median(rng.choice(a, _RESAMPLES * len(a)).reshape(shape), axis=1)
    low, high = np.quantile(tops / bottoms, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(np.median(b) / np.median(a))
    return _ratio(value, float(low), float(high), instances=1)


def trial(
    path: str | Path,
    loads: int = 20,
    warm_up: tuple[int, int] = (20, 20),
    order: str = "in turn",
    seed: int | None = None,
) -> Ratio:
    """Compare a file with itself: it is loaded as A and, independently, as B.

    Every plan times the same number of runs. Spread over several loads, each load gives one ratio and
    the interval is over the loads; with a single load it is over the runs.

    Args:
        path: the artefact.
        loads: how often both are loaded afresh.
        warm_up: runs of A and of B before the timed ones.
        order: "in turn" (in random order, run by run) or "one after the other" (all of A first).
        seed: of the random order; None takes another one each time.

    Returns:
        Time of B over time of A with its 95 % interval: about 1 if the plan is fair.

    Raises:
        InputError: a number of loads below 1 or above the runs, a negative warm-up, another order.
    """
    sound = 1 <= loads <= RUNS and len(warm_up) == 2 and min(warm_up) >= 0 and order in ORDERS
    if not sound:
        raise InputError(
            f"A trial needs 1 to {RUNS} loads, two warm-ups of 0 runs or more and an order "
            f"({' or '.join(ORDERS)}); got {loads}, {warm_up} and {order!r}."
        )
    rng = random.Random(seed)  # noqa: S311 - shuffles measurements, guards no secret
    with machine.exclusive(), timing.collector_off():
        samples = [
            _one_load(path, RUNS // loads, warm_up, order, rng, mirrored=bool(i % 2))
            for i in range(loads)
        ]
    if loads == 1:
        return ratio_of_medians(*samples[0])
    logs = [math.log(statistics.median(b) / statistics.median(a)) for a, b in samples]
    mean, low, high = compare.interval(logs, LEVEL)
    return _ratio(math.exp(mean), math.exp(low), math.exp(high), instances=loads)


def broken(plan: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a plan with one entry spoiled, and the rule that it breaks (see lesson 10)."""
    return {**plan, "warm_up": (0, plan["warm_up"][1])}, "warm-up"


def _one_load(
    path: str | Path,
    runs: int,
    warm_up: tuple[int, int],
    order: str,
    rng: random.Random,
    *,
    mirrored: bool,
) -> tuple[list[int], list[int]]:
    """Return the nanoseconds of the timed runs of A and of B, both freshly loaded."""
    warming = [0] * warm_up[0] + [1] * warm_up[1]
    timed = [0] * runs + [1] * runs
    loading = [0, 1]
    if order == "in turn":
        # What is loaded second keeps an advantage, and what is warmed up second finds warmer caches.
        if mirrored:
            loading.reverse()
        rng.shuffle(warming)
        rng.shuffle(timed)
    runners = {which: runtimes.load(path) for which in loading}
    try:
        image = runtimes.example(runners[0])
        both = {which: runner.prepare(image) for which, runner in runners.items()}
        for which in warming:
            both[which]()
        times: tuple[list[int], list[int]] = ([], [])
        for which in timed:
            times[which].extend(timing.block(both[which], 1))
    finally:
        for runner in runners.values():
            runner.close()
    return times


def _ratio(value: float, low: float, high: float, instances: int) -> Ratio:
    word = "cannot tell"
    if abs(value - 1) >= compare.SMALLEST_EFFECT and (low > 1 or high < 1):
        word = "slower" if value > 1 else "faster"
    return Ratio("B", "A", value, low, high, word, instances, compare.SMALLEST_EFFECT, level=LEVEL)
