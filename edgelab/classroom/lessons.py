"""The lessons: one source each, and the two notebooks that come from it.

A lesson is written once, in `solutions/NN_topic.py` (percent format: a text editor shows it, git
shows its changes). The solutions of its exercises stand between two markers:

    def scale_of(values, bits=8):
        ### BEGIN SOLUTION
        return abs(values).max() / (2 ** (bits - 1) - 1)
        ### END SOLUTION

`student` is the lesson as `notebooks/NN_topic.ipynb` holds it (solutions replaced by `...`),
`worked` the one that `solutions/NN_topic.ipynb` holds after it was executed. `factory.py` writes both.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab import workspace
from edgelab.errors import LessonError

BEGIN_SOLUTION = "### BEGIN SOLUTION"
END_SOLUTION = "### END SOLUTION"
STUB = "..."

# Notebooks for instructors: no lessons, so without number, student's copy and outputs.
INSTRUCTORS = ("grading",)

_NAME = re.compile(r"\d\d_[a-z0-9_]+")
_TITLE = re.compile(r"^# (\d\d) · (.+)$", re.MULTILINE)
_CELL_METADATA = ("tags", "jupyter")
_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Lesson:
    """One lesson: its source, and the two notebooks that are made from it."""

    source: Path

    @property
    def root(self) -> Path:
        """The clone that the lesson belongs to."""
        return self.source.parent.parent

    @property
    def name(self) -> str:
        """For instance "20_quantization"."""
        return self.source.stem

    @property
    def number(self) -> str:
        """For instance "20"."""
        return self.name[:2]

    @property
    def student(self) -> Path:
        """What a student opens."""
        return self.root / "notebooks" / f"{self.name}.ipynb"

    @property
    def worked(self) -> Path:
        """The executed notebook with solutions."""
        return self.source.with_suffix(".ipynb")

    @property
    def title(self) -> str:
        """The question that the lesson asks, from its first heading `# 20 · The question`.

        Raises:
            LessonError: there is no such heading.
        """
        text = "\n".join(c.source for c in read(self.source).cells if c.cell_type == "markdown")
        found = _TITLE.search(text)
        if not found or found[1] != self.number:
            raise LessonError(
                f"{self.source.name} does not open with the heading `# {self.number} · …` that "
                "asks its question; write one in its first cell."
            )
        return found[2].strip()


def root() -> Path:
    """Return the folder of the clone."""
    return workspace.data_dir().parent


def find(folder: Path | None = None) -> list[Lesson]:
    """Return all lessons of a clone in the order of their numbers.

    Raises:
        LessonError: a source is not named like `20_topic.py`, or two lessons share a number.
    """
    sources = sorted(((folder or root()) / "solutions").glob("*.py"))
    lessons = [Lesson(source) for source in sources if source.stem not in INSTRUCTORS]
    numbers: dict[str, Lesson] = {}
    for lesson in lessons:
        if not _NAME.fullmatch(lesson.name):
            raise LessonError(
                f"solutions/{lesson.source.name} is not named like `20_topic.py`: two digits, an "
                "underscore, lower-case letters. Rename it."
            )
        other = numbers.setdefault(lesson.number, lesson)
        if other is not lesson:
            raise LessonError(
                f"{other.source.name} and {lesson.source.name} have the same number. Renumber one."
            )
    return lessons


def instructors(folder: Path | None = None) -> list[Path]:
    """Return the sources of the notebooks that are an instructor's tools."""
    places = ((folder or root()) / "solutions" / f"{name}.py" for name in INSTRUCTORS)
    return [source for source in places if source.exists()]


def get(number: str, folder: Path | None = None) -> Lesson:
    """Return one lesson by its number.

    Raises:
        LessonError: there is no such lesson; the message lists those that are there.
    """
    lessons = find(folder)
    for lesson in lessons:
        if lesson.number == number.zfill(2):
            return lesson
    there = ", ".join(lesson.number for lesson in lessons) or "none"
    raise LessonError(f"There is no lesson {number!r}. The lessons here are: {there}.")


def read(source: Path) -> Any:
    """Read a source as a notebook: solutions and markers still inside, stable cell ids.

    Raises:
        LessonError: the source cannot be read, or its solution markers do not pair.
    """
    import jupytext

    try:
        notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    except (OSError, ValueError) as error:
        raise LessonError(f"{source} could not be read as a lesson: {error}.") from error
    notebook.metadata = _node(_KERNEL)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for position, cell in enumerate(notebook.cells):
        _require_paired_markers(cell.source, f"{source.name}, cell {position + 1}")
        # From the content, so that a cell keeps its id when others are put before it.
        digest = hashlib.sha256(f"{cell.cell_type}:{cell.source}".encode()).hexdigest()[:8]
        cell.metadata = _node({k: v for k, v in cell.metadata.items() if k in _CELL_METADATA})
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def student(notebook: Any) -> Any:
    """Return a lesson as the student gets it: a stub for every solution, no outputs."""
    result = _without_outputs(notebook)
    for cell in result.cells:
        cell.source = strip_solutions(cell.source)
    return result


def worked(notebook: Any) -> Any:
    """Return a lesson with its solutions and without their markers, not yet executed."""
    result = _without_outputs(notebook)
    for cell in result.cells:
        lines = cell.source.split("\n")
        cell.source = "\n".join(
            li for li in lines if li.strip() not in (BEGIN_SOLUTION, END_SOLUTION)
        )
    return result


def strip_solutions(source: str) -> str:
    """Replace every solution in a cell's source by a stub with the indent of its marker."""
    kept, inside = [], False
    for line in source.split("\n"):
        if line.strip() == BEGIN_SOLUTION:
            inside = True
            kept.append(line[: len(line) - len(line.lstrip())] + STUB)
        elif line.strip() == END_SOLUTION:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def _require_paired_markers(source: str, where: str) -> None:
    inside = False
    for line in source.split("\n"):
        mark = line.strip()
        if mark == (BEGIN_SOLUTION if inside else END_SOLUTION):
            raise LessonError(
                f"{where}: {mark!r} stands where {END_SOLUTION if inside else BEGIN_SOLUTION!r} was "
                "expected. Every solution needs both markers, in this order."
            )
        if mark in (BEGIN_SOLUTION, END_SOLUTION):
            inside = not inside
        elif "SOLUTION" in mark and mark.startswith("#"):
            raise LessonError(
                f"{where}: {mark!r} is not a marker that the factory knows. Write "
                f"{BEGIN_SOLUTION!r} or {END_SOLUTION!r}, alone on its line."
            )
    if inside:
        raise LessonError(f"{where}: a solution begins and never ends. Add {END_SOLUTION!r}.")


def _without_outputs(notebook: Any) -> Any:
    import copy

    result = copy.deepcopy(notebook)
    for cell in result.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return result


def _node(content: dict[str, Any]) -> Any:
    from nbformat import from_dict

    return from_dict(content)
