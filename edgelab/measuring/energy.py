"""Energy of one inference: read from the processor's own counter, or estimated, and which of the two.

    energy.of(runner.prepare(image), median_ms)     # (12.3, "rapl") or (9.8, "estimated")

Intel and AMD processors count the energy of the whole package (RAPL); Linux shows the counter as a
file, often to root only, and virtual machines have none. An estimate is time multiplied by an assumed
power: the latency in another unit. Lesson 10 shows the difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
# Without a counter: a laptop core at work.
ASSUMED_WATTS = 8.0
# The counter moves about a thousand times a second, so this reads it to a tenth of a percent.
SECONDS = 1.0

Counter = tuple[int, int]  # microjoules so far, and where the counter begins again


def of(inference: Callable[[], object], median_ms: float) -> tuple[float, str]:
    """Return the energy of one inference in millijoules, and "rapl" or "estimated".

    A reading is of the whole package, idle power and other programs included.

    Args:
        inference: runs exactly one inference.
        median_ms: its latency, for the estimate.
    """
    before = counters()
    if not before:
        return estimate(median_ms)
    runs, end = 0, time.perf_counter() + SECONDS
    while not runs or time.perf_counter() < end:
        inference()
        runs += 1
    after = counters()
    microjoules = sum(
        (after[name][0] - start) % span for name, (start, span) in before.items() if name in after
    )
    return microjoules / 1e3 / runs, "rapl"


def estimate(median_ms: float) -> tuple[float, str]:
    """Return the millijoules that the assumed power takes in this time, and "estimated"."""
    return median_ms * ASSUMED_WATTS, "estimated"


def counters() -> dict[str, Counter]:
    """Return the counter of each processor package; none where they cannot be read."""
    found = {}
    for zone in sorted(POWERCAP.glob("intel-rapl:*")):
        try:
            if not (zone / "name").read_text().startswith("package"):
                continue  # a part of a package, already counted in it
            numbers = (
                int((zone / file).read_text()) for file in ("energy_uj", "max_energy_range_uj")
            )
            start, span = numbers
        except (OSError, ValueError):
            continue
        found[zone.name] = (start, span)
    return found
