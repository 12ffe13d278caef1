"""Every lesson runs from top to bottom: solved (papermill) and unsolved (nbval), in profile `ci`.

Two lessons may run at once and disturb each other's measurements: in this profile nothing is concluded
from a time, neither here nor by a check of an exercise, which compares an answer with the student's own
records. Each run gets a workspace of its own; the cache of artefacts is shared by all lessons of a run,
as it is in a class. A lesson's two runs stay in one process (`tests.side_by_side`): the second
finds what the first has made.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from edgelab import timetable
from edgelab.classroom import execution, lessons
from edgelab.classroom.exercises import exercises_of
from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import Worksheet

CELL_SECONDS = 300
MOST_SECONDS = 600


def _longest_first() -> list[lessons.Lesson]:
    """Return the lessons in an order that lets two processes end at about the same time."""
    runs = timetable.recorded()
    seconds = {number: timetable.usual_seconds(number, runs) or 0.0 for number in runs}
    return sorted(lessons.find(), key=lambda lesson: -seconds.get(lesson.number, float("inf")))


each_lesson = pytest.mark.parametrize(
    "lesson", [pytest.param(lesson, id=lesson.name) for lesson in _longest_first()]
)


@pytest.mark.lesson
@pytest.mark.timeout(MOST_SECONDS)
@each_lesson
def test_the_solved_lesson_runs_from_top_to_bottom(lesson: lessons.Lesson, tmp_path: Path) -> None:
    notebook = lessons.worked(lessons.read(lesson.source))
    executed = execution.execute(
        notebook, lesson.name, workspace=tmp_path / "own", profile="ci", progress=False
    )
    assert _stderr(executed) == []
    report = execution.write_html(executed, tmp_path / "report.html", lesson.title)
    assert report.stat().st_size > 100_000

    journal = Journal(tmp_path / "own" / "journal.jsonl")
    assert journal.verify() == []
    answers = {entry.name: entry.payload["status"] for entry in journal.find("exercise")}
    assert answers == {e.name: "passed" for e in exercises_of(lesson.number)}
    complete = tmp_path / "own" / "practice" / "whole.json"
    if lesson.number == "01":  # it fills a whole worksheet by code, and nothing is found in it
        assert Worksheet("analysis", path=complete, journal=journal).audit().findings == ()


@pytest.mark.lesson
@pytest.mark.timeout(MOST_SECONDS)
@each_lesson
def test_the_student_notebook_runs_unsolved(lesson: lessons.Lesson, tmp_path: Path) -> None:
    notebook = lessons.student(lessons.read(lesson.source))
    # nbval takes no parameters, so the profile is put where papermill would put it.
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace('PROFILE = "class"', 'PROFILE = "ci"')
    target = tmp_path / f"{lesson.name}.ipynb"
    nbformat.write(notebook, target)
    environment = {
        **os.environ,
        "EDGELAB_WORKSPACE": str(tmp_path / "own"),
        "EDGELAB_PROFILE": "ci",
        "EDGELAB_HEADLESS": "1",
    }
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q"]
    command += [f"--nbval-cell-timeout={CELL_SECONDS}", "-p", "no:cacheprovider"]
    command += [f"--rootdir={tmp_path}", str(target)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{lesson.name} stops unsolved:\n{done.stdout[-6000:]}"

    journal = Journal(tmp_path / "own" / "journal.jsonl")
    assert journal.verify() == []
    assert not [entry.name for entry in journal.find("exercise") if entry.payload["passed"]]


def _stderr(notebook: Any) -> list[str]:
    return [
        output.text[:300]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]
