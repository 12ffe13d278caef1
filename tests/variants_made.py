"""A made-up comparison of variants, for tests of what is said about it; nothing is timed."""

from __future__ import annotations

from dataclasses import replace

from edgelab.records import Comparison
from tests.records_made import comparison, measurement

WHOLE = "MobileNetV2 1.0 224"
# Milliseconds, bytes of the file, millions of multiply-accumulates.
COSTS = {
    WHOLE: (5.0, 14_000_000, 300),
    "MobileNetV2 0.75 224": (3.6, 10_500_000, 209),
    "MobileNetV2 0.5 224": (2.1, 7_900_000, 97),
    "MobileNetV2 0.35 224": (1.5, 6_700_000, 59),
    "MobileNetV2 1.0 160": (2.4, 14_000_000, 154),
    "MobileNetV2 1.0 96": (1.1, 14_000_000, 56),
    "MobileNetV2 0.75 160": (1.9, 10_500_000, 107),
    "SqueezeNet": (2.2, 5_000_000, 349),
}
ROUNDS = (0.99, 1.0, 1.01, 1.0)


def made(costs: dict[str, tuple[float, int, int]] | None = None) -> Comparison:
    """Return a comparison of these variants, the first of them the reference."""
    measurements = [
        measurement(name, ms, file_bytes, macs=work * 1_000_000, weights="none")
        for name, (ms, file_bytes, work) in (costs or COSTS).items()
    ]
    result = comparison(*measurements)
    ratios = [
        ratio
        if ratio.verdict == "reference"
        else replace(ratio, estimates=tuple(ratio.value * r for r in ROUNDS))
        for ratio in result.ratios
    ]
    return replace(result, ratios=tuple(ratios))
