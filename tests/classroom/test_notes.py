from __future__ import annotations

from typing import Any

import pytest

from edgelab.classroom import journal_page, note
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import speaking
from edgelab.errors import InputError

NAME = "20.part1"


def test_a_note_is_kept_with_the_lesson_that_it_belongs_to(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    note(NAME, principle="Few codes stand for all weights.", drawbacks=["One.", "Two."])
    (kept,) = journal.find("note")
    assert (kept.name, kept.lesson) == (NAME, "20")
    assert kept.payload["parts"] == [
        ["principle", ["Few codes stand for all weights."]],
        ["drawbacks", ["One.", "Two."]],
    ]
    shown = capsys.readouterr().out
    assert "Principle\nFew codes stand for all weights." in shown
    assert "Kept as record 1." in shown
    assert journal_page.gist(kept) == "Few codes stand for all weights."


@pytest.mark.parametrize("unwritten", [..., None, "", "  ", [], ["One.", ...], [...]])
def test_what_is_not_written_yet_is_waited_for(
    unwritten: Any, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    note(NAME, principle="Few codes.", advantages=unwritten)
    shown = capsys.readouterr().out
    assert "Note 20.part1: not written yet" in shown
    assert "Still to write: Advantages." in shown
    assert journal.find() == []


def test_the_same_words_are_kept_once_and_others_again(journal: Journal) -> None:
    for text in ("One.", "One.", "Two.", "One."):
        note(NAME, principle=text)
    kept = [n.payload["parts"] for n in journal.find("note")]
    assert kept == [[["principle", [text]]] for text in ("One.", "Two.", "One.")]


def test_an_unwritable_journal_is_told(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGELAB_WORKSPACE", "/dev/null/nowhere")
    note(NAME, principle="One.")
    shown = capsys.readouterr().out
    assert "One." in shown
    assert "Nothing is lost" in shown
    assert [e.kind for e in journal.pending] == ["note"]


def test_a_note_has_a_name_and_parts_of_text() -> None:
    with pytest.raises(InputError, match="named like"):
        note("part1", principle="One.")
    with pytest.raises(InputError, match="no parts"):
        note(NAME)
    with pytest.raises(InputError, match=r"advantages of note 20\.part1 holds 3"):
        note(NAME, advantages=["One.", 3])  # type: ignore[list-item]


def test_it_speaks_french(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("fr"):
        note(NAME, drawbacks="Un seul.")
    assert "Inconvénients\nUn seul." in capsys.readouterr().out
