"""Each check of lesson 10 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005, PLW0108

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edgelab.classroom import questions
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.language import speaking
from edgelab.files import counted
from edgelab.measuring import stopwatch
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)


def each_run(inference: Answer, runs: int, clock: Answer) -> list[float]:
    """Return the seconds of every run."""
    times = []
    for _ in range(runs):
        begin = clock()
        inference()
        times.append(clock() - begin)
    return times


def timed(
    summary: Callable[[list[float]], float] = statistics.median,
    factor: float = 1e3,
    warm: Callable[[Answer, int], object] = lambda f, n: [f() for _ in range(n)],
) -> Answer:
    """Return the right stopwatch with one part replaced."""

    def answer(inference: Answer, warmup: int = 10, runs: int = 50, clock: Answer = time.time):
        warm(inference, warmup)
        return summary(each_run(inference, runs, clock)) * factor

    return answer


def with_warm_up_in_the_list(inference: Answer, warmup: int, runs: int, clock: Answer) -> float:
    return statistics.median(each_run(inference, warmup + runs, clock)) * 1e3


def one_reading_around_all(inference: Answer, warmup: int, runs: int, clock: Answer) -> float:
    for _ in range(warmup):
        inference()
    begin = clock()
    for _ in range(runs):
        inference()
    return (clock() - begin) / runs * 1e3


def with_its_own_clock(inference: Answer, warmup: int, runs: int, clock: Answer) -> float:
    for _ in range(warmup):
        inference()
    return statistics.median(each_run(inference, runs, time.perf_counter)) * 1e3


def only_the_last(inference: Answer, warmup: int, runs: int, clock: Answer) -> float:
    for _ in range(warmup):
        inference()
    return each_run(inference, runs, clock)[-1] * 1e3


MEDIAN: dict[str, list[Answer]] = {
    "no-warm-up": [timed(warm=lambda f, n: None)],
    "warm-up-counted": [
        with_warm_up_in_the_list,
        lambda f, w, r, c: statistics.fmean(each_run(f, w + r, c)) * 1e3,
    ],
    "mean": [timed(statistics.fmean), one_reading_around_all],
    "total": [timed(sum), lambda f, w, r, c: one_reading_around_all(f, w, r, c) * r],
    "extreme": [timed(min), timed(max)],
    "unit": [timed(factor=1), timed(factor=1e6)],
    "unsorted-middle": [timed(lambda times: times[len(times) // 2])],
    "last-run": [only_the_last],
    "another-clock": [with_its_own_clock],
    "wrong-number-of-runs": [
        lambda f, w, r, c: timed()(f, 10, 50, c),
        lambda f, w, r, c: timed()(f, w, 2 * r, c),
        lambda f, w, r, c: timed(warm=lambda g, n: g())(f, w, r, c),
    ],
    "wrong-time": [
        timed(lambda times: 0.0),
        timed(lambda times: statistics.median(times) + 1),
        timed(lambda times: float(np.percentile(times, 90))),
    ],
    "not-one-number": [lambda f, w, r, c: [1e3 * t for t in each_run(f, w + r, c)]],
    "signature": [lambda f: 1.0],
    "TypeError": [lambda f, w, r, c: timed()(f, w, r, c()), lambda f, w, r, c: c - 1],
}


def chance(p: float, n: int) -> float:
    q = p / 100
    return q**n + n * (1 - q) * q ** (n - 1)


PERCENTILE: dict[str, list[Answer]] = {
    "none-only": [lambda p, n: (p / 100) ** n],
    "one-only": [lambda p, n: n * (1 - p / 100) * (p / 100) ** (n - 1)],
    "which-run": [
        lambda p, n: (p / 100) ** n + (1 - p / 100) * (p / 100) ** (n - 1),
        lambda p, n: (1 - p / 100) * (p / 100) ** (n - 1),
        lambda p, n: (p / 100) ** (n - 1),
    ],
    "one-run-too-many": [lambda p, n: (p / 100) ** n + n * (1 - p / 100) * (p / 100) ** n],
    "swapped": [lambda p, n: chance(100 - p, n)],
    "complement": [lambda p, n: 1 - chance(p, n)],
    "no-chance": [lambda p, n: float(p) ** n, lambda p, n: n * 1.0],
    "wrong-chance": [
        lambda p, n: 0.5,
        lambda p, n: 0.0,
        lambda p, n: (1 - p / 100) ** n,
        lambda p, n: (p / 100) ** n / 2,
    ],
}


def plan(rule: str, **changed: Any) -> Answer:
    return lambda given: ({**given, **changed}, rule)


BREAK: dict[str, list[Answer]] = {
    "nothing-changed": [plan("warm-up"), lambda p: (p, "loading")],
    "several-changes": [plan("warm-up", warm_up=(0, 20), loads=1)],
    "still-fair": [
        plan("warm-up", warm_up=(5, 5)),
        plan("warm-up", warm_up=(40, 40)),
        plan("warm-up", warm_up=(20, 30)),
        plan("loading", loads=10),
        plan("loading", loads=2),
    ],
    "not-runnable": [
        plan("turns", order="backwards"),
        plan("loading", loads=0),
        plan("loading", loads="one"),
        plan("loading", loads=1000),
        plan("warm-up", warm_up=0),
        plan("warm-up", warm_up=(-5, 20)),
        plan("warm-up", warm_up=(1, 2, 3)),
    ],
    "wrong-reason": [
        plan("loading", warm_up=(0, 20)),
        plan("warm-up", loads=1),
        plan("loading", order="one after the other"),
    ],
    "unknown-rule": [plan("because", loads=1), plan("", loads=1), plan("drift", loads=1)],
    "not-plan-and-rule": [
        lambda p: p,
        lambda p: ("loading", p),
        lambda p: ({"loads": 1}, "loading"),
        lambda p: ({**p, "speed": 2}, "loading"),
        lambda p: "loading",
    ],
}

MACS: dict[str, list[Answer]] = {
    "filters-twice": [lambda k, o: math.prod(k) * math.prod(o)],
    "operations": [lambda k, o: 2 * math.prod(k) * o[0] * o[1]],
    "weights-only": [lambda k, o: math.prod(k)],
    "output-only": [lambda k, o: math.prod(o), lambda k, o: o[0] * o[1]],
    "one-side": [
        lambda k, o: math.prod(k) * o[0],
        lambda k, o: math.prod(k) * o[1],
        lambda k, o: math.prod(k) * (o[0] + o[1]),
    ],
    "part-missing": [
        lambda k, o: k[0] * k[1] * k[2] * o[0] * o[1],
        lambda k, o: k[0] * k[1] * k[3] * o[0] * o[1],
        lambda k, o: k[0] * math.prod(k[2:]) * o[0] * o[1],
    ],
    "depthwise": [lambda k, o: k[0] * k[1] * k[2] * math.prod(o)],
    "bias": [lambda k, o: math.prod(k) * o[0] * o[1] + math.prod(o)],
    "wrong-count": [
        lambda k, o: 0,
        lambda k, o: sum(k) * o[0] * o[1],
        lambda k, o: math.prod(k) * 4 * o[0] * o[1],
        lambda k, o: (k[0] + k[1]) * math.prod(o),
    ],
    "not-one-number": [lambda k, o: np.array(k) * o[0] * o[1]],
    "IndexError": [lambda k, o: k[4] * o[0]],
}

BASELINE: dict[str, list[Answer]] = {
    "popular": [lambda: ("predict()", "a"), lambda: ("LiteRT", "a")],
    "largest-gain": [lambda: ("predict()", "c")],
    "fastest": [lambda: ("ONNX Runtime", "d"), lambda: ("LiteRT", "D")],
    "another-runtime": [lambda: ("compiled call", "b"), lambda: ("predict()", "b")],
    "unknown-letter": [lambda: ("LiteRT", "e"), lambda: ("LiteRT", "because"), lambda: ("b", 1)],
    "not-a-pair": [lambda: "LiteRT", lambda: ("LiteRT",), lambda: 3],
}

WRONG = {
    "10.1 median": MEDIAN,
    "10.2 percentile": PERCENTILE,
    "10.3 break it": BREAK,
    "10.4 macs": MACS,
    "10.5 baseline": BASELINE,
}


def changed_in_place(given: dict[str, Any]) -> Any:
    given["warm_up"] = (0, 20)
    return given, "warm-up"


RIGHT: dict[str, list[Answer]] = {
    "10.1 median": [
        timed(),
        timed(lambda times: sorted(times)[len(times) // 2]),
        timed(lambda times: float(np.median(times))),
        timed(lambda times: float(np.percentile(times, 50))),
        timed(np.median),  # type: ignore[arg-type]
        lambda f, w, r, c: timed(warm=lambda g, n: each_run(g, n, c))(f, w, r, c),
        lambda f, w, r, c: statistics.median(each_run(f, w + r, c)[w:]) * 1e3,
        stopwatch.median_ms,
    ],
    "10.2 percentile": [
        chance,
        stopwatch.chance_of_too_few,
        lambda p, n: sum(
            math.comb(n, k) * (1 - p / 100) ** k * (p / 100) ** (n - k) for k in (0, 1)
        ),
        lambda p, n: np.float64(chance(p, n)),
    ],
    "10.3 break it": [
        stopwatch.broken,
        changed_in_place,
        plan("warm-up", warm_up=(20, 0)),
        plan("warm-up", warm_up=[0, 20]),
        plan("Loading ", loads=1),
        plan("turns", order="one after the other"),
        lambda p: [{**p, "loads": 1}, "loading"],
    ],
    "10.4 macs": [
        counted.macs,
        lambda k, o: math.prod(k) * o[0] * o[1],
        lambda k, o: int(np.prod(k) * np.prod(o[:2])),
        lambda kernel, output: float(np.prod(kernel)) * output[0] * output[1],
        lambda k, o: sum(math.prod(k) for _ in range(o[0]) for _ in range(o[1])),
    ],
    "10.5 baseline": [
        lambda: ("LiteRT", "b"),
        lambda: ["litert", "B"],
        lambda: (" LiteRT", " b "),
    ],
}


def test_each_way_to_break_the_plan_is_explained_in_its_own_words() -> None:
    answers = [
        plan("loading", loads=1),
        plan("warm-up", warm_up=(0, 20)),
        plan("turns", order="one after the other"),
    ]
    texts = {examine("10.3 break it", answer).text for answer in answers}
    assert len(texts) == len(answers)


def test_feedback_is_in_the_students_language() -> None:
    with speaking("fr"):
        result = examine("10.4 macs", MACS["operations"][0])
    assert result.text.startswith("Vous avez compté")


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("10")] == list(WRONG)


def test_every_question_has_one_right_option_and_explains_all() -> None:
    asked = questions.questions_of("10")
    assert len(asked) == 4
    for question in asked:
        assert sum(option.right for option in question.options) == 1
        assert all(option.why for option in question.options)
