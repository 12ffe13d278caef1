"""The time of single inferences: what all runs say, how sure the median is, and some of the runs.

    latency = timing.sample(runner.prepare(image))
    latency.runs, latency.median_ms, latency.p99_ms     # of all runs; None where they are too few
    latency.samples_ms                                  # of very many runs a random draw, for pictures

A journal has no room for a million runs, and figures taken from every fortieth run are wrong where runs
come in blocks. So the figures are those of all runs, and only the samples are thinned. Lesson 10.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from edgelab import medians
from edgelab.serialize import Serializable

# Runs needed before a percentile may be shown: with fewer, the slowest run decides it (MLPerf
# LoadGen, loadgen/early_stopping.cc: order statistics at 99 % confidence).
RUNS_FOR_P90 = 64
RUNS_FOR_P99 = 662


@dataclass(frozen=True)
class Distribution(Serializable):
    """What all runs together say, in milliseconds."""

    runs: int
    min_ms: float
    lower_quartile_ms: float
    median_ms: float
    upper_quartile_ms: float
    p90_ms: float | None  # None where the runs are too few to carry it
    p99_ms: float | None
    max_ms: float
    mean_ms: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Distribution:
        """Return the distribution of these times (any order, at least one)."""
        ordered, count = sorted(times_ms), len(times_ms)
        return cls(
            runs=count,
            min_ms=ordered[0],
            lower_quartile_ms=_quantile(ordered, 0.25),
            median_ms=_quantile(ordered, 0.5),
            upper_quartile_ms=_quantile(ordered, 0.75),
            p90_ms=_quantile(ordered, 0.90) if count >= RUNS_FOR_P90 else None,
            p99_ms=_quantile(ordered, 0.99) if count >= RUNS_FOR_P99 else None,
            max_ms=ordered[-1],
            mean_ms=statistics.fmean(ordered),
        )


@dataclass(frozen=True)
class Latency(Serializable):
    """The time of single inferences, in milliseconds.

    `low_ms` and `high_ms` bound the median; what they are depends on how many fresh loads were timed, and
    `bounds` says it in words.
    """

    samples_ms: tuple[float, ...]  # in their order; of very many runs a random draw
    low_ms: float
    high_ms: float
    seconds: float  # how long the timed runs lasted
    warmup_runs: int = 0  # of all loads together, each one's first run included
    whole: Distribution | None = None  # of all runs; None where the samples are all there is
    instances: int = 0  # fresh loads; 0 in older records, which do not tell

    @cached_property
    def _all(self) -> Distribution:
        return self.whole or Distribution.of(self.samples_ms)

    @property
    def runs(self) -> int:
        """Return the number of timed inferences, all of them."""
        return self._all.runs

    @property
    def thinned(self) -> bool:
        """Return whether `samples_ms` holds a random draw and not every run."""
        return len(self.samples_ms) < self.runs

    @property
    def bounds(self) -> str:
        """Return what `low_ms` and `high_ms` are, in words, for a caption."""
        return medians.words(self.instances)

    @property
    def median_ms(self) -> float:
        """Return the median of all runs."""
        return self._all.median_ms

    @property
    def mean_ms(self) -> float:
        """Return the mean of all runs."""
        return self._all.mean_ms

    @property
    def min_ms(self) -> float:
        """Return the fastest of all runs."""
        return self._all.min_ms

    @property
    def max_ms(self) -> float:
        """Return the slowest of all runs."""
        return self._all.max_ms

    @property
    def p90_ms(self) -> float | None:
        """Return the 90th percentile, or None when the runs are too few to carry it."""
        return self._all.p90_ms

    @property
    def p99_ms(self) -> float | None:
        """Return the 99th percentile, or None when the runs are too few to carry it."""
        return self._all.p99_ms

    @property
    def spread(self) -> float:
        """Return the inter-quartile range as a share of the median."""
        iqr = self._all.upper_quartile_ms - self._all.lower_quartile_ms
        return iqr / self.median_ms if self.median_ms else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
