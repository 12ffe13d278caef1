"""Time single inferences honestly: warm up, turn the garbage collector off, count every run.

    latency = timing.sample(runner.prepare(image))
    latency.median_ms, latency.p99_ms        # p99 is None: 200 runs can't carry it

Lesson 10 builds this loop by hand.
"""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab import medians, records, workspace
from edgelab.runtimes import Inference

# Warm-up ends when two windows in a row agree this well, or when its time is over.
SETTLED = 0.05
WARMUP_WINDOW_RUNS = 5
# A record keeps at most this many samples, drawn at random: enough for a picture, small in a journal.
SAMPLES_KEPT = 1000


@dataclass(frozen=True)
class Budget:
    """How long a measurement may take: at least this many runs and seconds, at most that many."""

    min_runs: int
    min_seconds: float
    max_seconds: float
    attempts: int = 3  # how often at the most, where other processes disturb


BUDGETS = {
    "ci": Budget(min_runs=10, min_seconds=0.1, max_seconds=2.0, attempts=1),
    "class": Budget(min_runs=64, min_seconds=1.0, max_seconds=8.0),
    "full": Budget(min_runs=records.RUNS_FOR_P99, min_seconds=2.0, max_seconds=60.0),
}


def budget() -> Budget:
    """Return the profile's budget for one latency measurement."""
    return BUDGETS[workspace.profile()]


def block(inference: Inference, runs: int) -> list[int]:
    """Run an inference several times and return each run's nanoseconds."""
    clock = time.perf_counter_ns
    samples: list[int] = []
    keep = samples.append
    for _ in range(runs):
        begin = clock()
        inference()
        keep(clock() - begin)
    return samples


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Keep Python's garbage collector from running inside a timed loop."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def warm_up(inference: Inference, seconds: float = 1.0) -> int:
    """Run an inference until its median settles; return how many runs that took."""
    end = time.perf_counter() + seconds
    runs, before = 0, float("inf")
    while True:
        now = statistics.median(block(inference, WARMUP_WINDOW_RUNS))
        runs += WARMUP_WINDOW_RUNS
        if abs(now - before) <= SETTLED * now or time.perf_counter() > end:
            return runs
        before = now


def sample(inference: Inference, limits: Budget | None = None) -> records.Latency:
    """Time an inference until both the minimum of runs and of seconds are reached.

    Args:
        inference: runs exactly one inference (from `Runner.prepare`).
        limits: the budget; None takes the profile's.

    Returns:
        The latency of one load: figures of all runs, samples in milliseconds, and bounds of the median
        that hold for this load.
    """
    limits = limits or budget()
    with collector_off():
        warmed = warm_up(inference)
        samples: list[int] = []
        begin = time.perf_counter()
        spent = 0.0
        while spent < limits.max_seconds and (
            len(samples) < limits.min_runs or spent < limits.min_seconds
        ):
            samples += block(inference, 10 if len(samples) >= 10 else 1)
            spent = time.perf_counter() - begin
    return summarize([samples], spent, warmed)


def summarize(instances: Sequence[Sequence[int]], seconds: float, warmed: int) -> records.Latency:
    """Make a latency record of nanosecond samples, one sequence for each loaded instance.

    Every figure is that of all runs. Of very many runs a random draw is kept, in their order.

    Args:
        instances: nanoseconds of single runs, in their order, for each fresh load.
        seconds: how long the timed runs lasted.
        warmed: runs before them, of all loads together.
    """
    low, high = medians.interval(instances)
    pooled = [t / 1e6 for samples in instances for t in samples]
    kept: Sequence[float] = pooled
    if len(pooled) > SAMPLES_KEPT:
        # At random: every fortieth run would often be the first of its block, which is slower.
        rng = np.random.default_rng(0)
        kept = [pooled[i] for i in sorted(rng.choice(len(pooled), SAMPLES_KEPT, replace=False))]
    return records.Latency(
        samples_ms=tuple(round(t, 6) for t in kept),
        low_ms=low / 1e6,
        high_ms=high / 1e6,
        seconds=round(seconds, 3),
        warmup_runs=warmed,
        whole=records.Distribution.of(pooled),
        instances=sum(bool(len(samples)) for samples in instances),
    )
