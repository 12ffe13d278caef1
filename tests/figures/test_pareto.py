from __future__ import annotations

from edgelab import report
from edgelab.figures.pareto import spread
from tests.reporting.test_pareto import made


def test_the_front_the_limits_and_the_recommendation_are_in_the_table() -> None:
    chart = report.pareto(
        made(), goal="latency_ms", limits={"size_gzip_bytes": 20_000, "latency_ms": 0.6}
    )
    assert chart.table.column("On the front") == ["yes", "yes", "yes", "no", "yes"]
    assert chart.table.column("Limits") == ["missed", "kept", "kept", "missed", "kept"]
    assert "tiny: the lowest latency of 3" in chart.table.caption
    assert "On the front: tiny" in chart.alt


def test_the_recommended_point_is_ringed_and_named_in_the_title() -> None:
    chart = report.pareto(made(), limits={"size_gzip_bytes": 20_000})
    axes = chart.figure.axes[0]
    rings = [line for line in axes.lines if line.get_markersize() == 17]
    assert [tuple(ring.get_xydata()[0]) for ring in rings] == [(15.0, 94.0)]
    assert axes.get_title(loc="left") == "Ringed, recommended: int8"


def test_where_nothing_fits_the_title_says_so() -> None:
    chart = report.pareto(made(), limits={"size_gzip_bytes": 1_000})
    assert "nothing keeps all limits" in chart.figure.axes[0].get_title(loc="left")


def test_axes_say_what_is_good_and_when_they_are_logarithmic() -> None:
    axes = report.pareto(made()).figure.axes[0]
    assert "lower is better, logarithmic" in axes.get_xlabel()
    assert "higher is better, not from 0" in axes.get_ylabel()


def test_every_name_is_written_once() -> None:
    axes = report.pareto(made(), "latency_ms", "size_gzip_bytes").figure.axes[0]
    assert sorted(text.get_text() for text in axes.texts) == sorted(made().names)


def test_limits_worth_trying_reach_from_none_to_all() -> None:
    steps = spread(made(), "size_gzip_bytes")
    assert steps[0] < 4_000
    assert steps[-1] >= 50_000 - 1e-6
