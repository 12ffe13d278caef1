"""nbgrader itself on an exported course: it releases every lesson, and grades right and wrong answers.

`make test` puts nbgrader into `.setup/nbgrader`, beside `.venv` and not into it: inside, its menus
would appear in every student's JupyterLab.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from edgelab.classroom import lessons, nbgrader_export
from edgelab.classroom.lessons import Lesson

ROOT = Path(__file__).resolve().parents[2]
NBGRADER = ROOT / ".setup" / "nbgrader"
pytestmark = [
    pytest.mark.lesson,
    pytest.mark.skipif(
        not (NBGRADER / "packages.txt").exists(),
        reason="nbgrader is not in .setup/nbgrader; `make test` installs it there",
    ),
]

SMALL = """\
# %% tags=["parameters"]
PROFILE = "class"

# %%
import numpy as np

from edgelab.classroom import begin, check, note

begin("20", PROFILE)
print("profile", PROFILE)

# %%
def scale_of(values, bits=8):
    ### BEGIN SOLUTION
    return np.abs(values).max() / (2 ** (bits - 1) - 1)
    ### END SOLUTION


check("20.1 scale", scale_of)

# %%
def to_codes(values, scale, bits=8):
    ### BEGIN SOLUTION
    top = 2 ** (bits - 1) - 1
    return np.clip(np.round(values / scale), -top, top)
    ### END SOLUTION


def to_values(codes, scale, zero_point=0):
    ### BEGIN SOLUTION
    return scale * (codes.astype(float) - zero_point)
    ### END SOLUTION


# %%
check("20.2 quantize", to_codes)
check("20.3 dequantize", to_values)

# %%
def choice(result):
    ### BEGIN SOLUTION
    return "mine", 1.0, 2.0, "It is the one that I measured."
    ### END SOLUTION


check("23.4 choice", choice)
"""
BODIES = {  # of scale_of, to_codes and to_values
    "right": (
        "return max(abs(v) for v in values) / ((1 << (bits - 1)) - 1)",
        "t = 2 ** (bits - 1) - 1; return [max(-t, min(t, round(v / scale))) for v in values]",
        "return [scale * (int(code) - zero_point) for code in codes]",
    ),
    "half": (
        "return np.abs(values).max() / (2 ** (bits - 1) - 1)",
        "return np.round(values / scale)",
        "return scale * codes",
    ),
    "cheat": (
        "return values.max() / (2 ** (bits - 1) - 1)",
        "return (values / scale).astype(int)",
        "return 1 / 0",
    ),
    "nothing": ("...", "...", "..."),
}
MEASURED = 'return "mine", 1.0, 2.0, "as I measured it"'
POINTS = {"right": 3, "half": 1, "cheat": 0, "nothing": 0}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a course with every lesson, and with a small one."""
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    small = folder.parent / "solutions" / "99_small.py"
    small.parent.mkdir()
    small.write_text(SMALL)
    nbgrader_export.export(folder, [*lessons.find(), Lesson(small)])
    return folder


@pytest.fixture(scope="module")
def run(course: Path) -> Callable[..., str]:
    """Return a function that runs Python in the course with nbgrader at hand, and gives its output."""
    jupyter = course.parent / "jupyter"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(NBGRADER), str(ROOT))),
        # It calls the command `alembic`.
        "PATH": os.pathsep.join((str(NBGRADER / "bin"), os.environ.get("PATH", ""))),
        "PYTHONWARNINGS": "ignore",
        "EDGELAB_LANG": "en",
        "JUPYTER_CONFIG_DIR": str(jupyter),
        "JUPYTER_DATA_DIR": str(jupyter),
        "IPYTHONDIR": str(jupyter),
    }

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=course,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    return call


def test_the_jupyterlab_of_the_course_knows_nothing_of_nbgrader() -> None:
    assert importlib.util.find_spec("nbgrader") is None
    for folder in ("etc/jupyter", "share/jupyter"):
        assert list((Path(sys.prefix) / folder).rglob("*nbgrader*")) == []


