"""Grading a folder of worksheets: find them, audit and mark them in parallel, put the rest to a person.

Every module answers one question: `submissions` (what was handed in, and by whom), `marking` (which points
can be proposed), `sheets` (what a person decided), `alike` (what is too similar), `gradebook`, `feedback`,
`lms` and `machines` (what comes out), `batch` (all of it). A submission is never trusted: not its name, not
its size, not a word in it.
"""

from __future__ import annotations

from edgelab.classroom.grading.batch import Result, grade, told
from edgelab.classroom.grading.class_view import by_question, class_machines, exemplars, overview
from edgelab.classroom.grading.marking_desk import desk

__all__ = [
    "Result",
    "by_question",
    "class_machines",
    "desk",
    "exemplars",
    "grade",
    "overview",
    "told",
]
