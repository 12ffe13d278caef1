from __future__ import annotations

from dataclasses import replace

import pytest

from edgelab import report
from edgelab.errors import InputError
from tests.records_made import ratio


def test_every_round_warms_all_up_equally_and_times_each_as_often() -> None:
    table = report.interleaving(("A", "B"), rounds=4, pairs=5).table
    for row in table.rows:
        assert row["Warm-up"] in ("A B B A", "B A A B")
        assert row["Timed blocks, in order"].split().count("A") == 5
        assert row["Timed blocks, in order"].split().count("B") == 5


def test_the_order_is_random_but_repeatable() -> None:
    first, again, other = (report.interleaving(seed=s).table.rows for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_long_names_get_a_legend() -> None:
    axes = report.interleaving(("float32", "int8", "dynamic")).figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "float32",
        "int8",
        "dynamic",
    ]


def test_one_candidate_is_no_comparison() -> None:
    with pytest.raises(InputError, match="two candidates"):
        report.interleaving(("A",))


def test_trials_count_what_was_called_different() -> None:
    trials = [ratio("B", 1.0, 0.01), ratio("B", 1.05, 0.01), ratio("B", 0.99, 0.02)]
    chart = report.aa_trials(trials)
    assert "1 of 3 called different" in chart.alt
    assert chart.table.column("Verdict") == ["cannot tell", "slower", "cannot tell"]


def test_trials_are_shown_in_percent_with_their_intervals() -> None:
    chart = report.aa_trials([ratio("B", 1.05, 0.01)], truth=1.05)
    row = chart.table.rows[0]
    assert (row["Difference (%)"], row["Low (%)"], row["High (%)"]) == (
        pytest.approx(5.0),
        pytest.approx(4.0),
        pytest.approx(6.0),
    )
    segment = chart.figure.axes[0].lines[1].get_ydata()
    assert list(segment) == [pytest.approx(4.0), pytest.approx(6.0)]


def test_no_trial_is_an_error() -> None:
    with pytest.raises(InputError, match="no trials"):
        report.aa_trials([])


def test_the_caption_tells_the_level_and_over_what_the_intervals_are() -> None:
    one = [replace(ratio("B", 1.0), instances=1, level=0.95)] * 2
    assert report.aa_trials(one).table.caption == (
        "95 % intervals over the runs of one load; a difference under 0.5 % is not called one."
    )
    fresh = report.aa_trials([replace(ratio("B", 1.0), instances=n) for n in (20, 28)])
    assert fresh.table.caption.startswith("98 % intervals over 20 to 28 fresh loads;")
    assert "98 % intervals over 20 to 28 fresh loads" in fresh.alt
