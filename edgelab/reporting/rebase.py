"""The same rounds, seen from another reference: no new measurement, another question.

    honest = rebase.seen_from("ResNet50 float32", result)      # which LiteRT file is faster, by how much?
    rebase.steps(result, ["predict()", "float32", "int8"])     # one ratio from each to the next

All candidates of a comparison are timed in the same rounds, so any of them can be the reference: its
ratio is taken round by round, and the interval is again over the rounds. Lesson 24 splits one large
ratio into the steps that it is made of.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

from edgelab.errors import InputError
from edgelab.measuring import compare
from edgelab.records import Comparison, Ratio


def seen_from(reference: str, result: Comparison, names: Sequence[str] | None = None) -> Comparison:
    """Return a comparison with another reference, and optionally with fewer candidates.

    Args:
        reference: name of the candidate that the others are compared with; it comes first.
        result: what `benchmark.compare` returned.
        names: the candidates to keep, in this order; None keeps all.

    Raises:
        InputError: a name that was not compared, or a comparison without its rounds.
    """
    kept = result.names if names is None else names
    order = (reference, *(name for name in kept if name != reference))
    base = _rounds(result, reference)
    logs = [[a - b for a, b in zip(_rounds(result, n), base, strict=True)] for n in order]
    # The ratios need the estimates alone; samples and loading times stay with the measurements.
    evidence = compare.Evidence(estimates=logs, samples=[], load_ns=[], first_ns=[])
    measurements = tuple(result[name] for name in order)
    return replace(result, measurements=measurements, ratios=compare.verdict(evidence, order))


def steps(result: Comparison, names: Sequence[str]) -> tuple[Ratio, ...]:
    """Return the ratio of each candidate to the one before it.

    Their product is the whole way (nearly so where rounds are many and extreme ones are trimmed).

    Args:
        result: what `benchmark.compare` returned.
        names: the candidates on the way, from the first reference to the last candidate.

    Raises:
        InputError: fewer than two names; else as `seen_from`.
    """
    if len(names) < 2:
        raise InputError(f"A way has two ends or more; {list(names)} has not.")
    pairs = itertools.pairwise(names)
    return tuple(seen_from(a, result, [b]).ratio(b) for a, b in pairs)


def _rounds(result: Comparison, name: str) -> list[float]:
    """Return the log ratio of a candidate to the comparison's own reference, round by round."""
    own = result.ratio(name)
    count = max(len(ratio.estimates) for ratio in result.ratios)
    if not count:
        raise InputError(
            "This comparison holds no single rounds, so its reference can't be changed. Measure "
            "again with benchmark.compare."
        )
    return [math.log(e) for e in own.estimates] or [0.0] * count
