from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.report import Sure

GROUPS = {
    "known": [Sure("cat", "tiger cat", 0.4, True), Sure("flower", "lampshade", 0.3, False)],
    "unknown": [Sure("moon", "golf ball", 0.7)],
}


def test_every_answer_stands_in_the_table_with_its_group() -> None:
    rows = report.confidence(GROUPS).table.rows
    assert [row["Picture"] for row in rows] == ["cat", "flower", "moon"]
    assert [row["Right"] for row in rows] == ["yes", "no", "no class fits"]
    assert rows[2]["Probability (%)"] == pytest.approx(70)


def test_the_axis_is_all_of_a_probability() -> None:
    axes = report.confidence(GROUPS, threshold=0.5).figure.axes[0]
    assert axes.get_xlim() == (0, 100)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "flower", "moon"]


def test_words_tell_the_numbers() -> None:
    assert "unknown, moon: golf ball 70%" in report.confidence(GROUPS).alt


def test_nothing_to_show_and_impossible_probabilities_are_errors() -> None:
    with pytest.raises(InputError, match="one picture at least"):
        report.confidence({"known": []})
    with pytest.raises(InputError, match="70 is no probability"):
        report.confidence({"known": [Sure("cat", "tabby", 70)]})
