"""Each check of lesson 20 against plausible wrong answers, named, and against right ones."""

# A wrong answer may well ignore an argument.
# ruff: noqa: ARG005

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgelab.classroom.exercises import examine, exercises_of
from edgelab.classroom.language import speaking
from edgelab.quantizing import affine
from tests.classroom.answers import (  # noqa: F401 - pytest runs them here
    Answer,
    test_a_misconception_is_told_in_its_own_words,
    test_a_right_answer_passes_however_it_is_written,
    test_a_stub_is_not_answered_yet,
    test_a_wrong_answer_is_rejected_for_its_reason,
)


def top(bits: int) -> int:
    return 2 ** (bits - 1) - 1


SCALE: dict[str, list[Answer]] = {
    "signed-maximum": [
        lambda v, b=8: v.max() / top(b),
        lambda v, b=8: max(v) / (2 ** (b - 1) - 1),
        lambda v, b=8: abs(v.max()) / top(b),
    ],
    "255-steps": [
        lambda v, b=8: np.abs(v).max() / (2**b - 1),
        lambda v, b=8: 2 * np.abs(v).max() / (2**b - 1),
        lambda v, b=8: np.abs(v).max() / 255,
    ],
    "power-of-two": [
        lambda v, b=8: np.abs(v).max() / 2**b,
        lambda v, b=8: np.abs(v).max() / 2 ** (b - 1),
        lambda v, b=8: np.abs(v).max() / 128,
    ],
    "range-instead-of-magnitude": [
        lambda v, b=8: (v.max() - v.min()) / (2**b - 1),
        lambda v, b=8: np.ptp(v) / 2**b,
        lambda v, b=8: np.ptp(v) / (2 * top(b)),
    ],
    "ignores-bits": [lambda v, b=8: np.abs(v).max() / 127],
    "upside-down": [lambda v, b=8: top(b) / np.abs(v).max()],
    "not-divided": [lambda v, b=8: np.abs(v).max()],
    "scale-per-value": [lambda v, b=8: np.abs(v) / top(b), lambda v, b=8: list(v / 127)],
    "wrong-scale": [
        lambda v, b=8: np.abs(v).mean() / top(b),
        lambda v, b=8: v.std() / top(b),
        lambda v, b=8: 0.0,
        lambda v, b=8: 1,
        lambda v, b=8: 0.9 / 127,
        lambda v, b=8: round(np.abs(v).max() / top(b), 2),
        lambda v, b=8: -np.abs(v).max() / top(b),
    ],
    "not-finite": [lambda v, b=8: np.abs(v).max() / (v.sum() * 0)],
    "not-numbers": [lambda v, b=8: "0.007", lambda v, b=8: [], lambda v, b=8: {"scale": 1}],
    "not-one-number": [lambda v, b=8: (np.abs(v).max() / 127, 0)],
    "signature": [lambda v: np.abs(v).max() / 127, lambda: 1],
    "AttributeError": [lambda v, b=8: v.maximum() / top(b)],
    "ZeroDivisionError": [lambda v, b=8: 1 / 0],
    "changes-its-input": [lambda v, b=8: np.abs(v, out=v).max() / top(b)],
    "value-instead-of-function": [0.00709, np.float64(0.00709), "scale_of"],  # type: ignore[list-item]
}

