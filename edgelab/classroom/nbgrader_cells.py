"""Cut a lesson into the cells of nbgrader: solutions to fill in, locked checks that give points.

    source = nbgrader_cells.assignment(lessons.read(lesson.source))

nbgrader reads what a cell is from its metadata. A check of the course shows a card and never stops a
notebook, while nbgrader gives a cell's points unless it stops. So the locked cell holds, hidden until
the grading, a second line that asks `require` for a right answer.

An exercise whose right answer depends on the student's machine ("which of *your* models …") would be
judged by the grader's measurements. Its points are given by hand instead, on the solution's cell.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from typing import Any

from edgelab.classroom.exercises import registry
from edgelab.classroom.lessons import BEGIN_SOLUTION
from edgelab.errors import LessonError

SCHEMA_VERSION = 3  # of the metadata, as nbgrader 0.6 and later write it
HIDDEN = """\
### BEGIN HIDDEN TESTS
from edgelab.classroom.exercises import require

require({name!r}, {answer})
### END HIDDEN TESTS"""


def assignment(notebook: Any, *, points: int = 1) -> Any:
    """Return a lesson, as `lessons.read` gives it, with nbgrader's cells; solutions stay inside.

    Raises:
        LessonError: a check does not stand alone in its line, or has no solution before it.
        InputError: a check names no exercise.
    """
    result = copy.deepcopy(notebook)
    result.cells = []
    solutions: list[Any] = []
    for cell in notebook.cells:
        for part, checked in _parts(cell):
            if BEGIN_SOLUTION in part.source:
                solutions.append(part)
                _mark(part, f"solution-{len(solutions)}", solution=True)
            elif checked:
                _grade(part, checked, solutions, points)
            result.cells.append(part)
    return result


def points_of(notebook: Any) -> tuple[int, int]:
    """Return the points that an assignment's checks give, and those that are given by hand."""
    marks = [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]
    graded = [mark for mark in marks if mark["grade"]]
    return (
        sum(mark["points"] for mark in graded if not mark["solution"]),
        sum(mark["points"] for mark in graded if mark["solution"]),
    )


def _parts(cell: Any) -> list[tuple[Any, ast.Call | None]]:
    """Cut a cell so that each check stands alone; return the parts, each with its check if it is one."""
    if cell.cell_type != "code":
        return [(copy.deepcopy(cell), None)]
    cut: list[tuple[Any, ast.Call | None]] = []
    for source, call in _pieces(cell.source):
        part = copy.deepcopy(cell)
        part.source = source
        if cut:
            part.id, part.metadata = f"{cell.id}-{len(cut)}", type(cell.metadata)()
        cut.append((part, call))
    return cut


def _pieces(source: str) -> Iterator[tuple[str, ast.Call | None]]:
    """Yield the checks of a cell, and what stands before, between and after them."""
    lines, begin = source.split("\n"), 0
    for statement, call in _checks(source):
        end = statement.end_lineno or statement.lineno
        before = "\n".join(lines[begin : statement.lineno - 1]).strip("\n")
        if before.strip():
            yield before, None
        yield "\n".join(lines[statement.lineno - 1 : end]), call
        begin = end
    after = "\n".join(lines[begin:]).strip("\n")
    if after.strip() or not begin:
        yield after, None


def _checks(source: str) -> list[tuple[ast.stmt, ast.Call]]:
    """Return the statements of a cell that are calls of `check`, in their order."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_check(node)]
    found: list[tuple[ast.stmt, ast.Call]] = []
    for statement in tree.body:
        called = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(called, ast.Call) and _is_check(called):
            found.append((statement, called))
    if len(found) < len(calls):
        raise LessonError(
            f"A check stands inside another statement: {ast.unparse(calls[0])}. Write "
            '`check("20.1 scale", scale_of)` as a line of its own.'
        )
    return found


def _is_check(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "check"


def _grade(cell: Any, call: ast.Call, solutions: list[Any], points: int) -> None:
    """Make a check give points; or, for an exercise about own measurements, a person."""
    if len(call.args) != 2 or not isinstance(call.args[0], ast.Constant):
        raise LessonError(
            f'{ast.unparse(call)} is not of the form `check("20.1 scale", scale_of)`.'
        )
    exercise = registry.find(str(call.args[0].value))
    slug = re.sub(r"\W+", "-", exercise.name)
    if exercise.measured:
        if not solutions:
            raise LessonError(f"No solution stands before the check of {exercise.name!r}.")
        _mark(solutions[-1], f"by-hand-{slug}", solution=True, grade=True, points=points)
        return
    cell.source += "\n" + HIDDEN.format(name=exercise.name, answer=ast.unparse(call.args[1]))
    _mark(cell, f"check-{slug}", grade=True, locked=True, points=points)


def _mark(cell: Any, grade_id: str, **said: Any) -> None:
    """Write what nbgrader reads in a cell's metadata."""
    plain = {"grade": False, "locked": False, "solution": False, "task": False}
    cell.metadata["nbgrader"] = {
        "schema_version": SCHEMA_VERSION,
        "grade_id": grade_id,
        **plain,
        **said,
    }
