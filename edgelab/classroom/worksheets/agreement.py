"""When two numbers of a worksheet agree, and what follows from them.

agrees(61.0, 61.04, 0.02)                        # within 2 %
agrees(12, 12.4, 0.02)                           # rounded, to two digits
agrees(2.0, 2.043, 0.02, decimals=1)             # typed as "2.0": the zero was written, so it counts
derived("reduction_percent", 100, 25)            # 75.0
"""

from __future__ import annotations

import math
from decimal import Decimal

_LARGEST = 1e300  # infinite, NaN, and whole numbers that no float holds, are above
FILLED_DIGITS = 4  # significant: what a cell shows of a measured figure
# A percentage that was computed from figures as a card shows them, to three digits, differs a little from
# the one of exact figures: at least so many points, a share of a large one, and never more than the most.
_SLACK = {"reduction_percent": 0.5, "difference_points": 0.05}
_SLACK_SHARE = 0.01
_MOST_SLACK = 2.0


def derived(rule: str, before: object, after: object) -> float | None:
    """Return the number that follows from two others, or None where it can't be computed.

    Args:
        rule: "reduction_percent" (how much less the second is) or "difference_points" (how much more).
        before: the first number; anything else gives None.
        after: the second number.
    """
    first, second = as_number(before), as_number(after)
    if first is None or second is None:
        return None
    if rule == "difference_points":
        return rounded(second - first, 12)
    result = 100 * (1 - second / first) if first else math.inf
    return rounded(result, 12) if math.isfinite(result) else None


def agrees(
    written: float,
    expected: float,
    tolerance: float,
    *,
    decimals: int | None = None,
    within: float | None = None,
) -> bool:
    """Tell whether a written number is the expected one: within a tolerance, or rounded.

    Args:
        written: as somebody wrote it.
        expected: as recorded.
        tolerance: relative to the recorded one.
        decimals: with so many it was typed, zeros at the end included; by default those that it has.
        within: an absolute tolerance instead, for a figure whose small differences are the point.
    """
    allowed = tolerance * abs(expected) if within is None else within
    near = abs(written - expected) <= allowed * (1 + 1e-9)
    return near or _is_rounding(written, expected, decimals, least_digits=2)


def derived_agrees(written: float, expected: float, rule: str, decimals: int | None = None) -> bool:
    """Tell whether a written percentage is the recomputed one, however it was rounded.

    A gain written as a loss, or something where there is nothing, never is.
    """
    if _is_rounding(written, expected, decimals, least_digits=0):
        return written * expected >= 0
    slack = _SLACK.get(rule, 0.0)
    if rule == "reduction_percent":
        slack = min(max(slack, _SLACK_SHARE * abs(expected)), _MOST_SLACK)
    return written * expected > 0 and abs(written - expected) <= slack * (1 + 1e-9)


def lies_within(
    written: float, low: float, value: float, high: float, decimals: int | None
) -> bool:
    """Tell whether a written number lies in an interval, or is a rounding of the value in it."""
    return low <= written <= high or (
        _is_rounding(written, value, decimals, least_digits=0) and written * value >= 0
    )


def rounded(value: float, digits: int = FILLED_DIGITS) -> float:
    """Return a number with so many significant digits."""
    return float(f"{value:.{digits}g}")


def as_number(value: object) -> float | None:
    """Return a finite number as it is, and None for anything else, truth values included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None


def _is_rounding(written: float, expected: float, decimals: int | None, least_digits: int) -> bool:
    """Tell whether a number lies within half a unit of its own last digit, so 12.5 may be 12 or 13."""
    shortest = Decimal(f"{written:.12g}")
    exponent = shortest.as_tuple().exponent
    own = max(0, -exponent) if isinstance(exponent, int) else 0
    count = own if decimals is None else max(own, decimals)
    digits = len(f"{abs(shortest):.{count}f}".replace(".", "").lstrip("0"))
    off = abs(shortest - Decimal(f"{expected:.12g}"))
    return digits >= least_digits and off <= Decimal(5).scaleb(-count - 1)
