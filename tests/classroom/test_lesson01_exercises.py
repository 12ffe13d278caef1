"""The checks of lesson 01 against plausible wrong answers, each named, and against right ones."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from edgelab.classroom import questions
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.exercises.filing_mistakes import record
from edgelab.classroom.language import speaking
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)


def edited(*place: Any, value: Any, letter: str = "b") -> Answer:
    """Return an answer that puts a value into one place of the record."""

    def answer(given: dict[str, Any]) -> tuple[dict[str, Any], str]:
        *way, last = place
        inside: Any = given
        for step in way:
            inside = inside[step]
        inside[last] = value
        return given, letter

    return answer


SIZE = ("payload", "measurements", 1, "size", "file_bytes")
HALF = 115_000


def both(given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    for model in given["payload"]["measurements"]:
        model["size"]["file_bytes"] //= 2
    return given, "b"


def halved(given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    given["payload"]["measurements"][1]["size"]["file_bytes"] /= 2
    return given, "b"


def rebuilt(given: dict[str, Any]) -> list[Any]:
    new = copy.deepcopy(given)
    size = new["payload"]["measurements"][-1]["size"]
    size |= {"file_bytes": size["file_bytes"] // 2}
    return [new, " (B) "]


WRONG: dict[str, dict[str, list[Answer]]] = {
    "01.1 improvement": {
        "share": [lambda b, a: (b - a) / b, lambda b, a: 1 - a / b],
        "what-is-left": [lambda b, a: 100 * a / b],
        "growth": [lambda b, a: 100 * (a - b) / b, lambda b, a: 100 * (a / b - 1)],
        "of-the-new": [lambda b, a: 100 * (b - a) / a],
        "factor": [lambda b, a: b / a],
        "difference": [lambda b, a: b - a],
        "never-worse": [
            lambda b, a: abs(100 * (b - a) / b),
            lambda b, a: 100 * abs(b - a) / b,
            lambda b, a: max(0, 100 * (1 - a / b)),
        ],
        "wrong-improvement": [lambda _b, _a: 75.0, lambda b, a: round(100 * (b - a) / b)],
        "not-numbers": [lambda b, a: f"{100 * (b - a) / b:.1f} %"],
    },
    "01.2 agrees": {
        "exact": [lambda t, r, _tol: t == r],
        "absolute": [lambda t, r, tol: abs(t - r) <= tol],
        "one-sided": [
            lambda t, r, tol: t - r <= tol * abs(r),
            lambda t, r, tol: r - t <= tol * abs(r),
        ],
        "of-the-typed": [lambda t, r, tol: abs(t - r) <= tol * abs(t)],
        "sign-of-the-recorded": [lambda t, r, tol: abs(t - r) <= tol * r],
        "percent": [lambda t, r, tol: 100 * abs(t - r) <= tol * abs(r)],
        "sizes-only": [lambda t, r, tol: abs(abs(t) - abs(r)) <= tol * abs(r)],
        "everything": [lambda *_: True],
        "upside-down": [lambda t, r, tol: abs(t - r) > tol * abs(r)],
        "wrong-verdict": [lambda *_: False, lambda t, r, _tol: round(t) == round(r)],
        "not-a-truth-value": [lambda t, r, _tol: abs(t - r), lambda *_: "yes"],
        "ZeroDivisionError": [lambda t, r, tol: abs(t - r) / abs(r) <= tol],
    },
    "01.3 edit": {
        "unchanged": [lambda given: (given, "b"), lambda given: (copy.deepcopy(given), "b")],
        "rehashed": [
            lambda given: (halved(given)[0] | {"hash": "1" * 64}, "b"),
            lambda given: ({k: v for k, v in halved(given)[0].items() if k != "hash"}, "b"),
        ],
        "first-model": [edited("payload", "measurements", 0, "size", "file_bytes", value=450_000)],
        "other-figure": [
            edited("payload", "measurements", 1, "latency", "median_ms", value=0.01),
            edited("file_bytes", value=HALF),
            edited("payload", "file_bytes", value=HALF),
        ],
        "more-than-the-size": [both, lambda given: (halved(given)[0] | {"number": 4}, "b")],
        "not-half": [edited(*SIZE, value=1), edited(*SIZE, value="115000")],
        "date": [lambda given: (halved(given)[0], "a")],
        "second-copy": [lambda given: (halved(given)[0], "c")],
        "too-good": [lambda given: (halved(given)[0], "D")],
        "no-letter": [lambda given: (halved(given)[0], "e"), lambda given: (halved(given)[0], 2)],
        "not-a-pair": [lambda given: halved(given)[0], lambda _given: ("b", "b")],
        "KeyError": [lambda given: (given["measurements"], "b")],
    },
}
RIGHT: dict[str, list[Answer]] = {
    "01.1 improvement": [
        lambda b, a: 100 * (b - a) / b,
        lambda b, a: 100 * (1 - a / b),
        lambda before, after: np.float64(100) - after / before * 100,
    ],
    "01.2 agrees": [
        lambda t, r, tol: abs(t - r) <= tol * abs(r),
        lambda t, r, tol: bool(np.isclose(t, r, rtol=tol, atol=0)),
        lambda t, r, tol: r - tol * abs(r) <= t <= r + tol * abs(r),
        lambda t, r, tol: t == r or math.fabs((t - r) / r) <= tol,
    ],
    "01.3 edit": [
        halved,
        edited(*SIZE, value=HALF),
        edited(*SIZE, value=HALF, letter="B"),
        rebuilt,
    ],
}


def test_feedback_is_in_the_students_language() -> None:
    with speaking("fr"):
        result = examine("01.1 improvement", WRONG["01.1 improvement"]["share"][0])
    assert result.text == "C’est une part, entre 0 et 1."


def test_the_record_of_the_exercise_looks_like_one_of_the_journal() -> None:
    from edgelab.classroom import chain

    assert set(record()) <= chain.FIELDS


def test_every_question_explains_every_option_and_has_one_right_answer() -> None:
    assert [e.name.split()[0] for e in exercises_of("01")] == ["01.1", "01.2", "01.3"]
    for question in questions.questions_of("01"):
        assert sum(option.right for option in question.options) == 1
        assert all(option.why for option in question.options)
