"""How long the lessons take: measured once, scaled to the machine that asks.

    from edgelab import timetable
    timetable.expected_minutes("20")       # on this machine, or None where nothing was measured

`data/lessons.json` keeps the seconds of each lesson's last complete run and what a short probe took
on the machine that ran it. The same probe here gives the factor. It is a guide, not a promise: the
probe knows two kinds of work (arithmetic and plain Python), and a lesson is a mixture of both.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from edgelab import workspace
from edgelab.errors import FormatError

FILE = "lessons.json"
_PROBE_ROUNDS = 7


@dataclass(frozen=True)
class Run:
    """One complete run of a lesson: its seconds, and the probe's on the same machine."""

    title: str
    seconds: float
    probe_seconds: float
    cores: int


def recorded(path: Path | None = None) -> dict[str, Run]:
    """Return the recorded run of each lesson, by number.

    Raises:
        FormatError: the record file is not what it should be.
    """
    source = path or workspace.data_dir() / FILE
    if not source.exists():
        return {}
    try:
        return {number: Run(**run) for number, run in json.loads(source.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{source} is not a record of lesson times ({error}). Remove it; `make notebooks` "
            "writes it again."
        ) from error


def record(
    number: str,
    title: str,
    run: tuple[float, float] | None = None,
    path: Path | None = None,
) -> None:
    """Keep a lesson's title and, where it was run just now, its seconds and the probe's meanwhile."""
    from edgelab.measuring import machine

    target = path or workspace.data_dir() / FILE
    runs = recorded(target)
    old = runs.get(number)
    if run is not None:
        seconds, probe_seconds = run
        runs[number] = Run(title, round(seconds, 1), round(probe_seconds, 4), machine.cores())
    elif old is not None and old.title != title:
        runs[number] = Run(title, old.seconds, old.probe_seconds, old.cores)
    else:
        return
    content = {key: asdict(runs[key]) for key in sorted(runs)}
    workspace.atomic_write(target, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def probe() -> float:
    """Return the seconds of a fixed piece of work: arithmetic and plain Python, about equal parts.

    The best of a few rounds, which other processes disturb the least; under half a second in all where the machine is quiet.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    left = np.random.default_rng(0).random((256, 256), dtype=np.float32)
    times = []
    # One thread: several would wait for each other on a busy machine.
    with threadpool_limits(limits=1):
        for _ in range(_PROBE_ROUNDS):
            begin = time.perf_counter()
            product = left
            for _ in range(20):
                product = product @ left
                product /= product.max()
            total = 0
            for number in range(150_000):
                total += number & 3
            times.append(time.perf_counter() - begin)
    return min(times)


def expected_minutes(
    number: str, probe_seconds: float | None = None, runs: Mapping[str, Run] | None = None
) -> float | None:
    """Return how many minutes a lesson takes to run here, or None when it was never recorded.

    Args:
        number: the lesson, "20".
        probe_seconds: of `probe()` on this machine; measured when not given.
        runs: the records; `recorded()` when not given.
    """
    run = (recorded() if runs is None else runs).get(number)
    if run is None:
        return None
    here = probe() if probe_seconds is None else probe_seconds
    return run.seconds * (here / run.probe_seconds) / 60


def usual_seconds(number: str, runs: Mapping[str, Run]) -> float | None:
    """Return a lesson's seconds on the machine as it usually was, not as it was during that run."""
    run, usual = runs.get(number), typical_probe(runs)
    return None if run is None or usual is None else run.seconds * usual / run.probe_seconds


def typical_probe(runs: Mapping[str, Run]) -> float | None:
    """Return the probe of the machine that ran the lessons (the median over them)."""
    return statistics.median(run.probe_seconds for run in runs.values()) if runs else None


def written(minutes: float | None) -> str:
    """Return minutes as people say them: "under 1", "2", or "–" when unknown."""
    if minutes is None:
        return "–"
    return "under 1" if minutes < 0.75 else f"{minutes:.0f}"
