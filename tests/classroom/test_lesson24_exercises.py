"""Each check of lesson 24 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgelab import records, workshop
from edgelab.classroom.combination import CHOICE as KEPT, defend_combination, library_choice
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.exercises.briefs import COMBINED_GOAL, COMBINED_LIMITS
from edgelab.classroom.language import speaking
from edgelab.errors import InputError
from edgelab.evaluate import Paired
from edgelab.records import Comparison
from edgelab.reporting import pareto
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)
from tests.classroom.workshop_made import made
from tests.records_made import accuracy, comparison, float_and_int8, measurement

GAIN: dict[str, list[Answer]] = {
    "upside-down": [lambda b, a: a / b],
    "difference": [lambda b, a: b - a],
    "share-saved": [
        lambda b, a: (b - a) / b,
        lambda b, a: 1 - a / b,
        lambda b, a: 100 * (b - a) / b,
    ],
    "rounded": [lambda b, a: b // a, lambda b, a: round(b / a), lambda b, a: int(b / a)],
    "wrong-gain": [
        lambda b, a: 0,
        lambda b, a: 3,
        lambda b, a: abs(b / a) + 1,
        lambda b, a: 100 * b / a,
    ],
    "hides-losses": [lambda b, a: max(a, b) / min(a, b)],
    "not-numbers": [lambda b, a: f"{b / a:.1f} ×"],
    "ZeroDivisionError": [lambda b, a: b / 0],
}

FACTORS: dict[str, list[Answer]] = {
    "all-from-the-first": [
        lambda v: [v[0] / x for x in v[1:]],
        lambda v: [v[0] / x for x in v],
    ],
    "upside-down": [lambda v: [v[i + 1] / v[i] for i in range(len(v) - 1)]],
    "difference": [
        lambda v: [v[i] - v[i + 1] for i in range(len(v) - 1)],
        lambda v: list(np.diff(v)),
    ],
    "whole-only": [lambda v: v[0] / v[-1], lambda v: [v[0] / v[-1]]],
    "wrong-count": [
        lambda v: [1.0, *workshop.factors(v)],
        lambda v: workshop.factors(v)[:-1] if len(v) > 3 else workshop.factors(v),
        lambda v: np.outer(v, v),
    ],
    "wrong-factors": [
        lambda v: np.zeros(len(v) - 1),
        lambda v: workshop.factors(v)[::-1],
        lambda v: [round(f) for f in workshop.factors(v)],
    ],
    "IndexError": [lambda v: [v[i] / v[i + 1] for i in range(len(v))]],
    "not-numbers": [lambda v: {}],
}

SAME: dict[str, list[Answer]] = {
    "percent": [lambda a, b: 100 * (a.argmax(axis=1) == b.argmax(axis=1)).mean()],
    "count": [lambda a, b: (a.argmax(axis=1) == b.argmax(axis=1)).sum()],
    "disagreement": [lambda a, b: (a.argmax(axis=1) != b.argmax(axis=1)).mean()],
    "wrong-axis": [
        lambda a, b: (a.argmax(axis=0) == b.argmax(axis=0)).mean(),
        lambda a, b: (a.argmax(0) == b.argmax(0)).mean(),
    ],
    "no-axis": [
        lambda a, b: a.argmax() == b.argmax(),
        lambda a, b: bool(a.argmax() == b.argmax()),
    ],
    "compares-outputs": [
        lambda a, b: (a == b).mean(),
        lambda a, b: np.isclose(a, b).mean(),
        lambda a, b: (a.max(axis=1) == b.max(axis=1)).mean(),
        lambda a, b: (a.argsort(axis=1) == b.argsort(axis=1)).all(axis=1).mean(),
    ],
    "wrong-share": [
        lambda a, b: 1.0,
        lambda a, b: np.corrcoef(a.ravel(), b.ravel())[0, 1],
        lambda a, b: 0.5,
        lambda a, b: (a.argmin(axis=1) == b.argmin(axis=1)).mean(),
        lambda a, b: (a.argsort(axis=1)[:, 0] == b.argsort(axis=1)[:, 0]).mean(),
    ],
    "not-averaged": [lambda a, b: a.argmax(axis=1) == b.argmax(axis=1)],
}


def ruined_by(change: Callable[[np.ndarray], Any], letter: Any = "b") -> Answer:
    return lambda pixels: (change(pixels), letter)


BREAK: dict[str, list[Answer]] = {
    "constant": [ruined_by(np.zeros_like), ruined_by(lambda p: np.full_like(p, -1))],
    "same-range": [
        ruined_by(lambda p: (p - 127) / 128),
        ruined_by(lambda p: p / 255),
        ruined_by(lambda p: p / 127.5 - 1),
        ruined_by(lambda p: np.random.default_rng(0).normal(size=p.shape).astype(np.float32)),
    ],
    "wrong-shape": [
        ruined_by(lambda p: p[0]),
        ruined_by(lambda p: p.mean(axis=-1)),
        ruined_by(lambda p: p[:, ::2, ::2]),
        ruined_by(lambda p: 255.0),
    ],
    "integers": [ruined_by(lambda p: p.astype(np.uint8)), ruined_by(lambda p: p.astype(int))],
    "not-finite": [ruined_by(lambda p: p * np.nan), ruined_by(lambda p: p / 0.0)],
    "beyond-a-photograph": [ruined_by(lambda p: p * 100), ruined_by(lambda p: (p - 127) * 128)],
    "changes-its-input": [ruined_by(lambda p: np.multiply(p, 10, out=p))],
    "not-a-pair": [lambda p: p, lambda p: (p, "b", "c"), lambda p: {"b": p}],
    "blames-the-weights": [ruined_by(lambda p: p, "a")],
    "blames-the-file": [ruined_by(lambda p: p, " C")],
    "blames-eight-bits": [ruined_by(lambda p: p, "d")],
    "no-such-reason": [ruined_by(lambda p: p, "e"), ruined_by(lambda p: p, 2)],
}


def chosen(
    name: str, mb: float = 2.6, ms: float = 5.0, why: str = "the fastest that fits"
) -> Answer:
    return lambda result: (name, mb, ms, why)


BEST = "EfficientNet-Lite0 int8"
CHOICE: dict[str, list[Answer]] = {
    "untrained": [chosen("MobileNetV2 int8", 2.0, 4.0), chosen("ResNet50 predict()", 51.5, 200.0)],
    "unknown-model": [chosen("EfficientNet"), chosen("int8"), lambda r: (None, 1, 1, "a b c d")],
    "file-instead-of-download": [chosen(BEST, 5.2)],
    "wrong-unit": [chosen(BEST, 2_600_000), chosen(BEST, 2600)],
    "not-your-size": [chosen(BEST, 3.4), chosen(BEST, 0)],
    "not-your-latency": [chosen(BEST, 2.6, 4.0), chosen(BEST, 2.6, 0.005)],
    "no-reason": [chosen(BEST, why=""), chosen(BEST, why="because"), chosen(BEST, why=None)],  # type: ignore[arg-type]
    "not-four": [
        lambda r: BEST,
        lambda r: (BEST, 2.6, 5.0),
        lambda r: {"model": BEST},
        lambda r: r[BEST],
    ],
    "not-numbers": [chosen(BEST, "2.6 MB")],  # type: ignore[arg-type]
    "InputError": [lambda r: r["EfficientNet int8"]],
}

BEATS: dict[str, list[Answer]] = {
    "better-in-all": [lambda a, b: all(x < y for x, y in zip(a, b, strict=True))],
    "better-in-one": [lambda a, b: any(x < y for x, y in zip(a, b, strict=True))],
    "equals-beat": [lambda a, b: all(x <= y for x, y in zip(a, b, strict=True))],
    "reversed": [lambda a, b: pareto.beats(b, a)],
    "adds-up": [lambda a, b: sum(a) < sum(b)],
    "majority": [
        lambda a, b: sum(np.array(a) < b) > sum(np.array(a) > b),
        lambda a, b: np.sign(np.subtract(b, a)).sum() > 0,
    ],
    "wrong-verdict": [lambda a, b: True, lambda a, b: a[0] < b[0], lambda a, b: a < b],
    "not-a-verdict": [lambda a, b: 1, lambda a, b: [x < y for x, y in zip(a, b, strict=True)]],
    "TypeError": [lambda a, b: a <= b[0]],
}


def combination(
    name: str, kb: float = 12.5, right: float = 96.0, why: str = "the fastest that fits both"
) -> Answer:
    return lambda result: (name, kb, right, why)


QUICK = "distilled small int8"
COMBINATION: dict[str, list[Answer]] = {
    "breaks-a-limit": [
        combination("float32", 50.0, 98.0),
        combination("distilled tiny int8", 2.5, 85.0),
    ],
    "slower-than-another": [combination("PCQAT int8", 9.0, 97.0)],
    "unknown-model": [combination("PCQAT"), lambda r: (0, 1, 1, "a b c d")],
    "wrong-unit": [combination(QUICK, 12_500), combination(QUICK, 0.0125)],
    "file-instead-of-download": [combination(QUICK, 25.0)],
    "not-your-size": [combination(QUICK, 3.0)],
    "share-instead-of-percent": [combination(QUICK, 12.5, 0.96)],
    "not-your-accuracy": [
        combination(QUICK, 12.5, 50.0),
        combination(QUICK, 12.5, 97.0),  # that of PCQAT int8
        combination(QUICK, 12.5, 96.1),
    ],
    "no-reason": [combination(QUICK, why="because"), combination(QUICK, why="")],
    "not-four": [lambda r: QUICK, lambda r: (QUICK, 12.5, 96.0)],
    "not-numbers": [combination(QUICK, "12.5 kB")],  # type: ignore[arg-type]
}


def combinations(least: int = 96) -> Comparison:
    """Return a made-up comparison of combinations; half of each file is its download."""
    models = {
        "float32": (1.0, 100_000, 98),
        "int8": (0.8, 50_000, 98),
        "PCQAT int8": (0.8, 18_000, 97),
        QUICK: (0.4, 25_000, least),
        "distilled tiny int8": (0.2, 5_000, 85),
    }
    return comparison(
        *(
            measurement(name, ms, size, accuracy=accuracy(right, split="validation"))
            for name, (ms, size, right) in models.items()
        )
    )


WRONG = {
    "24.1 gain": GAIN,
    "24.2 factors": FACTORS,
    "24.3 same answer": SAME,
    "24.4 break it": BREAK,
    "24.5 choice": CHOICE,
    "24.6 front": BEATS,
    "24.7 combination": COMBINATION,
}

RIGHT: dict[str, list[Answer]] = {
    "24.1 gain": [
        lambda b, a: b / a,
        lambda before, after: 1 / (after / before),
        lambda b, a: np.float32(b) / np.float32(a),
        workshop.gain,
    ],
    "24.2 factors": [
        lambda v: [v[i] / v[i + 1] for i in range(len(v) - 1)],
        lambda v: np.array(v)[:-1] / np.array(v)[1:],
        lambda v: tuple(np.exp(-np.diff(np.log(v)))),
        workshop.factors,
    ],
    "24.3 same answer": [
        lambda a, b: (a.argmax(axis=1) == b.argmax(axis=1)).mean(),
        lambda a, b: sum(x.argmax() == y.argmax() for x, y in zip(a, b, strict=True)) / len(a),
        lambda a, b: np.mean(np.argmax(a, -1) == np.argmax(b, -1)),
        workshop.share_of_same,
    ],
    "24.4 break it": [
        ruined_by(lambda p: p),
        ruined_by(lambda p: p - 127, "B"),
        ruined_by(lambda p: p / 255 / 100),
        lambda p: [p.astype(np.float64), "b"],
        workshop.unprepared,
    ],
    "24.5 choice": [
        chosen(BEST),
        chosen(BEST, 2.60, 5.02, "Nothing else is both trained and small enough"),
        lambda r: [BEST, r[BEST]["size_gzip_bytes"] / 1e6, r[BEST]["latency_ms"], "it is the best"],
        chosen("EfficientNet-Lite0 float32", 9.3, 10.0, "it keeps all answers, for more megabytes"),
        workshop.choose,
    ],
    "24.6 front": [
        pareto.beats,
        lambda a, b: a != b and all(x <= y for x, y in zip(a, b, strict=True)),
        lambda a, b: np.all(np.array(a) <= b) and np.any(np.array(a) < b),
    ],
    "24.7 combination": [
        combination(QUICK),
        combination(QUICK, 12.5, 95.95),
        lambda r: [QUICK, r[QUICK]["size_gzip_bytes"] / 1e3, 96, "it keeps both limits"],
        lambda r: library_choice(r, COMBINED_GOAL, COMBINED_LIMITS),
    ],
}


@pytest.fixture(autouse=True)
def measured() -> None:
    """Put the workshop's comparison into the journal, and a later one that is about something else."""
    records.publish("comparison", "workshop", made())
    records.publish("comparison", "combinations", combinations())
    records.publish("comparison", "float32 / int8", float_and_int8())


