"""Lesson times: recorded, scaled to this machine, written for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelab import timetable
from edgelab.errors import FormatError
from edgelab.timetable import Run
from tests.bench import core_schedule


def test_a_machine_half_as_fast_takes_twice_as_long() -> None:
    runs = {"20": Run("Q", seconds=90, probe_seconds=0.05, cores=2)}
    assert timetable.expected_minutes("20", 0.05, runs) == pytest.approx(1.5)
    assert timetable.expected_minutes("20", 0.10, runs) == pytest.approx(3.0)


def test_a_lesson_that_was_never_recorded_has_no_expected_time() -> None:
    assert timetable.expected_minutes("99", 0.05, {}) is None
    assert timetable.written(None) == "–"


def test_times_are_written_as_people_say_them() -> None:
    assert [timetable.written(m) for m in (0.1, 0.74, 1.0, 2.4)] == ["under 1", "under 1", "1", "2"]


def test_a_record_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "lessons.json"
    timetable.record("10", "First", (30.0, 0.02), path)
    timetable.record("20", "Second", (60.04, 0.02), path)
    runs = timetable.recorded(path)
    assert [(key, run.title, run.seconds) for key, run in runs.items()] == [
        ("10", "First", 30.0),
        ("20", "Second", 60.0),
    ]


def test_a_run_on_a_slowed_machine_counts_as_the_machine_usually_is(tmp_path: Path) -> None:
    path = tmp_path / "lessons.json"
    for number, took in (("10", (200.0, 0.02)), ("20", (50.0, 0.01)), ("24", (60.0, 0.01))):
        timetable.record(number, number, took, path)
    runs = timetable.recorded(path)
    assert [timetable.usual_seconds(n, runs) for n in ("10", "20")] == [100.0, 50.0]
    assert timetable.usual_seconds("30", runs) is None


def test_a_new_title_keeps_the_measured_time(tmp_path: Path) -> None:
    path = tmp_path / "lessons.json"
    timetable.record("10", "Old", (30.0, 0.02), path)
    timetable.record("10", "New", None, path)
    assert timetable.recorded(path)["10"].title == "New"
    assert timetable.recorded(path)["10"].seconds == 30.0


def test_a_title_alone_is_no_record(tmp_path: Path) -> None:
    timetable.record("10", "Never run", None, tmp_path / "lessons.json")
    assert timetable.recorded(tmp_path / "lessons.json") == {}


@pytest.mark.parametrize("content", ["{", "[1]", '{"20": {"seconds": 3}}'])
def test_a_broken_record_says_how_to_write_it_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lessons.json"
    path.write_text(content)
    with pytest.raises(FormatError, match="make notebooks"):
        timetable.recorded(path)


def test_the_probe_takes_a_short_positive_time() -> None:
    assert 0 < timetable.probe() < 5


def test_the_contributors_are_told_the_bars_that_are_measured() -> None:
    text = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    (told,) = [line for line in text.splitlines() if "seconds in `class`" in line]
    for usual, limits in (
        ("180 seconds in `class`", core_schedule.CLASS_LIMITS),
        ("90 seconds in `ci`", core_schedule.CI_LIMITS),
    ):
        more = ", ".join(f"lesson {number}: {limit:.0f}" for number, limit in limits.items())
        assert f"{usual} ({more})" in told
