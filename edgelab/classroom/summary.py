"""What a student has shown in one lesson: guesses, exercises, questions, notes and records.

lesson_summary("20")               # the last cell of a lesson
summarise("20", journal)           # the same as data, from any journal
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgelab import records, workspace
from edgelab.classroom import exercises, notes, predictions, questions
from edgelab.classroom.cards import Card
from edgelab.classroom.journal import Journal, the_journal
from edgelab.classroom.language import _, with_unit
from edgelab.classroom.predictions import Prediction
from edgelab.classroom.tampering import Problem
from edgelab.errors import InputError, MissingDataError


@dataclass(frozen=True)
class ExerciseState:
    """How far one exercise is."""

    name: str
    title: str
    attempts: int
    passed: bool


@dataclass(frozen=True)
class QuestionState:
    """What was answered to one question: letters, or None where it was not."""

    name: str
    first: str | None = None
    last: str | None = None
    right_at_first: bool = False
    right_at_last: bool = False


@dataclass(frozen=True)
class NoteState:
    """A student's own words, as kept last."""

    name: str
    number: int | None  # of its record
    text: str


@dataclass(frozen=True)
class Summary:
    """One lesson as a journal shows it."""

    lesson: str
    predictions: tuple[Prediction, ...]
    exercises: tuple[ExerciseState, ...]
    questions: tuple[QuestionState, ...]
    notes: tuple[NoteState, ...]
    records: dict[str, int]  # kind of record → how many this lesson wrote
    problems: tuple[Problem, ...] = ()

    @property
    def passed(self) -> int:
        """Return how many exercises were passed."""
        return sum(exercise.passed for exercise in self.exercises)


def summarise(lesson: str, journal: Journal | None = None) -> Summary:
    """Return what a journal holds about one lesson.

    Args:
        lesson: two digits.
        journal: the workspace's by default.

    Raises:
        InputError: the lesson is not named by two digits.
    """
    if not re.fullmatch(r"\d\d", lesson):
        raise InputError(f'A lesson is named by two digits, such as "20"; this one is {lesson!r}.')
    journal = journal or the_journal()
    entries: list[records.Record] = list(journal.find())
    own = [e for e in journal.find() if e.lesson == lesson or e.name.startswith(f"{lesson}.")]
    names = dict.fromkeys(e.name for e in own if e.kind in ("prediction", "outcome"))
    states = []
    for exercise in exercises.exercises_of(lesson):
        tries = exercises.attempts(exercise.name, entries)
        passed = any(t.payload.get("passed") is True for t in tries)
        states.append(ExerciseState(exercise.name, exercise.title, len(tries), passed))
    return Summary(
        lesson,
        tuple(predictions.find(name, own) for name in names),
        tuple(states),
        tuple(_answers(asked, entries) for asked in questions.questions_of(lesson)),
        tuple(
            NoteState(written.name, written.number, notes.as_text(written.payload["parts"]))
            for written in notes.kept(own)
        ),
        dict(Counter(e.kind for e in own)),
        tuple(journal.verify()),
    )


def lesson_summary(lesson: str) -> None:
    """Show what this lesson has brought: guesses, exercises, questions, notes, and what is next.

    Args:
        lesson: two digits.
    """
    page(summarise(lesson)).show()


def page(summary: Summary) -> Card:
    """Return a summary as a card."""
    card = Card(_("Lesson {lesson}: what you have shown").format(lesson=summary.lesson), "info")
    if summary.predictions:
        card.table(
            [_("Prediction"), _("Your guess"), _("Measured"), _("Gap")],
            [_prediction_row(p) for p in summary.predictions],
        )
    if summary.exercises:
        card.table(
            [_("Exercise"), _("About"), _("State"), _("Attempts")],
            [[e.name, _(e.title), _state(e), str(e.attempts)] for e in summary.exercises],
        )
    if any(asked.first for asked in summary.questions):
        card.table(
            [_("Question"), _("First answer"), _("Last answer")],
            [_question_row(asked) for asked in summary.questions],
        )
        right = sum(asked.right_at_first for asked in summary.questions)
        text = _("Questions answered right at the first answer: {right} of {total}.")
        card.say(text.format(right=right, total=len(summary.questions)))
    for written in summary.notes:
        title = _("Your note {name}, record {number}")
        number = "–" if written.number is None else str(written.number)
        title = title.format(name=f"**{written.name}**", number=number)
        card.fold(title, written.text)
    card.say(_records_line(summary))
    for problem in summary.problems:
        card.say(problem.text)
    following = next_lesson(summary.lesson)
    if following:
        card.say(_("Next lesson: {title}").format(title=f"**{following}**"))
    return card


def next_lesson(lesson: str) -> str:
    """Return the title of the lesson after this one, or "" where there is none."""
    try:
        folder = workspace.data_dir().parent / "notebooks"
    except MissingDataError:
        return ""
    later = sorted(p for p in folder.glob("[0-9][0-9]_*.ipynb") if p.name[:2] > lesson)
    return _title(later[0]) if later else ""


def _title(notebook: Path) -> str:
    fallback = notebook.stem.replace("_", " ")
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        found = re.match(r"#\s+(.+)", "".join(cells[0]["source"]))
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return fallback
    return found.group(1).strip() if found else fallback


def _answers(asked: questions.Question, entries: Sequence[records.Record]) -> QuestionState:
    letters = questions.letters(asked.name, entries)
    if not letters:
        return QuestionState(asked.name)
    first, last = letters[0], letters[-1]
    right = [questions.is_right(asked, letter) for letter in (first, last)]
    return QuestionState(asked.name, first, last, *right)


def _question_row(asked: QuestionState) -> list[str]:
    shown = [asked.name]
    for letter, right in (
        (asked.first, asked.right_at_first),
        (asked.last, asked.right_at_last),
    ):
        verdict = _("right") if right else _("wrong")
        shown.append(_("not answered yet") if letter is None else f"{letter} ({verdict})")
    return shown


def _guess(p: Prediction) -> str:
    """Return a guess with what must be known about it: nobody made it, or it came too late."""
    said = with_unit(p.guess, p.unit) if p.guess is not None else "–"
    if p.source == "canned":
        said += " " + _("(canned)")
    if p.late:
        said += " " + _("(after the measurement)")
    return said


def _prediction_row(p: Prediction) -> list[str]:
    return [
        p.text or p.name,
        _guess(p),
        "–" if p.measured is None else with_unit(p.measured, p.unit),
        p.gap,
    ]


def _state(exercise: ExerciseState) -> str:
    if exercise.passed:
        return _("passed")
    return _("not there yet") if exercise.attempts else _("not answered yet")


def _records_line(summary: Summary) -> str:
    count = sum(summary.records.values())
    if not count:
        return _("This lesson has written no record yet.")
    measured = summary.records.get("measurement", 0) + summary.records.get("comparison", 0)
    text = _("Records of this lesson in your journal: {n}, of which measurements: {measured}.")
    return text.format(n=count, measured=measured)