def test_a_rival_that_is_faster_and_no_larger_counts() -> None:
    records.publish("comparison", "workshop", made(untrained=False))
    result = examine("24.5 choice", chosen(BEST))
    assert result.misconception == "beaten-by-another"
    assert "MobileNetV2 int8 is faster" in result.text
    assert examine("24.5 choice", chosen("MobileNetV2 int8", 2.0, 4.0)).passed


def test_answers_are_worth_bytes_and_milliseconds() -> None:
    # The int8 file beats the float one in size and time, and not in answers.
    records.publish("comparison", "workshop", made(untrained=False))
    assert examine("24.5 choice", chosen("MobileNetV2 float32", 7.0, 8.0)).passed
    beaten = examine("24.5 choice", chosen("EfficientNet-Lite0 float32", 9.3, 10.0))
    assert "MobileNetV2 float32 is faster" in beaten.text


def test_a_rival_that_is_faster_and_larger_does_not_count() -> None:
    slow = made(latency_ms={BEST: 12.0})
    records.publish("comparison", "workshop", slow)
    assert examine("24.5 choice", chosen(BEST, ms=12.0)).passed


def test_a_rival_that_cannot_be_told_apart_does_not_count() -> None:
    close = made(untrained=False, latency_ms={"MobileNetV2 int8": 4.99})
    records.publish("comparison", "workshop", close)
    assert examine("24.5 choice", chosen(BEST)).passed


