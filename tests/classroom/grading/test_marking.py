"""Points are proposed where figures and ticks prove them, and only there."""

from __future__ import annotations

import random

import pytest

from edgelab.classroom import tampering
from edgelab.classroom.grading import gradebook, marking
from edgelab.classroom.grading.decisions import Decided, Decision
from edgelab.classroom.worksheets import audit as audits, rubric
from edgelab.classroom.worksheets.answers import Answers, Entry
from tests import submissions_made as made


@pytest.fixture
def student(schema):
    return made.student(schema, "Zoé", 1, random.Random(4), size=30)


def marks(schema, answers, lines):
    reading = tampering.read(b"\n".join(lines) + b"\n") if lines is not None else None
    found = audits.audit(schema, answers, reading)
    weights = rubric.load("analysis").weights()
    return {m.question: m for m in marking.propose(schema, answers, found, reading, weights)}


def typed(answers, name, value):
    answers.entries[name] = Entry(value=value, typed=str(value))


def test_every_question_with_points_has_a_mark(schema, student):
    found = marks(schema, student.answers, student.lines)
    assert sum(m.of for m in found.values()) == schema.points == 100


def test_figures_that_agree_earn_all_points(schema, student):
    found = marks(schema, student.answers, student.lines)
    assert (found["3.tests"].proposed, found["3.before_after"].proposed) == (6, 10)


def test_a_figure_that_differs_loses_its_share(schema, student):
    typed(student.answers, "3.tests.load.result", 9999.0)
    # A sixth of the results, and of what stands beside them.
    assert marks(schema, student.answers, student.lines)["3.tests"].proposed == 5


def test_configurations_beside_wrong_figures_earn_nothing(schema, student):
    for row in ("load", "one_image", "batch", "size_original", "size_optimised", "memory"):
        typed(student.answers, f"3.tests.{row}.result", 99999.0)
    mark = marks(schema, student.answers, student.lines)["3.tests"]
    assert (mark.proposed, mark.why[:4]) == (0, "0 of")


def test_invented_figures_earn_nothing_by_what_follows_from_them(schema, student):
    for row in ("size", "latency", "accuracy", "cpu", "memory"):
        typed(student.answers, f"3.before_after.{row}.before", 20000.0)
        typed(student.answers, f"3.before_after.{row}.after", 10000.0)
        improvement = student.answers.entries[f"3.before_after.{row}.improvement"]
        improvement.value = -10000.0 if row == "accuracy" else 50.0
    assert marks(schema, student.answers, student.lines)["3.before_after"].proposed == 0


def test_the_rubrics_shares_count(schema, student):
    typed(student.answers, "3.before_after.size.improvement", 12.0)
    # A fifth of 30 %: 9.4 points. Of equal cells it would be 9.33.
    assert marks(schema, student.answers, student.lines)["3.before_after"].proposed == 9.5
    for row in ("latency", "accuracy", "cpu"):
        typed(student.answers, f"3.before_after.{row}.improvement", 1234.0)
    assert marks(schema, student.answers, student.lines)["3.before_after"].proposed == 7.5


@pytest.mark.parametrize(
    ("of", "share", "points"),
    [(1.9, 1.0, 1.9), (1.9, 0.999, 1.9), (9.9, 1.0, 9.9), (1, 1 / 8, 0.25), (1, 3 / 8, 0.5)],
)
def test_points_are_in_quarters_halves_up_and_never_above_the_most(of, share, points):
    assert marking.quarters(of, share) == points


def test_a_derived_number_is_recomputed(schema, student):
    typed(student.answers, "3.before_after.size.improvement", 12.0)
    assert marks(schema, student.answers, student.lines)["3.before_after"].proposed == 9.5


def test_without_a_journal_a_person_judges_the_figures(schema, student):
    found = marks(schema, student.answers, None)["3.tests"]
    assert found.proposed is None
    assert "can't be verified" in found.why


def test_a_tampered_journal_proves_nothing(schema, student):
    found = marks(schema, student.answers, made.tampered(student.lines))
    assert found["3.tests"].proposed is None
    assert found["3.before_after"].proposed is None


def test_a_text_is_for_a_person(schema, student):
    found = marks(schema, student.answers, student.lines)["2.optimisations"]
    assert found.proposed is None
    assert "16 of 16" in found.why


def test_nothing_written_earns_nothing(schema, student):
    found = marks(schema, Answers(worksheet="analysis", schema_hash=schema.hash), student.lines)
    assert {m.proposed for m in found.values()} == {0}


def test_ticks_are_counted_and_their_words_left_to_a_person(schema, student):
    for name in ("b1_1", "b2_2"):
        del student.answers.entries[f"6.competencies.{name}.how"]
    student.answers.entries["6.competencies.b2_3"] = Entry(value="perhaps", typed="perhaps")
    mark = marks(schema, student.answers, student.lines)["6.competencies"]
    assert mark.proposed is None
    assert "3 ticked, 1 of them explained" in mark.why
    for name in ("b1_1", "b2_2", "b3_1"):
        typed(student.answers, f"6.competencies.{name}", False)
    assert marks(schema, student.answers, student.lines)["6.competencies"].proposed == 0


def test_an_answer_that_changes_is_seen(schema, student):
    before = marks(schema, student.answers, student.lines)
    typed(student.answers, "3.analysis", "Autre chose.")
    after = marks(schema, student.answers, student.lines)
    assert {q for q in before if before[q].seen != after[q].seen} == {"3.analysis"}


def test_a_total_is_rounded_once_and_halves_go_up():
    given = {str(i): Decision(points=0.1, written=0.1) for i in range(3)}
    sums = Decided(tuple(marking.Mark(str(i), 1, None, "", "") for i in range(3)), given)
    assert sums.total == 0.3
    half = Decided((marking.Mark("a", 2, 1.125, "", ""),))
    assert half.total == 1.13
    assert gradebook._number(half.total) == gradebook._number(1.125) == "1.13"
