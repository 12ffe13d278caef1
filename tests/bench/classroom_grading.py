"""How long a thousand hand-ins take on two cores, what memory they need, and what is found in them."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from edgelab.classroom.grading import batch
from edgelab.classroom.worksheets import loading
from tests import submissions_made
from tests.bench.figure import Figure, at_least, at_most, reported

STUDENTS = 1_000
PROCESSES = 2
RECORDS = 80
SECONDS, GIBIBYTES = 60, 1


class Memory:
    """Watches what this process and its children hold at most."""

    def __init__(self) -> None:
        self.peak = 0
        self.cpu = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._before, self._cpu = _resident(), _cpu()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self.cpu = _cpu() - self._cpu

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self.peak = max(self.peak, _resident())


def _resident() -> int:
    own = psutil.Process()
    total = 0
    for process in (own, *own.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def figures() -> Iterator[Figure]:
    """Make a class with a seed, grade it, and compare what is found with what was planted."""
    schema = loading.load("analysis")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        made, planted = submissions_made.make_class(schema, STUDENTS, seed=5, size=RECORDS)
        submissions_made.write_folders(home / "submissions", made)
        size = sum(len(one.content) for one in made) / len(made)
        with Memory() as memory:
            begin = time.perf_counter()
            result = batch.grade(
                "analysis", home / "submissions", home / "grades", processes=PROCESSES
            )
            seconds = time.perf_counter() - begin
        load = psutil.getloadavg()[0]
        note = f"{size / 1e3:.0f} kB each, load of the machine {load:.1f}"
        yield at_most(f"{STUDENTS} hand-ins graded", seconds, "s", SECONDS, note=note)
        yield reported("the same, seconds of the processor", memory.cpu, "s")
        yield at_most("memory, all processes together", memory.peak / 2**30, "GiB", GIBIBYTES)
        yield at_least("rows in the gradebook", len(result.graded), "", STUDENTS)
        yield from _planted(result, planted)


def _planted(result: batch.Result, planted: submissions_made.Planted) -> Iterator[Figure]:
    names = {g.key: g.name for g in result.graded}
    groups = {
        "copied journals": (result.likeness.journals, planted.same_journal),
        "copied texts": (result.likeness.texts, [*planted.same_text, *planted.same_journal]),
    }
    for what, (found, pairs) in groups.items():
        named = {frozenset(names[k] for k in g.keys) for g in found}
        wanted = {frozenset(pair) for pair in pairs}
        yield at_least(f"{what} found", len(wanted & named), "", len(wanted))
        yield at_most(f"{what}, falsely named", len(named - wanted), "", 0)
    differing = {g.name for g in result.graded if g.kinds.get("differs") and not g.journal.tampered}
    tampered = {g.name for g in result.graded if g.journal.tampered}
    wrong = set(planted.mistyped) - set(planted.tampered)
    yield at_least("mistyped figures found", len(differing & wrong), "", len(wrong))
    yield at_most("mistyped figures, falsely named", len(differing - wrong), "", 0)
    missed = len(tampered ^ set(planted.tampered))
    yield at_most("tampered journals, missed or falsely named", missed, "", 0)