def test_what_another_choice_would_have_given_is_told() -> None:
    with speaking("en"):
        text = examine("24.5 choice", chosen(BEST)).text
    assert "EfficientNet-Lite0 float32 (9.3\u00a0MB, 10\u00a0ms)" in text
    assert "MobileNetV2" not in text  # untrained


def test_a_download_over_the_limit_is_refused() -> None:
    records.publish("comparison", "workshop", made(untrained=False))
    result = examine("24.5 choice", chosen("ResNet50 float32", 51.0, 80.0))
    assert result.misconception == "too-large"


def test_who_has_measured_nothing_is_sent_to_the_measuring_cell() -> None:
    before = records.use(records.MemoryStore())
    try:
        result = examine("24.5 choice", chosen(BEST))
    finally:
        records.use(before)
    assert result.misconception == "nothing-measured"


def test_who_measured_on_test_images_cannot_choose_by_them() -> None:
    tested = comparison(
        measurement("float32", 1.0, 100_000, accuracy=accuracy(98)),
        measurement("PCQAT int8", 0.5, 18_000, accuracy=accuracy(97)),
    )
    records.publish("comparison", "combinations", tested)
    result = examine("24.7 combination", combination("PCQAT int8", 9.0, 97.0))
    assert result.misconception == "chosen-on-test"


