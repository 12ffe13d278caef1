"""The gradebook: one CSV row a student, whatever became of the hand-in.

    write(out / "gradebook.csv", course, graded, likeness)

Opened by people in a spreadsheet, so no cell begins like a formula, and a byte-order mark tells that it is
UTF-8. "3 of 8" is written in words: a spreadsheet takes 3/8 for a day in August. The names of the columns and
the three states are identifiers that other programs may rely on, so they stay English; reasons and what is
said of a journal are in the instructor's language.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab import workspace
from edgelab.classroom.grading.spans import harmless
from edgelab.classroom.language import _

if TYPE_CHECKING:
    from edgelab.classroom.grading.alike import Alike
    from edgelab.classroom.grading.assessment import Course, Graded

_LONGEST = 500  # characters of a cell that a person reads
GRADED, OPEN, UNREADABLE = "graded", "to mark", "unreadable"


def status(graded: Graded) -> str:
    """Return how far one student is, as it stands in the gradebook."""
    if graded.problem and not graded.complete:
        return UNREADABLE
    return GRADED if graded.complete else OPEN


def header(course: Course) -> list[str]:
    """Return the names of the columns."""
    questions = [name for name, question in course.schema.questions() if question.points]
    lessons = [f"exercises {lesson}" for lesson in course.asked]
    return [
        *("student", "name", "typed name", "number", "status", "points", "of", "to mark"),
        *("missing", "errors", "journal", "alike", "reason"),
        *lessons,
        *questions,
    ]


def row(course: Course, graded: Graded, likeness: Alike) -> list[str]:
    """Return one student's cells, in the order of `header`."""
    decided = graded.decided
    marks = [decided.points(m.question) for m in decided.marks]
    reasons = [graded.problem, *graded.notes, *decided.problems]
    cells = [
        *(graded.key, graded.name, graded.typed_name, graded.submission.student.number),
        *(status(graded), _number(decided.total), _number(decided.of), str(len(decided.open))),
        *(str(graded.kinds.get("missing", 0)), str(len(graded.errors)), _journal(graded)),
        *(", ".join(likeness.of(graded.key)[:10]), " ".join(r for r in reasons if r)),
        *(
            f"{graded.exercises.get(lesson, 0)} of {len(names)}"
            for lesson, names in course.asked.items()
        ),
        *(_number(points) for points in marks),
    ]
    return [cell(text) for text in cells]


def write(path: Path, course: Course, graded: Sequence[Graded], likeness: Alike) -> Path:
    """Write the gradebook, students in the order of their keys.

    Raises:
        StorageError: it can't be written, for instance because a spreadsheet has it open.
    """
    rows = [row(course, one, likeness) for one in sorted(graded, key=lambda g: g.key)]
    return write_rows(path, [header(course), *rows])


def write_rows(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write rows of safe cells as CSV that a spreadsheet opens with its accents."""
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\r\n").writerows(rows)
    return workspace.atomic_write(path, target.getvalue().encode("utf-8-sig", "replace"))


def cell(text: str) -> str:
    """Return a text as one line that no spreadsheet takes for a formula."""
    line = " ".join(text.split())
    return harmless(line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")


def _journal(graded: Graded) -> str:
    state = graded.journal
    if state.records is None:
        return "" if graded.problem else _("no journal")
    first = f": {state.problems[0]}" if state.problems else ""
    return _("{n} records").format(n=state.records) + first


def _number(points: float | None) -> str:
    return "" if points is None else f"{points:.2f}".rstrip("0").rstrip(".")
