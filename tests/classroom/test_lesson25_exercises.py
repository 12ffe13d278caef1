"""Each check of lesson 25 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgelab import diagnosis, levers, machine, records
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.journal import Journal
from edgelab.classroom.journal_page import gist
from edgelab.explain import Explanation
from edgelab.runtimes import Candidate
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)
from tests.evidence_made import explanation, part, side

PAPER: dict[str, list[Answer]] = {
    "upside-down": [lambda b, a: 1 / diagnosis.paper_gain(b, a)],
    "ignores-zeros": [lambda b, a: b.macs * b.bits / (a.macs * a.bits)],
    "ignores-bits": [lambda b, a: b.macs * (1 - b.idle) / (a.macs * (1 - a.idle))],
    "counts-the-zeros": [
        lambda b, a: b.macs * b.bits / (a.macs * a.bits) * (a.idle or 1),
    ],
    "adds-gains": [
        lambda b, a: b.macs / a.macs + b.bits / a.bits + (1 - b.idle) / (1 - a.idle),
        lambda b, a: b.macs / a.macs + b.bits / a.bits + (1 - b.idle) / (1 - a.idle) - 2,
    ],
    "wrong-gain": [lambda b, a: 1.7, lambda b, a: b.macs - a.macs],
    "not-numbers": [lambda b, a: f"{b.macs / a.macs} times"],
    "AttributeError": [lambda b, a: b.products / a.products],
}

LINE: dict[str, list[Answer]] = {
    "swapped": [lambda t: np.polyfit(list(t), list(t.values()), 1)],
    "first-is-fixed": [lambda t: (t[1], (t[4] - t[1]) / 3)],
    "average": [lambda t: (t[1] - t[4] / 4, t[4] / 4), lambda t: (0.0, t[1])],
    "not-two": [lambda t: t[1], lambda t: list(t.values())],
    "wrong-line": [lambda t: (t[2] - t[1], t[1] - t[2]), lambda t: (0.0, 0.0)],
    "KeyError": [lambda t: (t[0], t[1])],
}

WHOLE: dict[str, list[Answer]] = {
    "factor-of-the-part": [lambda s, k: k],
    "time-not-gain": [lambda s, k: 1 - s + s / k],
    "averages-gains": [lambda s, k: 1 - s + s * k],
    "forgets-the-rest": [lambda s, k: s * k, lambda s, k: k / s if s else 1.0],
    "other-part": [lambda s, k: levers.whole_gain(1 - s, k)],
    "wrong-gain": [lambda s, k: 0.0, lambda s, k: k - s],
    "ZeroDivisionError": [lambda s, k: 1 / 0],
}

LATENCY_MS, ALONE_MS = 2.0, 0.4
GAIN = levers.whole_gain(ALONE_MS / LATENCY_MS, levers.FACTOR)


def said(gain: float, cause: str = "python", why: str = "most of the time is there") -> Answer:
    return lambda found: (gain, cause, why)


CHOICE: dict[str, list[Answer]] = {
    "factor-of-the-part": [said(4.0)],
    "share-of-the-rest": [said(levers.whole_gain(0.8, 4.0))],
    "not-your-gain": [said(1.0), said(1.5)],
    "unknown-cause": [said(GAIN, "the loop")],
    "other-cause": [said(GAIN, "instructions"), said(GAIN, "call")],
    "no-reason": [said(GAIN, why="because"), said(GAIN, why="")],
    "not-three": [lambda found: GAIN, lambda found: (GAIN, "python")],
    "not-numbers": [said("1.2 times")],  # type: ignore[arg-type]
}

BREAK: dict[str, list[Answer]] = {
    "harmless": [lambda f: (Candidate(f), "a"), lambda f: (Candidate(f, threads=1), "a")],
    "other-reason": [
        lambda f: (Candidate(f, threads=500), "b"),
        lambda f: (Candidate(f, "litert-builtin"), "c"),
        lambda f: (Candidate(f, threads=500), "d"),
    ],
    "no-such-reason": [
        lambda f: (Candidate(f, threads=500), "threads"),
        lambda f: (Candidate(f, threads=500), 1),
    ],
    "not-a-candidate": [lambda f: (f, "a")],
    "other-file": [lambda f: (Candidate(Path("other.tflite"), threads=500), "a")],
    "wrong-runtime": [lambda f: (Candidate(f, "keras-predict"), "d")],
    "not-two": [lambda f: Candidate(f, threads=500)],
}

WRONG = {
    "25.1 paper gain": PAPER,
    "25.2 fixed cost": LINE,
    "25.3 whole gain": WHOLE,
    "25.4 choice": CHOICE,
    "25.5 break it": BREAK,
}


def _work(x: object) -> float:
    return x.macs * (1 - x.idle) * x.bits  # type: ignore[attr-defined, no-any-return]


RIGHT: dict[str, list[Answer]] = {
    "25.1 paper gain": [
        diagnosis.paper_gain,
        lambda b, a: _work(b) / _work(a),
        lambda b, a: 1 / (_work(a) / _work(b)),
    ],
    "25.2 fixed cost": [
        lambda t: tuple(np.polyfit(list(t), list(t.values()), 1)[::-1]),
        lambda t: (2 * t[1] - t[2], t[2] - t[1]),
        diagnosis.fixed_and_each,
    ],
    "25.3 whole gain": [
        levers.whole_gain,
        lambda s, k: 1 / (1 - s + s / k),
        lambda s, k: k / (k * (1 - s) + s),
    ],
    "25.4 choice": [
        levers.choose,
        said(GAIN),
        said(1.01 * GAIN, why="a faster network changes little"),
        lambda found: [GAIN, found.cause, "the loop comes first of all"],
    ],
    "25.5 break it": [
        levers.spoiled,
        lambda f: (Candidate(f, "litert-builtin"), "b"),
        lambda f: [Candidate(f, threads=machine.cores() + 1), " A "],
    ],
}


def pipeline() -> Explanation:
    """Return the explanation of a candidate that spends four fifths of its time in Python."""
    after = side("half", LATENCY_MS, part(5_000_000), by_batch={1: ALONE_MS})
    return explanation(after, side("float32", 2.4), without={"python": ALONE_MS})


@pytest.fixture(autouse=True)
def explained() -> None:
    """Put a pipeline's explanation into the journal, and a later one about something else."""
    records.publish("explanation", "pipelines", pipeline())
    records.publish("explanation", "float32 / half", explanation(side("half", 1.0, part(5_000))))


def test_who_has_explained_no_pipeline_is_sent_to_the_cell() -> None:
    before = records.use(records.MemoryStore())
    try:
        result = examine("25.4 choice", said(GAIN))
    finally:
        records.use(before)
    assert result.misconception == "nothing-measured"


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("25")] == list(WRONG)


def test_the_journal_says_in_a_word_what_an_explanation_found(journal: Journal) -> None:
    records.publish("explanation", "pipelines", pipeline())
    records.publish("explanation", "the same", explanation(side("same", 1.0)))
    assert [gist(entry) for entry in journal.find("explanation")] == ["python", "no cause found"]
