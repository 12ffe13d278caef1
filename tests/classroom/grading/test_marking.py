"""Points are proposed where figures and ticks prove them, and only there."""

from __future__ import annotations

import random

import pytest

from edgelab.classroom import tampering
from edgelab.classroom.grading import marking
from edgelab.classroom.worksheets import audit as audits
from edgelab.classroom.worksheets.answers import Answers, Entry
from tests import submissions_made as made


@pytest.fixture
def student(schema):
    return made.student(schema, "Zoé", 1, random.Random(4), size=30)


def marks(schema, answers, lines):
    reading = tampering.read(b"\n".join(lines) + b"\n") if lines is not None else None
    found = audits.audit(schema, answers, reading)
    return {m.question: m for m in marking.propose(schema, answers, found, reading)}


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
    assert marks(schema, student.answers, student.lines)["3.tests"].proposed == 5.5


def test_a_derived_number_is_recomputed(schema, student):
    typed(student.answers, "3.before_after.size.improvement", 12.0)
    assert marks(schema, student.answers, student.lines)["3.before_after"].proposed == 9.25


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


def test_a_tick_counts_when_it_is_explained(schema, student):
    for name in ("b1_1", "b2_2"):
        del student.answers.entries[f"6.competencies.{name}.how"]
    assert marks(schema, student.answers, student.lines)["6.competencies"].proposed == 1.5
    for name in ("b1_1", "b2_2", "b2_3", "b3_1"):
        typed(student.answers, f"6.competencies.{name}", False)
    assert marks(schema, student.answers, student.lines)["6.competencies"].proposed == 0


def test_an_answer_that_changes_is_seen(schema, student):
    before = marks(schema, student.answers, student.lines)
    typed(student.answers, "3.analysis", "Autre chose.")
    after = marks(schema, student.answers, student.lines)
    assert {q for q in before if before[q].seen != after[q].seen} == {"3.analysis"}
