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
    ("written", "result"),
    [
        (71, True),
        (71.4, True),
        (71.43, True),
        (70.9, True),
        (73, False),
        (70, False),
        (-71.4, False),
    ],
)
def test_a_derived_number_may_be_rounded(written: float, result: bool) -> None:
    assert derived_agrees(written, 71.43, "reduction_percent") is result


@pytest.mark.parametrize(
    ("written", "expected", "result"),
    [
        (0.3, -0.16, False),  # a loss as a gain
        (0.3, 0.0, False),  # something where there is nothing
        (0.0, -0.45, True),  # rounded
        (-100.0, -99.3, True),
        (-880.0, -900.0, False),  # 2 % of a large loss would be 18 points
        (-899.0, -900.0, True),
    ],
)
def test_slack_neither_turns_a_sign_nor_grows_without_bound(
    written: float, expected: float, result: bool
) -> None:
    assert derived_agrees(written, expected, "reduction_percent") is result


@pytest.mark.parametrize(
    ("typed", "recorded", "result"),
    [
        ("2.0", 2.043, True),
        ("0.10", 0.1046, True),
        ("13", 12.5, True),
        ("12", 12.5, True),
        ("0.050", 0.0488, False),
        ("0.05", 0.0488, False),
        ("100", 104.4, False),
    ],
)
def test_a_zero_that_was_typed_is_a_digit(typed: str, recorded: float, result: bool) -> None:
    decimals = len(typed.partition(".")[2])
    assert agrees(float(typed), recorded, 0.02, decimals=decimals) is result


def test_an_absolute_tolerance_does_not_grow_with_the_figure() -> None:
    assert not agrees(96.4, 95.4, 0.02, within=0.05)
    assert agrees(95.44, 95.4, 0.02, within=0.05)
    assert agrees(95, 95.4, 0.02, within=0.05)  # rounded


def test_only_finite_numbers_are_numbers() -> None:
    values = [1, 1.5, True, "1", None, float("nan"), float("inf"), 10**400]
    assert [as_number(value) for value in values] == [1, 1.5, *[None] * 6]
