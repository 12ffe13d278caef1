from __future__ import annotations

import pytest

from edgelab.classroom import predictions
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import speaking
from edgelab.classroom.predictions import find, full_name, guess, predict, reveal
from edgelab.errors import InputError


@pytest.fixture(autouse=True)
def lesson_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_LESSON", "20")
    monkeypatch.setattr(predictions, "_asked", {})


def test_where_nobody_is_there_the_canned_guess_is_recorded_as_such(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("int8_size", "How many times smaller?", unit="×", canned=2.0)
    (entry,) = journal.find("prediction")
    assert (entry.name, entry.lesson) == ("20.int8_size", "20")
    assert (entry.payload["value"], entry.payload["source"]) == (2.0, "canned")
    shown = capsys.readouterr().out
    assert "How many times smaller?" in shown
    assert "Your guess: 2\u00a0×" in shown
    assert "Nobody was there" in shown


def test_running_the_cell_again_records_nothing_new(journal: Journal) -> None:
    for _again in range(3):
        predict("int8_size", "How many times smaller?", unit="×", canned=2.0)
    assert len(journal.find()) == 1


def test_a_persons_guess_comes_before_a_canned_one(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    guess("int8_size", 4.2, "How many times smaller?", "×")
    predict("int8_size", "How many times smaller?", unit="×", canned=2.0)
    assert len(journal.find()) == 1
    assert "Your guess: 4.2\u00a0×" in capsys.readouterr().out


def test_without_a_canned_guess_there_is_none(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("int8_size", "How many times smaller?", unit="×")
    reveal("int8_size", 3.6)
    shown = capsys.readouterr().out
    assert "No guess yet." in shown
    assert "There was no guess this time." in shown
    assert "3.6\u00a0×" in shown
    assert find("20.int8_size").text == "How many times smaller?"


def test_guess_and_measurement_are_shown_side_by_side(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    guess("int8_size", 2.0, "How many times smaller?", "×")
    reveal("int8_size", 3.61)
    shown = capsys.readouterr().out
    assert "How many times smaller?" in shown
    assert "Measured ÷ guess" in shown
    assert "The measurement is 1.8 times your guess." in shown
    found = find("20.int8_size")
    assert (found.guess, found.measured, found.ratio) == (2.0, 3.61, 3.61 / 2)
    assert (found.guess_record, found.outcome_record) == (1, 2)
    assert not found.late


@pytest.mark.parametrize(
    ("guessed", "measured", "says"),
    [
        (4.0, 3.6, "Close."),
        (4.0, 1.0, "Your guess was 4 times the measurement."),
        (0.0, 1.0, "A ratio says nothing here."),
        (-1.0, 1.0, "A ratio says nothing here."),
    ],
)
def test_the_gap_is_worded_gently(
    guessed: float, measured: float, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guess("speed", guessed)
    reveal("speed", measured, unit="×")
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("guessed", "measured", "unit", "says"),
    [
        (95, 77, "%", "Your guess was 18\u00a0points too high."),
        (50, 71.4, "%", "Your guess was 21.4\u00a0points too low."),
        (90, 94.9, "%", "Close."),
        (0, 3, "%", "Close."),
        (2, 6.6, "points", "Your guess was 4.6\u00a0points too low."),
        (1, 0, "points", "Your guess was 1\u00a0point too high."),
        (1, 0.2, "points", "Close."),
        (1, -0.7, "points", "Your guess was 1.7\u00a0points too high."),
    ],
)
def test_shares_are_compared_by_their_difference(
    guessed: float, measured: float, unit: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guess("share", guessed, unit=unit)
    reveal("share", measured)
    shown = capsys.readouterr().out
    assert says in shown
    assert "Measured − guess" in shown
    assert "÷" not in shown


def test_what_was_not_measured_here_keeps_the_guess(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    guess("speed", 2.0)
    reveal("speed", None)
    assert "this machine could not measure it" in capsys.readouterr().out
    assert [e.kind for e in journal.find()] == ["prediction"]


def test_the_same_measurement_is_recorded_once_and_a_new_one_again(journal: Journal) -> None:
    guess("speed", 2.0)
    for measured in (1.5, 1.5, 1.6):
        reveal("speed", measured)
    assert [e.payload["measured"] for e in journal.find("outcome")] == [1.5, 1.6]
    assert {e.payload["guess_record"] for e in journal.find("outcome")} == {1}


def test_a_guess_after_the_measurement_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    guess("speed", 2.0)
    reveal("speed", 3.0)
    guess("speed", 3.0)
    assert find("20.speed").late
    reveal("speed", 3.0)
    assert "made or changed after the measurement had been shown" in capsys.readouterr().out


def test_what_was_measured_beside_a_canned_guess_makes_no_later_guess_late() -> None:
    predict("speed", "How much faster?", canned=1.5)
    reveal("speed", 3.0)
    guess("speed", 2.0)
    found = find("20.speed")
    assert (found.guess, found.measured, found.late) == (2.0, None, False)
    reveal("speed", 3.0)
    guess("speed", 3.0)
    assert find("20.speed").late


def test_two_lessons_do_not_share_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    guess("speed", 2.0)
    monkeypatch.setenv("EDGELAB_LESSON", "24")
    assert find(full_name("speed")).guess is None
    assert find(full_name("speed", "20")).guess == 2.0
    assert full_name("20.speed") == "20.speed"
    monkeypatch.delenv("EDGELAB_LESSON")
    assert full_name("speed") == "speed"


def test_a_lesson_may_be_given(journal: Journal) -> None:
    predict("speed", "How much faster?", canned=1.5, lesson="24")
    reveal("speed", 1.2, lesson="24")
    assert {(e.name, e.lesson) for e in journal.find()} == {("24.speed", "24")}


def test_a_guess_is_a_finite_number() -> None:
    with pytest.raises(InputError, match="canned=nan"):
        predict("speed", "How much faster?", canned=float("nan"))
    with pytest.raises(InputError, match="inf"):
        guess("speed", float("inf"))


def test_an_unwritable_journal_is_told_and_the_notebook_goes_on(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGELAB_WORKSPACE", "/dev/null/nowhere")
    predict("speed", "How much faster?", canned=1.5)
    reveal("speed", 3.0)
    shown = capsys.readouterr().out
    assert shown.count("Nothing is lost") == 2
    assert "The measurement is 2 times your guess." in shown
    assert [e.kind for e in journal.pending] == ["prediction", "outcome"]


def test_it_speaks_french(capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("fr"):
        guess("speed", 2.5, unit="×")
        reveal("speed", 5.25)
    shown = capsys.readouterr().out
    assert "La mesure vaut 2,1 fois votre estimation." in shown
    assert "5,25\u00a0×" in shown


def test_points_are_told_in_french(capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("fr"):
        guess("share", 95, unit="%")
        reveal("share", 77)
    assert "18\u00a0points trop haute" in capsys.readouterr().out
