from __future__ import annotations

import pkgutil
import re
from typing import Any

import numpy as np
import pytest

from edgelab import records
from edgelab.classroom import exercises
from edgelab.classroom.exercises import (
    Answer,
    Wrong,
    attempts,
    check,
    examine,
    exercise,
    hint,
    registry,
    working,
)
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import speaking
from edgelab.errors import InputError

NAME = "99.1 double"


@pytest.fixture(autouse=True)
def doubling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Define one exercise of a lesson 99 for these tests."""
    monkeypatch.setattr(registry, "_exercises", dict(registry._exercises))

    @exercise(NAME, "Twice as much", hints=("Add it to itself.", "`2 * value`"))
    def double(answer: Answer) -> str:
        for value in (1.5, -2.0):
            if answer.number(value) != 2 * value:
                raise Wrong("not-doubled", "That is not twice as much.", "Multiply by 2.")
        return "Twice it is."


def double(value: float) -> float:
    return 2 * value


def not_doubled(value: float) -> float:
    return value


def broken(value: float) -> float:
    return value.maximum  # type: ignore[attr-defined, no-any-return]


def lessons() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(exercises.__path__)]
    return [name.removeprefix("lesson") for name in names if name.startswith("lesson")]


ALL = [found.name for lesson in lessons() for found in exercises.exercises_of(lesson)]

CONSTANTS: dict[str, Any] = {
    "zero": lambda *_: 0,
    "one": lambda *_: 1,
    "tiny": lambda *_: 1e-12,
    "first argument": lambda first=None, *_: first,
    "zeros": lambda first=0, *_: np.zeros(np.shape(first)),
    "ones": lambda first=0, *_: np.ones(np.shape(first)),
    "nan": lambda *_: float("nan"),
    "text": lambda *_: "42",
    "empty list": lambda *_: [],
    "dictionary": lambda *_: {},
    "true": lambda *_: True,
    "object": lambda *_: object(),
    "class": int,
    "value zero": 0,
    "value true": True,
    "value text": "yes",
    "value list": [0, 0, 0],
    "value array": np.zeros((3, 3)),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("constant", CONSTANTS)
def test_no_constant_passes_any_exercise(name: str, constant: str) -> None:
    result = examine(name, CONSTANTS[constant])
    if result.status != "unanswered":  # a function that gives None back is a stub
        assert result.status == "wrong"
        assert result.text


@pytest.mark.parametrize("name", ALL)
def test_every_exercise_has_two_hints_in_both_languages(name: str) -> None:
    found = exercises.find(name)
    assert found.hints[0] != found.hints[1]
    with speaking("fr"):
        from edgelab.classroom.language import _

        texts = (found.title, *found.hints)
        # A hint that is nothing but code is the same in every language.
        assert all(_(text) != text for text in texts if re.sub(r"`[^`]*`", "", text).strip(" .:"))


def test_a_right_answer_passes_with_its_sentence() -> None:
    result = examine(NAME, double)
    assert (result.passed, result.text) == (True, "Twice it is.")


def test_a_wrong_answer_is_told_what_and_what_next() -> None:
    result = examine(NAME, not_doubled)
    assert (result.status, result.misconception) == ("wrong", "not-doubled")
    assert (result.text, result.next_step) == ("That is not twice as much.", "Multiply by 2.")


def test_an_error_is_explained_with_the_students_line() -> None:
    result = examine(NAME, broken)
    assert result.misconception == "AttributeError"
    assert "Your code stopped with `AttributeError: 'float' object has no" in result.text
    assert result.code.endswith("return value.maximum  # type: ignore[attr-defined, no-any-return]")
    assert result.next_step


@pytest.mark.parametrize(
    ("answer", "misconception"),
    [
        (lambda _v: undefined_name, "NameError"),  # type: ignore[name-defined]  # noqa: F821
        (lambda v: v / 0, "ZeroDivisionError"),
        (lambda v: list(range(2))[int(v) + 5], "IndexError"),
        (lambda v: {}[v], "KeyError"),
        (lambda v: v + "x", "TypeError"),
        (lambda _v: int("x"), "ValueError"),
        (lambda _v: exit(), "SystemExit"),  # noqa: PLR1722 - what a student may write
        (lambda: 3, "signature"),
        (lambda a, b: a * b, "signature"),
        (3.0, "value-instead-of-function"),
        (lambda v: [v, v], "not-one-number"),
        (lambda _v: "3", "not-numbers"),
        (lambda v: v * float("inf"), "not-finite"),
        (lambda v: 2 * v if v > 0 else None, "sometimes-nothing"),
    ],
)
def test_what_a_student_may_hand_in_never_stops_the_notebook(
    answer: Any, misconception: str
) -> None:
    result = examine(NAME, answer)
    assert (result.status, result.misconception) == ("wrong", misconception)
    assert result.text
    assert result.next_step


def test_endless_recursion_is_explained() -> None:
    def forever(value: float) -> float:
        return forever(value)

    assert examine(NAME, forever).misconception == "RecursionError"


def test_a_kernel_interrupt_is_not_swallowed() -> None:
    def stop(_value: float) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(NAME, stop)


def test_a_check_that_stops_gives_no_verdict_and_no_traceback(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    @exercise("99.3 fragile", "A check with a fault", hints=("a", "b"))
    def fragile(answer: Answer) -> str:
        return "All of them: " + answer.value

    result = examine("99.3 fragile", 4)
    assert (result.status, result.passed) == ("unchecked", False)
    assert result.code.startswith("TypeError: ")
    check("99.3 fragile", 4)
    shown = capsys.readouterr().out
    assert "99.3 fragile: could not be checked" in shown
    assert "TypeError" in shown
    assert "Traceback" not in shown
    assert attempts("99.3 fragile") == []
    assert working("99.3 fragile", double, not_doubled) is not_doubled


def test_a_value_can_be_asked_for_instead_of_a_function() -> None:
    @exercise("99.2 value", "A value", hints=("a", "b"))
    def value(answer: Answer) -> None:
        if answer.value != 4:
            raise Wrong("not-four", "It is 4.")

    assert examine("99.2 value", 4).passed
    assert examine("99.2 value", 5).misconception == "not-four"
    assert examine("99.2 value", ...).status == "unanswered"
    assert examine("99.2 value", double).misconception == "function-instead-of-value"


def test_numpy_warnings_do_not_reach_the_page(recwarn: pytest.WarningsRecorder) -> None:
    result = examine(NAME, lambda v: np.float64(v) / np.float64(0))
    assert result.misconception == "not-finite"
    assert not recwarn.list


def test_check_shows_the_verdict_and_records_it(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    check(NAME, not_doubled)
    check(NAME, double)
    shown = capsys.readouterr().out
    assert "99.1 double: not there yet" in shown
    assert "Next: Multiply by 2." in shown
    assert "99.1 double: passed" in shown
    kept = [e.payload for e in journal.find("exercise", NAME)]
    assert [(k["passed"], k["misconception"], k["attempt"]) for k in kept] == [
        (False, "not-doubled", 1),
        (True, "", 2),
    ]
    assert {e.lesson for e in journal.find()} == {"99"}


def test_the_same_answer_again_is_no_new_attempt(journal: Journal) -> None:
    for answer in (not_doubled, not_doubled, double, double, not_doubled):
        check(NAME, answer)
    assert [e.payload["attempt"] for e in attempts(NAME)] == [1, 2, 3]  # type: ignore[attr-defined]


def test_what_was_answered_can_be_read_in_the_journal(journal: Journal) -> None:
    check(NAME, not_doubled)
    assert "return value\n" in journal.find("exercise", NAME)[-1].payload["source"]
    check(NAME, eval("lambda value: 2 * value"))
    kept = journal.find("exercise", NAME)[-1].payload
    assert (kept["source"], kept["answer"], kept["passed"]) == ("", "", True)


def test_a_long_answer_is_cut_and_still_told_from_another(journal: Journal) -> None:
    for end in "ab":
        check(NAME, "x" * 5000 + end)
    first, second = (entry.payload for entry in journal.find("exercise", NAME))
    assert len(first["source"]) == 4000
    assert first["source"] == second["source"]
    assert first["answer"] != second["answer"]


def test_a_stub_is_shown_and_not_recorded(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    check(NAME, lambda _value: ...)
    assert "99.1 double: not answered yet" in capsys.readouterr().out
    assert journal.find() == []


def test_a_second_failure_points_to_the_hint(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    check(NAME, not_doubled)
    assert "hint(" not in capsys.readouterr().out
    check(NAME, broken)
    assert '`hint("99.1 double", 1)`' in capsys.readouterr().out


def test_a_verdict_is_shown_even_where_it_cannot_be_recorded(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGELAB_WORKSPACE", "/dev/null/nowhere")
    check(NAME, double)
    shown = capsys.readouterr().out
    assert "99.1 double: passed" in shown
    assert "Nothing is lost" in shown
    assert [e.name for e in journal.pending] == [NAME]


def test_a_hint_is_folded_and_more_direct_at_level_two(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hint(NAME, 1)
    assert "Add it to itself." in capsys.readouterr().out
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("edgelab.classroom.cards.display", shown.append)
    hint(NAME, 2)
    assert "<details" in shown[0]["text/html"]
    assert "<code>2 * value</code>" in shown[0]["text/html"]


def test_there_are_two_hints() -> None:
    with pytest.raises(InputError, match="hints 1 and 2"):
        hint(NAME, 3)


def test_a_misspelt_name_is_met_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no exercise '20\.1 scal'; did you mean '20\.1 scale'"):
        check("20.1 scal", None)
    with pytest.raises(InputError, match="no exercise 'scale'"):
        check("scale", None)


def test_an_exercise_is_named_by_its_lesson() -> None:
    with pytest.raises(InputError, match="named like"):
        exercise("scale", "The scale", hints=("a", "b"))


def test_the_lesson_goes_on_with_the_library_until_the_check_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def library(value: float) -> float:
        return value + value

    assert working(NAME, double, library) is double
    assert capsys.readouterr().out == ""
    assert working(NAME, not_doubled, library) is library
    assert "99.1 double is not solved yet" in capsys.readouterr().out
    assert working(NAME, lambda _v: ..., library) is library
    assert records.history("exercise") == []
