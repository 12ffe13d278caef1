"""A made-up workshop comparison, for tests of what is said about it; nothing is timed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgelab import workshop
from edgelab.records import Comparison, Ratio
from tests.records_made import comparison, measurement

# Milliseconds and bytes of the file (half of it compressed).
COSTS = {
    "ResNet50 predict()": (200.0, 103_000_000),
    "ResNet50 compiled call": (160.0, 103_000_000),
    "ResNet50 float32": (80.0, 102_000_000),
    "ResNet50 int8": (40.0, 26_000_000),
    "MobileNetV2 float32": (8.0, 14_000_000),
    "MobileNetV2 int8": (4.0, 4_000_000),
    "EfficientNet-Lite0 float32": (10.0, 18_600_000),
    "EfficientNet-Lite0 int8": (5.0, 5_200_000),
}
ROUNDS = (0.99, 1.0, 1.01, 1.0)


def made(
    untrained: bool = True, busy: bool = False, latency_ms: dict[str, float] | None = None
) -> Comparison:
    """Return a comparison of the workshop's candidates.

    Args:
        untrained: whether only EfficientNet-Lite0 has weights.
        busy: whether the machine was.
        latency_ms: other latencies, by candidate.
    """
    measurements = []
    for name, (ms, file_bytes) in COSTS.items():
        weights = "none" if untrained and "Efficient" not in name else "imagenet"
        more: dict[str, Any] = {"weights": weights}
        measurements.append(measurement(name, (latency_ms or {}).get(name, ms), file_bytes, **more))
    result = comparison(*measurements)
    ratios = [_with_rounds(ratio) for ratio in result.ratios]
    machine = {"cpu": "Test CPU"}
    assert set(workshop.WAY) <= set(COSTS)
    return replace(result, ratios=tuple(ratios), machine=machine, busy=busy)


def _with_rounds(ratio: Ratio) -> Ratio:
    if ratio.verdict == "reference":
        return ratio
    # Each candidate scatters in an order of its own, so that differences between two scatter too.
    shift = len(ratio.name) % len(ROUNDS)
    scatter = ROUNDS[shift:] + ROUNDS[:shift]
    return replace(ratio, estimates=tuple(ratio.value * s for s in scatter))
