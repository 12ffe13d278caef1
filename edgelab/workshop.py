"""The workshop's few sums: a gain, the steps of a large ratio, agreement, a choice under a limit.

    workshop.gain(before, after)                       # 4.0: four times less
    workshop.factors([200, 100, 20])                   # [2.0, 5.0]: what each step contributed
    workshop.agreement(float_logits, int8_logits)      # same answer on 83 of 100 images, with interval
    workshop.choose(result, download_bytes=20_000_000)  # the fastest that fits and was trained

Lesson 24 writes each of them by hand, checks it, and goes on with either version.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.records import Comparison, Latency, Size
from edgelab.reporting import rebase

# The candidates between a headline's reference and its result; each differs from the one before in
# one thing: call, runtime, architecture, bits.
WAY = (
    "ResNet50 predict()",
    "ResNet50 compiled call",
    "ResNet50 float32",
    "MobileNetV2 float32",
    "MobileNetV2 int8",
)

# Why `choose` chose what it did.
REASON = (
    "Of the candidates that fit and were trained, it has the lowest latency; its price in "
    "megabytes and answers is yours to weigh."
)


@dataclass(frozen=True)
class Agreement:
    """On how many images two networks give the same class, with the share's 95 % interval (Wilson).

    The interval takes the images as independent of each other. Crops of one photograph are not, so
    the true doubt is larger.
    """

    same: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Return the share of images with the same answer, 0 to 1."""
        return self.same / self.total

    def __repr__(self) -> str:
        return (
            f"same answer on {self.same} of {self.total} images: {self.share:.0%} "
            f"[{self.low:.0%}, {self.high:.0%}]"
        )


def gain(before: float, after: float) -> float:
    """Return how many times less `after` is than `before`; below 1 it is a loss.

    Raises:
        InputError: one of the two is not above 0.
    """
    if not (before > 0 and after > 0):
        raise InputError(f"A gain is a ratio of two positive numbers; got {before} and {after}.")
    return before / after


def factors(values: Sequence[float]) -> list[float]:
    """Return the gain of each step from one value to the next; their product is the whole gain.

    Args:
        values: latencies or sizes, from the first to the last.

    Raises:
        InputError: a value that is not above 0.
    """
    return [gain(before, after) for before, after in itertools.pairwise(values)]


def agreement(a: np.ndarray, b: np.ndarray) -> Agreement:
    """Count the images to which two sets of outputs give the same class.

    Args:
        a: outputs of one network, (images, classes).
        b: outputs of the other, for the same images.

    Raises:
        InputError: different shapes, or no image.

    Source: Wilson (1927), Journal of the American Statistical Association 22, p. 209.
    """
    from scipy import stats

    if a.shape != b.shape or a.ndim != 2 or not len(a):
        raise InputError(
            f"Agreement needs the outputs of two networks for the same images, (images, classes) "
            f"each; got {a.shape} and {b.shape}."
        )
    same = int((a.argmax(axis=1) == b.argmax(axis=1)).sum())
    bounds = stats.binomtest(same, len(a)).proportion_ci(method="wilson")
    return Agreement(same, len(a), float(bounds.low), float(bounds.high))


def share_of_same(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of images to which two sets of outputs give the same class (see `agreement`)."""
    return agreement(a, b).share


def unprepared(pixels: np.ndarray) -> tuple[np.ndarray, str]:
    """Return photographs as they are, 0 to 255, and why calibrating on them ruins a network (lesson 24)."""
    return np.asarray(pixels, np.float32), "b"


def fitting(result: Comparison, download_bytes: float) -> list[tuple[str, Size, Latency]]:
    """Return the trained candidates whose download (gzip) is at most this large, the fastest first."""
    fits = [
        (m.name, m.size, m.latency)
        for m in result.measurements
        if m.weights != "none" and m.size and m.latency and m.size.gzip_bytes <= download_bytes
    ]
    return sorted(fits, key=lambda found: found[2].median_ms)


def rivals(result: Comparison, name: str, download_bytes: float) -> list[str]:
    """Return the fitting candidates that leave no reason to choose this one.

    A rival is told faster by the comparison itself, takes no more to download, and costs no answers:
    the int8 version of a network is no rival of a float one, whose answers may be worth the bytes.

    Args:
        result: what `benchmark.compare` returned.
        name: the candidate chosen.
        download_bytes: the largest compressed size allowed.
    """
    chosen = result[name].size
    ratios = rebase.seen_from(name, result)
    return [
        other
        for other, size, _ in fitting(result, download_bytes)
        if ratios.ratio(other).verdict == "faster"
        and chosen is not None
        and size.gzip_bytes <= chosen.gzip_bytes
        and (style.technique(other) == "float32" or style.technique(name) != "float32")
    ]


def choose(result: Comparison, download_bytes: float = 20e6) -> tuple[str, float, float, str]:
    """Choose the fastest trained candidate whose download fits.

    Args:
        result: what `benchmark.compare` returned.
        download_bytes: the largest compressed size allowed.

    Returns:
        Its name, its download in MB, its latency in milliseconds, and the reason.

    Raises:
        InputError: none fits.
    """
    fits = fitting(result, download_bytes)
    if not fits:
        raise InputError(
            f"No trained candidate has a download of at most {download_bytes / 1e6:g} MB; these were "
            f"compared: {', '.join(result.names)}."
        )
    name, size, latency = fits[0]
    return name, size.gzip_bytes / 1e6, latency.median_ms, REASON
