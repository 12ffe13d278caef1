from __future__ import annotations

import math

import pytest

from edgelab.errors import InputError
from edgelab.records import KEYS
from edgelab.reporting import quantities
from edgelab.reporting.quantities import decimals, unit_for, with_unit, written


def test_every_figure_of_a_measurement_can_be_shown() -> None:
    assert set(KEYS) <= set(quantities.QUANTITIES)


def test_ratios_divide_figures_that_exist() -> None:
    divided = [q.of for q in quantities.QUANTITIES.values() if q.kind == "ratio"]
    assert set(divided) <= set(KEYS)


def test_an_unknown_quantity_is_named_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"no quantity 'speed'.*latency_ms"):
        quantities.quantity("speed")


@pytest.mark.parametrize(
    ("kind", "values", "symbol"),
    [
        ("time", [0.015, 0.9], "µs"),
        ("time", [0.9, 95.0], "ms"),
        ("time", [20_000.0], "s"),
        ("size", [318_144, 98_496], "kB"),
        ("size", [102e6, 3.9e6], "MB"),
        ("size", [102e6, 12e3], "MB"),
        ("share", [0.97], "%"),
    ],
)
def test_one_unit_fits_all_values(kind: str, values: list[float], symbol: str) -> None:
    assert unit_for(kind, values).symbol == symbol


def test_a_unit_is_found_without_any_value() -> None:
    assert unit_for("size", [None, 0]).symbol == "B"


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (4.05123, 0.04, "4.05"),
        (4.05123, 0.02, "4.051"),
        (4.05123, 0.6, "4.1"),
        (96.31, 0.5, "96.3"),
        (97.2, 6.0, "97"),
        (123.4, 30.0, "123"),
    ],
)
def test_digits_stop_where_the_interval_begins(value: float, half: float, text: str) -> None:
    assert written(value, value - half, value + half) == text


def test_exact_values_get_three_digits() -> None:
    assert [written(v) for v in (318.144, 98.496, 3.24, 0.0001234)] == [
        "318",
        "98.5",
        "3.24",
        "0.000123",
    ]


def test_an_endless_interval_leaves_one_digit() -> None:
    assert written(1.2345, 0.5, math.inf) == "1"


def test_no_digits_are_invented_for_a_narrow_interval() -> None:
    assert decimals(1.0, 0.9999999, 1.0000001) == 3


def test_a_small_loss_is_no_negative_zero() -> None:
    assert written(-0.01, places=1) == "0.0"


def test_negative_numbers_carry_a_minus_sign_and_thousands_a_thin_space() -> None:
    assert written(-12_345, places=0) == "−12\N{NARROW NO-BREAK SPACE}345"


def test_a_single_value_takes_the_unit_that_fits_it() -> None:
    assert with_unit(98_496, "size") == "98.5\N{NO-BREAK SPACE}kB"
    assert with_unit(0.0152, "time") == "15.2\N{NO-BREAK SPACE}µs"
    assert with_unit(None, "time") == "not measured"
