"""Records with chosen numbers, for tests of what is shown of them; nothing is timed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgelab.records import Accuracy, Comparison, Latency, Measurement, Ratio, Size


def latency(median_ms: float = 1.0, half_ms: float = 0.01, runs: int = 101) -> Latency:
    """Return a latency of evenly spaced samples around a median, with its interval."""
    step = half_ms / runs
    samples = tuple(median_ms + (i - runs // 2) * step for i in range(runs))
    return Latency(samples, median_ms - half_ms, median_ms + half_ms, 1.0, 10)


def accuracy(correct: int = 90, total: int = 100, half: float = 0.06, **changes: Any) -> Accuracy:
    """Return an accuracy with an interval of the given half-width."""
    value = correct / total
    values = {"split": "test", "dataset": "digits"} | changes
    return Accuracy(correct, total, value - half, value + half, **values)


def measurement(
    name: str = "float32", median_ms: float = 1.0, file_bytes: int = 100_000, **changes: Any
) -> Measurement:
    """Return a measurement; its four sizes differ by fixed shares of the file's."""
    values: dict[str, Any] = {
        "runtime": "litert",
        "threads": 1,
        "latency": latency(median_ms),
        "size": Size(file_bytes * 8 // 10, file_bytes * 2, file_bytes, file_bytes // 2),
        "memory_bytes": 3 * file_bytes,
    }
    return Measurement(name, **(values | changes))


def ratio(
    name: str,
    value: float,
    half: float = 0.01,
    reference: str = "float32",
    estimates: Sequence[float] = (),
) -> Ratio:
    """Return a ratio whose verdict follows from its interval."""
    low, high = value - half, value + half
    verdict = "faster" if high < 1 else "slower" if low > 1 else "cannot tell"
    return Ratio(name, reference, value, low, high, verdict, 8, 0.005, tuple(estimates))


def comparison(*measurements: Measurement, half: float = 0.01) -> Comparison:
    """Return a comparison whose ratios are those of the medians, with intervals of ± half."""
    first = measurements[0]
    ratios = [Ratio(first.name, first.name, 1.0, 1.0, 1.0, "reference", 0, 0.005)]
    for m in measurements[1:]:
        assert m.latency is not None
        assert first.latency is not None
        value = m.latency.median_ms / first.latency.median_ms
        ratios.append(ratio(m.name, value, half, first.name))
    return Comparison(tuple(measurements), tuple(ratios), 2.0, busy=False, seed=0)


def float_and_int8(**int8: Any) -> Comparison:
    """Return the usual pair: int8 takes half the time and a quarter of the bytes."""
    return comparison(
        measurement("float32", 1.0, 100_000, accuracy=accuracy(90)),
        measurement("int8", 0.5, 25_000, accuracy=accuracy(89), **int8),
    )
