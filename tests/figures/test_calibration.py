from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError
from tests.records_made import accuracy


def test_accuracy_is_drawn_by_number_of_images_with_intervals() -> None:
    chart = report.calibration({100: accuracy(80), 1: accuracy(70)}, reference=accuracy(81))
    assert chart.table.column("Calibration images") == ["float", "1", "100"]
    assert chart.table.column("Accuracy (%)") == [81.0, 70.0, 80.0]
    segment = chart.figure.axes[0].collections[0].get_segments()[0]
    assert [point[1] for point in segment] == [pytest.approx(64.0), pytest.approx(76.0)]


def test_an_axis_that_does_not_start_at_zero_says_so() -> None:
    axes = report.calibration({1: accuracy(70), 10: accuracy(75)}).figure.axes[0]
    assert "not from 0" in axes.get_ylabel()


def test_a_disaster_is_told_at_the_edge() -> None:
    points = {1: accuracy(70), 10: accuracy(75), "forgotten scaling": accuracy(8)}
    chart = report.calibration(points)
    axes = chart.figure.axes[0]
    assert axes.get_ylim()[0] > 40
    assert any("below\nthe axis" in text.get_text() for text in axes.texts)
    assert "forgotten scaling: 8.0 %" in chart.alt


def test_no_point_is_an_error() -> None:
    with pytest.raises(InputError, match="no accuracy"):
        report.calibration({})
