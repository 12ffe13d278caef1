"""What goes wrong when people time a network by hand, and how it shows (exercise 10.1).

The network is made up, and so is its clock: what comes out tells the misconception.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number

_RELATIVE = 1e-6


@dataclass(frozen=True)
class Bench:
    """A made-up network: milliseconds of its first runs, and of those after the warm-up."""

    cold: tuple[float, ...]
    warm: tuple[float, ...]

    def network(self) -> Network:
        """Return the network, never run so far, with its clock."""
        return Network(self)


class Network:
    """Pretends to take time: each run moves its clock, and nothing else does."""

    def __init__(self, bench: Bench) -> None:
        self._costs = (*bench.cold, *bench.warm)
        self.calls = self.readings = 0
        self._seconds = 1000.0  # a clock need not start at 0

    def __call__(self) -> None:
        """Run once."""
        self._seconds += self._costs[self.calls % len(self._costs)] / 1e3
        self.calls += 1

    def clock(self) -> float:
        """Return the seconds on the clock."""
        self.readings += 1
        return self._seconds


def judge_bench(got: float, bench: Bench, network: Network) -> None:
    """Raise `Wrong` unless got is the median of the warm runs in milliseconds."""
    _judge_calls(bench, network)
    warm, every = bench.warm, (*bench.cold, *bench.warm)
    right = statistics.median(warm)
    if near(got, right):
        return
    if any(near(got, f(every)) for f in (statistics.median, statistics.fmean, sum)):
        raise Wrong(
            "warm-up-counted",
            _("The warm-up runs are among the times that you use."),
            _("Run them in a loop of their own, without the clock."),
        )
    if any(near(got, right * factor) for factor in (1e-3, 1e3, 1e6)):
        raise Wrong(
            "unit",
            _("The number is right and its unit is not: the clock gives seconds."),
            _("One second is 1,000 milliseconds."),
        )
    if any(near(got, statistics.fmean(warm) * factor) for factor in (1, 1e-3)):
        raise Wrong(
            "mean",
            _("This is the mean: one slow run, when another program had the core, moves it."),
            _("Keep the time of each run in a list, and take the one in the middle."),
        )
    if any(near(got, sum(warm) * factor) for factor in (1, 1e-3)):
        raise Wrong(
            "total",
            _("This is the time of all runs together."),
            _("Read the clock before and after every single run."),
        )
    if any(near(got, f(warm)) for f in (min, max)):
        raise Wrong(
            "extreme",
            _("This is the fastest or the slowest run: a single one decides."),
            _("`median` takes the run in the middle."),
        )
    if near(got, warm[len(warm) // 2]):
        raise Wrong(
            "unsorted-middle",
            _("This is the run in the middle of time, not the one in the middle of the sizes."),
            _("Sort the times first, or use `median`."),
        )
    if near(got, warm[-1]):
        raise Wrong(
            "last-run",
            _("Only the last run is left: each run replaces the one before."),
            _("Start with `times = []` and append."),
        )
    raise Wrong(
        "wrong-time",
        _("The result is {got} ms; the median of the timed runs is {right} ms.").format(
            got=format_number(got), right=format_number(right)
        ),
        _("Print the list of times for `warmup=0, runs=3`."),
    )


def near(a: float, b: float) -> bool:
    """Tell whether two numbers are the same up to rounding errors."""
    return math.isclose(a, b, rel_tol=_RELATIVE)


def _judge_calls(bench: Bench, network: Network) -> None:
    expected = len(bench.cold) + len(bench.warm)
    if network.readings == 0:
        raise Wrong(
            "another-clock",
            _("Your function never calls `clock()`."),
            _("Read the time with `clock()`: the check hands in a clock of its own."),
        )
    if network.calls == len(bench.warm):
        raise Wrong(
            "no-warm-up",
            _("There is no warm-up: the first runs, which are slower, are among the timed ones."),
            _("Call `inference()` `warmup` times before the first timed run."),
        )
    if network.calls != expected:
        raise Wrong(
            "wrong-number-of-runs",
            _("The network ran {n} times; warm-up and timed runs together are {right}.").format(
                n=network.calls, right=expected
            ),
            _("Use `warmup` and `runs`, and call `inference()` once in each turn of a loop."),
        )
