"""Does `benchmark.explain` name the planted cause, and none where none was planted?

Each scenario is a pair of real files of which the second disappoints for one known reason. Three more pairs
have no reason to disappoint. The int8 scenario needs a processor without fast int8 instructions: on
another one the right answer is another, and the scenario is left out and said to be.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edgelab import benchmark
from tests.bench.figure import Figure, at_least, reported
from tests.slow_pairs import Pairs

REPEATS = int(os.environ.get("EDGELAB_BENCH_EXPLAIN", "3"))
FEWEST_SCENARIOS = 8

# Method of `Pairs` → the cause that must be named.
PLANTED = {
    "zeros": "zeros",
    "overhead": "overhead",
    "narrow": "narrow",
    "instructions": "instructions",
    "kernels": "kernels",
    "no_delegate": "kernels",
    "widened": "widened",
    "dynamic": "dynamic",
    "converters": "converters",
    "floats": "float",
    "threads": "threads",
    "call": "call",
    "python": "python",
    "memory": "memory",
}
HEALTHY = ("the_same", "half_the_layers", "other_weights")


def figures() -> Iterator[Figure]:
    """Explain every pair several times and count the right answers."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = Pairs(Path(folder))
        planted = dict(PLANTED)
        if pairs.fast_int8:
            del planted["instructions"]
            yield reported("explain, int8 without instructions", float("nan"), "", note="has them")
        named = 0
        for method, cause in planted.items():
            right, note = asked(pairs, method, cause)
            named += right == REPEATS
            yield Figure(f"explain, {method}: named", right, f"of {REPEATS}",
                         f"{REPEATS} of {REPEATS}", right == REPEATS, note=note)  # fmt: skip
        yield at_least("explain, planted causes always named", named, "", FEWEST_SCENARIOS,
                       note=f"of {len(planted)} scenarios")  # fmt: skip
        for method in HEALTHY:
            right, note = asked(pairs, method, None)
            yield Figure(f"explain, {method}: no cause found", right, f"of {REPEATS}",
                         f"{REPEATS} of {REPEATS}", right == REPEATS, note=note)  # fmt: skip


def asked(pairs: Pairs, method: str, cause: str | None) -> tuple[int, str]:
    """Return how often the cause of a pair was named rightly, and what was said."""
    reference, candidate = getattr(pairs, method)()
    answers, seconds = [], []
    for seed in range(REPEATS):
        begin = time.perf_counter()
        found = benchmark.explain(reference, candidate, names=("reference", method), seed=seed)
        seconds.append(time.perf_counter() - begin)
        lost = [
            f"{f.cause} {f.lost_ms / found.evidence.after.latency_ms:.0%}" for f in found.findings
        ]
        answers.append((found.cause, lost, found.diagnosis))
    said = ", ".join(answers[-1][1]) or "nothing"
    last = answers[-1][2]
    note = (
        f"{said}; on paper {last.promise:.3g} x, measured {last.gain:.3g} x; {max(seconds):.1f} s"
    )
    return sum(answer == cause for answer, *_ in answers), note
