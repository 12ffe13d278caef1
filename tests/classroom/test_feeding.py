"""The last cell of a lesson: what it brought for the worksheet."""

from __future__ import annotations

import pytest

from edgelab.classroom import worksheet_progress
from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets.worksheet import Worksheet, answers_path
from edgelab.errors import InputError
from tests.classroom.worksheets import made


def test_a_measurement_arrives_in_the_worksheet(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    made.publish_all()
    worksheet_progress("00")
    shown = capsys.readouterr().out
    assert "3. Performance measurements" in shown
    assert "12 / 12" in shown
    assert Worksheet("analysis").value("3.tests.load.result") == 12.4


def test_a_lesson_that_feeds_nothing_says_so(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    worksheet_progress("45")
    assert "feeds no question" in capsys.readouterr().out


def test_a_damaged_worksheet_is_told_and_does_not_stop_the_lesson(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    answers_path().parent.mkdir(parents=True)
    answers_path().write_text("{", "utf-8")
    worksheet_progress("20")
    assert "could not be filled" in capsys.readouterr().out
    assert answers_path().read_text("utf-8") == "{"


def test_a_lesson_has_two_digits() -> None:
    with pytest.raises(InputError, match="two digits"):
        worksheet_progress("quantization")
