"""One hand-in from its bytes to its marks, sheet and feedback; whatever is in it, this comes back.

    graded = assess(submission, course)

Runs in a process of its own kind (`batch`), so it returns little: no journal, no whole texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.chain import Entry
from edgelab.classroom.grading import (
    alike,
    doubts,
    feedback,
    machines,
    marking,
    reading as hand_ins,
    sheets,
)
from edgelab.classroom.grading.archives import shown
from edgelab.classroom.grading.decisions import Decided
from edgelab.classroom.grading.reading import HandIn
from edgelab.classroom.grading.sheets import Shown
from edgelab.classroom.grading.submissions import Submission
from edgelab.classroom.language import language, speaking
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import audit as audits, values
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.schema import Schema

_LESSON = re.compile(r"\d\d")
_MOST_EXERCISES = 1_000
SHEETS, FEEDBACK = "sheets", "feedback"


@dataclass(frozen=True)
class Course:
    """What all hand-ins of a class are held against.

    Args:
        schema: the worksheet.
        out: the folder of everything that is written.
        guidance: for the person who marks, by language and question.
        asked: the names of the exercises of each lesson.
        language: of what the instructor reads; a student's feedback is in that of the worksheet.
        weights: by question, the share of its points that each column of its table earns.
    """

    schema: Schema
    out: Path
    guidance: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    asked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    language: str = "en"
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def sheet(self, key: str) -> Path:
        """Return where the sheet of a student is."""
        return self.out / SHEETS / f"{key}.yaml"

    def page(self, key: str) -> Path:
        """Return where the feedback for a student is."""
        return self.out / FEEDBACK / f"{key}.html"


@dataclass(frozen=True)
class JournalState:
    """A student's journal in short."""

    records: int | None = None  # None: there is none
    problems: tuple[str, ...] = ()
    tampered: bool = False


@dataclass(frozen=True)
class Graded:
    """Everything that is known about one hand-in once it is assessed."""

    submission: Submission
    problem: str = ""  # why it could not be read
    notes: tuple[str, ...] = ()
    file: str = ""
    language: str = ""
    typed_name: str = ""
    decided: Decided = field(default_factory=Decided)
    kinds: Mapping[str, int] = field(default_factory=dict)  # of what the audit found
    errors: tuple[str, ...] = ()  # what it found wrong, without what is only missing
    doubts: tuple[
        str, ...
    ] = ()  # what a person must look at: figures without proof, another's name
    journal: JournalState = field(default_factory=JournalState)
    exercises: Mapping[str, int] = field(default_factory=dict)  # lesson → passed
    trace: alike.Trace = field(default_factory=lambda: alike.Trace(""))
    gains: tuple[machines.Gain, ...] = ()

    @property
    def key(self) -> str:
        """Return the student's key."""
        return self.submission.student.key

    @property
    def name(self) -> str:
        """Return the student's name as the folder or file tells it."""
        return self.submission.student.name

    @property
    def complete(self) -> bool:
        """Tell whether every question has its points."""
        return bool(self.decided.marks) and not self.decided.open


def assess(submission: Submission, course: Course) -> Graded:
    """Read, audit and mark one hand-in; write its sheet and its feedback.

    Raises:
        StorageError: the folder of results can't be written. Nothing else: what is wrong with a hand-in
            is in the result.
    """
    with speaking(course.language):
        found = hand_ins.take(submission, course.schema)
        if found.answers is None:
            return _unreadable(submission, course, found)
        checked = audits.audit(course.schema, found.answers, found.reading)
        marks = marking.propose(
            course.schema, found.answers, checked, found.reading, course.weights
        )
        beside = _beside(course, found.answers, course.language)
        graded = Graded(
            submission,
            notes=found.notes,
            file=found.file,
            language=found.answers.language,
            typed_name=_typed_name(found),
            doubts=doubts.found(
                submission.student.name, course.schema, found.answers, checked, found.reading
            ),
            kinds=Counter(f.kind for f in checked.findings),
            errors=tuple(str(f) for f in checked.errors if f.kind != "missing")[:50],
        )
        decided = sheets.store(course.sheet(graded.key), _head(graded), marks, beside)
        entries = found.reading.entries if found.reading else ()
        graded = replace(
            graded,
            decided=decided,
            journal=_journal(found.reading),
            exercises=passed(entries, course.asked),
            trace=alike.trace(graded.key, course.schema, found.answers, entries),
        )
        if not graded.journal.tampered:
            graded = replace(graded, gains=machines.gained(entries, graded.key))
    if graded.language == course.language:
        _write_page(course, graded, decided, checked, beside)
    else:
        _write_translated(course, graded, found.answers, found.reading)
    return graded


