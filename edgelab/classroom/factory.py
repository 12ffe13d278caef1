"""From the lessons' sources to the notebooks, and what has drifted from its source.

    factory.generate()           # `make notebooks`
    factory.check()              # [] when every notebook matches its source

The worked notebook keeps the hash of the code that made its outputs and is executed again only when
the code changed; a change of prose is carried over. Its run is timed, and the README's table of
lessons is written from the record. A student's notebook that somebody has worked in is never lost:
it is copied to the workspace before it is written anew.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from edgelab import timetable, workspace
from edgelab.classroom import lessons
from edgelab.classroom.lessons import Lesson
from edgelab.measuring import compare

README_MARKERS = ("<!-- lessons: written by `make notebooks` -->", "<!-- end of lessons -->")


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
    home = folder or lessons.root()
    written = []
    for lesson in lessons.find(home) if chosen is None else chosen:
        notebook = lessons.read(lesson.source)
        if _write(lesson.student, lessons.student(notebook), say):
            written.append(lesson.student)
        goal = lessons.worked(notebook)
        stored = _stored(lesson.worked)
        took = None
        if not force and stored is not None and _is_current(stored, goal):
            _carry_outputs(stored, goal)
        elif run:
            say(f"executing {lesson.worked.relative_to(home)}")
            took = _execute(lesson, goal, say)
        else:
            continue
        goal.metadata["edgelab"] = {
            "code_sha256": code_hash(goal),
            "method": compare.METHOD,
            "profile": "class",
        }
        if _write(lesson.worked, goal):
            written.append(lesson.worked)
        timetable.record(lesson.number, lesson.title, took, home / "data" / timetable.FILE)
    for source in lessons.instructors(home) if chosen is None else ():
        target = source.with_suffix(".ipynb")
        if _write(target, lessons.worked(lessons.read(source))):
            written.append(target)
    written += _write_readme(home)
    return written


def check(folder: Path | None = None) -> list[str]:
    """Return a sentence for every generated file that no longer matches its source."""
    home = folder or lessons.root()
    every = lessons.find(home)
    drifted = []
    for lesson in every:
        notebook = lessons.read(lesson.source)
        if not lesson.student.exists() or lesson.student.read_text("utf-8") != _text(
            lessons.student(notebook)
        ):
            drifted.append(f"notebooks/{lesson.student.name} differs from its source")
        drifted += _worked_drift(lesson, lessons.worked(notebook))
    tools = {source.with_suffix(".ipynb"): source for source in lessons.instructors(home)}
    for target, source in tools.items():
        made = _text(lessons.worked(lessons.read(source)))
        if not target.exists() or target.read_text("utf-8") != made:
            drifted.append(f"solutions/{target.name} differs from its source")
    for place, expected in (
        ("notebooks", {lesson.student.name for lesson in every}),
        ("solutions", {lesson.worked.name for lesson in every} | {path.name for path in tools}),
    ):
        there = {path.name for path in (home / place).glob("*.ipynb")}
        drifted += [f"{place}/{name} has no source" for name in sorted(there - expected)]
    readme = home / "README.md"
    if readme.exists() and readme.read_text("utf-8") != _readme_text(home):
        drifted.append("README.md holds an old table of lessons")
    return drifted


def readme_table(folder: Path | None = None) -> str:
    """Return the table of lessons for the README: number, question, minutes in class."""
    runs = timetable.recorded((folder or lessons.root()) / "data" / timetable.FILE)
    lines = ["| lesson | question | minutes |", "| :--- | :--- | ---: |"]
    for lesson in lessons.find(folder):
        seconds = timetable.usual_seconds(lesson.number, runs)
        minutes = timetable.written(None if seconds is None else seconds / 60)
        link = f"[{lesson.number}](notebooks/{lesson.student.name})"
        lines.append(f"| {link} | {lesson.title} | {minutes} |")
    return "\n".join(lines)


def _execute(lesson: Lesson, goal: Any, say: Callable[[str], object]) -> tuple[float, float]:
    """Fill in the outputs; return the seconds that it took, and the probe's before and after."""
    import tempfile

    from edgelab.classroom import execution
    from edgelab.classroom.journal import Journal

    probes = [timetable.probe()]
    begin = time.monotonic()
    # A workspace and a cache of its own: the worked lesson shows one run, not what was in a journal
    # before, and its time is that of a student who enters the course here.
    with tempfile.TemporaryDirectory(prefix="edgelab-lesson-") as own:
        executed = execution.execute(
            goal, lesson.name, workspace=Path(own) / "workspace", cache=Path(own) / "cache"
        )
        seconds = time.monotonic() - begin
        journal = Journal(Path(own) / "workspace" / "journal.jsonl")
        busy = [entry.number for entry in journal.read() if _busy(entry.payload)]
    probes.append(timetable.probe())
    if busy:
        say(
            f"{lesson.name} was measured while other programs ran ({len(busy)} records say so): "
            "execute it again with --force on a quiet machine"
        )
    _carry_outputs(executed, goal)
    return seconds, sum(probes) / len(probes)


def _busy(payload: Any) -> bool:
    return bool(
        getattr(payload, "busy", False) or (isinstance(payload, dict) and payload.get("busy"))
    )


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
    if not _is_current(stored, goal):
        return [f"{name} was measured by an older method"]
    if [(c.id, c.source) for c in stored.cells] != [(c.id, c.source) for c in goal.cells]:
        return [f"{name} differs from its source"]
    return []


def _is_current(stored: Any, goal: Any) -> bool:
    """Tell whether the outputs are of this code, measured as it is measured now."""
    method = stored.metadata.get("edgelab", {}).get("method")
    return _hash_of(stored) == code_hash(goal) and method == compare.METHOD


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


def _write(path: Path, notebook: Any, say: Callable[[str], object] | None = None) -> bool:
    text = _text(notebook)
    if path.exists() and path.read_text("utf-8") == text:
        return False
    if say is not None:
        _keep_work(path, say)
    workspace.atomic_write(path, text)
    return True


def _keep_work(path: Path, say: Callable[[str], object]) -> None:
    """Copy a student's notebook that somebody has worked in before it is written anew."""
    old = _stored(path)
    if old is None or not any(cell.get("execution_count") for cell in old.cells):
        return
    folder = workspace.workspace() / "notebooks"
    copies = (folder / f"{path.stem}-{number}.ipynb" for number in range(1, 10_000))
    copy = next(name for name in copies if not name.exists())
    workspace.atomic_write(copy, path.read_bytes())
    say(f"{path.name} held somebody's work; it is kept as {copy}")


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
