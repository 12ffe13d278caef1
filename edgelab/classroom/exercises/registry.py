"""Where exercises are defined and found: `lesson20.py` for lesson 20, its questions in `questions20.py`.

    @exercise(
        "20.1 scale",
        N_("The scale of symmetric quantization"),
        hints=(N_("What must the largest value become?"), N_("Divide by the largest code.")),
    )
    def scale(answer: Answer) -> str | None:
        got = answer.number(values, 8)
        if close(got, ...):
            raise Wrong("signed-maximum", _("..."), _("..."))
        return _("What the right answer shows.")

A name is the lesson, a dot, a number or letter, and a word: it sorts, and says where it belongs.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass

from edgelab.classroom.exercises.answers import Answer
from edgelab.errors import InputError

Check = Callable[[Answer], str | None]
_NAME = re.compile(r"\d\d\.\w+ \w[\w -]*")


@dataclass(frozen=True)
class Exercise:
    """One exercise: what it is called, how it is checked, and two hints of rising directness."""

    name: str
    title: str
    check: Check
    hints: tuple[str, str]
    measured: bool = False

    @property
    def lesson(self) -> str:
        """Return the lesson's two digits."""
        return self.name[:2]


_exercises: dict[str, Exercise] = {}


def exercise(
    name: str, title: str, hints: tuple[str, str], *, measured: bool = False
) -> Callable[[Check], Check]:
    """Register the decorated function as the check of an exercise.

    Args:
        name: "20.1 scale"; what a lesson gives to `check` and `hint`.
        title: a few words marked with `N_`.
        hints: two texts marked with `N_`, the second more direct than the first.
        measured: the right answer is read off the student's own measurements, so that it may be
            wrong on another machine: a grader must not run it anew and take the points away.

    The function gets an `Answer`, raises `Wrong` where it recognises a misconception, and returns
    nothing or a sentence that the right answer has earned.

    Raises:
        InputError: the name has another form, or is taken.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f'An exercise is named like "20.1 scale"; this one is {name!r}.')

    def register(check: Check) -> Check:
        known = _exercises.get(name)
        if known and known.check.__module__ != check.__module__:
            raise InputError(f"There are two exercises {name!r}; give one another number.")
        _exercises[name] = Exercise(name, title, check, hints, measured)
        return check

    return register


def exercises_of(lesson: str) -> list[Exercise]:
    """Return the exercises of a lesson in the order of their definition; [] where it has none."""
    load_lesson(lesson)
    return [found for found in _exercises.values() if found.lesson == lesson]


def find(name: str) -> Exercise:
    """Return an exercise by its name.

    Raises:
        InputError: there is none of that name; the message offers the nearest ones.
    """
    load_lesson(name[:2])
    if name not in _exercises:
        raise InputError(not_found("exercise", name, list(_exercises)))
    return _exercises[name]


def not_found(what: str, name: str, known: list[str]) -> str:
    """Return the message for a name that does not exist, with the nearest that do."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.4)
    advice = f"did you mean {' or '.join(map(repr, near))}?" if near else "check its spelling."
    return f"There is no {what} {name!r}; {advice}"


def load_lesson(lesson: str) -> None:
    """Import the modules that define a lesson's exercises and its questions, where there are any."""
    if not re.fullmatch(r"\d\d", lesson):
        return
    for module in (f"{__package__}.lesson{lesson}", f"{__package__}.questions{lesson}"):
        if importlib.util.find_spec(module):
            importlib.import_module(module)
