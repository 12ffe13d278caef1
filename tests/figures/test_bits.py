from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError
from tests.records_made import accuracy

CURVES = {
    "per tensor": {8: accuracy(96), 4: accuracy(90), 2: accuracy(30)},
    "per channel": {8: accuracy(96), 4: accuracy(95), 2: accuracy(45)},
}


def test_each_width_stands_with_its_class_and_every_accuracy() -> None:
    chart = report.accuracy_by_bits(CURVES, reference=accuracy(97))
    assert chart.table.column("Bits") == [2, 4, 8]
    assert chart.table.column("Precision class") == ["ultra-low", "low", "medium"]
    assert chart.table.column("Per channel (%)") == [45.0, 95.0, 96.0]
    assert "97.0" in chart.table.caption


def test_classes_are_named_and_the_axis_starts_at_zero() -> None:
    axes = report.accuracy_by_bits(CURVES).figure.axes[0]
    assert {"ultra-low", "low", "medium"} <= {text.get_text() for text in axes.texts}
    assert axes.get_ylim()[0] == 0


def test_intervals_are_drawn() -> None:
    axes = report.accuracy_by_bits({"": {2: accuracy(50)}}).figure.axes[0]
    segment = axes.collections[0].get_segments()[0]
    assert [point[1] for point in segment] == [pytest.approx(44.0), pytest.approx(56.0)]


def test_words_tell_the_numbers() -> None:
    assert "per tensor: 2 bits 30.0 %" in report.accuracy_by_bits(CURVES).alt


def test_nothing_to_draw_and_too_many_bits_are_errors() -> None:
    with pytest.raises(InputError, match="no accuracy"):
        report.accuracy_by_bits({"a": {}})
    with pytest.raises(InputError, match="bits is 16"):
        report.accuracy_by_bits({"a": {16: accuracy(90)}})
