"""A lesson as an assignment of nbgrader, for instructors who already grade with it.

    edgelab export-nbgrader --out course 20 21      # two lessons; all of them when none is named
    cd course && nbgrader generate_assignment 20_quantization

The course folder holds `source/<lesson>/<lesson>.ipynb`, a configuration, and a README with the
commands. What nbgrader releases is the student's notebook of the course, cut so that each check
stands in a locked cell of its own (see `nbgrader_cells.py`).

edgelab does not depend on nbgrader, and this module does not import it: nbgrader adds menus and a
server extension to any JupyterLab that it is installed beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgelab import workspace
from edgelab.classroom import lessons
from edgelab.classroom.lessons import STUB, Lesson
from edgelab.classroom.nbgrader_cells import assignment, points_of
from edgelab.errors import InputError

CELL_SECONDS = 900  # the longest a single cell may take while grading
CONFIGURATION = f'''\
"""How nbgrader handles the lessons of edgelab. Written by `edgelab export-nbgrader`; yours to change."""

from pathlib import Path

from nbgrader.converters import Autograde

from edgelab.classroom.nbgrader_run import Apart

c = get_config()  # noqa: F821 - nbgrader defines it

c.CourseDirectory.course_id = "edgelab"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)

# An unsolved exercise must not stop the notebook: the lesson goes on with the library's version.
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}

# Some cells train a network.
c.Execute.timeout = {CELL_SECONDS}

# Each notebook is graded in profile `ci`, in a workspace of its own, with nobody there to answer.
c.Autograde.autograde_preprocessors = [Apart, *Autograde.autograde_preprocessors.default()]
'''

README = """\
# edgelab for nbgrader

Made by `edgelab export-nbgrader` and meant for an environment that holds both edgelab and nbgrader. Students need only
edgelab: nbgrader would add its menus to their JupyterLab.

In this folder, for one lesson:

```
{commands}
```

The first command writes `release/{name}/`, which students get. What they hand in goes to
`submitted/<student>/{name}/{name}.ipynb` before the second. The last two write `feedback/` and `grades.csv`.

| lesson | points by its checks | points by hand |
| :--- | ---: | ---: |
{table}

Points by hand are for exercises whose right answer depends on the student's own measurements; the cell's output says
what the check found on the grading machine, the student's journal says what it found on theirs.
Autograding executes what students wrote, with your rights: do it where that is acceptable, a container for instance.
The feedback is in the language that `EDGELAB_LANG` chooses. Worksheets are graded by `edgelab grade`.
"""
COMMANDS = (
    "nbgrader generate_assignment {name}",
    "nbgrader autograde {name}",
    "nbgrader generate_feedback {name}",
    "nbgrader export",
)


def export(
    folder: Path,
    chosen: Iterable[Lesson] | None = None,
    *,
    points: int = 1,
    force: bool = False,
) -> list[Path]:
    """Write a course folder for nbgrader and return the files that were written.

    Args:
        folder: of the course; what students handed in and nbgrader's database stay untouched, and
            the README is written anew.
        chosen: the lessons; all of them when not given.
        points: of one exercise.
        force: replace files that were changed since.

    Raises:
        InputError: the points are not positive, no lesson has an exercise, or a file would be
            overwritten that differs.
        LessonError: a lesson cannot be cut into nbgrader's cells.
        StorageError: the folder cannot be written.
    """
    import nbformat

    if points < 1:
        raise InputError(f"An exercise gives at least 1 point; --points is {points}.")
    contents = {folder / "nbgrader_config.py": CONFIGURATION.encode()}
    for lesson in lessons.find() if chosen is None else chosen:
        notebook = assignment(lessons.read(lesson.source), points=points)
        if any(points_of(notebook)):
            contents[_source(folder, lesson)] = f"{nbformat.writes(notebook)}\n".encode()
    if len(contents) == 1:
        raise InputError("None of these lessons has an exercise to grade; name others.")
    old = {path: path.read_bytes() for path in contents if path.exists()}
    changed = [path for path, content in old.items() if content != contents[path]]
    if changed and not force:
        names = ", ".join(path.relative_to(folder).as_posix() for path in changed)
        raise InputError(
            f"{folder} already holds other versions of {names}. Choose another folder, or replace "
            "them with --force."
        )
    written = [path for path, content in contents.items() if old.get(path) != content]
    for path in written:
        workspace.atomic_write(path, contents[path])
    return [*written, workspace.atomic_write(folder / "README.md", _readme(folder))]


def _source(folder: Path, lesson: Lesson) -> Path:
    return folder / "source" / lesson.name / f"{lesson.name}.ipynb"


def _readme(folder: Path) -> str:
    """Return the README for all lessons that the course holds, whenever they were exported."""
    import nbformat

    rows = {}
    for lesson in lessons.find():
        if (path := _source(folder, lesson)).exists():
            by_checks, by_hand = points_of(nbformat.read(path, as_version=4))
            rows[lesson.name] = f"| {lesson.name} | {by_checks} | {by_hand} |"
    first = next(iter(rows))
    commands = "\n".join(command.format(name=first) for command in COMMANDS)
    return README.format(commands=commands, name=first, table="\n".join(rows.values()))
