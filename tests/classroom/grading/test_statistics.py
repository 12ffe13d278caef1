"""The class in figures: a question counts once nothing of it waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.classroom.grading import statistics
from edgelab.classroom.grading.decisions import Decided
from edgelab.classroom.grading.marking import Mark


@dataclass
class Student:
    decided: Decided
    problem: str = ""


@dataclass
class Course:
    schema: object


def test_what_is_empty_makes_no_question_the_hardest(schema):
    names = [name for name, question in schema.questions() if question.points]
    asked = {name: question.points for name, question in schema.questions()}

    def marked(analysis, tests):
        marks = [Mark(name, asked[name], None, "", "") for name in names]
        points = {"3.analysis": analysis, "3.tests": tests, "3.before_after": 10.0}
        return Student(
            Decided(tuple(Mark(m.question, m.of, points.get(m.question), "", "") for m in marks))
        )

    # One analysis is empty and has its 0 at once; the other waits for a person.
    chart = statistics.by_question(Course(schema), [marked(0.0, 3.0), marked(None, 6.0)])
    assert "The hardest is “Tests carried out” with 75 %" in chart.alt
    assert f"2 of {len(names)} questions, over 2 hand-ins" in chart.alt
    table = chart.to_html()
    assert "Analysis of the results" in table
    # Nothing is the hardest of one.
    first = [Mark("3.tests", 6, 3.0, "", "")]
    alone = statistics.by_question(Course(schema), [Student(Decided(tuple(first)))])
    assert "hardest" not in alone.alt
