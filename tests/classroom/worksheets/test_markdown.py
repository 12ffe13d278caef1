"""The worksheet as Markdown: what was written is read back, whatever it is."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import loading, markdown, values
from edgelab.classroom.worksheets.answers import Answers, Entry
from edgelab.classroom.worksheets.worksheet import Worksheet
from edgelab.errors import EdgelabError, InputError
from tests.classroom.worksheets import made

SCHEMA = loading.load("analysis")
NASTY = [
    "|", "\\", "\\|", "<br>", "<BR/>", "&lt;", "&amp;", "&amp;lt;", "&", "<!--", "-->", "<!-- end -->", "<!-- 3.analysis -->",
    "\n", "\n\n", "## Heading", "- [x] done", "| a | b |", "<script>alert(1)</script>", "é", "😀", "`code`", "**", "a", " ", "\t",
]  # fmt: skip


def answers_of(texts: dict[str, object]) -> Answers:
    entries = {name: Entry(value=value) for name, value in texts.items()}
    return Answers(worksheet="analysis", schema_hash=SCHEMA.hash, entries=entries)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_is_written_is_read_back(lang: str) -> None:
    chance = random.Random(lang)
    for _round in range(40):
        given: dict[str, object] = {}
        for field in SCHEMA.fields:
            match field.kind:
                case "text" if field.form == "text":
                    given[field.id] = "".join(chance.choices(NASTY, k=chance.randrange(8)))
                case "number":
                    given[field.id] = chance.choice([0.0, -1.5, 61.04, 1e-9, 1234567.0])
                case "choice":
                    given[field.id] = chance.choice(field.options).id
                case "tick":
                    given[field.id] = chance.random() < 0.5
        found = markdown.parse(markdown.written(SCHEMA, answers_of(given), lang), SCHEMA)
        assert found.keys() == {field.id for field in SCHEMA.fields}
        for name, value in given.items():
            field = SCHEMA.field(name)
            if field.kind == "text":
                assert found[name] == str(value).strip()
            else:
                assert values.understand(field, found[name]).value == (
                    value or None if field.kind == "tick" else value
                )


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_blank_worksheet_has_every_place_empty(lang: str) -> None:
    text = markdown.blank(SCHEMA, lang)
    found = markdown.parse(text, SCHEMA)
    assert found.keys() == {field.id for field in SCHEMA.fields}
    assert not any(found.values())
    for part in SCHEMA.parts:
        assert part.title.say(lang) in text


def test_a_file_edited_on_any_system_is_read() -> None:
    text = markdown.blank(SCHEMA, "fr")
    text = text.replace(
        "<!-- 3.analysis -->", "<!--3.analysis-->  Sur la même ligne,\net la suivante."
    )
    text = text.replace(
        "(ms) <!-- 3.tests.load.result -->", "(ms) <!-- 3.tests.load.result -->12,4 ms"
    )
    text = text.replace(
        "- [ ] pas encore <!-- 6.self_analysis:", "* [X] pas encore <!-- 6.self_analysis:"
    )
    found = markdown.parse("\ufeff" + text.replace("\n", "\r\n"), SCHEMA)
    assert found["3.analysis"] == "Sur la même ligne,\net la suivante."
    assert found["3.tests.load.result"] == "12,4 ms"
    assert found["6.self_analysis"] == "not_yet"


def test_an_end_that_was_deleted_costs_no_other_place() -> None:
    text = markdown.written(
        SCHEMA, answers_of({"4.strengths": "Clear.", "4.suggestions": "Faster."}), "en"
    )
    found = markdown.parse(text.replace("<!-- end -->", ""), SCHEMA)
    assert (found["4.strengths"], found["4.suggestions"]) == ("Clear.", "Faster.")


def test_a_place_that_was_deleted_is_not_in_the_result() -> None:
    text = markdown.blank(SCHEMA, "en").replace("<!-- 3.analysis -->", "")
    assert "3.analysis" not in markdown.parse(text, SCHEMA)


def test_a_worksheet_takes_over_what_was_edited_by_hand(journal: Journal, tmp_path: Path) -> None:
    made.publish_all()
    ws = Worksheet("analysis", lang="fr", journal=journal)
    ws.fill()
    ws.answer("4.strengths", "Simple.")
    file = ws.export("md")
    assert file.name == "analysis.fr.md"
    assert ws.take(file) == ()
    assert ws.take(file.name) == ()  # where it was exported to
    text = file.read_text("utf-8")
    text = text.replace("Simple.", "Simple et rapide.").replace(
        "load.result --> 12,4", "load.result --> 13 ms"
    )
    file.write_text(text, "utf-8")
    assert ws.take(file) == ("3.tests.load.result", "4.strengths")
    assert ws.value("4.strengths") == "Simple et rapide."
    entry = ws.answers.entries["3.tests.load.result"]
    assert (entry.value, entry.typed) == (13, "13 ms")
    assert entry.measured
    assert entry.measured.value == 12.4
    # The blank one, filled in one place, empties nothing.
    blank = tmp_path / "blank.md"
    mark = "<!-- 4.suggestions -->\n"
    blank.write_text(markdown.blank(SCHEMA, "fr").replace(mark, f"{mark}Plus grand."), "utf-8")
    assert ws.take(blank) == ("4.suggestions",)
    assert ws.value("4.strengths") == "Simple et rapide."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!-- 3.analysys -->\nx\n<!-- end -->", r"has a place “3\.analysys”.*3\.analysis"),
        (b"<!-- 4.strengths -->\na\n<!-- end -->\n<!-- 4.strengths -->\nb\n<!-- end -->", "twice"),
        (
            b"- [x] a <!-- 6.self_analysis:partly -->\n- [x] b <!-- 6.self_analysis:fully -->",
            "twice",
        ),
        (b"\x81\x8d", "no text in UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    journal: Journal, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "edited.md"
    file.write_bytes(content)
    ws = Worksheet("analysis", journal=journal)
    with pytest.raises(EdgelabError, match=message):
        ws.take(file)
    assert ws.answers.entries == {}


@pytest.fixture
def ws(journal: Journal) -> Worksheet:
    made.publish_all()
    ws = Worksheet("analysis", lang="en", journal=journal)
    ws.fill()
    return ws


def edit(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text, "utf-8")


def at(field: str, text: str) -> tuple[str, str]:
    return f"<!-- {field} -->", f"<!-- {field} -->\n{text}"


def test_an_old_export_brings_only_what_was_edited_in_it(ws: Worksheet) -> None:
    ws.answer("4.strengths", "Old.")
    file = ws.export("md")
    ws.answer("4.strengths", "A newer, longer text.")
    edit(file, at("conclusion.lessons", "Measure."))
    assert ws.take(file) == ("conclusion.lessons",)
    assert ws.value("4.strengths") == "A newer, longer text."


def test_measured_cells_of_an_old_export_never_become_typed_ones(ws: Worksheet) -> None:
    file = ws.export("md")
    ws.subjects(original="int8", optimised="float32")
    now = ws.answers.model_copy(deep=True).entries
    edit(file, at("conclusion.lessons", "Measure."))
    file.write_text(file.read_text("utf-8").replace("’", "'"), "utf-8")  # as some editors do
    assert ws.take(file) == ("conclusion.lessons",)
    after = {k: v for k, v in ws.answers.entries.items() if k != "conclusion.lessons"}
    assert after == now


def test_what_was_changed_on_both_sides_is_named_and_stays(ws: Worksheet, capsys: Any) -> None:
    ws.answer("4.strengths", "Old.")
    file = ws.export("md")
    ws.answer("4.strengths", "Typed in the form.")
    edit(file, ("Old.", "Typed in the file."))
    assert ws.take(file) == ()
    assert "the worksheet’s stays:\n4.strengths" in capsys.readouterr().out
    assert ws.value("4.strengths") == "Typed in the form."
    assert ws.take(file, over=True) == ("4.strengths",)
    edit(
        file, ("Typed in the file.", "Again.")
    )  # what was taken is no change of the worksheet's own
    assert ws.take(file) == ("4.strengths",)
    assert ws.value("4.strengths") == "Again."


def test_emptied_and_unticked_places_are_emptied(ws: Worksheet) -> None:
    ws.answer({"4.strengths": "Gone soon.", "6.competencies.b1_1": True})
    file = ws.export("md")
    edit(file, ("Gone soon.", ""), ("- [x]", "- [ ]"))
    assert ws.take(file) == ("4.strengths", "6.competencies.b1_1")
    assert ws.value("4.strengths") is None
    assert ws.value("6.competencies.b1_1") is None


@pytest.mark.parametrize("box", ["- [x]", "- [X]", "- [ x ]", "- x", "[x]", "- ☑", "- [yes]"])
def test_every_way_to_tick_is_a_tick(ws: Worksheet, box: str) -> None:
    file = ws.export("md")
    lines = file.read_text("utf-8").split("\n")
    n = next(i for i, line in enumerate(lines) if "<!-- 6.competencies.b1_1 -->" in line)
    lines[n] = lines[n].replace("- [ ]", box)
    file.write_text("\n".join(lines), "utf-8")
    assert ws.take(file) == ("6.competencies.b1_1",)
    assert ws.value("6.competencies.b1_1") is True


def test_text_outside_of_the_places_is_listed(ws: Worksheet, capsys: Any) -> None:
    file = ws.export("md")
    edit(
        file,
        ("<!-- 4.strengths -->", "My point, its marker deleted"),
        ("| <!-- 1.architectures.r1.type -->", "| MobileNet <!-- 1.architectures.r1.type -->"),
        ("<!-- 5.strategy_performance -->", "<!-- 5.strategy_performance --><!-- end --> After."),
        ("<!-- conclusion.lessons -->", "Before.\n<!-- conclusion.lessons -->"),
    )
    assert ws.take(file) == ()
    told = capsys.readouterr().out
    for text in ("My point, its marker deleted", "MobileNet", "After.", "Before."):
        assert f": {text}" in told
    assert told.count("Line ") == 4


def test_an_export_has_nothing_outside_of_its_places(ws: Worksheet, capsys: Any) -> None:
    for lang in ("en", "fr"):
        ws.lang = lang
        assert ws.take(ws.export("md")) == ()
    assert capsys.readouterr().out == ""


def test_a_second_export_keeps_what_was_edited(ws: Worksheet, capsys: Any) -> None:
    file = ws.export("md")
    edit(file, at("6.scenarios", "Two hours of work."))
    ws.export("md")
    (copy,) = file.parent.glob("analysis.en.edited-*.md")
    assert copy.name in capsys.readouterr().out
    assert ws.take(copy.name) == ("6.scenarios",)
    edit(file, at("4.strengths", "Taken before the next export."))
    ws.take(file)
    ws.export("md")  # nothing stands only there: no copy
    assert list(file.parent.glob("analysis.en.edited-*.md")) == [copy]


def test_files_that_are_no_markdown_worksheet_are_said_to_be(ws: Worksheet, tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text("# Analysis\n\nMy text", "utf-8")
    (tmp_path / "page.html").write_text("<p>", "utf-8")
    for path, told in (
        (tmp_path / "plain.md", "invisible markers"),
        (tmp_path / "page.html", "is no Markdown"),
        (ws.path, "answers in JSON"),
        (tmp_path, "is a folder"),
        (tmp_path / "none.md", "There is no file"),
    ):
        with pytest.raises(EdgelabError, match=told):
            ws.take(path)


def test_what_is_said_to_a_french_student_is_french(ws: Worksheet) -> None:
    ws.lang = "fr"
    with pytest.raises(InputError, match="Rien n’a été modifié"):
        ws.answer("3.tests.load.result", "vite")
    with pytest.raises(InputError, match="est un dossier"):
        ws.take(ws.path.parent)
