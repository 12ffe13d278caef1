"""Of several files the last saved counts; paper forms count too; what would fill the memory is not read."""

from __future__ import annotations

import json
import random

import pytest

from edgelab.classroom.grading import reading, submissions
from edgelab.classroom.worksheets import markdown
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
