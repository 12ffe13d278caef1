"""What was measured, as frozen records that keep their raw samples.

A figure, a table and a worksheet cell read these records and nothing else:

    result = benchmark.compare({"float32": a, "int8": b}, on=digits.test)
    result["int8"]["size_gzip_bytes"], result.ratio("int8").verdict

They are published to the history (see `edgelab.history`), and so to the journal. Lesson 10 builds the
statistics by hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from edgelab.errors import InputError
from edgelab.history import MemoryStore, Record, Store, find as history, publish, use
from edgelab.latency import RUNS_FOR_P90, RUNS_FOR_P99, Distribution, Latency
from edgelab.serialize import Serializable

__all__ = [
    "KEYS",
    "RUNS_FOR_P90",
    "RUNS_FOR_P99",
    "Accuracy",
    "Comparison",
    "Distribution",
    "Latency",
    "Measurement",
    "MemoryStore",
    "Ratio",
    "Record",
    "Size",
    "Store",
    "amount",
    "duration",
    "history",
    "publish",
    "use",
]

# An inter-quartile range above these shares of the median makes a number doubtful, then worthless
# (torch.utils.benchmark uses the same two limits).
SPREAD_DOUBTFUL = 0.10
SPREAD_BAD = 0.25
# The confidence of a ratio of times, stricter than the usual 95 % (`edgelab.measuring.compare` says why). Records
# from before it was kept were made by a comparison.
RATIO_LEVEL = 0.98


@dataclass(frozen=True)
class Size(Serializable):
    """Four sizes of one artefact, in bytes: a ratio without its kind of size means nothing.

    All are read or calculated from the file; what a process really takes is measured as
    `Measurement.memory_bytes`.
    """

    nominal_bytes: int  # parameters times bits, scales and sparse indices counted
    memory_bytes: int  # calculated: the weights at the width in which the runtime computes
    file_bytes: int
    gzip_bytes: int


@dataclass(frozen=True)
class Accuracy(Serializable):
    """Share of right answers on a split, with its 95 % interval (Wilson) and every prediction.

    `wrong` holds the positions of the images that were answered wrongly, so that two models can be
    compared image by image without the labels; records from before it was kept have none.
    """

    correct: int
    total: int
    low: float
    high: float
    split: str
    dataset: str
    predictions: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()

    @property
    def value(self) -> float:
        """Return the share of right answers, 0 to 1."""
        return self.correct / self.total

    @property
    def by_image(self) -> bool:
        """Return whether `wrong` is known: a record without it is no proof of right answers."""
        return len(self.wrong) == self.total - self.correct


@dataclass(frozen=True)
class Measurement(Serializable):
    """Everything that was measured about one artefact in one run."""

    name: str
    runtime: str
    threads: int
    artefact_hash: str = ""
    size: Size | None = None
    latency: Latency | None = None
    instance_spread: float | None = None  # relative spread of the medians of fresh instances
    throughput: dict[int, float] = field(default_factory=dict)  # batch size → images per second
    memory_bytes: int | None = None  # peak resident set of a fresh process, less the same without
    load_ms: float | None = None
    first_ms: float | None = None  # the first inference after loading
    accuracy: Accuracy | None = None
    energy_mj: float | None = None
    energy_source: str | None = None  # "rapl" or "estimated"
    parameters: int | None = None
    macs: int | None = None  # multiply-accumulates of one inference
    weights: str = "trained"  # "trained", "imagenet" or "none" (untrained: no accuracy)
    simulated: bool = False
    busy: bool = False  # another process took part of the machine in spite of repeats
    measured_here: bool = True
    profile: str = "class"
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    notes: tuple[str, ...] = ()

    def value(self, key: str) -> float | None:
        """Return one figure by its flat name, or None when it was not measured.

        Args:
            key: one of `Measurement.KEYS`, unit in the name ("latency_ms", "size_gzip_bytes").

        Raises:
            InputError: there is no such key.
        """
        if key not in _FIGURES:
            raise InputError(f"A measurement has no figure {key!r}; it has {', '.join(_FIGURES)}.")
        part: Any = self
        for attribute in _FIGURES[key].split("."):
            part = getattr(part, attribute)
            if part is None:
                return None
        return float(part)

    def __getitem__(self, key: str) -> float | None:
        return self.value(key)

    def interval(self, key: str) -> tuple[float, float] | None:
        """Return the interval of a figure, or None where it has none (a size is exact).

        It is a 95 % interval for the accuracy; what it is for the latency, `Latency.bounds` says.
        """
        if key == "latency_ms" and self.latency:
            return self.latency.low_ms, self.latency.high_ms
        if key == "accuracy" and self.accuracy:
            return self.accuracy.low, self.accuracy.high
        return None

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what makes this measurement doubtful, each with its remedy; empty when sound."""
        found = []
        if self.latency and self.latency.spread > SPREAD_DOUBTFUL:
            degree = "worthless" if self.latency.spread > SPREAD_BAD else "doubtful"
            found.append(
                f"the middle half of the runs spreads over {self.latency.spread:.0%} of the median, "
                f"so the latency is {degree}: close other programs and measure again"
            )
        if self.busy:
            found.append(
                "machine busy: other processes were running during every attempt; stop them and "
                "measure again"
            )
        if self.simulated:
            found.append("simulated: says nothing about size or speed")
        return (*found, *self.notes)

    def __repr__(self) -> str:
        return "\n".join(_lines(self))


