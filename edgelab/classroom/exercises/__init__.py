"""Exercises: a stub in the notebook, a check here, and feedback that names the misconception.

    check("20.1 scale", scale_of)
    hint("20.1 scale", 1)

`lesson20.py` defines the exercises of lesson 20 and is the pattern for the others; `registry.py`
tells how one is written.
"""

from __future__ import annotations

from edgelab.classroom.exercises.answers import Answer, Unanswered, Wrong, as_array, as_number
from edgelab.classroom.exercises.checking import (
    Result,
    attempts,
    check,
    examine,
    hint,
    require,
    working,
)
from edgelab.classroom.exercises.registry import Exercise, exercise, exercises_of, find

__all__ = [
    "Answer",
    "Exercise",
    "Result",
    "Unanswered",
    "Wrong",
    "as_array",
    "as_number",
    "attempts",
    "check",
    "examine",
    "exercise",
    "exercises_of",
    "find",
    "hint",
    "require",
    "working",
]