QUANTIZE: dict[str, list[Answer]] = {
    "truncation": [
        lambda v, s, b=8: np.clip((v / s).astype(int), -top(b), top(b)),
        lambda v, s, b=8: np.clip(np.trunc(v / s), -top(b), top(b)),
    ],
    "one-sided-rounding": [
        lambda v, s, b=8: np.clip(np.floor(v / s), -top(b), top(b)),
        lambda v, s, b=8: np.clip(np.ceil(v / s), -top(b), top(b)),
        lambda v, s, b=8: np.clip(v // s, -top(b), top(b)),
    ],
    "missing-clip": [lambda v, s, b=8: np.round(v / s), lambda v, s, b=8: np.rint(v / s)],
    "wraps-around": [lambda v, s, b=8: np.round(v / s).astype(np.int64).astype(np.int8)],
    "asymmetric-clip": [
        lambda v, s, b=8: np.clip(np.round(v / s), -top(b) - 1, top(b)),
        lambda v, s, b=8: np.clip(np.round(v / s), -(2 ** (b - 1)), 2 ** (b - 1) - 1),
    ],
    "ignores-bits": [lambda v, s, b=8: np.clip(np.round(v / s), -127, 127)],
    "not-rounded": [lambda v, s, b=8: np.clip(v / s, -top(b), top(b)), lambda v, s, b=8: v / s],
    "values-instead-of-codes": [lambda v, s, b=8: np.round(v / s) * s],
    "multiplies-by-scale": [lambda v, s, b=8: v * s],
    "all-zero": [
        lambda v, s, b=8: np.zeros_like(v),
        lambda v, s, b=8: np.round(v * s),
        lambda v, s, b=8: np.round(v).astype(int) * 0,
    ],
    "unsigned-codes": [
        lambda v, s, b=8: np.clip(np.round(v / s), 0, 2**b - 1),
        lambda v, s, b=8: np.round(v / s) + 2 ** (b - 1),
    ],
    "wrong-codes": [
        lambda v, s, b=8: np.full(v.shape, 3),
        lambda v, s, b=8: np.round(v),
        lambda v, s, b=8: -np.round(v / s),
        lambda v, s, b=8: np.clip(np.round(v / s), -100, 100),
    ],
    "wrong-clip": [
        lambda v, s, b=8: np.where(abs(v / s) > top(b) + 1, 0, np.round(v / s)),
        lambda v, s, b=8: np.minimum(np.round(v / s), top(b)),
    ],
    "wrong-shape": [lambda v, s, b=8: np.round(v / s).sum(), lambda v, s, b=8: np.round(v[0] / s)],
    "changes-its-input": [lambda v, s, b=8: np.divide(v, s, out=v)],
    "ValueError": [lambda v, s, b=8: round(v / s) if v > 0 else 0],
}

DEQUANTIZE: dict[str, list[Answer]] = {
    "ignores-zero-point": [lambda c, s, z=0: c * s, lambda c, s, z=0: s * c.astype(float)],
    "adds-zero-point": [lambda c, s, z=0: s * (c + z)],
    "zero-point-after-scale": [lambda c, s, z=0: s * c - z, lambda c, s, z=0: z + s * c],
    "divides-by-scale": [lambda c, s, z=0: (c - z) / s, lambda c, s, z=0: c / s],
    "int8-overflow": [
        lambda c, s, z=0: s * (c - np.array(z, c.dtype)),
        lambda c, s, z=0: s * (c - z),
    ],
    "wrong-values": [
        lambda c, s, z=0: np.zeros(c.shape),
        lambda c, s, z=0: c,
        lambda c, s, z=0: s * (c - z) + s,
        lambda c, s, z=0: np.round(s * (c - z)),
    ],
    "wrong-shape": [lambda c, s, z=0: s, lambda c, s, z=0: (s * (c - z)).sum()],
}


def affine_by(
    low: Callable[..., float] = lambda v: min(v.min(), 0),
    high: Callable[..., float] = lambda v: max(v.max(), 0),
    steps: Callable[[int], float] = lambda b: 2**b - 1,
    zero: Callable[..., float] = lambda lowest, step, b: round(-(2 ** (b - 1)) - lowest / step),
) -> Answer:
    """Return the right function with one part replaced."""

    def answer(values: np.ndarray, bits: int = 8) -> tuple[float, float]:
        step = (high(values) - low(values)) / steps(bits)
        return step, zero(low(values), step, bits)

    return answer


ZERO_POINT: dict[str, list[Answer]] = {
    "zero-outside": [affine_by(low=np.min, high=np.max)],
    "power-of-two": [affine_by(steps=lambda b: 2**b)],
    "symmetric-scale": [
        lambda v, b=8: (np.abs(v).max() / top(b), 0),
        affine_by(low=lambda v: -np.abs(v).max(), high=lambda v: np.abs(v).max()),
    ],
    "half-the-codes": [affine_by(steps=top)],
    "ignores-bits": [affine_by(steps=lambda _b: 255)],
    "unsigned-codes": [affine_by(zero=lambda low, step, _b: round(-low / step))],
    "zero-point-sign": [
        affine_by(zero=lambda low, step, b: round(-(2 ** (b - 1)) + low / step)),
        affine_by(zero=lambda low, step, _b: round(low / step)),
    ],
    "zero-point-not-whole": [affine_by(zero=lambda low, step, b: -(2 ** (b - 1)) - low / step)],
    "truncation": [
        affine_by(zero=lambda low, step, b: int(-(2 ** (b - 1)) - low / step)),
        affine_by(zero=lambda low, step, b: (-(2 ** (b - 1)) - low / step) // 1),
    ],
    "fixed-zero-point": [
        affine_by(zero=lambda _low, _step, b: -(2 ** (b - 1))),
        affine_by(zero=lambda *_: 0),
    ],
    "wrong-zero-point": [
        affine_by(zero=lambda low, *_: low.round() + 40),
        affine_by(zero=lambda low, step, b: round(2 ** (b - 1) - 1 - low / step)),
    ],
    "swapped-results": [lambda v, b=8: affine_by()(v, b)[::-1]],
    "not-a-pair": [
        lambda v, b=8: affine_by()(v, b)[0],
        lambda v, b=8: (*affine_by()(v, b), 0),
        lambda v, b=8: np.zeros(3),
        lambda v, b=8: np.array(affine_by()(v, b)[0]),
    ],
    "wrong-scale": [
        lambda v, b=8: (0.0, 0),
        lambda v, b=8: (1.0, 0),
        lambda v, b=8: (v.mean() / 255, 0),
        lambda v, b=8: (affine_by()(v, b)[0] * 1.01, affine_by()(v, b)[1]),
    ],
}

PER_CHANNEL: dict[str, list[Answer]] = {
    "one-scale": [
        lambda k, b=8: np.abs(k).max() / top(b),
        lambda k, b=8: np.full(k.shape[-1], np.abs(k).max() / top(b)),
        lambda k, b=8: np.zeros(k.shape[-1]),
    ],
    "reduced-channel-axis": [lambda k, b=8: np.abs(k).max(axis=-1) / top(b)],
    "swapped-axes": [
        lambda k, b=8: np.abs(k).max(axis=(0, 1, 3)) / top(b),
        lambda k, b=8: np.abs(k).max(axis=3).max(axis=(0, 1)) / top(b),
    ],
    "wrong-count": [
        lambda k, b=8: np.abs(k).max(axis=0) / top(b),
        lambda k, b=8: np.abs(k).max(axis=(1, 2, 3)) / top(b),
        lambda k, b=8: np.abs(k).max(axis=(0, 1)) / top(b),
    ],
    "signed-maximum": [lambda k, b=8: k.max(axis=(0, 1, 2)) / top(b)],
    "255-steps": [lambda k, b=8: np.abs(k).max(axis=(0, 1, 2)) / (2**b - 1)],
    "power-of-two": [lambda k, b=8: np.abs(k).max(axis=(0, 1, 2)) / 2 ** (b - 1)],
    "range-instead-of-magnitude": [lambda k, b=8: np.ptp(k, axis=(0, 1, 2)) / (2**b - 1)],
    "ignores-bits": [lambda k, b=8: np.abs(k).max(axis=(0, 1, 2)) / 127],
    "not-divided": [lambda k, b=8: np.abs(k).max(axis=(0, 1, 2))],
    "wrong-scale": [
        lambda k, b=8: np.arange(1.0, k.shape[-1] + 1),
        lambda k, b=8: np.abs(k).mean(axis=(0, 1, 2)) / top(b),
        lambda k, b=8: np.sort(np.abs(k).max(axis=(0, 1, 2)))[::-1] / top(b),
    ],
}

WRONG = {
    "20.1 scale": SCALE,
    "20.2 quantize": QUANTIZE,
    "20.3 dequantize": DEQUANTIZE,
    "20.4 zero point": ZERO_POINT,
    "20.5 per channel": PER_CHANNEL,
}


def scales_in_a_loop(kernel: np.ndarray, bits: int = 8) -> list[float]:
    result = []
    for channel in range(kernel.shape[-1]):
        largest = 0.0
        for weight in kernel[..., channel].flatten():
            largest = max(largest, abs(weight))
        result.append(largest / (2 ** (bits - 1) - 1))
    return result


RIGHT: dict[str, list[Answer]] = {
    "20.1 scale": [
        lambda v, b=8: abs(v).max() / (2 ** (b - 1) - 1),
        lambda v, b=8: max(abs(x) for x in v) / top(b),
        lambda v, b=8: np.float32(max(v.max(), -v.min())) / np.float32(top(b)),
        lambda v, b=8: np.array([np.abs(v).max() / top(b)]),
        lambda values, bits: np.linalg.norm(values, np.inf) / ((1 << (bits - 1)) - 1),
        lambda v, b=8: affine.scale(v, b),
    ],
    "20.2 quantize": [
        lambda v, s, b=8: np.clip(np.round(v / s), -top(b), top(b)),
        lambda v, s, b=8: np.clip(np.rint(v / s), -top(b), top(b)).astype(np.int8),
        lambda v, s, b=8: np.round(np.clip(v, -top(b) * s, top(b) * s) / s).astype(int),
        lambda v, s, b=8: [max(-top(b), min(top(b), round(x / s))) for x in v],
        lambda v, s, b=8: np.clip(np.floor(v / s + 0.5), -top(b), top(b)),
        lambda v, s, b=8: affine.quantize(v, affine.fit([top(b) * s], b)),
    ],
    "20.3 dequantize": [
        lambda c, s, z=0: s * (c.astype(np.float32) - z),
        lambda c, s, z=0: (c.astype(np.int32) - z) * s,
        lambda c, s, z=0: [s * (int(code) - z) for code in c],
        lambda c, s, z=0: s * c.astype(float) - s * z,
        lambda c, s, z=0: affine.dequantize(
            c, affine.Affine(np.array(s), np.array(z), 8, None, symmetric=False)
        ),
    ],
    "20.4 zero point": [
        affine_by(),
        lambda v, b=8: list(affine_by()(v, b)),
        lambda v, b=8: np.array(affine_by()(v, b)),
        affine_by(zero=lambda low, step, b: np.round(-low / step) - 2 ** (b - 1)),
        lambda v, b=8: (affine.scale(v, b, symmetric=False), affine.zero_point(v, b)),
        affine_by(zero=lambda low, step, b: np.int8(np.round(-(2 ** (b - 1)) - low / step))),
    ],
    "20.5 per channel": [
        lambda k, b=8: np.abs(k).max(axis=(0, 1, 2)) / top(b),
        lambda k, b=8: np.abs(k).max(axis=(0, 1, 2), keepdims=True) / top(b),
        lambda k, b=8: np.abs(k.reshape(-1, k.shape[-1])).max(axis=0) / top(b),
        lambda k, b=8: np.abs(k).astype(np.float32).max((0, 1, 2)) / top(b),
        lambda k, b=8: affine.scale(k, b, axis=-1),
        scales_in_a_loop,
    ],
}


def test_feedback_is_in_the_students_language() -> None:
    with speaking("fr"):
        result = examine("20.1 scale", SCALE["signed-maximum"][0])
    assert result.text.startswith("Vous avez pris la plus grande valeur\u00a0;")


def test_the_lesson_has_these_exercises_in_this_order() -> None:
    assert [exercise.name for exercise in exercises_of("20")] == [
        *WRONG,
        "20.6 outlier",
        "20.7 calibration",
        "20.8 recipe",
    ]
