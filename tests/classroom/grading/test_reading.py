"""Of several files the last saved counts; paper forms count too; what would fill the memory is not read."""

from __future__ import annotations

import json
import random

import pytest

from edgelab.classroom.grading import reading, submissions
from edgelab.classroom.worksheets import markdown
from edgelab.classroom.worksheets.answers import Subjects
from edgelab.classroom.worksheets.evidence import Evidence
from tests import submissions_made as made


@pytest.fixture(scope="module")
def student(schema):
    return made.student(schema, "Zoé", 1, random.Random(4), size=20)


def taken(folder, schema):
    (found,) = submissions.find(folder)
    return reading.take(found, schema)


def written(folder, **files):
    (folder / "zoe").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        ending = {"journal": ".jsonl", "paper": ".fr.md"}.get(name, ".json")
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / "zoe" / f"{name}{ending}").write_bytes(raw)
    return folder


def test_the_file_that_was_saved_last_counts(schema, student, tmp_path):
    older, newer = json.loads(student.content), json.loads(student.content)
    older["saved"], newer["saved"] = "2026-11-01", "2026-11-02"
    newer["entries"]["3.analysis"]["value"] = "Nouveau."
    folder = written(tmp_path, a=json.dumps(newer), b=json.dumps(older), c=b"{}")
    found = taken(folder, schema)
    assert found.answers.entries["3.analysis"].value == "Nouveau."
    assert (found.file, found.problem) == ("a.json", "")
    assert "also handed in: b.json" in found.notes[0]


def test_a_journal_beside_the_answers_counts_where_they_have_none(schema, student, tmp_path):
    hand = json.loads(student.content)
    lines = hand.pop("journal")
    folder = written(tmp_path, a=json.dumps(hand), journal="\n".join(lines) + "\n")
    assert len(taken(folder, schema).reading.entries) == len(lines)


def test_a_worksheet_filled_on_paper_in_markdown_counts(schema, student, tmp_path):
    text = markdown.written(schema, student.answers, "fr")
    folder = written(tmp_path, paper=text, journal=b"\n".join(student.lines) + b"\n")
    found = taken(folder, schema)
    assert found.answers.language == "fr"
    before = student.answers.entries["3.analysis"].value
    assert found.answers.entries["3.analysis"].value == before
    assert found.answers.entries["3.tests.load.result"].value == pytest.approx(
        student.answers.entries["3.tests.load.result"].value
    )
    assert found.answers.subjects.optimised == student.answers.subjects.optimised


def test_markdown_that_holds_more_counts_before_a_draft(schema, student, tmp_path):
    draft = json.loads(student.content)
    draft["entries"] = {"general.name": draft["entries"]["general.name"]}
    text = markdown.written(schema, student.answers, "fr")
    found = taken(written(tmp_path, draft=json.dumps(draft), paper=text), schema)
    assert found.file == "paper.fr.md"
    assert "also handed in: draft.json (1)" in found.notes[0]
    assert len(found.reading.entries) == len(student.lines)  # the draft's journal


def test_json_counts_before_its_own_export(schema, student, tmp_path):
    text = markdown.written(schema, student.answers, "fr")
    found = taken(written(tmp_path, whole=student.content, paper=text), schema)
    assert found.file == "whole.json"


def test_markdown_counts_where_the_json_is_damaged(schema, student, tmp_path):
    text = markdown.written(schema, student.answers, "fr")
    found = taken(written(tmp_path, whole=b"{ oups", paper=text), schema)
    assert found.file == "paper.fr.md"
    assert "whole.json holds no worksheet answers" in found.notes[0]


def test_markdown_says_which_models_it_speaks_of(schema, student, tmp_path):
    evidence = Evidence(
        taken(written(tmp_path / "a", whole=student.content), schema).reading.entries
    )
    compared = evidence.comparisons()[-1]
    other = next(n for n in compared.models[1:] if n != evidence.proposed().optimised)
    chosen = Subjects(
        record=compared.number, original=compared.models[0], optimised=other, chosen=True
    )
    answers = student.answers.model_copy(update={"subjects": chosen}, deep=True)
    text = markdown.written(schema, answers, "fr")
    folder = written(tmp_path / "b", paper=text, journal=b"\n".join(student.lines) + b"\n")
    assert taken(folder, schema).answers.subjects == chosen


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_text_tells_the_language_not_the_name(schema, student, tmp_path, lang):
    text = markdown.written(schema, student.answers, lang)
    (tmp_path / "zoe").mkdir()
    (tmp_path / "zoe" / "my.fr.md").write_text(text, "utf-16")
    assert taken(tmp_path, schema).answers.language == lang


def test_another_worksheet_is_said_to_be(schema, student, tmp_path):
    hand = json.loads(student.content) | {"worksheet": "other"}
    assert "worksheet “other”" in taken(written(tmp_path, a=json.dumps(hand)), schema).problem


def test_a_file_that_would_fill_the_memory_is_not_read(schema, tmp_path):
    crowded = b'{"journal":[' + b'"",' * 400_000 + b'""]}'
    assert "more places than any worksheet" in taken(written(tmp_path, a=crowded), schema).problem


def test_a_journal_of_too_many_lines_is_not_read(schema, student, tmp_path):
    hand = json.loads(student.content)
    hand["journal"] = ["x\n" * 60_000]
    found = taken(written(tmp_path, a=json.dumps(hand)), schema)
    assert found.reading is None
    assert "more than 50000 lines" in found.notes[0]


def test_a_reason_is_one_short_line(schema, tmp_path):
    hostile = json.dumps({"entries": {"\x1b[31m" + "x" * 10**5: {"value": []}}})
    problem = taken(written(tmp_path, a=hostile), schema).problem
    assert len(problem) <= 400
    assert problem.isprintable()
