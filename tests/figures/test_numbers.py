from __future__ import annotations

import numpy as np
import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.quantizing import affine

WEIGHTS = np.random.default_rng(0).normal(0, 0.2, 8)


def test_the_number_line_shows_what_a_few_bits_can_name() -> None:
    chart = report.number_line(WEIGHTS, bits=3)
    grid = affine.fit(WEIGHTS, 3)
    assert chart.table.column("Rounded value") == list(affine.round_trip(WEIGHTS, grid))
    assert set(chart.table.column("Code")) <= set(range(-3, 4))
    assert "the 7 values of 3 bits" in chart.alt


def test_a_step_of_ones_own_makes_the_grid() -> None:
    table = report.number_line([0.26, -0.74], bits=3, scale=0.5).table
    assert table.column("Rounded value") == [0.5, -0.5]


def test_many_values_are_summed_up() -> None:
    table = report.number_line(np.linspace(-1, 1, 100), bits=4).table
    assert table.rows[0] == {"Quantity": "values", "Value": 100}


@pytest.mark.parametrize("bits", [1, 2, 8])
def test_every_number_of_bits_can_be_drawn(bits: int) -> None:
    assert report.number_line(WEIGHTS, bits=bits).png


def test_rounding_errors_lie_within_half_a_step() -> None:
    step = float(affine.scale(WEIGHTS))
    chart = report.rounding_error(WEIGHTS, scale=step)
    errors = chart.figure.axes[0].lines[1].get_ydata()
    assert max(abs(e) for e in errors) <= step / 2
    rows = {row["Quantity"]: row["Value"] for row in chart.table.rows}
    assert rows["clipped values"] == 0
    assert rows["half a step"] == step / 2


def test_clipped_values_are_counted() -> None:
    chart = report.rounding_error([0.1, 0.2, 5.0], scale=0.01)
    assert "1 values are clipped" in chart.alt
    assert "clipping does not" in chart.figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_is_above_zero(scale: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        report.rounding_error(WEIGHTS, scale=scale)


def test_nothing_and_not_a_number_are_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        report.number_line([])
    with pytest.raises(InputError, match="NaN"):
        report.number_line([1.0, float("nan")])


def test_errors_by_bits_are_those_of_the_quantizer() -> None:
    curve = affine.error_by_bits(WEIGHTS)
    chart = report.error_by_bits({"per tensor": curve})
    assert chart.table.column("Per tensor error") == [item.rms for item in curve]
    assert chart.table.column("Precision class")[:3] == ["ultra-low", "ultra-low", "low"]
    assert "logarithmic" in chart.figure.axes[0].get_ylabel()


def test_errors_by_bits_take_a_students_own_numbers() -> None:
    assert report.error_by_bits({2: 0.5, 4: 0.1}).table.column("Bits") == [2, 4]


def test_no_error_above_zero_cannot_be_drawn_on_a_logarithmic_axis() -> None:
    with pytest.raises(InputError, match="above zero"):
        report.error_by_bits({8: 0.0})
