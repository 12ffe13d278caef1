"""How sure is a median? It depends on what was repeated: the runs of one load, or the loads.

    medians.interval([times])                    # one load: bounds that hold for this load alone
    medians.interval([times, others, more])      # a few loads: the smallest and the largest median
    medians.interval(many)                       # four loads and more: a t interval over their medians

Runs of one loaded file resemble each other more than runs of two, and runs that follow each other more
than runs far apart. A bootstrap that draws single runs knows neither, and its interval is too narrow.
Lesson 10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LEVEL = 0.95
# With fewer loads a t interval would mostly be made of its assumption that they are normal.
ENOUGH_LOADS = 4
# One load is cut into so many stretches: enough for a variance, each long against the time for which a
# machine remembers (Schmeiser 1982, Operations Research 30, p. 556: ten to thirty).
STRETCHES = 20


def interval(loads: Sequence[Sequence[float]], level: float = LEVEL) -> tuple[float, float]:
    """Return bounds of the median, in the unit of the times.

    Args:
        loads: the times of single runs, in their order, one sequence for each fresh load.
        level: confidence of the bounds; two or three loads carry none, see `words`.
    """
    import numpy as np

    arrays = [np.asarray(times, np.float64) for times in loads if len(times)]
    if len(arrays) == 1:
        return within_load(arrays[0], level)
    of_each = np.array([np.median(times) for times in arrays])
    if len(of_each) < ENOUGH_LOADS:
        return float(of_each.min()), float(of_each.max())
    half = (
        t_quantile(level, len(of_each) - 1) * float(of_each.std(ddof=1)) / math.sqrt(len(of_each))
    )
    middle, pooled = float(of_each.mean()), float(np.median(np.concatenate(arrays)))
    # The median of all runs may lie outside where a few loads are much slower; the bounds hold it.
    return max(0.0, min(middle - half, pooled)), max(middle + half, pooled)


def within_load(times: Sequence[float] | np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Return bounds of the median of one load's runs, which may depend on each other.

    The share of runs below the median is taken in each of twenty stretches of consecutive runs. How much it
    varies from stretch to stretch says between which quantiles the true median lies.

    Args:
        times: of single runs, in their order.
        level: confidence of the bounds.

    Source: Woodruff (1952), Confidence intervals for medians and other position measures, Journal of the
        American Statistical Association 47, p. 635, with the variance of batch means.
    """
    import numpy as np

    values = np.asarray(times, np.float64)
    middle = float(np.median(values))
    stretches = min(STRETCHES, len(values) // 2)
    if stretches < 2:
        return float(values.min()), float(values.max())
    below = (values < middle) + 0.5 * (values == middle)
    shares = [float(part.mean()) for part in np.array_split(below, stretches)]
    half = t_quantile(level, stretches - 1) * float(np.std(shares, ddof=1)) / math.sqrt(stretches)
    low, high = np.quantile(values, [max(0.0, 0.5 - half), min(1.0, 0.5 + half)])
    return float(low), float(high)


def by_rank(times: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Return bounds of the median of a handful of repeats: two of the times themselves.

    Fewer than half of the times lie on one side of the median with a chance that only their number decides. Below
    six repeats even the smallest and the largest don't reach 95 %; they are returned all the same.

    Args:
        times: of single repeats, in any order, at least one. Taken as independent: each should be long.
        level: confidence of the bounds.

    Source: order statistics, as in the sign test: David and Nagaraja (2003), Order Statistics, 7.1.
    """
    from scipy import stats

    ordered = sorted(times)
    outside = int(stats.binom.ppf((1 - level) / 2, len(ordered), 0.5))
    # The chance that `outside` times or fewer lie below the median must not exceed half of 1 - level.
    while outside > 0 and stats.binom.cdf(outside - 1, len(ordered), 0.5) > (1 - level) / 2:
        outside -= 1
    rank = max(outside, 1)
    return float(ordered[rank - 1]), float(ordered[-rank])


def words(loads: int, level: float = LEVEL) -> str:
    """Return what the bounds of `interval` are, for a caption.

    Args:
        loads: fresh loads that were timed; 0 where an older record does not tell.
        level: confidence of the bounds.
    """
    if loads < 1:
        return "interval as an earlier version recorded it"
    if loads == 1:
        return f"{100 * level:g} % interval within one load; another load may differ by more"
    if loads < ENOUGH_LOADS:
        return f"smallest and largest median of {loads} fresh loads"
    return f"{100 * level:g} % interval over {loads} fresh loads"


def t_quantile(level: float, degrees: int) -> float:
    """Return Student's t that leaves half of 1 - level above it."""
    from scipy import stats

    return float(stats.t.ppf((1 + level) / 2, degrees))