RELEASE_ALL = """
from nbgrader.apps import NbGrader, NbGraderAPI
app = NbGrader()
app.load_config_file()
api = NbGraderAPI(config=app.config)
for name in sorted(api.get_source_assignments()):
    done = api.generate_assignment(name)
    assert done["success"], done
    print(name)
"""


@pytest.fixture(scope="module")
def released(run: Callable[..., str]) -> list[str]:
    """Release all assignments, in one process, and return their names."""
    return run("-c", RELEASE_ALL).split()


def test_every_lesson_is_released_as_the_students_notebook(
    course: Path, released: list[str]
) -> None:
    every = lessons.find()
    assert released == [*(lesson.name for lesson in every), "99_small"]
    for lesson in every:
        ours = lessons.student(lessons.read(lesson.source))
        assert lines(read(course / "release", lesson.name)) == lines(ours), lesson.name


@pytest.mark.usefixtures("released")
def test_right_answers_get_full_points_and_wrong_ones_none(
    course: Path, run: Callable[..., str]
) -> None:
    for student, bodies in BODIES.items():
        notebook = filled(course, "99_small", bodies)
        for cell in notebook.cells:
            if student == "cheat" and cell.metadata.get("nbgrader", {}).get("locked"):
                cell.source = "pass"  # nbgrader puts it back
        hand_in(notebook, course, student, "99_small")
    run("-m", "nbgrader", "autograde", "99_small")
    found = json.loads(run("-c", SCORES).splitlines()[-1])
    assert found == {name: [POINTS[name], 4, True] for name in POINTS}

    graded = read(course / "autograded" / "cheat", "99_small")
    shown = str([cell.get("outputs") for cell in graded.cells])
    assert "profile ci" in shown
    assert "20.1 scale: not there yet. You took the largest value" in shown


SCORES = """
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db", "edgelab") as book:
    print(json.dumps({
        work.student.id: [work.score, work.max_score, work.needs_manual_grade]
        for work in book.assignment_submissions("99_small")
    }))
"""


def test_the_commands_of_the_readme_grade_a_real_lesson(
    course: Path, run: Callable[..., str]
) -> None:
    text = (course / "README.md").read_text("utf-8")
    block = re.search(r"```\n(.*?)```", text, re.DOTALL)
    assert block
    generate, *others = block[1].strip().split("\n")
    assert generate == "nbgrader generate_assignment 00_start"
    run("-m", *generate.split())
    right = filled(course, "00_start", ("return parameters * 32 / 8 / 1000",))
    hand_in(right, course, "right", "00_start")
    for command in others:
        run("-m", *command.split())
    with (course / "grades.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["student_id"] == "right"]
    scores = {row["assignment"]: (row["score"], row["max_score"]) for row in rows}
    assert scores["00_start"] == ("1.0", "1.0")
    page = (course / "feedback" / "right" / "00_start" / "00_start.html").read_text("utf-8")
    assert "check-00-1-size" in page


def filled(course: Path, name: str, bodies: tuple[str, ...]) -> Any:
    """Return what was released with the stubs of its functions replaced, in their order."""
    notebook, rest = read(course / "release", name), [*bodies, MEASURED]
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = re.sub(
                r"(?<=^    )\.\.\.$", lambda _: rest.pop(0), cell.source, flags=re.MULTILINE
            )
    return notebook


def hand_in(notebook: Any, course: Path, student: str, name: str) -> None:
    path = course / "submitted" / student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def read(folder: Path, name: str) -> Any:
    return nbformat.read(folder / name / f"{name}.ipynb", as_version=4)


def lines(notebook: Any) -> list[str]:
    text = "\n".join(cell.source for cell in notebook.cells)
    return [line for line in text.split("\n") if line.strip()]
