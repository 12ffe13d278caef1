"""Does `benchmark.explain` name the planted cause, and none where none was planted?

Each scenario is a pair of real files of which the second disappoints for one known reason. Some of them are
of other shapes than those that the rules were written with. Four pairs disappoint for a reason that is not
among the causes: there no cause may be named, and the pair must really miss its promise. Three more
pairs have no reason to disappoint. The int8 scenario needs a processor without fast int8 instructions: on
another one the right answer is another, and the scenario is left out and said to be.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edgelab import benchmark
from edgelab.explaining.diagnosis import Diagnosis
from tests.bench.figure import Figure, at_least, reported
from tests.slow_pairs import Pairs

REPEATS = 3
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
# The same for pairs of other shapes, added when the rules stood.
OTHER_SHAPES = {
    "zeros_pointwise": "zeros",
    "narrow_pair": "narrow",
    "widened_large_kernels": "widened",
    "overhead_deep": "overhead",
}
UNKNOWN = ("elementwise", "transposes", "pooling", "some_python")
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
            right, note = asked(pairs, method, says(cause))
            named += right == REPEATS
            yield always(f"explain, {method}: named", right, note)
        yield at_least("explain, planted causes always named", named, "", FEWEST_SCENARIOS,
                       note=f"of {len(planted)} scenarios")  # fmt: skip
        for method, cause in OTHER_SHAPES.items():
            right, note = asked(pairs, method, says(cause))
            yield always(f"explain, {method} (other shape): named", right, note)
        for method in UNKNOWN:
            right, note = asked(pairs, method, none_though_missed)
            yield always(f"explain, {method} (unknown reason): no cause found", right, note)
        for method in HEALTHY:
            right, note = asked(pairs, method, says(None))
            yield always(f"explain, {method}: no cause found", right, note)


def always(name: str, right: int, note: str) -> Figure:
    """Return a figure that is met when every answer was right."""
    return Figure(name, right, f"of {REPEATS}", f"{REPEATS} of {REPEATS}", right == REPEATS,
                  note=note)  # fmt: skip


def says(cause: str | None) -> Callable[[Diagnosis], bool]:
    """Return the test whether a diagnosis names this cause, or none."""
    return lambda found: found.cause == cause


def none_though_missed(found: Diagnosis) -> bool:
    """Tell whether no cause was named for a pair that clearly misses its promise."""
    return found.cause is None and not found.kept and not found.unsure


def asked(pairs: Pairs, method: str, right: Callable[[Diagnosis], bool]) -> tuple[int, str]:
    """Return how often the answer about a pair was right, and what was said."""
    reference, candidate = getattr(pairs, method)()
    answers: list[Diagnosis] = []
    seconds = []
    for seed in range(REPEATS):
        begin = time.perf_counter()
        found = benchmark.explain(reference, candidate, names=("reference", method), seed=seed)
        seconds.append(time.perf_counter() - begin)
        answers.append(found.diagnosis)
    last = answers[-1]
    missed = max(last.excess_ms, 1e-9)
    parts = [f"{f.cause} {f.lost_ms / missed:.0%}" for f in last.findings]
    parts += [f"unexplained {last.unexplained_ms / missed:.0%}"] if not last.kept else []
    note = (
        f"answers {', '.join(str(d.cause) for d in answers)}; of the excess {', '.join(parts) or '-'}; "
        f"on paper {last.promise:.3g} x, measured {last.gain:.3g} x; {max(seconds):.1f} s"
    )
    return sum(right(d) for d in answers), note
