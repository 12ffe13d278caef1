"""How long set-up, tests and lessons took: read from the records of their own last complete runs.

`make setup` notes its seconds when it starts from nothing, `make test` writes `build/tests-*.xml`,
and `make notebooks` writes `data/lessons.json`. What has no record counts as missed.

The tests run side by side, so a lesson's seconds in ci are those beside another lesson.
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
UNITS = CLONE / "build" / "tests-units.xml"
LESSONS = CLONE / "build" / "tests-lessons.xml"
SOLVED = re.compile(r"test_the_solved_lesson_runs_from_top_to_bottom\[(\d\d)")
# Lessons that may take longer than the others, in seconds.
CI_LIMITS = {"24": 150.0}
CLASS_LIMITS = {"22": 240.0}
# All tests, in minutes: with the first four lessons, and with all of some twenty.
FIRST_LESSONS, FIRST_MINUTES, ALL_MINUTES = 4, 20.0, 45.0
UNIT_MINUTES = 5.0
# By the clock, for each lesson, with its two runs and its part of what else runs beside them.
SHARE_SECONDS = 90.0


def figures() -> Iterator[Figure]:
    """Read the records."""
    units, (others, lessons) = units_took(), lessons_took()
    yield minutes("set-up from nothing", setup_took(), 15, "make lab, in a fresh clone")
    runs = timetable.recorded()
    most = FIRST_MINUTES if len(runs) <= FIRST_LESSONS else ALL_MINUTES
    yield minutes("unit tests", units, UNIT_MINUTES, "make test")
    both = None if units is None or others is None else units + others
    yield minutes("make test", both, most, "make test")
    share = None if others is None or not lessons else others / len(lessons)
    yield seconds("the lessons' tests, each lesson's share", share, SHARE_SECONDS, "make test")
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


def units_took() -> float | None:
    """Return the seconds of the last run of the unit tests (by the clock: they run side by side)."""
    return None if not UNITS.exists() else _took(ET.parse(UNITS).getroot())


def lessons_took() -> tuple[float | None, dict[str, float]]:
    """Return the seconds of the last run of the lessons, and of each solved lesson in it."""
    if not LESSONS.exists():
        return None, {}
    root = ET.parse(LESSONS).getroot()
    found = {}
    for case in root.iter("testcase"):
        if named := SOLVED.search(case.get("name", "")):
            found[named.group(1)] = float(case.get("time", "nan"))
    return _took(root), found


def _took(root: ET.Element) -> float:
    return sum(float(suite.get("time", "nan")) for suite in root.iter("testsuite"))


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
