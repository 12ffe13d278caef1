"""When two numbers of a worksheet agree, and what follows from them.

agrees(61.0, 61.04, 0.02)                        # within 2 %
agrees(12, 12.4, 0.02)                           # rounded, to two digits
derived("reduction_percent", 100, 25)            # 75.0
"""

from __future__ import annotations

import math

_LARGEST = 1e300  # infinite, NaN, and whole numbers that no float holds, are above
FILLED_DIGITS = 4  # significant: what a cell shows of a measured figure
# A percentage that was computed from rounded figures differs a little from the one of exact figures.
_SLACK = {"reduction_percent": 0.5, "difference_points": 0.05}


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


def agrees(written: float, expected: float, tolerance: float) -> bool:
    """Tell whether a written number is the expected one: within a relative tolerance, or rounded.

    Args:
        written: as somebody wrote it.
        expected: as recorded.
        tolerance: relative to the recorded one.
    """
    near = abs(written - expected) <= tolerance * abs(expected)
    return near or _is_rounding(written, expected, least_digits=2)


def derived_agrees(written: float, expected: float, tolerance: float, rule: str) -> bool:
    """Tell whether a written percentage is the recomputed one, however it was rounded."""
    slack = max(tolerance * abs(expected), _SLACK.get(rule, 0.0))
    return abs(written - expected) <= slack or _is_rounding(written, expected, least_digits=0)


def rounded(value: float, digits: int = FILLED_DIGITS) -> float:
    """Return a number with so many significant digits."""
    return float(f"{value:.{digits}g}")


def as_number(value: object) -> float | None:
    """Return a finite number as it is, and None for anything else, truth values included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None


def _is_rounding(written: float, expected: float, least_digits: int) -> bool:
    text = f"{written:.12g}"
    if "e" in text:
        return False
    whole, _point, decimals = text.partition(".")
    digits = len((whole + decimals).lstrip("-0"))
    return digits >= least_digits and round(expected, len(decimals)) == written
