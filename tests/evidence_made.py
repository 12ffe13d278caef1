"""Evidence with chosen numbers, for tests of what is concluded from it; nothing is timed."""

from __future__ import annotations

from typing import Any

from edgelab.explaining import diagnosis
from edgelab.explaining.anatomy import Anatomy, Part
from edgelab.explaining.diagnosis import Evidence, Side
from edgelab.explaining.explain import Explanation


def part(macs: int = 10_000_000, **changes: Any) -> Part:
    """Return a float convolution without zeros."""
    values: dict[str, Any] = {
        "name": "conv",
        "kind": "CONV_2D",
        "macs": macs,
        "weights": macs // 1000,
        "bits": 32,
        "zeros": 0.0,
        "arithmetic": "float",
    }
    return Part(**(values | changes))


def side(
    name: str = "float32",
    latency_ms: float = 1.0,
    *parts: Part,
    by_batch: dict[int, float] | None = None,
    **changes: Any,
) -> Side:
    """Return one side; by default a single float convolution of ten million products."""
    values: dict[str, Any] = {"runtime": "litert", "threads": 1} | changes
    return Side(
        name=name,
        latency_ms=latency_ms,
        parts=Anatomy(parts or (part(),), operators=3, converters=values.pop("converters", 0)),
        by_batch=by_batch or {1: latency_ms},
        **values,
    )


def evidence(after: Side, before: Side | None = None, **changes: Any) -> Evidence:
    """Return the evidence of a pair on a machine with fast int8 instructions and two cores."""
    before = before or side()
    ratio = after.latency_ms / before.latency_ms
    values: dict[str, Any] = {
        "low": ratio * 0.98,
        "high": ratio * 1.02,
        "int8": ("AVX-512 VNNI", "AVX2"),
        "cores": 2,
    }
    return Evidence(before, after, ratio, **(values | changes))


def explanation(after: Side, before: Side | None = None, **changes: Any) -> Explanation:
    """Return what the library concludes from made-up evidence."""
    return Explanation(diagnosis.diagnose(evidence(after, before, **changes)))
