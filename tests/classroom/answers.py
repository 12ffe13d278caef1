"""What every exercise's check must do, with the right and wrong answers of one module.

A module names its answers `WRONG` (exercise → misconception → answers) and `RIGHT` (exercise →
answers), imports these tests, and pytest runs them for each answer (see `conftest.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from edgelab.classroom.exercises import examine

Answer = Callable[..., Any]

__all__ = [
    "Answer",
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
