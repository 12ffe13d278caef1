from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.measuring.timing import summarize
from edgelab.records import Latency
from tests.records_made import latency, measurement


def test_the_histogram_counts_every_run_that_it_draws() -> None:
    chart = report.latency_histogram(measurement("int8"))
    (axes,) = chart.figure.axes
    assert sum(bar.get_height() for bar in axes.patches) == 101
    assert axes.get_ylim()[0] == 0


def test_the_histogram_marks_the_median_and_its_interval() -> None:
    chart = report.latency_histogram(measurement("int8"))
    rows = {row["Statistic"]: row["Latency (ms)"] for row in chart.table.rows}
    assert rows["median"] == pytest.approx(1.0)
    assert (rows["median, lower bound"], rows["median, upper bound"]) == (0.99, 1.01)


def test_percentiles_that_the_sample_cannot_carry_are_withheld_in_words() -> None:
    few = report.latency_histogram(latency(runs=20))
    assert "p90 and p99 withheld: they need 64 and 662 runs." in few.alt
    assert few.table.column("Latency (µs)")[5:7] == [None, None]
    enough = report.latency_histogram(latency(runs=700))
    assert "withheld" not in enough.alt


def test_the_far_tail_is_told_and_not_drawn() -> None:
    samples = [1.0 + 0.001 * (i % 10) for i in range(200)] + [50.0]
    axes = report.latency_histogram(samples).figure.axes[0]
    assert axes.get_xlim()[1] < 2
    assert any("1 slower runs not drawn" in text.get_text() for text in axes.texts)


def test_equal_samples_can_be_drawn() -> None:
    assert report.latency_histogram([1.0] * 30).png


def test_the_interval_of_bare_samples_holds_the_median() -> None:
    samples = np.random.default_rng(0).gamma(4, 1, 200)
    table = report.latency_histogram(samples).table
    low, median, high = (table.column("Latency (ms)")[i] for i in (2, 1, 3))
    assert low < median < high


def test_microseconds_are_shown_as_such() -> None:
    assert "Latency (µs)" in report.latency_histogram(latency(0.015, 0.0002)).table.columns


@pytest.mark.parametrize("draw", [report.latency_histogram, report.timeline])
def test_a_simulated_or_untimed_model_has_no_runs_to_draw(draw: object) -> None:
    with pytest.raises(InputError, match="simulated"):
        draw(measurement(simulated=True))  # type: ignore[operator]
    with pytest.raises(InputError, match="was not timed"):
        draw(measurement(latency=None))  # type: ignore[operator]
    with pytest.raises(InputError, match="list is empty"):
        draw([])  # type: ignore[operator]


def test_the_timeline_shows_every_run_in_order_from_zero() -> None:
    samples = [1.0, 1.1, 1.2, 1.0]
    axes = report.timeline(samples).figure.axes[0]
    assert list(axes.lines[0].get_ydata()) == samples
    assert axes.get_ylim()[0] == 0


def test_warm_up_stands_before_the_first_run() -> None:
    chart = report.timeline([1.0] * 20, warmup=[3.0, 2.0])
    warmup = chart.figure.axes[0].lines[0]
    assert list(warmup.get_xdata()) == [-1, 0]
    (label,) = [t for t in chart.figure.axes[0].texts if t.get_text() == "warm-up"]
    assert label.get_ha() == "right"
    assert chart.table.rows[0] == {
        "Phase": "warm-up",
        "Runs": 2,
        "Median (ms)": 2.5,
        "Fastest (ms)": 2.0,
        "Slowest (ms)": 3.0,
    }


def test_a_logarithmic_axis_says_so() -> None:
    axes = report.timeline([1.0] * 20, warmup=[60.0]).figure.axes[0]
    assert axes.get_yscale() == "log"
    assert "logarithmic" in axes.get_ylabel()


def thinned(runs: int = 41_000) -> Latency:
    return summarize([[20_000 + i % 9 for i in range(runs)]], 1.0, 0)


def test_a_thinned_sample_is_told_and_the_figures_are_those_of_all_runs() -> None:
    histogram, order = report.latency_histogram(thinned()), report.timeline(thinned())
    assert histogram.table.caption.startswith(
        "41000 runs; bounds of the median: 95 % interval within"
    )
    assert "drawn\nat random from 41000" in histogram.figure.axes[0].get_ylabel()
    assert "1000 drawn at random from 41000" in order.figure.axes[0].get_xlabel()
    assert order.figure.axes[0].get_title(loc="left") == "Some of the runs, in order"
    assert order.table.rows[-1]["Runs"] == 41_000
    assert order.table.caption == "Quarters of 1000 runs drawn at random."
    assert "Time of 1000 of 41000 runs" in order.alt


def test_runs_that_are_all_drawn_are_not_called_a_draw() -> None:
    assert report.timeline([1.0] * 20).figure.axes[0].get_xlabel() == "run"
    assert report.timeline([1.0] * 20).table.caption == ""


def test_bounds_over_fresh_loads_are_told_as_such() -> None:
    six = replace(latency(), instances=6)
    chart = report.latency_histogram(six)
    assert (
        chart.table.caption == "101 runs; bounds of the median: 95 % interval over 6 fresh loads."
    )
    assert "95 % interval over 6 fresh loads" in chart.alt
