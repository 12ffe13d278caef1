"""What can be shown of a measurement: its name, its unit, and how many digits it deserves.

A number without its unit, or with digits that the next run would change, misleads. Every table and
chart asks here how to write a value:

    from edgelab.reporting.quantities import Unit, unit_for
    unit_for("size", [318_144, 98_496])          # Unit("kB", 0.001)
    written(4.0512, low=4.01, high=4.09)          # "4.05": the interval carries two decimals

Lesson 10 explains why a mean of twenty runs does not deserve four digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from edgelab.errors import InputError


@dataclass(frozen=True)
class Quantity:
    """One figure of a measurement as tables and charts name it."""

    label: str
    kind: str  # "time", "size", "share", "count", "energy", "ratio" or "text"
    of: str = ""  # a ratio: the key that is divided, reference over candidate

    @property
    def physical(self) -> bool:
        """Return whether a simulated model has no such figure (size, speed, memory, energy)."""
        return self.kind in ("time", "size", "energy", "ratio")


QUANTITIES = {
    "name": Quantity("Model", "text"),
    "latency_ms": Quantity("Latency", "time"),
    "latency_min_ms": Quantity("Latency, fastest run", "time"),
    "latency_mean_ms": Quantity("Latency, mean", "time"),
    "latency_p90_ms": Quantity("Latency, p90", "time"),
    "latency_p99_ms": Quantity("Latency, p99", "time"),
    "time_gain": Quantity("Time gain", "ratio", of="latency_ms"),
    "size_file_bytes": Quantity("File size", "size"),
    "size_gzip_bytes": Quantity("Compressed size (gzip)", "size"),
    "size_nominal_bytes": Quantity("Nominal size", "size"),
    "size_memory_bytes": Quantity("Weights in memory (calculated)", "size"),
    "size_reduction": Quantity("Size reduction", "ratio", of="size_file_bytes"),
    "gzip_reduction": Quantity("Size reduction (gzip)", "ratio", of="size_gzip_bytes"),
    "nominal_reduction": Quantity("Nominal size reduction", "ratio", of="size_nominal_bytes"),
    "weights_reduction": Quantity(
        "Weights reduction (calculated)", "ratio", of="size_memory_bytes"
    ),
    "memory_bytes": Quantity("Peak memory", "size"),
    "memory_reduction": Quantity("Memory reduction", "ratio", of="memory_bytes"),
    "load_ms": Quantity("Loading", "time"),
    "first_ms": Quantity("First inference", "time"),
    "accuracy": Quantity("Accuracy", "share"),
    "energy_mj": Quantity("Energy", "energy"),
    "parameters": Quantity("Parameters", "count"),
    "macs": Quantity("Multiply-accumulates", "count"),
    "weights": Quantity("Weights", "text"),
    "runtime": Quantity("Runtime", "text"),
    "threads": Quantity("Threads", "text"),
}


def quantity(key: str) -> Quantity:
    """Return the quantity of this key.

    Raises:
        InputError: there is none; the message lists those that exist.
    """
    if key not in QUANTITIES:
        raise InputError(f"There is no quantity {key!r} to show; use {', '.join(QUANTITIES)}.")
    return QUANTITIES[key]


@dataclass(frozen=True)
class Unit:
    """A unit and the factor that turns the stored value into it."""

    symbol: str
    factor: float

    def label(self, name: str) -> str:
        """Return a header such as "Latency (ms)"."""
        return f"{name} ({self.symbol})" if self.symbol else name


# Stored values are milliseconds, bytes, millijoules, shares of one and plain counts. A unit is
# used for values below its limit.
_UNITS: dict[str, tuple[tuple[float, Unit], ...]] = {
    "time": ((1.0, Unit("µs", 1e3)), (1e4, Unit("ms", 1.0)), (math.inf, Unit("s", 1e-3))),
    "size": (
        (1e3, Unit("B", 1.0)),
        (1e6, Unit("kB", 1e-3)),
        (1e9, Unit("MB", 1e-6)),
        (math.inf, Unit("GB", 1e-9)),
    ),
    "energy": ((1.0, Unit("µJ", 1e3)), (1e3, Unit("mJ", 1.0)), (math.inf, Unit("J", 1e-3))),
    "count": (
        (1e4, Unit("", 1.0)),
        (1e6, Unit("thousands", 1e-3)),
        (1e9, Unit("millions", 1e-6)),
        (math.inf, Unit("billions", 1e-9)),
    ),
    "share": ((math.inf, Unit("%", 100.0)),),
    "ratio": ((math.inf, Unit("×", 1.0)),),
    "text": ((math.inf, Unit("", 1.0)),),
}


def unit_for(kind: str, values: Iterable[float | None]) -> Unit:
    """Return the one unit in which all these values read well.

    It fits the largest value, unless the smallest is more than a thousand times smaller: then it
    fits their geometric mean, so that neither becomes a row of zeros.
    """
    sizes = [abs(v) for v in values if v is not None and v != 0 and math.isfinite(v)]
    if not sizes:
        return _UNITS[kind][0][1]
    largest, smallest = max(sizes), min(sizes)
    typical = largest if largest <= 1000 * smallest else math.sqrt(largest * smallest)
    return next(unit for limit, unit in _UNITS[kind] if typical < limit)


def decimals(
    value: float, low: float | None = None, high: float | None = None, digits: int = 4
) -> int:
    """Return how many decimals a value deserves.

    With an interval: down to the first digit of its half-width, or the second where the first is
    small (the Particle Data Group's rule), at most `digits` significant digits. An exact value
    gets three significant digits.
    """
    if value == 0 or not math.isfinite(value):
        return 0
    magnitude = math.floor(math.log10(abs(value)))
    half = (high - low) / 2 if low is not None and high is not None else 0.0
    if math.isinf(half):
        return max(0, -magnitude)  # nothing is known: one digit, no more
    if half <= 0:
        return max(0, 2 - magnitude)
    first = -math.floor(math.log10(half))
    if half * 10**first < 3.5:
        first += 1
    return max(0, min(first, digits - 1 - magnitude))


def written(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    places: int | None = None,
    digits: int = 4,
) -> str:
    """Return a value with the digits that its interval justifies, a dash where there is none."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "\u2212∞"
    shown = decimals(value, low, high, digits) if places is None else places
    text = f"{value:,.{shown}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")  # a loss that rounds to nothing is no negative nothing
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "\u2212")


def with_unit(value: float | None, kind: str) -> str:
    """Return one value on its own, in the unit that fits it: "98.5 kB", "15.2 µs"."""
    if value is None:
        return "not measured"
    unit = unit_for(kind, [value])
    text = written(value * unit.factor)
    return f"{text}\N{NO-BREAK SPACE}{unit.symbol}" if unit.symbol else text
