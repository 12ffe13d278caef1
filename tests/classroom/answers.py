"""What every exercise's check must do, with the right and wrong answers of one module.

A module names its answers `WRONG` (exercise → misconception → answers) and `RIGHT` (exercise →
answers), imports these tests, and pytest runs them for each answer (see `conftest.py`). That no
exercise is without such a proof is asked by `test_proofs.py`, through `shortfalls`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import pytest

from edgelab.classroom.exercises import examine
from edgelab.classroom.language import speaking

Answer = Callable[..., Any]

FEWEST_WRONG, FEWEST_RIGHT = 3, 2
# What any exercise may be told, whatever it is about: the form of the answer, not its idea.
FORMAL = {
    "changes-its-input",
    "function-instead-of-value",
    "not-finite",
    "not-numbers",
    "not-one-number",
    "signature",
    "sometimes-nothing",
    "value-instead-of-function",
}

__all__ = [
    "Answer",
    "test_a_misconception_is_told_in_its_own_words",
    "test_a_right_answer_passes_however_it_is_written",
    "test_a_stub_is_not_answered_yet",
    "test_a_wrong_answer_is_rejected_for_its_reason",
]


def cases(module: ModuleType) -> Iterator[tuple[str, list[Any]]]:
    """Yield each of the fixtures below with its values for a module."""
    yield (
        "wrong",
        [
            pytest.param((name, misconception, answer), id=f"{name}-{misconception}-{at}")
            for name, families in module.WRONG.items()
            for misconception, answers in families.items()
            for at, answer in enumerate(answers)
        ],
    )
    yield (
        "right",
        [
            pytest.param((name, answer), id=f"{name}-{at}")
            for name, answers in module.RIGHT.items()
            for at, answer in enumerate(answers)
        ],
    )
    yield "exercise", list(module.WRONG)


def names_an_idea(misconception: str) -> bool:
    """Tell whether a misconception says what was misunderstood.

    An error's name, a slip of form and "wrong-values" (what is left when nothing was recognised) do not.
    """
    formal = misconception in FORMAL or hasattr(builtins, misconception)
    return not formal and not misconception.startswith("wrong-")


def shortfalls(
    exercise: str,
    wrong: Mapping[str, Mapping[str, Sequence[Answer]]],
    right: Mapping[str, Sequence[Answer]],
) -> list[str]:
    """Return what the proof of an exercise's check lacks, in sentences; [] when it is complete."""
    named = [name for name, answers in wrong.get(exercise, {}).items() if answers]
    ideas = [name for name in named if names_an_idea(name)]
    variants = len({id(answer) for answer in right.get(exercise, ())})
    lacks = []
    if len(ideas) < FEWEST_WRONG:
        lacks.append(
            f"{exercise}: {len(ideas)} plausible wrong answers, each of a misconception of its own; "
            f"{FEWEST_WRONG} are wanted (so far: {', '.join(ideas) or 'none'})"
        )
    if variants < FEWEST_RIGHT:
        lacks.append(f"{exercise}: {variants} correct variants; {FEWEST_RIGHT} are wanted")
    return lacks


def test_a_wrong_answer_is_rejected_for_its_reason(wrong: tuple[str, str, Answer]) -> None:
    name, misconception, answer = wrong
    result = examine(name, answer)
    assert (result.status, result.misconception) == ("wrong", misconception), result
    assert result.text
    assert result.next_step


def test_a_right_answer_passes_however_it_is_written(right: tuple[str, Answer]) -> None:
    name, answer = right
    result = examine(name, answer)
    assert result.status == "passed", result


def test_a_stub_is_not_answered_yet(exercise: str) -> None:
    for stub in (None, ..., lambda *_: None, lambda *_: ...):
        assert examine(exercise, stub).status == "unanswered"


def test_a_misconception_is_told_in_its_own_words(
    exercise: str, request: pytest.FixtureRequest
) -> None:
    """No two misconceptions get the same feedback, and each gets it in both languages."""
    told: dict[tuple[str, str], str] = {}
    for misconception, answers in request.module.WRONG[exercise].items():
        english = examine(exercise, answers[0])
        with speaking("fr"):
            french = examine(exercise, answers[0])
        feedback = (english.text, english.next_step)
        assert told.setdefault(feedback, misconception) == misconception, feedback
        assert french.text != english.text, f"{misconception} has no French"