def failed(submission: Submission, course: Course, problem: str) -> Graded:
    """Return the result of a hand-in that the grader itself stumbled over, with its sheet."""
    with speaking(course.language):
        return _unreadable(submission, course, HandIn(problem=problem))


def passed(entries: Sequence[Entry], asked: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return for each lesson how many of its exercises a journal shows as passed."""
    done = {
        e.name
        for e in entries
        if e.kind == "exercise" and e.payload.get("passed") is True and _LESSON.match(e.name)
    }
    return {lesson: len(done & set(names)) for lesson, names in asked.items()}


def _unreadable(submission: Submission, course: Course, found: HandIn) -> Graded:
    graded = Graded(submission, found.problem, found.notes, found.file, language())
    marks = [
        marking.Mark(name, question.points, None, found.problem, "")
        for name, question in course.schema.questions()
        if question.points
    ]
    titles = {
        name: Shown(question.label.say(graded.language))
        for name, question in course.schema.questions()
    }
    decided = sheets.store(course.sheet(graded.key), _head(graded), marks, titles)
    graded = replace(graded, decided=decided, trace=alike.Trace(graded.key))
    _write_page(course, graded, decided, Audit((), ()), titles)
    return graded


def _head(graded: Graded) -> dict[str, str]:
    return {
        "student": graded.key,
        "name": graded.name,
        "from": graded.submission.origin,
        "file": graded.file,
        "problem": graded.problem,
    }


def _typed_name(found: HandIn) -> str:
    value = plain(found.answers.entries.get("general.name")) if found.answers else None
    return shown(value.strip(), 120) if isinstance(value, str) else ""


def _beside(course: Course, answers: Answers, lang: str) -> dict[str, Shown]:
    """Return what stands beside each question: its answer as written, and what to look for."""
    guidance = course.guidance.get(lang, {})
    beside = {}
    for name, question in course.schema.questions():
        written: dict[str, str] = {}
        for place in course.schema.fields_of(name):
            value = plain(answers.entries.get(place.id))
            if value is not None:
                label = place.id.removeprefix(name).lstrip(".") or place.id
                text = values.shown(place, value, answers.language)
                unit = values.unit_text(place.unit, answers.language) if place.unit and text else ""
                written[label] = f"{text} {unit}".strip()
        beside[name] = Shown(question.label.say(lang), written, tuple(guidance.get(name, ())))
    return beside


def _journal(reading: Reading | None) -> JournalState:
    if reading is None:
        return JournalState()
    problems = tuple(shown(p.text, 200) for p in reading.problems[:20])
    tampered = any(p.tampering for p in reading.problems)
    return JournalState(len(reading.entries), problems, tampered)


def _write_translated(
    course: Course, graded: Graded, answers: Answers, reading: Reading | None
) -> None:
    """Write the feedback in the student's language, where the instructor's is another one."""
    with speaking(graded.language):
        if reading and reading.problems:  # they are put into words where the journal is read
            reading = hand_ins.take(graded.submission, course.schema).reading
        checked = audits.audit(course.schema, answers, reading)
        marks = marking.propose(course.schema, answers, checked, reading, course.weights)
        decided = replace(graded.decided, marks=marks)
        _write_page(course, graded, decided, checked, _beside(course, answers, graded.language))


def _write_page(
    course: Course,
    graded: Graded,
    decided: Decided,
    checked: Audit,
    beside: Mapping[str, Shown],
) -> None:
    content = feedback.page(
        course.schema,
        graded.language,
        feedback.Told(
            name=graded.name,
            problem=graded.problem,
            decided=decided,
            audit=checked,
            shown=beside,
            exercises={
                lesson: (graded.exercises.get(lesson, 0), len(names))
                for lesson, names in course.asked.items()
                if graded.journal.records is not None
            },
            records=graded.journal.records,
        ),
    )
    data = content.encode("utf-8", "replace")
    path = course.page(graded.key)
    if not (path.exists() and path.read_bytes() == data):
        workspace.atomic_write(path, data)
