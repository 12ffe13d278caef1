"""The worksheet as Markdown: what was written is read back, whatever it is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import loading, markdown, values
from edgelab.classroom.worksheets.answers import Answers, Entry
from edgelab.classroom.worksheets.worksheet import Worksheet
from edgelab.errors import InputError
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
        (b"<!-- 3.analysys -->\nx\n<!-- end -->", r"has a place '3\.analysys'.*3\.analysis"),
        (b"<!-- 4.strengths -->\na\n<!-- end -->\n<!-- 4.strengths -->\nb\n<!-- end -->", "twice"),
        (
            b"- [x] a <!-- 6.self_analysis:partly -->\n- [x] b <!-- 6.self_analysis:fully -->",
            "twice",
        ),
        (b"\xff\xfe\x00x", "no text in UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    journal: Journal, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "edited.md"
    file.write_bytes(content)
    ws = Worksheet("analysis", journal=journal)
    with pytest.raises(InputError, match=message):
        ws.take(file)
    assert ws.answers.entries == {}
