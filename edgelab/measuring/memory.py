"""Peak memory and cold start of an artefact, measured in a process of their own.

    memory.measure("int8.tflite")       # Footprint(peak_bytes=…, load_ms=…, first_ms=…)

The peak is what the process needed at most while it loaded and ran the artefact, less what it held
just before: Python and the runtime are not counted. Lesson 10 shows why a notebook's kernel can't
measure this.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab import keras, progress, runtimes
from edgelab.measuring import child, machine

RUNS = 3


@dataclass(frozen=True)
class Footprint:
    """Memory and start-up of one artefact in a fresh process."""

    peak_bytes: int  # peak resident set, less the same process just before loading
    runtime_bytes: int  # resident set before loading: Python and the runtime
    load_ms: float
    first_ms: float
    import_ms: float  # importing the runtime


def measure(candidate: str | Path | runtimes.Candidate, batch: int = 1) -> Footprint:
    """Load and run an artefact in a fresh process and return its footprint.

    Args:
        candidate: the artefact, or a `Candidate` that names runtime and threads.
        batch: images in one inference.

    Raises:
        EdgelabError: the artefact can't be loaded, or the process died.
    """
    if not isinstance(candidate, runtimes.Candidate):
        candidate = runtimes.Candidate(Path(candidate))
    values = child.run(
        "edgelab.measuring.memory:probe",
        threads=candidate.threads,
        path=str(candidate.path),
        runtime=candidate.runtime,
        runtime_threads=candidate.threads,
        batch=batch,
    )
    return Footprint(**values)


def measure_all(candidates: Sequence[runtimes.Candidate]) -> list[Footprint]:
    """Measure several artefacts, two at a time: a peak does not depend on how busy the machine is.

    Args:
        candidates: the artefacts.

    Returns:
        Their footprints, in the same order. Read the peaks only: two processes at once slow each
        other's loading.

    Raises:
        EdgelabError: as `measure`.
    """
    with (
        ThreadPoolExecutor(max_workers=min(2, machine.cores())) as pool,
        progress.bar(
            pool.map(measure, candidates), "Peak memory", total=len(candidates), unit="file"
        ) as found,
    ):
        return list(found)


def probe(path: str, runtime: str | None, runtime_threads: int, batch: int) -> dict[str, Any]:
    """Measure this very process; runs in the child."""
    begin = time.perf_counter()
    cls = runtimes.runner_class(Path(path), runtime)
    if cls.package == "tensorflow":
        keras.tf()
    else:
        __import__(cls.package)
    import_ms = (time.perf_counter() - begin) * 1e3
    forget_peak()
    before = resident()
    begin = time.perf_counter()
    runner = runtimes.load(path, threads=runtime_threads, runtime=runtime)
    load_ms = (time.perf_counter() - begin) * 1e3
    image = runtimes.example(runner, batch)
    inference = runner.prepare(image)
    begin = time.perf_counter()
    inference()
    first_ms = (time.perf_counter() - begin) * 1e3
    for _ in range(RUNS):
        inference()
    highest = max(peak(), resident())
    return {
        "peak_bytes": max(0, highest - before),
        "runtime_bytes": before,
        "load_ms": load_ms,
        "first_ms": first_ms,
        "import_ms": import_ms,
    }


def resident() -> int:
    """Return the resident set of this process now, in bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Return the highest resident set of this process so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import psutil

    info = psutil.Process().memory_info()
    windows_peak = getattr(info, "peak_wset", None)
    if windows_peak is not None:
        return int(windows_peak)
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024  # macOS counts bytes, others kB


def forget_peak() -> None:
    """Reset the peak to the present (Linux, where permitted): importing must not count."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # then the peak of the imports stays, which only matters for very small models