def test_where_nothing_keeps_both_limits_the_nearest_is_right() -> None:
    records.publish("comparison", "combinations", combinations(least=90))
    before = examine("24.7 combination", combination("PCQAT int8", 9.0, 97.0))
    assert before.passed, "one still keeps both limits"
    poor = comparison(
        measurement("float32", 1.0, 100_000, accuracy=accuracy(98, split="validation")),
        measurement("PCQAT int8", 0.5, 41_000, accuracy=accuracy(91, split="validation")),
    )
    records.publish("comparison", "combinations", poor)
    assert examine("24.7 combination", combination("PCQAT int8", 20.5, 91.0)).passed
    far = examine("24.7 combination", combination("float32", 50.0, 98.0))
    assert far.misconception == "not-the-nearest"


def test_the_defended_choice_says_what_the_test_images_said_and_is_kept_once() -> None:
    tested = Paired(-0.012, -0.022, -0.002, 14, 2, 1000, 0.004)
    for _ in range(2):
        text = repr(
            defend_combination(
                combinations(), (QUICK, 12.5, 96.0, "my own reason"), COMBINED_LIMITS, tested
            )
        )
    assert "worse than the float network" in text
    assert "-1.2" in text or "−1.2" in text
    (kept,) = records.history("choice", KEPT)
    assert kept.payload["model"] == QUICK


