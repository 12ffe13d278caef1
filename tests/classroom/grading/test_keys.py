"""A key and its marks stay with the hand-in that they were first given to."""

from __future__ import annotations

import json
import random
import shutil

import pytest
import yaml

from edgelab.classroom.grading import batch, keys, submissions
from tests import submissions_made as made


@pytest.fixture(scope="module")
def two(schema):
    return [
        made.student(schema, name, n, random.Random(n), size=8)
        for n, name in enumerate(("Alice Martin", "Zoé Martin"), 1)
    ]


def put(path, student):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(student.content)


def marked(sheet, question, points):
    content = yaml.safe_load(sheet.read_text("utf-8"))
    next(q for q in content["questions"] if q["question"] == question)["points"] = points
    sheet.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


def test_a_newcomer_of_the_same_name_gets_no_marks_of_another(two, tmp_path, no_charts):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    put(folder / "martin" / "analysis.json", two[0])
    batch.grade("analysis", folder, out)
    marked(out / "sheets" / "martin.yaml", "1.quantization_principle", 2)
    put(folder / "analysis-martin.json", two[1])  # comes before the folder in every listing
    for _ in range(2):
        graded = {g.submission.origin: g for g in batch.grade("analysis", folder, out).graded}
        first, late = graded["martin/"], graded["analysis-martin.json"]
        assert (first.key, first.decided.points("1.quantization_principle")) == ("martin", 2)
        assert late.key != "martin"
        assert late.decided.given == {}


def test_marks_do_not_pass_on_when_their_owner_is_gone(two, tmp_path, no_charts):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    put(folder / "martin" / "analysis.json", two[0])
    batch.grade("analysis", folder, out)
    marked(out / "sheets" / "martin.yaml", "1.quantization_principle", 2)
    shutil.rmtree(folder / "martin")
    put(folder / "analysis-martin.json", two[1])
    result = batch.grade("analysis", folder, out)
    assert result.graded[0].decided.given == {}
    assert "martin.yaml belongs to “martin/”" in result.notes[0]


def test_a_sheet_that_is_no_yaml_keeps_its_owner(two, tmp_path, no_charts):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    put(folder / "martin" / "analysis.json", two[0])
    batch.grade("analysis", folder, out)
    sheet = out / "sheets" / "martin.yaml"
    sheet.write_text(sheet.read_text("utf-8") + "\ncomment: good: yes\n", "utf-8")
    assert keys.bound(out / "sheets") == {"martin/": "martin"}


def test_a_second_download_is_of_the_same_student_and_the_newest_counts(two, tmp_path, no_charts):
    older, newer = (json.loads(two[0].content) for _ in range(2))
    older["saved"], newer["saved"] = "2026-11-01", "2026-11-02"
    for name, content in (("analysis-ugo.json", newer), ("analysis-ugo (1).json", older)):
        (tmp_path / name).write_text(json.dumps(content), "utf-8")
    (graded,) = batch.grade("analysis", tmp_path, tmp_path / "grades").graded
    assert (graded.key, graded.file) == ("ugo", "analysis-ugo.json")
    assert "also handed in: analysis-ugo (1).json" in graded.notes[0]


def test_two_students_behind_one_file_name_are_not_taken_for_one(two, tmp_path, no_charts):
    (tmp_path / "analysis-martin.json").write_bytes(two[0].content)
    (tmp_path / "analysis-martin (1).json").write_bytes(two[1].content)
    (graded,) = batch.grade("analysis", tmp_path, tmp_path / "grades").graded
    assert "bear several" in graded.problem
    assert "Zoé Martin" in graded.problem


def test_the_results_of_an_earlier_grading_are_no_hand_in(two, tmp_path, no_charts):
    put(tmp_path / "zoe" / "analysis.json", two[1])
    batch.grade("analysis", tmp_path, tmp_path / "old")
    result = batch.grade("analysis", tmp_path, tmp_path / "new")
    assert [g.key for g in result.graded] == ["zoe"]
    assert "old holds the results of an earlier grading" in result.notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "analysis-ugo (1).json",
        "analysis-ugo(2).json",
        "analysis-ugo - Copie.json",
        "analysis-ugo - copy (2).json",
    ],
)
def test_names_of_copies_are_known(name, tmp_path):
    (tmp_path / name).write_bytes(b"{}")
    (found,) = submissions.find(tmp_path)
    assert (found.student.key, found.origin) == ("ugo", "analysis-ugo.json")
