from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.figures import style
from tests.records_made import accuracy, comparison, float_and_int8, latency, measurement


def panels(chart: report.Chart) -> list[Any]:
    return [axes for axes in chart.figure.axes if axes.patches]


def widths(axes: Any) -> list[float]:
    return [bar.get_width() for bar in axes.patches]


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def many(count: int = 8) -> report.Chart:
    names = [f"a rather long name of a variant, number {i}, int8" for i in range(count)]
    return report.bars(comparison(*[measurement(n, 1.0 + i) for i, n in enumerate(names)]))


def test_bars_start_at_zero() -> None:
    for axes in panels(report.bars(float_and_int8())):
        assert axes.get_xlim()[0] == 0
        assert all(bar.get_x() == 0 for bar in axes.patches)


def test_bars_show_the_numbers_of_the_records_and_of_the_table() -> None:
    chart = report.bars(float_and_int8())
    size, time = panels(chart)
    assert widths(size) == [100.0, 25.0]
    assert widths(time) == chart.table.column("Latency (ms)")


def test_intervals_are_those_of_the_records() -> None:
    (axes,) = panels(report.bars(float_and_int8(), by="latency_ms"))
    drawn = [line.get_segments()[0] for line in axes.collections]
    assert [(s[0][0], s[1][0]) for s in drawn] == [
        (pytest.approx(0.99), pytest.approx(1.01)),
        (pytest.approx(0.49), pytest.approx(0.51)),
    ]


def test_sizes_are_exact_and_have_no_interval() -> None:
    (axes,) = panels(report.bars(float_and_int8(), by="size_file_bytes"))
    assert not axes.collections


def test_a_technique_keeps_its_colour() -> None:
    from matplotlib.colors import to_hex

    (axes,) = panels(report.bars(float_and_int8(), by="latency_ms"))
    shown = [to_hex(bar.get_facecolor()).upper() for bar in axes.patches]
    assert shown == [style.COLOURS["float32"], style.COLOURS["int8"]]


def test_values_stand_at_the_bars_with_units() -> None:
    (axes,) = panels(report.bars(float_and_int8(), by="size_file_bytes"))
    assert texts(axes) == ["100\N{NO-BREAK SPACE}kB", "25.0\N{NO-BREAK SPACE}kB"]


def test_the_reference_is_marked() -> None:
    chart = report.bars(float_and_int8(), by="latency_ms")
    axes = panels(chart)[0]
    assert axes.get_yticklabels()[0].get_text() == "float32 (reference)"
    assert "float32 1.000\N{NO-BREAK SPACE}ms (reference)" in chart.alt or "reference" in chart.alt


def test_gains_are_written_as_faster_or_slower_never_as_half_as_fast() -> None:
    slow = comparison(measurement("float32", 1.0), measurement("int8", 4.0), half=0.01)
    (axes, _) = panels(report.workshop(slow))
    assert "4.00\N{NO-BREAK SPACE}× slower" in texts(axes)[1]


def test_a_gain_that_cannot_be_told_is_not_given_as_a_number() -> None:
    equal = comparison(measurement("float32", 1.0), measurement("int8", 1.001))
    assert texts(panels(report.workshop(equal))[0])[1].endswith("\ncannot tell")


def test_the_workshop_chart_has_latency_and_size() -> None:
    titles = [axes.get_title(loc="left") for axes in panels(report.workshop(float_and_int8()))]
    assert titles == ["Latency", "File size"]


@pytest.mark.parametrize("key", ["latency_ms", "size_gzip_bytes", "memory_bytes", "size_reduction"])
def test_a_simulated_model_cannot_enter_a_chart_of_size_or_speed(key: str) -> None:
    with pytest.raises(InputError, match="'int8' is simulated"):
        report.bars(float_and_int8(simulated=True), by=key)


def test_the_accuracy_of_a_simulated_model_can_be_shown() -> None:
    assert "int8, simulated" in repr(report.bars(float_and_int8(simulated=True), by="accuracy"))


