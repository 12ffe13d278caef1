"""The course folder for nbgrader: what is in its cells and files. nbgrader itself is not needed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner

from edgelab import cli, workspace
from edgelab.classroom import lessons, nbgrader_cells, nbgrader_export
from edgelab.classroom.exercises import exercises_of, require
from edgelab.classroom.language import speaking
from edgelab.classroom.nbgrader_run import Apart
from edgelab.errors import InputError, LessonError, NotSolvedError

GRADE_ID = re.compile(r"[\w-]+")
each_lesson = pytest.mark.parametrize(
    "lesson", [pytest.param(lesson, id=lesson.name) for lesson in lessons.find()]
)


def cut(*cells: str, points: int = 1) -> Any:
    """Return the assignment of a lesson with these code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    return nbgrader_cells.assignment(made, points=points)


SOLVED = "def f(v, b=8):\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n"


def marks(notebook: Any) -> list[dict[str, Any]]:
    return [c.metadata["nbgrader"] for c in notebook.cells if "nbgrader" in c.metadata]


@each_lesson
def test_every_exercise_of_a_lesson_gives_its_points_once(lesson: lessons.Lesson) -> None:
    notebook = nbgrader_cells.assignment(lessons.read(lesson.source), points=3)
    exercises = exercises_of(lesson.number)
    by_hand = [exercise for exercise in exercises if exercise.measured]
    assert nbgrader_cells.points_of(notebook) == (
        3 * (len(exercises) - len(by_hand)),
        3 * len(by_hand),
    )
    ids = [mark["grade_id"] for mark in marks(notebook)]
    assert len(set(ids)) == len(ids)
    assert all(GRADE_ID.fullmatch(name) for name in ids)
    nbformat.validate(notebook)


@each_lesson
def test_nothing_of_a_lesson_is_lost_or_moved(lesson: lessons.Lesson) -> None:
    def lines(notebook: Any) -> list[str]:
        text = "\n".join(cell.source for cell in notebook.cells)
        text = re.sub(r"\n### BEGIN HIDDEN.*?### END HIDDEN TESTS", "", text, flags=re.DOTALL)
        return [line for line in text.split("\n") if line.strip()]

    source = lessons.read(lesson.source)
    assert lines(nbgrader_cells.assignment(source)) == lines(source)


def test_solution_and_check_become_two_cells() -> None:
    solution, check = cut(f'{SOLVED}\n\ncheck("20.1 scale", f)').cells
    assert solution.source == SOLVED.rstrip()
    assert solution.metadata["nbgrader"] == {
        "schema_version": 3,
        "grade_id": "solution-1",
        "grade": False,
        "locked": False,
        "solution": True,
        "task": False,
    }
    assert check.metadata["nbgrader"] == {
        "schema_version": 3,
        "grade_id": "check-20-1-scale",
        "grade": True,
        "locked": True,
        "solution": False,
        "task": False,
        "points": 1,
    }
    assert check.source.split("\n") == [
        'check("20.1 scale", f)',
        "### BEGIN HIDDEN TESTS",
        "from edgelab.classroom.exercises import require",
        "",
        "require('20.1 scale', f)",
        "### END HIDDEN TESTS",
    ]


def test_what_stands_after_a_check_stays_after_it() -> None:
    cells = cut(f'{SOLVED}check("20.1 scale", f)\n# on\ng = f\ncheck("20.2 quantize", g)\ng').cells
    assert [cell.source.split("\n")[0] for cell in cells] == [
        "def f(v, b=8):",
        'check("20.1 scale", f)',
        "# on",
        'check("20.2 quantize", g)',
        "g",
    ]
    assert len({cell.id for cell in cells}) == 5


def test_an_exercise_about_own_measurements_is_graded_by_hand() -> None:
    notebook = cut(SOLVED, 'check("23.4 choice", f)', points=2)
    (mark,) = marks(notebook)
    assert (mark["grade_id"], mark["points"]) == ("by-hand-23-4-choice", 2)
    assert mark["grade"]
    assert mark["solution"]
    assert not mark["locked"]
    assert "require" not in notebook.cells[1].source
    assert nbgrader_cells.points_of(notebook) == (0, 2)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('if True:\n    check("20.1 scale", f)', "line of its own"),
        ('x = check("20.1 scale", f)', "line of its own"),
        ("check(name, f)", "not of the form"),
        ('check("20.1 scale")', "not of the form"),
        ('check("23.4 choice", f)', "No solution stands before"),
    ],
)
def test_a_check_that_cannot_give_points_is_refused(source: str, said: str) -> None:
    with pytest.raises(LessonError, match=said):
        cut(source)


