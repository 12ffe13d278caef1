"""A class is graded: everybody is in the gradebook, what was planted is found, and nothing leaves `out`."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from typer.testing import CliRunner

from edgelab import cli
from edgelab.classroom import lessons
from edgelab.classroom.grading import batch, class_page, gradebook, pool
from edgelab.errors import InputError, MissingFileError
from tests import submissions_made as made

ROOT = lessons.root()


def book(out):
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


def test_everybody_is_in_the_gradebook(graded_class):
    rows = book(graded_class.out)
    assert set(rows) == {one.name for one in graded_class.made}
    assert {row["of"] for row in rows.values()} == {"100"}


def test_everybody_has_a_sheet_and_feedback(graded_class):
    keys = {g.key for g in graded_class.result.graded}
    assert {p.stem for p in (graded_class.out / "sheets").iterdir()} == keys
    assert {p.stem for p in (graded_class.out / "feedback").iterdir()} == keys


def test_mistyped_figures_are_found_and_no_others(graded_class):
    differing = {g.name for g in graded_class.result.graded if g.kinds.get("differs")}
    tampered = set(graded_class.planted.tampered)
    assert differing - tampered == set(graded_class.planted.mistyped)


def test_tampered_journals_are_named(graded_class):
    found = {g.name for g in graded_class.result.graded if g.journal.tampered}
    assert found == set(graded_class.planted.tampered)
    (name,) = found
    assert "2" in book(graded_class.out)[name]["journal"]


def test_copied_journals_and_texts_are_found_and_no_others(graded_class):
    likeness, planted = graded_class.result.likeness, graded_class.planted

    def pairs(groups):
        names = {g.key: g.name for g in graded_class.result.graded}
        return {frozenset(names[key] for key in group.keys) for group in groups}

    copied = {frozenset(pair) for pair in planted.same_journal}
    assert pairs(likeness.journals) == copied
    assert pairs(likeness.texts) == copied | {frozenset(pair) for pair in planted.same_text}


def test_exercises_come_from_the_journal(graded_class):
    row = next(iter(book(graded_class.out).values()))
    assert re.fullmatch(r"\d of 8", row["exercises 20"])


def test_the_mark_of_a_person_survives_and_fills_the_platforms_file(
    graded_class, tmp_path, no_charts
):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    made.write_folders(folder, graded_class.made[:3])
    first = batch.grade("analysis", folder, out)
    one = first.graded[0]
    sheet = out / "sheets" / f"{one.key}.yaml"
    content = yaml.safe_load(sheet.read_text("utf-8"))
    for entry in content["questions"]:
        entry["points"] = entry["of"]
    content["comment"] = "=Bravo"
    sheet.write_text(yaml.safe_dump(content), "utf-8")
    export = tmp_path / "export.csv"
    number = one.submission.student.number
    export.write_text(f"Identifiant,Nom complet,Note\r\nParticipant {number},x,\r\n", "utf-8")
    again = batch.grade("analysis", folder, out, export=export)
    assert next(g for g in again.graded if g.key == one.key).decided.total == 100
    assert (out / "lms" / "export.csv").read_bytes().endswith(f"{number},x,100\r\n".encode())
    assert book(out)[one.name]["status"] == gradebook.GRADED
    assert "=Bravo" in (out / "feedback" / f"{one.key}.html").read_text("utf-8")
    assert "1 marked completely" in class_page.summary(again.graded)


def test_several_processes_give_what_one_gives(graded_class, tmp_path, no_charts):
    folder = tmp_path / "submissions"
    made.write_folders(folder, graded_class.made[:5])
    out = tmp_path / "grades"
    result = batch.grade("analysis", folder, out, processes=2)
    assert len(result.graded) == 5
    alone = {g.key: g.decided for g in graded_class.result.graded}
    assert {g.key: g.decided for g in result.graded} == {g.key: alone[g.key] for g in result.graded}


def test_a_sheet_that_belongs_to_nobody_any_more_is_named(graded_class, tmp_path, no_charts):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    made.write_folders(folder, graded_class.made[:2])
    gone = batch.grade("analysis", folder, out).graded[0]
    shutil.rmtree(folder / f"{gone.name}_{gone.submission.student.number}_assignsubmission_file_")
    assert f"{gone.key}.yaml belongs to" in batch.grade("analysis", folder, out).notes[0]


def test_a_hand_in_that_ends_its_process_gets_a_row(graded_class, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    made.write_folders(folder, graded_class.made[:1])
    course = batch.course_of("analysis", tmp_path / "grades")
    (found,) = batch.submissions.find(folder)
    monkeypatch.setattr(pool, "_chunk", _die)
    graded = pool._alone(found, course)
    assert "ended its process twice" in graded.problem
    assert graded.name == graded_class.made[0].name


def test_a_script_without_a_main_guard_is_told_so_and_nobody_is_marked(graded_class, tmp_path):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    made.write_folders(folder, graded_class.made[:4])
    script = tmp_path / "marks.py"
    script.write_text(
        "from pathlib import Path\n"
        "from edgelab.classroom.grading import batch\n"
        f"batch.grade('analysis', Path({str(folder)!r}), Path({str(out)!r}), processes=2)\n"
    )
    run = subprocess.run(
        [sys.executable, script], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    assert 'put what it does under `if __name__ == "__main__":`' in run.stderr.splitlines()[-1]
    assert not list((out / "sheets").glob("*.yaml"))


def _die(_chunk):
    import os

    os._exit(9)


def test_an_error_of_the_grader_is_a_row_and_the_others_go_on(
    graded_class, tmp_path, monkeypatch, no_charts
):
    folder = tmp_path / "submissions"
    made.write_folders(folder, graded_class.made[:2])
    bad = graded_class.made[0].name
    propose = batch.assessment.marking.propose

    def stumble(schema, answers, *rest):
        if answers.entries["general.name"].value == bad:
            raise RecursionError
        return propose(schema, answers, *rest)

    monkeypatch.setattr(batch.assessment.marking, "propose", stumble)
    graded = batch.grade("analysis", folder, tmp_path / "grades").graded
    assert [("RecursionError" in g.problem) for g in graded] == [g.name == bad for g in graded]


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(MissingFileError, match="no folder"):
        batch.grade("analysis", tmp_path / "none", tmp_path / "out")
    with pytest.raises(InputError, match="no hand-in"):
        batch.grade("analysis", tmp_path, tmp_path / "out")
    (tmp_path / "zoe").mkdir()
    with pytest.raises(MissingFileError, match="exported file"):
        batch.grade("analysis", tmp_path, tmp_path / "out", export=tmp_path / "none.csv")
    assert not (tmp_path / "out").exists()


def test_the_report_names_what_to_look_at(graded_class):
    page = (graded_class.out / "class.html").read_text("utf-8")
    assert graded_class.planted.tampered[0] in page
    assert page.count("<img ") >= 2
    assert "<script" not in page


def test_the_instructor_reads_one_language_and_each_student_the_worksheets(
    graded_class, tmp_path, no_charts
):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    tampered = next(m for m in graded_class.made if m.name in graded_class.planted.tampered)
    english = next(m for m in graded_class.made if m.answers.language == "en")
    made.write_folders(folder, [tampered, english])
    (folder / "Nobody").mkdir()
    result = batch.grade("analysis", folder, out, lang="fr", processes=2)
    rows = book(out)
    assert list(rows["Nobody"]) == list(next(iter(book(graded_class.out).values())))
    assert rows["Nobody"]["status"] == gradebook.UNREADABLE
    assert rows["Nobody"]["reason"].startswith("Il n’y a pas de fichier")
    assert "enregistrement" in rows[tampered.name]["journal"].lower()
    page = (out / "class.html").read_text("utf-8")
    assert '<html lang="fr">' in page
    assert batch.told(result).startswith("3 remises")
    one = next(g for g in result.graded if g.name == english.name)
    sheet = yaml.safe_load(result.course.sheet(one.key).read_text("utf-8"))["questions"]
    titles = {name: q.label.fr for name, q in result.course.schema.questions()}
    assert {entry["title"] for entry in sheet} <= set(titles.values())
    assert any("concordent avec le journal" in entry["why"] for entry in sheet)
    feedback = result.course.page(one.key).read_text("utf-8")
    assert '<html lang="en">' in feedback
    assert "cells are filled and agree with the journal" in feedback
    assert not any(title in feedback for title in titles.values() if "é" in title)


def test_feedback_names_what_is_wrong_with_a_journal_in_the_students_language(
    graded_class, tmp_path, no_charts
):
    tampered = next(m for m in graded_class.made if m.name in graded_class.planted.tampered)
    pages, reasons = [], []
    for lang in ("en", "fr"):
        folder, out = tmp_path / f"submissions-{lang}", tmp_path / f"grades-{lang}"
        made.write_folders(folder, [tampered])
        (one,) = batch.grade("analysis", folder, out, lang=lang).graded
        pages.append((out / "feedback" / f"{one.key}.html").read_text("utf-8"))
        reasons.append(one.journal.problems[0])
    assert "was edited" in reasons[0]
    assert "a été modifié" in reasons[1]
    assert pages[0] == pages[1]
    told = "was edited" if tampered.answers.language == "en" else "a été modifié"
    assert told in pages[0]


def test_an_unknown_language_is_refused_before_anything_is_written(graded_class, tmp_path):
    with pytest.raises(InputError, match="no language 'de'"):
        batch.grade("analysis", graded_class.folder, tmp_path / "out", lang="de")
    assert not (tmp_path / "out").exists()


def test_the_command_takes_a_language(graded_class, tmp_path, no_charts):
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    made.write_folders(folder, graded_class.made[:1])
    command = ["grade", "analysis", str(folder), "--out", str(out), "--lang"]
    assert CliRunner().invoke(cli.app, [*command, "de"]).exit_code == 2
    assert not out.exists()
    done = CliRunner().invoke(cli.app, [*command, "fr"])
    assert (done.exit_code, done.stdout[:8]) == (0, "1 remise")
