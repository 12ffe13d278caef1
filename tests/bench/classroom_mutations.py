"""Ten thousand broken and hostile hand-ins: who crashes, who is lost, what is injected, what leaves the folder."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from edgelab.classroom.grading import batch
from edgelab.classroom.worksheets import loading
from tests import grading_audited, submissions_made, submissions_mutated
from tests.bench.classroom_grading import PROCESSES, Memory
from tests.bench.figure import Figure, at_least, at_most, reported

HAND_INS = 10_000
BASES = 20


def figures() -> Iterator[Figure]:
    """Grade them all and look at the results with independent eyes."""
    schema = loading.load("analysis")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        bases = [
            submissions_made.student(schema, f"S{i}", i, random.Random(i), size=20).content
            for i in range(BASES)
        ]
        out = home / "grades"
        count = submissions_mutated.write(home / "submissions", bases, HAND_INS, seed=9)
        before = grading_audited.snapshot(home, out)
        with Memory() as memory:
            begin = time.perf_counter()
            batch.grade("analysis", home / "submissions", out, processes=PROCESSES)
            seconds = time.perf_counter() - begin
        kinds = [
            *submissions_mutated.CHANGES,
            *submissions_mutated.BYTES,
            *submissions_mutated.PACKINGS,
        ]
        yield reported("mutated hand-ins graded", seconds, "s", note=f"{len(kinds)} kinds")
        yield reported("their memory, all processes together", memory.peak / 2**30, "GiB")
        yield from _judged(out, count)
        moved = before.items() ^ grading_audited.snapshot(home, out).items()
        note = ", ".join(sorted(name for name, _ in moved)[:3])
        yield at_most("changes outside of the folder of results", len(moved), "", 0, note=note)


def _judged(out: Path, count: int) -> Iterator[Figure]:
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    states = Counter(row["status"] for row in rows)
    note = ", ".join(f"{n} {state}" for state, n in states.most_common())
    yield at_least("mutated hand-ins in the gradebook", len(rows), "", count, note=note)
    offences = grading_audited.offences(out, count)
    crashed = [o for o in offences if "crashed" in o]
    yield at_most("crashed", len(crashed), "", 0, note="; ".join(crashed[:2]))
    rest = [o for o in offences if o not in crashed]
    yield at_most("injected, lost or without reason", len(rest), "", 0, note="; ".join(rest[:2]))
