from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.figures import costs, style
from edgelab.measuring.roofline import Point, Roof
from tests.records_made import measurement

ROOF = Roof(gflops=100.0, gbytes=10.0, threads=1)


def test_the_parts_of_a_bar_add_up_to_its_total() -> None:
    parts = {"predict": {"network": 4.0, "overhead": 45.0}, "LiteRT": {"network": 4.0}}
    chart = report.cost_split(parts)
    assert chart.table.column("Total (ms)") == [49.0, 4.0]
    bars = chart.figure.axes[0].patches
    assert [(b.get_x(), b.get_width()) for b in bars[:2]] == [(0.0, 4.0), (4.0, 45.0)]


def test_no_part_of_a_time_is_negative() -> None:
    with pytest.raises(InputError, match=r"'overhead' of 'a' is -1"):
        report.cost_split({"a": {"overhead": -1.0}})


def test_a_split_needs_parts() -> None:
    with pytest.raises(InputError, match="not 0"):
        report.cost_split({"a": {}})


def test_a_part_wears_the_colour_of_no_technique_and_keeps_its_own() -> None:
    hues = costs._part_colours(["the rest", "call overhead", "the network"])
    assert len(set(hues.values())) == 3
    assert not set(costs._PART_COLOURS) & set(style.COLOURS.values())
    assert costs._part_colours(["the network"])["the network"] == hues["the network"]


def test_the_ridge_is_named() -> None:
    axes = report.roofline(ROOF).figure.axes[0]
    assert [text.xy[0] for text in axes.texts if text.get_text() == "ridge"] == [ROOF.ridge]


def test_throughput_is_drawn_over_the_batch_sizes_from_zero() -> None:
    chart = report.throughput_curve({1: 100.0, 8: 400.0, 2: 150.0})
    axes = chart.figure.axes[0]
    assert list(axes.lines[0].get_xdata()) == [1, 2, 8]
    assert list(axes.lines[0].get_ydata()) == [100.0, 150.0, 400.0]
    assert axes.get_ylim()[0] == 0
    assert "logarithmic" in axes.get_xlabel()


def test_the_time_of_a_batch_follows_from_the_throughput() -> None:
    table = report.throughput_curve({1: 100.0, 8: 400.0}).table
    assert table.column("Time of a batch (ms)") == [10.0, 20.0]


def test_throughput_of_several_models_is_named() -> None:
    chart = report.throughput_curve({"float32": {1: 100.0}, "int8": {1: 200.0}})
    assert chart.table.column("Model") == ["float32", "int8"]
    assert [t.get_text() for t in chart.figure.axes[0].texts] == [
        "float32: best at 1",
        "int8: best at 1",
    ]


def test_throughput_is_taken_from_a_measurement() -> None:
    chart = report.throughput_curve(measurement(throughput={1: 10.0, 2: 15.0}))
    assert chart.table.column("Images a second") == [10.0, 15.0]


def test_throughput_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(InputError, match=r"benchmark\.throughput"):
        report.throughput_curve(measurement())


def test_the_roof_is_the_lower_of_both_limits() -> None:
    axes = report.roofline(ROOF).figure.axes[0]
    for x, y in zip(*axes.lines[0].get_data(), strict=True):
        assert y == pytest.approx(min(100.0, 10.0 * x))


def test_both_axes_of_the_roofline_are_logarithmic_and_say_so() -> None:
    axes = report.roofline(ROOF).figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert "logarithmic" in axes.get_xlabel()
    assert "logarithmic" in axes.get_ylabel()


def test_a_network_is_compared_with_what_its_intensity_allows() -> None:
    table = report.roofline(ROOF, [Point("small", 2.0, 5.0), Point("large", 50.0, 80.0)]).table
    assert table.column("Attainable (GFLOP/s)") == [20.0, 100.0]
    assert table.column("Share (%)") == [25.0, 80.0]
