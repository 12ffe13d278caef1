"""The lesson factory: one source, two notebooks.

A lesson is written once, in `solutions/NN_topic.py` (percent format: a text editor shows it, git
shows its changes). The solutions of its exercises stand between two markers:

    def scale_of(values, bits=8):
        ### BEGIN SOLUTION
        return abs(values).max() / (2 ** (bits - 1) - 1)
        ### END SOLUTION

`generate` makes from it `notebooks/NN_topic.ipynb` for the student (solutions replaced by `...`, no
outputs) and `solutions/NN_topic.ipynb`, the worked lesson, executed in profile `class`. The worked
notebook keeps the hash of the code that made its outputs and is executed again only when the code
changed; a change of prose is carried over. `check` tells what has drifted from its source.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab import timetable, workspace
from edgelab.errors import LessonError

BEGIN_SOLUTION = "### BEGIN SOLUTION"
END_SOLUTION = "### END SOLUTION"
STUB = "..."
README_MARKERS = ("<!-- lessons: written by `make notebooks` -->", "<!-- end of lessons -->")

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
    lessons = [Lesson(source) for source in sorted(((folder or root()) / "solutions").glob("*.py"))]
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


def code_hash(notebook: Any) -> str:
    """Return the SHA-256 of a notebook's code, which is what its outputs depend on."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def generate(
    chosen: Iterable[Lesson] | None = None,
    folder: Path | None = None,
    *,
    run: bool = True,
    force: bool = False,
    say: Callable[[str], object] = lambda _: None,
) -> list[Path]:
    """Write the notebooks that have drifted from their sources and return their paths.

    Args:
        chosen: the lessons; all of them when not given.
        folder: the clone.
        run: execute worked notebooks whose code changed; otherwise they are left as they are.
        force: execute them even if it did not.
        say: is told what is being done, one line at a time.

    Raises:
        LessonError: a source breaks a rule, or a cell of it fails.
    """
    home = folder or root()
    written = []
    for lesson in find(home) if chosen is None else chosen:
        notebook = read(lesson.source)
        if _write(lesson.student, student(notebook)):
            written.append(lesson.student)
        goal = worked(notebook)
        stored = _stored(lesson.worked)
        seconds = None
        if not force and stored is not None and _hash_of(stored) == code_hash(goal):
            _carry_outputs(stored, goal)
        elif run:
            say(f"executing {lesson.worked.relative_to(home)}")
            seconds = _execute(lesson, goal)
        else:
            continue
        goal.metadata["edgelab"] = {"code_sha256": code_hash(goal), "profile": "class"}
        if _write(lesson.worked, goal):
            written.append(lesson.worked)
        timetable.record(lesson.number, lesson.title, seconds, home / "data" / timetable.FILE)
    written += _write_readme(home)
    return written


def check(folder: Path | None = None) -> list[str]:
    """Return a sentence for every generated file that no longer matches its source."""
    home = folder or root()
    lessons = find(home)
    drifted = []
    for lesson in lessons:
        notebook = read(lesson.source)
        if not lesson.student.exists() or lesson.student.read_text("utf-8") != _text(
            student(notebook)
        ):
            drifted.append(f"notebooks/{lesson.student.name} differs from its source")
        drifted += _worked_drift(lesson, worked(notebook))
    for place, expected in (
        ("notebooks", {lesson.student.name for lesson in lessons}),
        ("solutions", {lesson.worked.name for lesson in lessons}),
    ):
        there = {path.name for path in (home / place).glob("*.ipynb")}
        drifted += [f"{place}/{name} has no source" for name in sorted(there - expected)]
    readme = home / "README.md"
    if readme.exists() and readme.read_text("utf-8") != _readme_text(home):
        drifted.append("README.md holds an old table of lessons")
    return drifted


def readme_table(folder: Path | None = None) -> str:
    """Return the table of lessons for the README: number, question, minutes in class."""
    runs = timetable.recorded((folder or root()) / "data" / timetable.FILE)
    lines = ["| lesson | question | minutes |", "| :--- | :--- | ---: |"]
    for lesson in find(folder):
        run = runs.get(lesson.number)
        minutes = timetable.written(run.seconds / 60 if run else None)
        link = f"[{lesson.number}](notebooks/{lesson.student.name})"
        lines.append(f"| {link} | {lesson.title} | {minutes} |")
    return "\n".join(lines)


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


def _execute(lesson: Lesson, goal: Any) -> float:
    """Fill in the outputs and return the seconds that the run took."""
    import tempfile

    from edgelab.classroom import execution

    begin = time.monotonic()
    # A workspace of its own: the worked lesson shows one run, not what was in a journal before.
    with tempfile.TemporaryDirectory(prefix="edgelab-lesson-") as own:
        executed = execution.execute(goal, lesson.name, workspace=Path(own))
    seconds = time.monotonic() - begin
    _carry_outputs(executed, goal)
    return seconds


def _carry_outputs(origin: Any, goal: Any) -> None:
    """Copy outputs, cell by cell of code, onto a notebook with the same code."""
    filled = [cell for cell in origin.cells if cell.cell_type == "code"]
    empty = [cell for cell in goal.cells if cell.cell_type == "code"]
    for old, new in zip(filled, empty, strict=True):
        new.outputs, new.execution_count = old.outputs, old.execution_count


def _worked_drift(lesson: Lesson, goal: Any) -> Sequence[str]:
    name = f"solutions/{lesson.worked.name}"
    stored = _stored(lesson.worked)
    if stored is None:
        return [f"{name} is missing or unreadable"]
    if _hash_of(stored) != code_hash(goal):
        return [f"{name} was run from another version of its code"]
    if [(c.id, c.source) for c in stored.cells] != [(c.id, c.source) for c in goal.cells]:
        return [f"{name} differs from its source"]
    return []


def _hash_of(stored: Any) -> str | None:
    """Return the hash that a worked notebook carries, or None when its code was edited by hand."""
    kept = stored.metadata.get("edgelab", {}).get("code_sha256")
    return kept if kept == code_hash(stored) else None


def _stored(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):  # missing, or not a notebook: it is written anew
        return None


def _write(path: Path, notebook: Any) -> bool:
    text = _text(notebook)
    if path.exists() and path.read_text("utf-8") == text:
        return False
    workspace.atomic_write(path, text)
    return True


def _text(notebook: Any) -> str:
    import nbformat

    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def _write_readme(home: Path) -> list[Path]:
    readme = home / "README.md"
    if not readme.exists() or readme.read_text("utf-8") == _readme_text(home):
        return []
    return [workspace.atomic_write(readme, _readme_text(home))]


def _readme_text(home: Path) -> str:
    text = (home / "README.md").read_text("utf-8")
    begin, end = README_MARKERS
    if begin not in text or end not in text:
        return text
    before, after = text.split(begin, 1)[0], text.split(end, 1)[1]
    return f"{before}{begin}\n{readme_table(home)}\n{end}{after}"


def _node(content: dict[str, Any]) -> Any:
    from nbformat import from_dict

    return from_dict(content)
