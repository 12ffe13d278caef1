from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError


def test_the_line_begins_at_the_fixed_cost() -> None:
    chart = report.call_cost({"tiny": {1: 0.012, 2: 0.014, 4: 0.018}})
    row = chart.table.rows[0]
    assert row["Paid once (µs)"] == pytest.approx(10)
    assert row["Each image (µs)"] == pytest.approx(2)
    line = chart.figure.axes[0].lines[0]
    assert list(line.get_ydata()) == pytest.approx([10, 18])
    assert "10.0" in chart.alt


def test_each_network_has_a_panel_of_its_own() -> None:
    chart = report.call_cost({"a": {1: 1.0, 2: 2.0}, "b": {1: 9.0, 2: 9.5}})
    assert [axes.get_title(loc="left") for axes in chart.figure.axes] == ["a", "b"]


def test_one_batch_size_makes_no_line() -> None:
    for nothing in ({}, {"a": {1: 1.0}}):
        with pytest.raises(InputError, match="two batch sizes"):
            report.call_cost(nothing)


def test_threads_are_drawn_from_zero_in_order() -> None:
    chart = report.thread_times({16: 3.0, 1: 1.0, 2: 0.5}, cores=2)
    assert chart.table.column("Threads") == [1, 2, 16]
    assert chart.table.column("Gain (×)") == pytest.approx([1, 2, 1 / 3])
    assert chart.figure.axes[0].get_ylim()[0] == 0
    assert "2 cores" in chart.alt


def test_no_threads_are_an_error() -> None:
    with pytest.raises(InputError, match="one thread"):
        report.thread_times({}, cores=2)


def test_the_gain_of_the_whole_has_a_limit() -> None:
    row = report.partial_gain({"loop": 0.5}).table.rows[0]
    assert row["Whole if 2 × faster"] == pytest.approx(4 / 3)
    assert row["At most (×)"] == pytest.approx(2)


def test_a_part_that_is_everything_has_no_limit() -> None:
    assert report.partial_gain({"all": 1.0}).table.rows[0]["At most (×)"] is None


@pytest.mark.parametrize(("shares", "words"), [({}, "no share"), ({"a": 1.2}, "'a' is 1.2")])
def test_a_share_outside_one_is_refused(shares: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        report.partial_gain(shares)
