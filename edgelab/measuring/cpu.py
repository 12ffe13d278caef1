"""How many cores an inference keeps busy: the processor's seconds over the clock's seconds.

    cpu.measure(Candidate(Path("int8.tflite")))             # Use(cores=1.00, threads=1, …)
    cpu.measure(Candidate(Path("int8.tflite"), threads=4))  # 2.7 of four: the rest waited

All threads of the process count. A thread that waits by asking again and again (many runtimes do, for
a moment) is busy too: kept busy is not the same as useful. Lesson 10.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgelab.measuring import alone, child, machine, timing
from edgelab.runtimes import Candidate, Inference
from edgelab.serialize import Serializable

RUNS = 50
# Some systems count a process's time in steps of a sixtieth of a second: many of them must fit in.
SECONDS = 0.25
_MOST_SECONDS = 5.0


@dataclass(frozen=True)
class Use(Serializable):
    """What one process took of the processor while it ran inferences one after the other."""

    cores: float  # kept busy on average: cpu_s / wall_s
    threads: int  # that the inference may use
    machine_cores: int  # that this process may use
    runs: int
    cpu_s: float
    wall_s: float

    @property
    def share(self) -> float:
        """Return the part of the machine's cores, 0 to 1 (what a system monitor shows in percent)."""
        return self.cores / self.machine_cores

    def __repr__(self) -> str:
        return (
            f"{self.cores:.2f} of {self.machine_cores} cores busy ({self.share:.0%}), "
            f"{self.threads} thread{'s' if self.threads != 1 else ''}, {self.runs} runs"
        )


def measure(candidate: Candidate) -> Use:
    """Run an artefact many times and return how many cores that kept busy.

    Args:
        candidate: the artefact, with runtime and threads.

    Raises:
        EdgelabError: the artefact can't be loaded, or the process of its own died.
    """
    with machine.exclusive():
        if not alone.apart(candidate):
            return _measure(candidate)
        values = child.run(
            "edgelab.measuring.cpu:measure_in_child",
            threads=candidate.threads,
            candidate=asdict(candidate) | {"path": str(candidate.path)},
        )
    return Use.from_dict(values)


def measure_in_child(candidate: dict[str, Any]) -> dict[str, Any]:
    """Do the work of `measure`; runs in the child (see `edgelab.measuring.child`)."""
    return _measure(Candidate(**(candidate | {"path": Path(candidate["path"])}))).to_dict()


def while_running(
    inference: Inference, cpu_clock: Callable[[], float] = time.process_time
) -> tuple[int, float, float]:
    """Run an inference `RUNS` times or more; return the runs, and the seconds of CPU and clock.

    Args:
        inference: runs exactly one inference.
        cpu_clock: returns the seconds that the processor has worked for this process.
    """
    runs, wall_s = 0, 0.0
    begin_s, cpu_begin_s = time.perf_counter(), cpu_clock()
    while wall_s < _MOST_SECONDS and (runs < RUNS or wall_s < SECONDS):
        inference()
        runs += 1
        wall_s = time.perf_counter() - begin_s
    return runs, cpu_clock() - cpu_begin_s, wall_s


def _measure(candidate: Candidate) -> Use:
    with candidate.load() as runner, timing.collector_off():
        inference = runner.prepare(alone.one(runner, None))
        timing.warm_up(inference, seconds=0.2)
        runs, cpu_s, wall_s = while_running(inference)
    return Use(cpu_s / wall_s, candidate.threads, machine.cores(), runs, cpu_s, wall_s)
