"""What this machine can do at most: arithmetic against memory traffic.

    roof = roofline.machine()                  # peak GFLOP/s and GB/s of one thread, measured
    roofline.intensity(counts, size)           # a network's operations for each byte it moves

A network below the ridge waits for memory, one above it for arithmetic. Lesson 10 draws it.
Source: Williams, Waterman and Patterson (2009), Roofline, Communications of the ACM 52(4), p. 65.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelab.files.counted import Counts
from edgelab.measuring import machine

_MATRIX = 1024  # 12 MB for three matrices: arithmetic dominates by far
_STREAM_BYTES = 256_000_000  # well above any last-level cache
_SECONDS = 0.4


@dataclass(frozen=True)
class Roof:
    """The two limits of one machine, with the threads that they were measured with."""

    gflops: float  # float32 operations a second, in thousand millions
    gbytes: float  # bytes a second between memory and core
    threads: int

    @property
    def ridge(self) -> float:
        """Return the intensity (operations per byte) at which both limits meet."""
        return self.gflops / self.gbytes

    def attainable(self, intensity: float) -> float:
        """Return the GFLOP/s that a program of this intensity (operations per byte) can reach."""
        return min(self.gflops, intensity * self.gbytes)


@dataclass(frozen=True)
class Point:
    """One network under the roof."""

    name: str
    intensity: float  # operations per byte
    gflops: float  # reached


def measure(threads: int = 1) -> Roof:
    """Measure this machine's roof: a large matrix product, and a large array added up.

    Args:
        threads: of the linear algebra library; the stream is always read by one thread.

    Returns:
        The roof: best of several repeats, since only disturbances make it lower.
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    a = rng.random((_MATRIX, _MATRIX), dtype=np.float32)
    out = np.empty_like(a)
    with machine.exclusive(), threadpool_limits(threads):
        seconds = _best(lambda: np.matmul(a, a, out=out))
        stream = np.ones(_STREAM_BYTES // 4, np.float32)
        # A dot product of an array with itself reads every byte once and does nothing slow.
        reading = _best(lambda: np.dot(stream, stream))
    return Roof(2 * _MATRIX**3 / seconds / 1e9, _STREAM_BYTES / reading / 1e9, threads)


def point(name: str, network: Counts, latency_ms: float, bits: int = 32) -> Point:
    """Place a network under the roof.

    Counts two operations for a multiply-accumulate, and as traffic every weight once and every
    layer's output written and read once: the least that must move when no cache helps.

    Args:
        name: label.
        network: its counts.
        latency_ms: measured time of one inference.
        bits: of weights and activations.
    """
    operations = 2 * network.macs
    activations = sum(math.prod(layer.output_shape) for layer in network.layers)
    traffic = (network.parameters + 2 * activations) * bits / 8
    return Point(name, operations / traffic, operations / latency_ms / 1e6)


def _best(work: Callable[[], object]) -> float:
    work()
    best, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best
