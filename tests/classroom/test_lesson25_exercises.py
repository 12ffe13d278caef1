"""Each check of lesson 25 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgelab import records
from edgelab.classroom.exercises import examine, exercises_of, offer_mistakes
from edgelab.classroom.journal import Journal
from edgelab.classroom.journal_page import gist
from edgelab.explaining import diagnosis, levers
from edgelab.explaining.explain import Explanation
from edgelab.measuring import machine
from edgelab.runtimes import Candidate
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
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
    "rounded": [
        lambda b, a: round(diagnosis.paper_gain(b, a)),
        lambda b, a: diagnosis.paper_gain(b, a) // 1,
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

# As measured once: the network takes a hundredth of the call, and every sum comes out near 1.
LATENCY_MS, ALONE_MS = 22.2, 0.215
GAIN = levers.whole_gain(ALONE_MS / LATENCY_MS, levers.FACTOR)


def share_of(found: Explanation) -> float:
    e = found.evidence
    return e.without["python"] / e.after.latency_ms


def summed(gain_of: Callable[[float], object]) -> Answer:
    """Return an answer whose gain follows from the network's share."""
    return lambda found: (gain_of(share_of(found)), "python", "most of the time is there")


def said(cause: str = "python", why: str = "most of the time is there") -> Answer:
    """Return an answer with the right sum."""
    return lambda found: (levers.whole_gain(share_of(found), levers.FACTOR), cause, why)


CHOICE: dict[str, list[Answer]] = {
    "factor-of-the-part": [summed(lambda s: 4.0)],
    "share-of-the-rest": [summed(lambda s: levers.whole_gain(1 - s, 4))],
    "network-for-nothing": [
        summed(lambda s: 1 / (1 - s)),
        summed(lambda s: levers.whole_gain(s, np.inf)),
    ],
    "not-your-gain": [
        summed(lambda s: 1.0),
        summed(lambda s: 1.5),
        summed(lambda s: levers.whole_gain(s, 2)),
        summed(lambda s: 4 * s),
        summed(lambda s: 1 - s + s / 4),
        summed(lambda s: levers.whole_gain(s, 4) if s > 0.5 else 1.0),
    ],
    "same-for-all": [lambda found: (GAIN, "python", "most of the time is there")],
    "unknown-cause": [said("the loop")],
    "other-cause": [said("instructions"), said("call")],
    "no-reason": [said(why="because"), said(why="")],
    "not-three": [lambda found: GAIN, lambda found: (GAIN, "python")],
    "not-numbers": [summed(lambda s: "1.2 times")],
}

BREAK: dict[str, list[Answer]] = {
    "harmless": [
        lambda f: (Candidate(f), "a"),
        lambda f: (Candidate(f, threads=1), "a"),
        lambda f: (Candidate(f, "litert"), "b"),
    ],
    "other-reason": [
        lambda f: (Candidate(f, threads=500), "b"),
        lambda f: (Candidate(f, "litert-builtin"), "a"),
        lambda f: (Candidate(f, "litert-builtin"), "c"),
        lambda f: (Candidate(f, "litert-builtin", threads=64), "d"),
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
        said(),
        summed(lambda s: round(levers.whole_gain(s, 4), 3)),
        lambda found: [
            1 / (1 - 0.75 * share_of(found)),
            found.cause,
            "the loop comes first of all",
        ],
    ],
    "25.5 break it": [
        levers.spoiled,
        lambda f: (Candidate(f, "litert-builtin"), "b"),
        lambda f: [Candidate(f, threads=machine.cores() + 1), " A "],
        lambda f: (Candidate(f, threads=2), "a"),
        lambda f: (Candidate(f, "litert-builtin", threads=64), "a"),
        lambda f: (Candidate(f, "litert-builtin", threads=64), "b"),
    ],
}


def pipeline() -> Explanation:
    """Return the explanation of an application that spends nearly all its time in Python."""
    after = side(offer_mistakes.APPLICATION, LATENCY_MS, part(5_000_000), by_batch={1: ALONE_MS})
    before = side("full", 22.4, by_batch={1: 0.43})
    return explanation(after, before, without={"python": ALONE_MS})


def other_pipeline() -> Explanation:
    """Return the explanation of another application, of which the network takes half."""
    after = side("mine", 1.0, part(5_000_000), by_batch={1: 0.5})
    return explanation(after, side("full", 1.2, by_batch={1: 0.7}), without={"python": 0.5})


@pytest.fixture(autouse=True)
def explained() -> None:
    """Put the application's explanation into the journal, and later ones about something else."""
    records.publish("explanation", "pipelines", pipeline())
    records.publish("explanation", "full / mine", other_pipeline())
    records.publish("explanation", "float32 / half", explanation(side("half", 1.0, part(5_000))))


def test_who_has_explained_no_pipeline_is_sent_to_the_cell() -> None:
    before = records.use(records.MemoryStore())
    try:
        records.publish("explanation", "full / mine", other_pipeline())
        result = examine("25.4 choice", said())
    finally:
        records.use(before)
    assert result.misconception == "nothing-measured"


def test_the_lesson_names_its_application_as_the_check_does() -> None:
    source = (Path(__file__).parents[2] / "solutions" / "25_why_not_faster.py").read_text("utf-8")
    assert f'names=("full", "{offer_mistakes.APPLICATION}")' in source


def test_the_made_up_application_has_a_cause_and_another_share() -> None:
    found = offer_mistakes.made_up()
    assert found.cause == "python"
    assert levers.network_share(found) == pytest.approx(0.7)


def test_few_threads_are_no_proof_of_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 8)
    result = examine("25.5 break it", lambda f: (Candidate(f, threads=4), "a"))
    assert result.passed
    assert "measures below" in result.text


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("25")] == list(WRONG)


def test_the_journal_says_in_a_word_what_an_explanation_found(journal: Journal) -> None:
    records.publish("explanation", "pipelines", pipeline())
    records.publish("explanation", "the same", explanation(side("same", 1.0)))
    assert [gist(entry) for entry in journal.find("explanation")] == ["python", "no cause found"]