def test_a_check_of_no_exercise_is_refused() -> None:
    with pytest.raises(InputError, match=r"did you mean '20\.1 scale'"):
        cut('check("20.1 scal", f)')


def test_the_folder_grows_by_lessons_and_keeps_what_an_instructor_changed(tmp_path: Path) -> None:
    folder = tmp_path / "course"
    nbgrader_export.export(folder, [lessons.get("20")])
    first = (folder / "README.md").read_text("utf-8")
    assert "nbgrader autograde 20_quantization" in first
    assert "| 20_quantization | 8 | 0 |" in first
    nbgrader_export.export(folder, [lessons.get("23")])
    second = (folder / "README.md").read_text("utf-8")
    assert "| 20_quantization | 8 | 0 |" in second
    assert "| 23_efficient_architectures | 4 | 1 |" in second

    config = folder / "nbgrader_config.py"
    config.write_bytes(b"# my own\xff")
    with pytest.raises(InputError, match=r"other versions of nbgrader_config\.py"):
        nbgrader_export.export(folder, [lessons.get("20")])
    assert config.read_bytes() == b"# my own\xff"
    written = nbgrader_export.export(folder, [lessons.get("20")], force=True)
    assert written == [config, folder / "README.md"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "nbgrader_config.py",
        "source",
    ]


def test_there_must_be_something_to_grade(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1 point"):
        nbgrader_export.export(tmp_path, points=0)
    with pytest.raises(InputError, match="None of these lessons"):
        nbgrader_export.export(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_is_python_and_imports_what_exists() -> None:
    compile(nbgrader_export.CONFIGURATION, "nbgrader_config.py", "exec")
    assert Apart.__module__ in nbgrader_export.CONFIGURATION


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    arguments = ["export-nbgrader", "--out", str(tmp_path), "--points", "2", "00"]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0, result.output
    assert f"wrote {tmp_path / 'source' / '00_start' / '00_start.ipynb'}" in result.output
    assert "| 00_start | 2 | 0 |" in (tmp_path / "README.md").read_text("utf-8")


def test_require_is_silent_for_a_right_answer_and_stops_with_the_feedback_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    require("00.1 size", lambda n: n * 4 / 1000)
    assert capsys.readouterr().out == ""
    with pytest.raises(NotSolvedError, match=r"^00\.1 size: not there yet\. .*bytes"):
        require("00.1 size", lambda n: n * 4)
    with pytest.raises(NotSolvedError, match=r"^00\.1 size: not answered yet\.$"):
        require("00.1 size", ...)
    with pytest.raises(NotSolvedError, match=r"line .*/ 0"):
        require("00.1 size", divide)
    with speaking("fr"), pytest.raises(NotSolvedError, match="Ce sont des octets"):
        require("00.1 size", lambda n: n * 4)


def divide(n: float) -> float:
    return n / 0


def test_each_graded_run_is_quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDGELAB_WORKSPACE", "EDGELAB_PROFILE", "EDGELAB_HEADLESS"):
        monkeypatch.setenv(name, "0")
    notebook = cut('PROFILE = "class"\nprint(1)', 'PROFILE = "class"')
    notebook.cells[0].metadata["tags"] = ["parameters"]
    apart = Apart()
    assert apart.enabled
    before, _ = apart.preprocess(notebook, {})
    assert [c.source for c in before.cells] == ['PROFILE = "ci"\nprint(1)', 'PROFILE = "class"']
    assert (os.environ["EDGELAB_PROFILE"], os.environ["EDGELAB_HEADLESS"]) == ("ci", "1")
    first = workspace.workspace()
    (first / "journal.jsonl").write_text("one student's")
    Apart().preprocess(notebook, {})
    assert workspace.workspace() != first
    assert list(workspace.workspace().iterdir()) == []
    assert not first.exists()
