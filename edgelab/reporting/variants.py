"""The variants of one architecture, and the choice among them under a budget.

    name, ms, work, reason = variants.choose(result, "MobileNetV2 1.0 224")

A width multiplier makes a network narrower, a resolution gives it fewer pixels. Which variants keep a
budget of time and bytes is measured; how often each is right needs trained weights and labelled
images. Without them the one that does the most work is taken, a rule of thumb *within* one family.
Lesson 23 chooses by hand first.
"""

from __future__ import annotations

from edgelab.errors import InputError
from edgelab.records import Comparison, Measurement
from edgelab.reporting import rebase

# Of the brief in exercise 23.4: at most this share of the whole network's time, and this many bytes.
SHARE_OF_TIME = 0.5
FILE_BYTES = 12_000_000

REASON = "Of the variants that keep both limits, it still does the most work."


def name_of(alpha: float, size: int) -> str:
    """Return how the lesson calls a variant of MobileNetV2: "MobileNetV2 0.5 224"."""
    return f"MobileNetV2 {alpha:g} {size}" if alpha != 1 else f"MobileNetV2 1.0 {size}"


def family(name: str) -> str:
    """Return the architecture of a variant: the first word of its name."""
    return name.split(maxsplit=1)[0]


def shares_of_time(result: Comparison, whole: str) -> dict[str, float]:
    """Return how long each candidate takes, as a share of the whole network's time.

    Args:
        result: what `benchmark.compare` returned.
        whole: name of the whole network, the reference.
    """
    seen = rebase.seen_from(whole, result)
    return {ratio.name: ratio.value for ratio in seen.ratios}


def fitting(
    result: Comparison,
    whole: str,
    share_of_time: float = SHARE_OF_TIME,
    file_bytes: float = FILE_BYTES,
) -> list[Measurement]:
    """Return the variants of the same family that keep both limits, the one with most work first.

    Args:
        result: what `benchmark.compare` returned.
        whole: name of the whole network.
        share_of_time: of the whole network's, at most.
        file_bytes: the largest file allowed.
    """
    shares = shares_of_time(result, whole)
    fits = [
        m
        for m in result.measurements
        if family(m.name) == family(whole)
        and m.size is not None
        and m.size.file_bytes <= file_bytes
        and shares[m.name] <= share_of_time
    ]
    return sorted(fits, key=lambda m: -(m.macs or 0))


def choose(
    result: Comparison,
    whole: str,
    share_of_time: float = SHARE_OF_TIME,
    file_bytes: float = FILE_BYTES,
) -> tuple[str, float, float, str]:
    """Choose the variant that keeps both limits and does the most work.

    Args: as `fitting`.

    Returns:
        Its name, its latency in milliseconds, its millions of multiply-accumulates, and the reason.

    Raises:
        InputError: none keeps both limits; the message names the one that comes nearest.
    """
    fits = fitting(result, whole, share_of_time, file_bytes)
    if fits:
        best = fits[0]
        assert best.latency is not None  # a comparison timed it
        return best.name, best.latency.median_ms, (best.macs or 0) / 1e6, REASON
    shares = shares_of_time(result, whole)
    excess = {
        m.name: max(shares[m.name] / share_of_time, m.size.file_bytes / file_bytes)
        for m in result.measurements
        if family(m.name) == family(whole) and m.size is not None
    }
    nearest = min(excess, key=lambda name: excess[name])
    raise InputError(
        f"No variant keeps {share_of_time:.0%} of the time and {file_bytes / 1e6:g} MB. {nearest} comes "
        f"nearest: {shares[nearest]:.0%} of the time, "
        f"{(result[nearest]['size_file_bytes'] or 0) / 1e6:.1f} MB."
    )
