"""Each check of lesson 23 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import records
from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.exercises.variant_mistakes import says
from edgelab.networks import separable
from edgelab.reporting import variants
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)
from tests.records_made import float_and_int8
from tests.variants_made import COSTS, WHOLE, made

DEPTHWISE: dict[str, list[Answer]] = {
    "sums-channels": [lambda w, k: (w * k).sum(), lambda w, k: [(w * k).sum()], np.vdot],
    "not-summed": [lambda w, k: w * k],
    "wrong-axes": [
        lambda w, k: (w * k).sum(axis=-1),
        lambda w, k: (w * k).sum(axis=(1, 2)),
        lambda w, k: (w * k).sum(axis=(0, 2)),
    ],
    "wrong-shape": [
        lambda w, k: (w * k).sum(axis=(0, 1))[:1].repeat(7),
        lambda w, k: (w * k).sum(axis=0),
    ],
    "flipped-kernel": [lambda w, k: (w * k[::-1, ::-1]).sum(axis=(0, 1))],
    "one-filter-for-all": [lambda w, k: (w * k[..., :1]).sum(axis=(0, 1))],
    "mean": [lambda w, k: (w * k).mean(axis=(0, 1))],
    "sums-too-early": [lambda w, k: w.sum(axis=(0, 1)) * k.sum(axis=(0, 1))],
    "wrong-values": [
        lambda w, k: np.zeros(w.shape[-1]),
        lambda w, k: (w + k).sum(axis=(0, 1)),
        lambda w, k: (w * k).max(axis=(0, 1)),
        lambda w, k: (w * k).sum(axis=(0, 1)) + 1,
    ],
    "ValueError": [lambda w, k: w.reshape(2, 2) * k],
}

SEPARABLE: dict[str, list[Answer]] = {
    "standard-convolution": [
        lambda h, w, i, o, s: h * w * s * s * i * o,
        separable.standard_macs,
    ],
    "one-half": [
        lambda h, w, i, o, s: h * w * s * s * i,
        lambda h, w, i, o, s: h * w * i * o,
    ],
    "multiplied-halves": [
        lambda h, w, i, o, s: (h * w * s * s * i) * (h * w * i * o),
        lambda h, w, i, o, s: h * w * (s * s * i) * (i * o),
    ],
    "weights-instead-of-work": [lambda h, w, i, o, s: s * s * i + i * o],
    "wide-pointwise": [lambda h, w, i, o, s: h * w * s * s * (i + i * o)],
    "depthwise-on-the-output": [lambda h, w, i, o, s: h * w * (s * s * o + i * o)],
    "line-instead-of-window": [lambda h, w, i, o, s: h * w * (s * i + i * o)],
    "ignores-size": [lambda h, w, i, o, s: h * w * (9 * i + i * o)],
    "ratio": [lambda h, w, i, o, s: 1 / o + 1 / s**2],
    "wrong-count": [
        lambda h, w, i, o, s: 0,
        lambda h, w, i, o, s: h * (s * s * i + i * o),
        lambda h, w, i, o, s: 2 * separable.separable_macs(h, w, i, o, s),
    ],
    "not-one-number": [lambda h, w, i, o, s: (h * w * s * s * i, h * w * i * o)],
    "signature": [lambda h, w, i, o: h * w * (9 * i + i * o)],
}

BLOCK: dict[str, list[Answer]] = {
    "one-number": [lambda i, t, o: sum(separable.block_weights(i, t, o))],
    "wrong-count": [lambda i, t, o: separable.block_weights(i, t, o)[:2]],
    "wrong-order": [
        lambda i, t, o: separable.block_weights(i, t, o)[::-1],
        lambda i, t, o: sorted(separable.block_weights(i, t, o)),
    ],
    "depthwise-too-narrow": [lambda i, t, o: (i * i * t, 9 * i, i * t * o)],
    "standard-in-the-middle": [lambda i, t, o: (i * i * t, 9 * (i * t) ** 2, i * t * o)],
    "no-window": [lambda i, t, o: (i * i * t, i * t, i * t * o)],
    "wide-pointwise": [
        lambda i, t, o: (9 * i * i * t, 9 * i * t, i * t * o),
        lambda i, t, o: (i * i * t, 9 * i * t, 9 * i * t * o),
    ],
    "projects-too-little": [
        lambda i, t, o: (i * i * t, 9 * i * t, i * o),
        lambda i, t, o: (i * i * t, 9 * i * t, o),
    ],
    "expand-is-a-convolution": [lambda i, t, o: (i * t, 9 * i * t, i * t * o)],
    "wrong-weights": [
        lambda i, t, o: (i * i * t, 9 * i * t + i * t, i * t * o),
        lambda i, t, o: (0, 0, 0),
    ],
}


def chosen(name: str, ms: float, work: float, why: str = "most work within both limits") -> Answer:
    return lambda result: (name, ms, work, why)


BEST = "MobileNetV2 0.75 160"
CHOICE: dict[str, list[Answer]] = {
    "another-family": [chosen("SqueezeNet", 2.2, 349)],
    "file-too-large": [chosen("MobileNetV2 1.0 160", 2.4, 154), chosen(WHOLE, 5.0, 300)],
    "too-slow": [chosen("MobileNetV2 0.75 224", 3.6, 209)],
    "less-work-than-another": [
        chosen("MobileNetV2 0.5 224", 2.1, 97),
        chosen("MobileNetV2 0.35 224", 1.5, 59),
    ],
    "unknown-model": [chosen("MobileNetV2", 1.9, 107), lambda r: (None, 1, 1, "a b c d")],
    "not-your-latency": [chosen(BEST, 5.0, 107), chosen(BEST, 0.0019, 107)],
    "wrong-unit": [chosen(BEST, 1.9, 107e6)],
    "not-your-work": [chosen(BEST, 1.9, 97), chosen(BEST, 1.9, 0.107)],
    "no-reason": [chosen(BEST, 1.9, 107, ""), chosen(BEST, 1.9, 107, None)],  # type: ignore[arg-type]
    "not-four": [lambda r: BEST, lambda r: (BEST, 1.9, 107), lambda r: r[BEST]],
    "not-numbers": [chosen(BEST, "1.9 ms", 107)],  # type: ignore[arg-type]
}


def grid(size: int) -> Any:
    picture = np.zeros((size, size, 3), np.uint8)
    lines = np.arange(size) % 8 < 2
    picture[lines] = 255
    picture[:, lines] = 255
    return picture


def rings(size: int) -> Any:
    y, x = np.mgrid[:size, :size] - size // 2
    return np.stack([(np.hypot(x, y) // 16 % 2 * 255).astype(np.uint8)] * 3, axis=-1)


def noise(size: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)


FOOL: dict[str, list[Answer]] = {
    "wrong-shape": [lambda s: (grid(s)[..., 0], "a"), lambda s: (grid(s - 2), "a")],
    "not-bytes": [lambda s: (grid(s) / 255, "a"), lambda s: (grid(s).astype(int), "a")],
    "too-many-colours": [lambda s: (noise(s), "a")],
    "not-sure-enough": [lambda s: (np.zeros((s, s, 3), np.uint8), "a")],
    "sees-the-thing": [lambda s: (grid(s), "B"), lambda s: (rings(s), "b ")],
    "blames-rounding": [lambda s: (grid(s), "C")],
    "blames-the-size": [lambda s: (grid(s), "d")],
    "no-such-reason": [
        lambda s: (grid(s), "e"),
        lambda s: (grid(s), 2),
        grid,
        lambda s: (grid(s), "softmax"),
    ],
}

WRONG = {
    "23.1 depthwise": DEPTHWISE,
    "23.2 separable": SEPARABLE,
    "23.3 inverted residual": BLOCK,
    "23.4 choice": CHOICE,
    "23.5 fool it": FOOL,
}

RIGHT: dict[str, list[Answer]] = {
    "23.1 depthwise": [
        lambda w, k: (w * k).sum(axis=(0, 1)),
        lambda w, k: np.einsum("yxc,yxc->c", w, k),
        lambda w, k: [(w[..., c] * k[..., c]).sum() for c in range(w.shape[-1])],
        separable.depthwise_at,
    ],
    "23.2 separable": [
        lambda h, w, i, o, s: h * w * i * (s**2 + o),
        lambda h, w, i, o, s=3: h * w * s * s * i + h * w * i * o,
        lambda h, w, i, o, s: separable.standard_macs(h, w, i, o, s) * (1 / o + 1 / s**2),
        separable.separable_macs,
    ],
    "23.3 inverted residual": [
        lambda i, t, o: [i * i * t, 9 * i * t, i * t * o],
        lambda i, t, o: np.array([i * t * i, 3 * 3 * t * i, t * i * o]),
        separable.block_weights,
    ],
    "23.4 choice": [
        chosen(BEST, 1.9, 107),
        chosen(BEST, 1.91, 106.9, "nothing else keeps both limits with more work"),
        lambda r: variants.choose(r, WHOLE),
        lambda r: [BEST, r[BEST]["latency_ms"], r[BEST]["macs"] / 1e6, "because it is the best"],
    ],
    "23.5 fool it": [
        lambda s: (grid(s), "a"),
        lambda s: (grid(s), " A "),
        lambda s: [rings(s), "a"],
    ],
}


@pytest.fixture(autouse=True)
def measured() -> None:
    """Put a comparison of variants into the journal, and a later one that is about something else."""
    records.publish("comparison", "variants", made())
    records.publish("comparison", "float32 / int8", float_and_int8())


def test_a_variant_that_is_hardly_too_slow_for_the_clock_is_accepted() -> None:
    close = made(COSTS | {"MobileNetV2 0.75 224": (2.52, 10_500_000, 209)})
    records.publish("comparison", "variants", close)
    assert examine("23.4 choice", chosen("MobileNetV2 0.75 224", 2.52, 209)).passed
    assert examine("23.4 choice", chosen(BEST, 1.9, 107)).passed


def test_who_has_measured_nothing_is_sent_to_the_measuring_cell() -> None:
    before = records.use(records.MemoryStore())
    try:
        result = examine("23.4 choice", chosen(BEST, 1.9, 107))
    finally:
        records.use(before)
    assert result.misconception == "nothing-measured"


def test_the_network_that_is_fooled_knows_a_real_cat() -> None:
    from edgelab import data

    cat = next(photo for photo in data.photos() if photo.name == "cat")
    answer, probability = says(cat.rgb)
    assert cat.expected is not None
    assert answer in cat.expected
    assert 0 < probability < 1


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("23")] == list(WRONG)
