"""What a diagnosis rests on: two sides, their ratio, and the experiments; nothing is concluded here.

    found = benchmark.explain(float32, int8).evidence
    found.after.fixed_ms, found.without, found.operators_ms

`edgelab.explaining.experiments` gathers it, `edgelab.explaining.diagnosis` draws the conclusions. Lesson 25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgelab.errors import InputError
from edgelab.explaining.anatomy import Anatomy
from edgelab.serialize import Serializable


@dataclass(frozen=True)
class Side(Serializable):
    """One side of a pair: what it is made of and how long it takes.

    Attributes:
        name: label.
        runtime: that ran it.
        threads: that it was given.
        latency_ms: one inference, Python code around it included.
        parts: its layers.
        by_batch: batch size → milliseconds of the whole batch, the network alone.
    """

    name: str
    runtime: str
    threads: int
    latency_ms: float
    parts: Anatomy
    by_batch: dict[int, float] = field(default_factory=dict)

    @property
    def alone_ms(self) -> float:
        """Return one inference of the network alone, without Python code or a slow call around it."""
        return self.by_batch.get(1, self.latency_ms)

    @property
    def fixed_ms(self) -> float | None:
        """Return what a call costs however many images it takes; None where that was not tried."""
        if len(self.by_batch) < 2:
            return None
        return min(fixed_and_each(self.by_batch)[0], self.by_batch[1])

    @property
    def each_ms(self) -> float:
        """Return what one image costs, the fixed cost of its call left out where that is known."""
        # Where a batch costs no more than one image, a trace of its own is left to divide by.
        return max(self.alone_ms - (self.fixed_ms or 0.0), 0.01 * self.alone_ms)

    @property
    def macs_each_ms(self) -> float:
        """Return how many multiply-accumulates it does in a millisecond, fixed cost left out."""
        return self.parts.macs / self.each_ms


@dataclass(frozen=True)
class Reference(Serializable):
    """What the experiments say about the reference; the attributes are those of `Evidence`."""

    without: dict[str, float] = field(default_factory=dict)
    operators_ms: dict[str, float] = field(default_factory=dict)
    reading_ms: float = 0.0
    padded_macs: int = 0


@dataclass(frozen=True)
class Evidence(Serializable):
    """Everything that a diagnosis rests on.

    Attributes:
        before: the reference.
        after: the candidate that should be faster.
        ratio: time of the candidate over the reference's.
        low, high: its interval over fresh instances.
        without: suspect → milliseconds of the candidate without it ("python", "call", "threads 1",
            "kernels", "dynamic", "narrow", "zeros", "widened").
        operators_ms: kind of operator → milliseconds in one inference, where the runtime tells.
        reading_ms: time only to read the candidate's weights.
        padded_macs: multiply-accumulates of the candidate without "narrow"; 0 where not tried.
        reference: the same experiments with the reference: what it pays as well is no cause.
        cache_bytes: of a core's own cache; None where the system does not tell.
        int8: the processor's instruction sets for int8.
        cores: of this machine.
        busy: whether other processes disturbed the measurement.
    """

    before: Side
    after: Side
    ratio: float
    low: float
    high: float
    without: dict[str, float] = field(default_factory=dict)
    operators_ms: dict[str, float] = field(default_factory=dict)
    reading_ms: float = 0.0
    padded_macs: int = 0
    reference: Reference = field(default_factory=Reference)
    cache_bytes: int | None = None
    int8: tuple[str, ...] = ()
    cores: int = 1
    busy: bool = False


def fixed_and_each(by_batch: Mapping[int, float]) -> tuple[float, float]:
    """Return the fixed cost of a call and the cost of each image: a straight line through the times.

    Args:
        by_batch: batch size → time of the whole batch, two sizes or more.

    Returns:
        Fixed cost and cost of one image, in the unit of the times; neither is below 0.

    Raises:
        InputError: fewer than two sizes.
    """
    import numpy as np

    if len(by_batch) < 2:
        raise InputError(f"A line needs two batch sizes or more; got {list(by_batch)}.")
    each, fixed = np.polyfit(list(by_batch), list(by_batch.values()), 1)
    return max(0.0, float(fixed)), max(0.0, float(each))
