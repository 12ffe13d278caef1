"""How long set-up, tests and lessons took: read from the records of their own last complete runs.

`make setup` notes its seconds when it starts from nothing, `make test` writes `build/tests.xml`, and
`make notebooks` writes `data/lessons.json`. What has no record counts as missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from edgelab import timetable
from tests.bench.figure import Figure, at_most

CLONE = Path(__file__).resolve().parents[2]
SETUP = CLONE / ".venv" / "edgelab-setup.json"
TESTS = CLONE / "build" / "tests.xml"
SOLVED = re.compile(r"test_the_solved_lesson_runs_from_top_to_bottom\[(\d\d)")
# Lessons that may take longer than the others, in seconds.
CI_LIMITS = {"24": 150.0}
CLASS_LIMITS = {"22": 240.0}
# All tests, in minutes: with the first four lessons, and with all of some twenty.
FIRST_LESSONS, FIRST_MINUTES, ALL_MINUTES = 4, 20.0, 45.0


def figures() -> Iterator[Figure]:
    """Read the records."""
    total, lessons = tests_took()
    yield minutes("set-up from nothing", setup_took(), 15, "make lab, in a fresh clone")
    runs = timetable.recorded()
    most = FIRST_MINUTES if len(runs) <= FIRST_LESSONS else ALL_MINUTES
    yield minutes("make test", total, most, "make test")
    for number in sorted({*lessons, *runs}):
        limit = CI_LIMITS.get(number, 90.0)
        yield seconds(f"lesson {number} in ci", lessons.get(number), limit, "make test")
        limit = CLASS_LIMITS.get(number, 180.0)
        took = timetable.usual_seconds(number, runs)
        yield seconds(f"lesson {number} in class", took, limit, "make notebooks")


def setup_took() -> float | None:
    """Return the seconds of the set-up that began with nothing."""
    if not SETUP.exists():
        return None
    value = json.loads(SETUP.read_text()).get("seconds_from_nothing")
    return None if value is None else float(value)


def tests_took() -> tuple[float | None, dict[str, float]]:
    """Return the seconds of the last run of all tests, and of each solved lesson in it."""
    if not TESTS.exists():
        return None, {}
    root = ET.parse(TESTS).getroot()
    lessons = {}
    for case in root.iter("testcase"):
        found = SOLVED.search(case.get("name", ""))
        if found:
            lessons[found.group(1)] = float(case.get("time", "nan"))
    total = sum(float(suite.get("time", "nan")) for suite in root.iter("testsuite"))
    return total, lessons


def minutes(name: str, took: float | None, limit: float, how: str) -> Figure:
    """Return a figure in minutes."""
    return _limited(name, None if took is None else took / 60, "min", limit, how)


def seconds(name: str, took: float | None, limit: float, how: str) -> Figure:
    """Return a figure in seconds."""
    return _limited(name, took, "s", limit, how)


def _limited(name: str, took: float | None, unit: str, limit: float, how: str) -> Figure:
    if took is None:
        return at_most(name, float("nan"), unit, limit, note=f"no record; run {how}")
    return at_most(name, took, unit, limit)