@dataclass(frozen=True)
class Ratio(Serializable):
    """Latency of a candidate divided by the reference's, with its interval over fresh instances.

    With one instance the interval is over the runs of that one load.
    """

    name: str
    reference: str
    value: float
    low: float
    high: float
    verdict: str  # "reference", "faster", "slower" or "cannot tell"
    instances: int
    smallest_effect: float  # a difference below this share is never called one
    estimates: tuple[float, ...] = ()  # one ratio for each pair of instances
    level: float = RATIO_LEVEL  # confidence of the interval

    def __repr__(self) -> str:
        if self.verdict == "reference":
            return f"{self.name}: the reference"
        over = f"{self.instances} fresh instances" if self.instances > 1 else "runs of one load"
        return (
            f"{self.name} / {self.reference}: {self.value:.3f} of its time "
            f"[{self.low:.3f}, {self.high:.3f}] at {100 * self.level:g} %, {self.verdict} ({over})"
        )


@dataclass(frozen=True)
class Comparison(Serializable):
    """Several artefacts measured in turn, in one run, under one thread count."""

    measurements: tuple[Measurement, ...]  # the first is the reference
    ratios: tuple[Ratio, ...]
    seconds: float
    busy: bool
    seed: int
    profile: str = "class"
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the candidates' names, the reference first."""
        return tuple(m.name for m in self.measurements)

    @property
    def reference(self) -> Measurement:
        """Return the measurement that the others are compared with."""
        return self.measurements[0]

    def __getitem__(self, name: str) -> Measurement:
        return self.measurements[self._index(name)]

    def ratio(self, name: str) -> Ratio:
        """Return the latency ratio of one candidate to the reference."""
        return self.ratios[self._index(name)]

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise InputError(f"{name!r} was not compared; these were: {', '.join(self.names)}.")
        return self.names.index(name)

    def __repr__(self) -> str:
        lines = [f"Comparison of {len(self.names)} artefacts, {self.seconds:.1f} s"]
        lines += [f"  {line}" for m in self.measurements for line in _lines(m)]
        lines += [f"  {ratio!r}" for ratio in self.ratios[1:]]
        if self.busy:
            lines.append("  machine busy: other processes ran all the time; stop them and repeat")
        return "\n".join(lines)


_FIGURES = {
    "latency_ms": "latency.median_ms",
    "latency_min_ms": "latency.min_ms",
    "latency_mean_ms": "latency.mean_ms",
    "latency_p90_ms": "latency.p90_ms",
    "latency_p99_ms": "latency.p99_ms",
    "size_nominal_bytes": "size.nominal_bytes",
    "size_memory_bytes": "size.memory_bytes",
    "size_file_bytes": "size.file_bytes",
    "size_gzip_bytes": "size.gzip_bytes",
    "memory_bytes": "memory_bytes",
    "load_ms": "load_ms",
    "first_ms": "first_ms",
    "accuracy": "accuracy.value",
    "energy_mj": "energy_mj",
    "parameters": "parameters",
    "macs": "macs",
}
KEYS = tuple(_FIGURES)


def _lines(m: Measurement) -> list[str]:
    threads = f"{m.threads} thread" + ("s" if m.threads != 1 else "")
    lines = [f"{m.name} ({m.runtime}, {threads})"]
    if m.latency:
        t = m.latency
        p90 = f", p90 {duration(t.p90_ms)}" if t.p90_ms is not None else ""
        interval = f"[{duration(t.low_ms)}, {duration(t.high_ms)}]"
        loads = {0: "", 1: " of one load"}.get(t.instances, f" of {t.instances} loads")
        lines.append(f"  latency   {duration(t.median_ms)} {interval}{p90}, {t.runs} runs{loads}")
    if m.size:
        s = m.size
        sizes = (("file", s.file_bytes), ("gzip", s.gzip_bytes), ("nominal", s.nominal_bytes))
        lines.append("  size      " + ", ".join(f"{n} {amount(b)}" for n, b in sizes))
    if m.memory_bytes is not None:
        lines.append(f"  memory    {amount(m.memory_bytes)} at the peak")
    if m.accuracy:
        a = m.accuracy
        interval = f"[{a.low:.1%}, {a.high:.1%}]"
        lines.append(f"  accuracy  {a.value:.1%} {interval} on {a.total} images ({a.split})")
    return lines + [f"  doubtful: {doubt}" for doubt in m.doubts]


def duration(milliseconds: float | None) -> str:
    """Return a duration as a person reads it: three digits and a fitting unit."""
    if milliseconds is None:
        return "not measured"
    for limit, factor, unit in ((1.0, 1e3, "µs"), (1e3, 1.0, "ms"), (math.inf, 1e-3, "s")):
        if abs(milliseconds) < limit:
            return f"{_three_digits(milliseconds * factor)} {unit}"
    return f"{milliseconds} ms"


def amount(size_bytes: float | None) -> str:
    """Return a size as a person reads it, in decimal units (1 kB = 1000 bytes)."""
    if size_bytes is None:
        return "not measured"
    for limit, factor, unit in ((1e3, 1.0, "B"), (1e6, 1e-3, "kB"), (1e9, 1e-6, "MB")):
        if abs(size_bytes) < limit:
            return f"{_three_digits(size_bytes * factor)} {unit}"
    return f"{_three_digits(size_bytes * 1e-9)} GB"


def _three_digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 6)}f}"
