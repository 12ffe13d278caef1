from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgelab import records, workspace
from edgelab.classroom import predictions, summary
from edgelab.classroom.exercises import check
from edgelab.classroom.journal import Journal, the_journal
from edgelab.classroom.language import speaking
from edgelab.classroom.notes import note
from edgelab.classroom.questions import question
from edgelab.classroom.summary import lesson_summary, next_lesson, summarise
from edgelab.errors import InputError


@pytest.fixture
def worked(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Return a journal of a student who did a part of lesson 20, after something of lesson 10."""
    monkeypatch.setenv("EDGELAB_LESSON", "10")
    records.publish("measurement", "float32", {})
    predictions.guess("speed", 1.0)
    monkeypatch.setenv("EDGELAB_LESSON", "20")
    predictions.guess("int8_size", 2.0, "How many times smaller?", "×")
    records.publish("measurement", "int8", {})
    predictions.reveal("int8_size", 3.6)
    check("20.1 scale", lambda v, _bits: v.max() / 127)
    check("20.1 scale", lambda v, bits: np.abs(v).max() / (2 ** (bits - 1) - 1))
    check("20.2 quantize", lambda v, s, _bits: v / s)
    question("20.q1", answer="b")
    question("20.q2", answer="a")
    return journal


def test_a_summary_counts_what_the_journal_holds(worked: Journal) -> None:
    found = summarise("20", worked)
    assert [(p.name, p.guess, p.measured) for p in found.predictions] == [
        ("20.int8_size", 2.0, 3.6)
    ]
    states = {e.name: (e.attempts, e.passed) for e in found.exercises}
    assert states["20.1 scale"] == (2, True)
    assert states["20.2 quantize"] == (1, False)
    assert states["20.3 dequantize"] == (0, False)
    assert found.passed == 1
    asked = {q.name: (q.first, q.right_at_first, q.last, q.right_at_last) for q in found.questions}
    assert asked["20.q1"] == ("b", True, "b", True)
    assert asked["20.q2"] == ("a", False, "a", False)
    assert asked["20.q3"] == (None, False, None, False)
    assert found.records == {
        "prediction": 1,
        "measurement": 1,
        "outcome": 1,
        "exercise": 3,
        "answer": 2,
    }
    assert found.problems == ()


def test_any_journal_can_be_summed_up(worked: Journal, tmp_path: Path) -> None:
    copy = tmp_path / "journal.jsonl"
    copy.write_bytes(worked.path.read_bytes())
    assert summarise("20", Journal(copy)) == summarise("20", worked)
    assert summarise("10", Journal(copy)).records == {"measurement": 1, "prediction": 1}


def test_an_altered_result_does_not_count_and_is_named(worked: Journal) -> None:
    text = worked.path.read_text("utf-8")
    worked.path.write_text(text.replace('"status":"wrong"', '"status":"passed"'), "utf-8")
    found = summarise("20", worked)
    assert {p.kind for p in found.problems} == {"edited"}
    assert "was edited" in summary.page(found).text


def test_the_last_cell_shows_it_as_tables(
    own_workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = records.use(the_journal())
    try:
        predictions.guess("20.int8_size", 2.0, "How many times smaller?", "×")
        lesson_summary("20")
    finally:
        records.use(before)
    shown = capsys.readouterr().out
    assert "Lesson 20: what you have shown" in shown
    assert "How many times smaller?" in shown
    assert "20.1 scale" in shown
    assert "not answered yet" in shown
    assert "Records of this lesson in your journal: 1" in shown


def test_questions_are_counted_once_one_was_answered(worked: Journal) -> None:
    text = summary.page(summarise("20", worked)).text
    assert "Questions answered right at the first answer: 1 of 4." in text
    assert "Questions answered" not in summary.page(summarise("10", worked)).text


def test_a_right_answer_after_a_wrong_one_shows_both_and_counts_as_wrong(worked: Journal) -> None:
    question("20.q2", answer="b")
    text = summary.page(summarise("20", worked)).text
    (row,) = [line for line in text.split("\n") if "20.q2" in line]
    assert row.split() == ["20.q2", "a", "(wrong)", "b", "(right)"]
    assert "Questions answered right at the first answer: 1 of 4." in text


def test_a_canned_guess_and_a_late_one_are_told(worked: Journal) -> None:
    predictions.predict("memory", "How much memory?", "×", canned=1)
    assert "1\u00a0× (canned)" in summary.page(summarise("20", worked)).text
    assert "(after the measurement)" not in summary.page(summarise("20", worked)).text
    predictions.guess("int8_size", 3.6, "How many times smaller?", "×")
    text = summary.page(summarise("20", worked)).text
    assert "3.6\u00a0× (after the measurement)" in text


def test_a_note_is_shown_as_it_was_kept_last(worked: Journal) -> None:
    note("20.part1", principle="A first try.")
    note("20.part1", principle="Few codes stand for all weights.")
    text = summary.page(summarise("20", worked)).text
    assert f"Your note 20.part1, record {worked.find('note')[-1].number}" in text
    assert "Few codes stand for all weights." in text
    assert "A first try." not in text


def test_a_lesson_without_exercises_has_a_summary_too(journal: Journal) -> None:
    assert "written no record yet" in summary.page(summarise("77", journal)).text


def test_the_next_lesson_is_read_from_the_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(workspace, "data_dir", lambda: tmp_path / "data")
    first = {"cells": [{"source": ["# 24 · Which one would you ship?\n", "More."]}]}
    (tmp_path / "notebooks" / "20_quantization.ipynb").write_text("{}")
    (tmp_path / "notebooks" / "24_compare.ipynb").write_text(json.dumps(first), "utf-8")
    (tmp_path / "notebooks" / "30_formats.ipynb").write_text("broken")
    assert next_lesson("20") == "24 · Which one would you ship?"
    assert next_lesson("24") == "30 formats"
    assert next_lesson("30") == ""


def test_a_lesson_is_two_digits() -> None:
    with pytest.raises(InputError, match="two digits"):
        summarise("lesson 20")


def test_it_speaks_french(worked: Journal) -> None:
    with speaking("fr"):
        text = summary.page(summarise("20", worked)).text
    assert "Leçon 20\u00a0: ce que vous avez montré" in text
    assert "3,6\u00a0×" in text
