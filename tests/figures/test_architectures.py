from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from edgelab import report
from edgelab.errors import InputError
from tests.variants_made import WHOLE, made

WIDTHS = {0.35: "MobileNetV2 0.35 224", 0.5: "MobileNetV2 0.5 224", 1.0: WHOLE}
PIXELS = {96: "MobileNetV2 1.0 96", 224: WHOLE}


def test_a_sweep_tells_file_work_and_time_as_shares_of_the_whole() -> None:
    chart = report.sweep(made(), {"width": WIDTHS, "resolution": PIXELS}, whole=WHOLE)
    rows = {(row["Knob"], row["Value"]): row for row in chart.table.rows}
    small = rows["resolution", 96]
    assert small["File (%)"] == pytest.approx(100)
    assert small["Work (%)"] == pytest.approx(100 * 56 / 300)
    assert small["Time (%)"] == pytest.approx(22, rel=0.01)
    assert small["Low (%)"] < small["Time (%)"] < small["High (%)"]
    assert rows["width", 1.0]["Time (%)"] == 100
    assert "width 0.5" in chart.alt
    assert "Untrained weights" in " ".join(chart.table.notes)


def test_the_axes_of_a_sweep_start_at_zero() -> None:
    for axes in report.sweep(made(), {"width": WIDTHS}, whole=WHOLE).figure.axes:
        assert axes.get_xlim()[0] == axes.get_ylim()[0] == 0


def test_a_sweep_needs_two_values_that_were_compared() -> None:
    with pytest.raises(InputError, match="two values"):
        report.sweep(made(), {"width": {1.0: WHOLE}}, whole=WHOLE)
    with pytest.raises(InputError, match=r"'MobileNetV2 9' was not compared"):
        report.sweep(made(), {"width": {1.0: WHOLE, 9: "MobileNetV2 9"}}, whole=WHOLE)


def test_work_and_time_of_every_network_are_told() -> None:
    chart = report.work_and_time(made())
    assert len(chart.table.rows) == len(made().names)
    row = chart.table.rows[0]
    assert (row["Network"], row["Work (million MACs)"]) == (WHOLE, 300)
    assert row["Million MACs a ms"] == pytest.approx(60)
    assert "logarithmic" in chart.alt
    texts = [text.get_text() for text in chart.figure.axes[0].texts]
    assert sorted(texts) == sorted(made().names)


def test_no_two_names_overlap() -> None:
    chart = report.work_and_time(made())
    axes = chart.figure.axes[0]
    chart.figure.canvas.draw()
    heights = sorted(
        text.get_window_extent().y0 for text in axes.texts if "Mobile" in text.get_text()
    )
    assert all(b - a > 8 for a, b in itertools.pairwise(heights))


def test_without_any_work_there_is_nothing_to_draw() -> None:
    result = made()
    blank = tuple(replace(m, macs=None) for m in result.measurements)
    with pytest.raises(InputError, match="no work to draw"):
        report.work_and_time(replace(result, measurements=blank))
