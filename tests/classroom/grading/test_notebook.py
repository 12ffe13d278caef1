"""The grading notebook runs from top to bottom, and its command does the same."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from edgelab import cli
from edgelab.classroom import execution, lessons
from tests import submissions_made as made


def test_the_command_grades_a_folder(graded_class, tmp_path, no_charts):
    made.write_folders(tmp_path / "submissions", graded_class.made[:2])
    arguments = [
        "grade",
        "analysis",
        str(tmp_path / "submissions"),
        "--out",
        str(tmp_path / "grades"),
    ]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    assert "2 hand-ins: 2 with questions to mark." in done.output
    assert {p.name for p in (tmp_path / "grades").iterdir()} == {
        "sheets",
        "feedback",
        "gradebook.csv",
        "machines.csv",
        "class.html",
    }


def test_the_instructors_notebook_is_no_lesson():
    sources = lessons.instructors()
    assert [source.name for source in sources] == ["grading.py"]
    assert sources[0] not in [lesson.source for lesson in lessons.find()]


@pytest.mark.lesson
def test_the_notebook_runs(tmp_path):
    (source,) = lessons.instructors()
    notebook = lessons.worked(lessons.read(source))
    executed = execution.execute(notebook, "grading", workspace=tmp_path, progress=False)
    text = str(executed)
    assert "3 hand-ins" in text
    assert (tmp_path / "grades" / "gradebook.csv").exists()
    assert len(list((tmp_path / "grades" / "feedback").glob("*.html"))) == 3
