"""When two numbers agree."""

from __future__ import annotations

import pytest

from edgelab.classroom.worksheets.agreement import agrees, as_number, derived, derived_agrees


@pytest.mark.parametrize(
    ("written", "recorded", "result"),
    [
        (61.0, 61.04, True),
        (62.0, 61.04, True),  # within 2 %
        (63.0, 61.04, False),
        (16.0, 16.4, True),  # rounded to two digits
        (12.0, 12.6, False),  # cut off, not rounded
        (1.0, 1.4, False),  # one digit says too little
        (0.0, 0.4, False),
        (61000.0, 61.0, False),
        (-61.0, 61.0, False),
        (1e-12, 61.0, False),
    ],
)
def test_a_number_agrees_within_tolerance_or_as_a_rounding(
    written: float, recorded: float, result: bool
) -> None:
    assert agrees(written, recorded, 0.02) is result


def test_derived_numbers_are_recomputed() -> None:
    assert derived("reduction_percent", 14, 4) == pytest.approx(100 * (1 - 4 / 14))
    assert derived("difference_points", 90, 89) == -1
    assert derived("reduction_percent", 0, 4) is None
    assert derived("reduction_percent", "14", 4) is None
    assert derived("reduction_percent", None, True) is None


@pytest.mark.parametrize(
    ("written", "result"), [(71, True), (71.4, True), (71.43, True), (70, False), (-71.4, False)]
)
def test_a_derived_number_may_be_rounded(written: float, result: bool) -> None:
    assert derived_agrees(written, 71.43, 0.02, "reduction_percent") is result


def test_only_finite_numbers_are_numbers() -> None:
    values = [1, 1.5, True, "1", None, float("nan"), float("inf"), 10**400]
    assert [as_number(value) for value in values] == [1, 1.5, *[None] * 6]
