"""The form: what a person types is in the file at once, and a new form shows it again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edgelab.classroom.journal import Journal
from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import answers, marks, twin
from edgelab.classroom.worksheets.form import Form, form
from edgelab.classroom.worksheets.worksheet import Worksheet
from tests.classroom.worksheets import made

pytestmark = pytest.mark.usefixtures("journal")
LOAD = "3.tests.load.result"
SIZE = "3.tests.size_optimised.result"


def text_of(widget: Any) -> str:
    return re.sub(r"<[^>]+>", "", widget.value)


def note_of(shown: Form, field: str) -> str:
    return text_of(shown.controls[field].note)


def opened(part: str = "3", lang: str = "en") -> Form:
    shown = form(Worksheet("analysis", lang=lang))
    shown.open(part)
    return shown


def in_file() -> dict[str, Any]:
    kept = answers.read(Worksheet("analysis").path)
    assert kept is not None
    return {name: answers.plain(entry) for name, entry in kept.entries.items()}


def test_every_place_of_every_part_has_a_control_with_a_name() -> None:
    shown = form(Worksheet("analysis"))
    seen: dict[str, str] = {}
    for part in shown.worksheet.schema.parts:
        shown.open(part.id)
        seen |= {name: control.input.description for name, control in shown.controls.items()}
    assert list(seen) == [field.id for field in shown.worksheet.schema.fields]
    assert all(seen.values())
    assert len(set(seen.values())) == len(seen), "two places that a screen reader can't tell apart"


def test_what_is_typed_is_in_the_file_and_in_a_new_form() -> None:
    opened("general").controls["general.name"].input.value = "Zoé Brûlé"
    assert in_file()["general.name"] == "Zoé Brûlé"
    assert opened("general").controls["general.name"].input.value == "Zoé Brûlé"


def test_ticks_and_choices_are_kept() -> None:
    shown = opened("6")
    shown.controls["6.competencies.b2_2"].input.value = True
    shown.controls["6.self_techniques"].input.value = "mostly"
    assert in_file()["6.competencies.b2_2"] is True
    again = opened("6").controls
    assert again["6.competencies.b2_2"].input.value is True
    assert again["6.self_techniques"].input.value == "mostly"


def test_measured_cells_are_filled_and_cite_their_record() -> None:
    number = made.publish_all()
    shown = opened()
    assert shown.controls[SIZE].input.value == "4"
    assert note_of(shown, SIZE) == f"record {number}"
    assert note_of(shown, "3.before_after.size.improvement") == "calculated"


def test_an_overtyped_cell_shows_both_values_until_it_is_emptied() -> None:
    number = made.publish_all()
    shown = opened()
    cell = shown.controls[SIZE]
    cell.input.value = "4,01"
    assert cell.input.value == "4,01"
    assert note_of(shown, SIZE).endswith(f"record {number}")
    assert "4\N{NO-BREAK SPACE}MB" in note_of(shown, SIZE)
    cell.input.value = "16 MB"
    assert note_of(shown, SIZE).startswith(
        f"Look here: measured: 4\N{NO-BREAK SPACE}MB, record {number}. Empty the cell"
    )
    cell.input.value = ""
    assert cell.input.value == "4"
    assert note_of(shown, SIZE) == f"record {number}"


def test_what_is_no_number_stays_on_the_page_and_is_named() -> None:
    shown = opened()
    shown.controls[LOAD].input.value = "fast"
    assert shown.controls[LOAD].input.value == "fast"
    assert "is no number" in note_of(shown, LOAD)
    assert "1 to look at" in shown.parts.children[3].description


def test_a_decimal_comma_and_another_unit_are_understood() -> None:
    shown = opened(lang="fr")
    shown.controls[LOAD].input.value = "0,0124 s"
    assert in_file()[LOAD] == pytest.approx(12.4)


def test_the_models_can_be_chosen_and_the_cells_follow() -> None:
    first = made.publish_all()
    made.publish(made.compared(int8_ms=2.0))
    shown = opened()
    comparison, before, after = shown.subjects.children
    comparison.value = first
    assert shown.controls["3.before_after.latency.after"].input.value == "4"
    comparison, before, after = shown.subjects.children
    assert (comparison.value, before.value, after.value) == (first, "float32", "int8")
    before.value = "int8"  # the same model twice: refused in words, nothing lost
    assert "both" in text_of(shown.status)
    assert shown.worksheet.answers.subjects.original == "float32"


def test_without_a_comparison_the_form_says_which_lesson_makes_one() -> None:
    assert "Lesson 01" in text_of(opened().subjects)


def test_the_language_changes_every_text_and_is_kept() -> None:
    shown = opened("general")
    shown.controls["general.name"].input.value = "Zoé"
    shown.language.value = "fr"
    assert [b.description for b in shown.buttons.children][2] == "Préparer le fichier à rendre"
    assert shown.controls["general.name"].input.description == "Nom"
    assert shown.controls["general.name"].input.value == "Zoé"
    assert Worksheet("analysis").lang == "fr"


def test_each_part_says_how_far_it_is() -> None:
    shown = opened("general")
    button = shown.parts.children[0]
    assert button.description == "General (0\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}2)"
    shown.controls["general.name"].input.value = "Zoé"
    shown.controls["general.date"].input.value = "21/11/2026"
    assert (button.description, button.icon) == ("General (complete)", "check")
    assert button.tooltip == "General (complete), open"


def test_what_another_notebook_wrote_is_shown_and_not_overwritten() -> None:
    shown = opened("conclusion")
    Worksheet("analysis").answer("conclusion.lessons", "From elsewhere")
    shown.controls["conclusion.use"].input.value = "From here"
    assert shown.controls["conclusion.lessons"].input.value == "From elsewhere"
    assert in_file()["conclusion.lessons"] == "From elsewhere"


def test_what_cannot_be_saved_is_told_and_stays_on_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from edgelab.errors import StorageError

    shown = opened("conclusion")

    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(answers, "write", full)
        shown.controls["conclusion.use"].input.value = "At work"
    assert "The disk is full. Nothing is lost" in text_of(shown.status)
    assert shown.controls["conclusion.use"].input.value == "At work"
    shown.controls["conclusion.lessons"].input.value = "Measure"
    assert in_file() == {"conclusion.use": "At work", "conclusion.lessons": "Measure"}


def test_buttons_fill_export_and_hand_in() -> None:
    shown = opened()
    made.publish_all()
    fill, page, hand_in = shown.buttons.children
    fill.click()
    assert shown.controls[SIZE].input.value == "4"
    page.click()
    assert "answers/analysis.en.html" in text_of(shown.status)
    hand_in.click()
    assert "handed-in/analysis-unnamed.json" in text_of(shown.status)
    assert "has no name yet" in text_of(shown.status)


def test_a_complete_worksheet_has_nothing_left_to_do() -> None:
    made.publish_all()
    made.answer_all(Worksheet("analysis"))
    shown = opened()
    assert shown.worksheet.audit().findings == ()
    assert all("(complete)" in button.description for button in shown.parts.children)


def test_without_a_kernel_a_page_stands_in_its_place(journal: Journal) -> None:
    made.publish_all()
    shown = opened()
    shown.worksheet.answer("general.name", "<script>alert(1)</script>")
    bundle = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "&lt;script&gt;" in bundle["text/html"]
    assert "<script>" not in bundle["text/html"]
    assert (
        "Size of the optimised model: Result: 4\N{NO-BREAK SPACE}MB · record 1"
        in bundle["text/plain"]
    )
    assert journal.verify() == []


def test_the_twin_of_a_full_worksheet_is_short_enough_for_a_notebook() -> None:
    made.publish_all()
    ws = Worksheet("analysis", lang="fr")
    ws.fill()
    ws.answer(
        {f.id: "x " * 4000 for f in ws.schema.fields if f.kind == "text" and f.form == "text"}
    )
    assert len(re.sub(r"<[^>]*>", "", twin.bundle(ws)["text/html"])) < 20_000


def test_hostile_answers_are_escaped_wherever_they_are_shown() -> None:
    shown = opened()
    shown.controls[LOAD].input.value = "<img src=x onerror=alert(1)>"
    everything = (
        " ".join(widget.value for widget in (shown._above, shown._below, shown.status))
        + shown.controls[LOAD].note.value
    )
    assert "<img" not in everything


def test_the_list_of_what_is_left_is_not_endless() -> None:
    ws = Worksheet("analysis")
    assert marks.to_do(ws.audit()).count("<li>") == marks.MOST_TOLD + 1
    with speaking("fr"):
        assert "choses restent à faire" in marks.to_do(ws.audit())


def test_a_file_of_the_form_is_the_one_of_the_code(tmp_path: Path) -> None:
    ws = Worksheet("analysis", path=tmp_path / "mine.json")
    shown = form(ws)
    shown.open("general")
    ws.answer("general.name", "by code")
    shown.refresh()
    assert shown.controls["general.name"].input.value == "by code"