def defended(name: str, size_kb: float = 12.5, accuracy: float = 96.0) -> str:
    tested = Paired(-0.012, -0.022, -0.002, 14, 2, 1000, 0.004)
    choice = (name, size_kb, accuracy, "my own reason")
    with speaking("en"):
        return repr(defend_combination(combinations(), choice, COMBINED_LIMITS, tested))


def test_who_chooses_again_after_the_test_images_is_told_so() -> None:
    assert "choice number" not in defended(QUICK)
    assert "choice number 2" in defended("PCQAT int8")
    assert "choice number 2" in defended("PCQAT int8"), "run once more, it is the same choice"
    assert "choice number 3" in defended(QUICK)
    kept = records.history("choice", KEPT)
    assert [record.payload["model"] for record in kept] == [QUICK, "PCQAT int8", QUICK]
    assert "choice number 3" in kept[-1].payload["paragraph"]


def test_the_paragraph_holds_measured_figures_not_typed_ones() -> None:
    text = defended(QUICK, 13.0, 90.0)
    assert "12.5\u00a0kB" in text
    assert "96" in text
    assert "90" not in text


def test_a_choice_without_measured_accuracy_is_refused() -> None:
    bare = comparison(measurement("float32", 1.0, 100_000), measurement("int8", 0.5, 20_000))
    tested = Paired(0.0, -0.01, 0.01, 5, 5, 1000, 1.0)
    with pytest.raises(InputError, match="labelled images"):
        defend_combination(bare, ("int8", 10.0, 96.0, "my own reason"), COMBINED_LIMITS, tested)


def test_the_librarys_own_choice_is_not_kept() -> None:
    tested = Paired(0.0, -0.01, 0.01, 5, 5, 1000, 1.0)
    choice = library_choice(combinations(), COMBINED_GOAL, COMBINED_LIMITS)
    assert "once exercise 24.7 passes" in repr(
        defend_combination(combinations(), choice, COMBINED_LIMITS, tested)
    )
    assert not records.history("choice", KEPT)


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("24")] == list(WRONG)
