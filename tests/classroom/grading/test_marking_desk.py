"""Marking in a notebook writes into the sheets, and shows nothing that a student wrote as code."""

from __future__ import annotations

import shutil

import pytest
import yaml

from edgelab.classroom.grading import class_view as overview, decisions, marking_desk as desks
from edgelab.classroom.grading.marking_desk import Case
from edgelab.errors import MissingFileError


@pytest.fixture
def out(graded_class, tmp_path):
    folder = tmp_path / "grades" / "sheets"
    folder.mkdir(parents=True)
    for one in graded_class.result.graded[:3]:
        shutil.copy(graded_class.out / "sheets" / f"{one.key}.yaml", folder)
    return folder.parent


def entry_of(case):
    content = yaml.safe_load(case.path.read_text("utf-8"))
    return next(e for e in decisions.questions(content) if e["question"] == case.question)


def test_every_answer_is_a_case_question_by_question(out):
    every = desks.cases(out)
    assert len(every) == 3 * 31
    assert len({case.question for case in every[:3]}) == 1


def test_points_and_comment_go_into_the_sheet_at_once(out):
    desk = desks.desk(out)
    desk.points.value = "1,5"
    desk.comment.value = "Bien vu."
    saved = entry_of(desk.case)
    assert (saved["points"], saved["comment"]) == (1.5, "Bien vu.")
    assert "Saved" in desk.state.value
    desk.points.value = ""
    assert entry_of(desk.case)["points"] is None


def test_points_that_are_none_are_refused_in_words(out):
    desk = desks.desk(out)
    before = desk.case.path.read_bytes()
    for wrong in ("99", "good", "-1"):
        desk.points.value = wrong
        assert "points" in desk.state.value
        assert desk.case.path.read_bytes() == before


def test_a_comment_is_saved_beside_points_that_are_none(out):
    desk = desks.desk(out)
    desk.points.value = "3/2"
    desk.comment.value = "Ten minutes of work."
    assert entry_of(desk.case)["comment"] == "Ten minutes of work."
    assert entry_of(desk.case)["points"] is None


def test_what_was_edited_in_the_sheet_meanwhile_stays(out):
    desk = desks.desk(out)
    case = desk.case
    content = yaml.safe_load(case.path.read_text("utf-8"))
    own = next(e for e in content["questions"] if e["question"] == case.question)
    own["comment"] = "By hand."
    case.path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    desk.points.value = "1"
    assert entry_of(case)["comment"] == "By hand."
    assert desk.comment.value == "By hand."
    own["comment"], own["points"] = "By hand again.", 1
    case.path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    desk.comment.value = "From the desk."
    assert entry_of(case)["comment"] == desk.comment.value == "By hand again.\nFrom the desk."


def test_a_sheet_that_stands_in_is_marked_while_the_other_cannot_be_read(out):
    path = min((out / "sheets").iterdir())
    beside = path.with_name(f"{path.stem}.new.yaml")
    shutil.copy(path, beside)
    assert {c.path for c in desks.cases(out)}.isdisjoint({beside})
    path.write_text("questions: [unclosed", "utf-8")
    assert beside in {c.path for c in desks.cases(out)}


def test_showing_a_case_decides_nothing(out):
    before = {p: p.read_bytes() for p in (out / "sheets").iterdir()}
    desk = desks.desk(out)
    for name in [value for _label, value in desk.question.options]:
        desk.question.value = name
    assert {p: p.read_bytes() for p in (out / "sheets").iterdir()} == before


def test_next_goes_to_the_answers_that_wait(out):
    desk = desks.desk(out)
    first = desk.case
    desk.points.value = "1"
    desk.go_on()
    assert desk.case.question == first.question
    assert desk.case.path != first.path
    desk.question.value = "3.tests"  # proposed, nothing to mark
    desk.go_on()
    assert desk.case.open
    assert desk.case.question == "3.choice"


def test_the_proposed_points_are_a_hint_and_no_mark(out):
    desk = desks.desk(out)
    desk.question.value = "3.before_after"
    assert desk.points.value == ""
    assert "proposed: 10" in desk.points.placeholder


def test_rubric_and_answer_stand_beside_and_are_text(out, tmp_path):
    desk = desks.desk(out)
    assert "<li>" in desk.answer.value
    attack = "<script>alert(1)</script>"
    entry = {
        "question": attack,
        "title": attack,
        "answer": {attack: attack},
        "criteria": [attack],
        "check": attack,
    }
    assert "<script" not in desks.shown(Case(tmp_path, attack, entry))


def test_without_a_kernel_there_is_a_table(out):
    bundle = desks.desk(out)._repr_mimebundle_()
    assert "1.pruning_principle" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_sheet_that_was_broken_meanwhile_is_said_and_not_overwritten(out):
    desk = desks.desk(out)
    desk.case.path.write_text("questions: [", "utf-8")
    desk.points.value = "1"
    assert "no YAML" in desk.state.value
    assert desk.case.path.read_text("utf-8") == "questions: ["


def test_nothing_graded_is_said(tmp_path):
    with pytest.raises(MissingFileError, match="Grade a folder first"):
        desks.desk(tmp_path)


def test_the_overview_puts_first_what_needs_a_look(graded_class):
    table = overview.overview(graded_class.result)
    assert table.rows[0]["Student"] in graded_class.planted.tampered
    assert len(table.rows) == len(graded_class.made)


def test_the_exemplars_can_be_graded(tmp_path, no_charts):
    from edgelab.classroom.grading import batch

    folder = overview.exemplars(tmp_path / "exemplars")
    graded = batch.grade("analysis", folder, tmp_path / "grades").graded
    assert [g.problem for g in graded] == ["", "", ""]
    by_level = {g.key: g.decided.points("3.tests") for g in graded}
    assert by_level["exemplar-excellent"] == 6