def test_what_was_not_measured_is_said() -> None:
    axes = panels(report.bars(float_and_int8(memory_bytes=None), by="memory_bytes"))[0]
    assert "not measured" in texts(axes)


def test_a_figure_that_nobody_measured_is_an_error() -> None:
    with pytest.raises(InputError, match="Energy was not measured for any of float32, int8"):
        report.bars(float_and_int8(), by="energy_mj")


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InputError, match="is a word"):
        report.bars(float_and_int8(), by="runtime")
    with pytest.raises(InputError, match="sorted by one of given, value, name"):
        report.bars(float_and_int8(), sort="size")
    with pytest.raises(InputError, match="one to 4 panels"):
        report.bars(float_and_int8(), by=["latency_ms"] * 5)
    with pytest.raises(InputError, match="no quantity 'size'"):
        report.bars(float_and_int8(), by="size")


def test_bars_can_be_sorted() -> None:
    def order(**options: Any) -> list[str]:
        axes = panels(report.bars(float_and_int8(), by="latency_ms", **options))[0]
        return [label.get_text().split()[0] for label in axes.get_yticklabels()]

    assert order() == ["float32", "int8"]
    assert order(sort="value") == ["int8", "float32"]


def test_accuracy_ends_at_one_hundred_percent_or_beyond_for_its_label() -> None:
    result = comparison(
        measurement("a", accuracy=accuracy(9, 10, 0.2)),
        measurement("b", accuracy=accuracy(8, 10, 0.2)),
    )
    assert panels(report.bars(result, by="accuracy"))[0].get_xlim()[1] >= 90


@pytest.mark.parametrize("count", [1, 2, 8, 16])
def test_no_text_leaves_the_figure_or_meets_another(count: int) -> None:
    chart = many(count)
    style.settle(chart.figure)
    frame = chart.figure.bbox
    for axes in chart.figure.axes:
        labels = [t for t in (*axes.texts, *axes.get_yticklabels()) if t.get_text()]
        boxes = [t.get_window_extent() for t in labels if t.get_visible()]
        for box in boxes:
            assert frame.x0 <= box.x0
            assert box.x1 <= frame.x1 + 1
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_tiny_values_are_written_in_a_unit_of_their_own() -> None:
    result = comparison(
        measurement("huge", 95.0, 102_300_000, latency=latency(95.0, 0.5)),
        measurement("tiny", 0.015, 12_000, latency=latency(0.015, 0.0001)),
    )
    size, time = panels(report.bars(result))
    assert texts(size)[1] == "12.0\N{NO-BREAK SPACE}kB"
    assert texts(time)[1] == "15.0\N{NO-BREAK SPACE}µs"


def test_an_endless_interval_is_not_drawn_to_infinity() -> None:
    result = float_and_int8()
    loose = replace(result.ratios[1], low=0.0, high=math.inf, verdict="cannot tell")
    chart = report.bars(replace(result, ratios=(result.ratios[0], loose)), by="time_gain")
    assert panels(chart)[0].get_xlim()[1] < 10
    assert "2\N{NO-BREAK SPACE}× cannot tell" in texts(panels(chart)[0])


def test_four_sizes_take_four_panels() -> None:
    keys = ("size_nominal_bytes", "size_memory_bytes", "size_file_bytes", "size_gzip_bytes")
    assert [w[0] for w in map(widths, panels(report.bars(float_and_int8(), by=keys)))] == [
        80.0,
        200.0,
        100.0,
        50.0,
    ]


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    chart = report.bars([measurement("a $x^2$ b")], by="size_file_bytes")
    assert chart.png


def test_titles_can_be_given_in_another_language() -> None:
    chart = report.bars(float_and_int8(), by="latency_ms", labels={"latency_ms": "Latence"})
    assert panels(chart)[0].get_title(loc="left") == "Latence"
