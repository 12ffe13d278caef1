"""The check of lesson 00 against plausible wrong answers, named, and against right ones."""

from __future__ import annotations

import numpy as np

from edgelab.classroom import questions
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.language import speaking
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)

WRONG: dict[str, dict[str, list[Answer]]] = {
    "00.1 size": {
        "kibibytes": [lambda n: n * 4 / 1024],
        "bytes": [lambda n: n * 4],
        "megabytes": [lambda n: n * 4 / 1e6],
        "bits": [lambda n: n * 32 / 1000, lambda n: n * 32],
        "one-byte": [lambda n: n / 1000],
        "float64": [lambda n: n * 8 / 1000],
        "wrong-size": [lambda _n: 0.0, lambda _n: 229.2, lambda n: n, lambda n: n * 4 // 1000],
        "not-numbers": [lambda n: f"{n * 4 / 1000} kB"],
    }
}
RIGHT: dict[str, list[Answer]] = {
    "00.1 size": [
        lambda n: n * 4 / 1000,
        lambda n: 0.004 * n,
        lambda n: np.float32(n) * np.dtype("float32").itemsize / 1e3,
        lambda parameters: parameters * 32 / 8 / 1000,
    ]
}


def test_feedback_is_in_the_students_language() -> None:
    with speaking("fr"):
        result = examine("00.1 size", WRONG["00.1 size"]["bytes"][0])
    assert result.text == "Ce sont des octets."


def test_the_lesson_has_one_exercise_and_questions_that_explain_every_option() -> None:
    assert [exercise.name for exercise in exercises_of("00")] == ["00.1 size"]
    for question in questions.questions_of("00"):
        assert sum(option.right for option in question.options) == 1
        assert all(option.why for option in question.options)
