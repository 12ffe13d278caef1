"""Grading a whole class: in parallel processes, with a progress bar, in bounded memory.

    result = grade("analysis", Path("submissions"), Path("grades"))
    result.graded, result.likeness, result.files

A process reads one hand-in at a time and gives back marks and traces only. A hand-in that kills its process
is graded again alone, and if it does so twice it gets a row that says so; the others go on.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from edgelab import progress, workspace
from edgelab.classroom import exercises
from edgelab.classroom.grading import (
    alike,
    assessment,
    class_page,
    gradebook,
    keys,
    lms,
    machines,
    submissions,
)
from edgelab.classroom.grading.assessment import Course, Graded
from edgelab.classroom.grading.submissions import Submission
from edgelab.classroom.language import _, ngettext
from edgelab.classroom.worksheets import loading, rubric as rubrics
from edgelab.errors import InputError, MissingFileError, StorageError
from edgelab.measuring import machine

_CHUNK = 8  # hand-ins that a process takes at a time
_AHEAD = 2  # chunks that wait for each process
_FEW = 12  # below this, starting processes takes longer than grading here
MOST_PROCESSES = 16
_MOST_TOLD = 10  # lines of a kind on the terminal


@dataclass(frozen=True)
class Result:
    """What a run has brought."""

    course: Course
    graded: tuple[Graded, ...]
    likeness: alike.Alike
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()  # about the platform's file, and sheets that belong to nobody


def course_of(worksheet: str | Path, out: Path) -> Course:
    """Return what a class is held against: the worksheet, its rubric and the exercises of the lessons.

    Raises:
        MissingFileError: there is no such worksheet.
        InputError: it is no schema.
    """
    asked = {lesson: tuple(e.name for e in exercises.exercises_of(lesson)) for lesson in _lessons()}
    schema = loading.load(worksheet)
    try:
        guidance: Mapping[str, Mapping[str, Sequence[str]]] = rubrics.load(schema.id).guidance()
    except MissingFileError:
        guidance = {}  # a worksheet of the instructor's own needs none
    return Course(schema, out.resolve(), guidance, {k: v for k, v in asked.items() if v})


def grade(
    worksheet: str | Path,
    folder: Path,
    out: Path,
    *,
    export: Path | None = None,
    column: str = "",
    processes: int | None = None,
) -> Result:
    """Grade every hand-in of a folder and write everything into another.

    Args:
        worksheet: a name or the path of a schema.
        folder: of submissions, or a ZIP file of them.
        out: where everything goes; sheets that are there are merged.
        export: the CSV file of Moodle or Canvas to fill.
        column: of that file, where it has several for marks.
        processes: how many work at once; the cores of this machine by default.

    Raises:
        MissingFileError: worksheet, folder or export are not there.
        InputError: the worksheet is no schema, or the export has no column for marks.
        FormatError: the export is no CSV file.
        StorageError: something can't be written.
    """
    course = course_of(worksheet, out)
    exported = _read(export) if export else b""
    kept = keys.bound(course.out / assessment.SHEETS)
    found = submissions.find(folder, leave_out=[course.out], kept=kept)
    if not found:
        raise InputError(f"There is no hand-in in {folder}.")
    graded = sorted(_all(found, course, processes), key=lambda g: g.key)
    with progress.task("Comparing the hand-ins with each other"):
        likeness = alike.compare([g.trace for g in graded])
    files = [gradebook.write(course.out / "gradebook.csv", course, graded, likeness)]
    notes = _orphans(course, graded) + _old(folder, course)
    if export:
        filled = lms.fill(exported, _results(graded), course.schema.points, column)
        files.append(workspace.atomic_write(course.out / "lms" / export.name, filled.content))
        notes += filled.problems
    files += _class_files(course, graded, likeness, notes)
    return Result(course, tuple(graded), likeness, tuple(files), tuple(notes))


def told(result: Result) -> str:
    """Return what a run has brought, in a few lines for a terminal."""
    lines = [class_page.summary(result.graded)]
    groups = len(result.likeness.journals) + len(result.likeness.texts)
    if groups:
        text = ngettext("{n} likeness to look at", "{n} likenesses to look at", groups)
        lines.append(text.format(n=groups) + ".")
    problems = [f"{g.name}: {p}" for g in result.graded for p in g.decided.problems]
    lines += [*problems[:_MOST_TOLD], *result.notes[:_MOST_TOLD]]
    if max(len(problems), len(result.notes)) > _MOST_TOLD:
        lines.append(_("All of it stands in class.html."))
    return "\n".join([*lines, "", *(str(path) for path in result.files)])


def _all(found: Sequence[Submission], course: Course, processes: int | None) -> Iterator[Graded]:
    count = min(processes or machine.cores(), MOST_PROCESSES, max(1, len(found) // 2))
    with progress.bar(total=len(found), description="Grading", unit="hand-ins") as bar:
        if count == 1 or (processes is None and len(found) < _FEW):
            for submission in found:
                yield _one(submission, course)
                bar.update()
            return
        for graded in _parallel(found, course, count):
            bar.update()
            yield graded


def _parallel(found: Sequence[Submission], course: Course, count: int) -> Iterator[Graded]:
    """Grade in several processes; what dies with its process is tried again alone."""
    chunks = [found[i : i + _CHUNK] for i in range(0, len(found), _CHUNK)]
    dead: list[Submission] = []
    waiting = iter(chunks)
    open_chunks = True
    while open_chunks:
        # Spawned, not forked: forking a kernel with threads of its own is not safe.
        context = multiprocessing.get_context("spawn")
        running: dict[Future[list[Graded]], Sequence[Submission]] = {}
        with ProcessPoolExecutor(count, context, _begin, (course,)) as pool:
            broken = False
            while not broken:
                while len(running) < count * _AHEAD and (chunk := next(waiting, None)) is not None:
                    running[pool.submit(_chunk, chunk)] = chunk
                if not running:
                    open_chunks = False
                    break
                done, _rest = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    chunk = running.pop(future)
                    try:
                        yield from future.result()
                    except BrokenProcessPool:
                        dead += chunk
                        broken = True
            for chunk in running.values():
                dead += chunk
    for submission in dead:
        yield _alone(submission, course)


def _alone(submission: Submission, course: Course) -> Graded:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _begin, (course,)) as pool:
        try:
            return pool.submit(_chunk, [submission]).result()[0]
        except BrokenProcessPool:
            problem = _("Grading this hand-in ended its process twice; look at its files by hand.")
            return assessment.failed(submission, course, problem)


_courses: list[Course] = []  # of this process, which grades for one


def _begin(course: Course) -> None:
    _courses[:] = [course]


def _chunk(chunk: Sequence[Submission]) -> list[Graded]:
    return [_one(submission, _courses[0]) for submission in chunk]


def _one(submission: Submission, course: Course) -> Graded:
    try:
        return assessment.assess(submission, course)
    except StorageError:
        raise  # the folder of results: no hand-in will do better
    except Exception as error:  # noqa: BLE001 - one hand-in must not end a whole class's grading
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        says = _("The grader stumbled over this hand-in ({what}); look at it by hand.")
        problem = says.format(what=what)
        return assessment.failed(submission, course, problem)


def _results(graded: Sequence[Graded]) -> list[lms.Result]:
    return [
        lms.Result(
            g.submission.student,
            g.decided.total if g.complete else None,
            (g.typed_name,) if g.typed_name else (),
            g.decided.comment,
        )
        for g in graded
    ]


def _class_files(
    course: Course, graded: Sequence[Graded], likeness: alike.Alike, notes: Sequence[str]
) -> list[Path]:
    rows = machines.pooled(gain for g in graded for gain in g.gains)
    columns = ["technique", "processor", "int8 instructions", "cores", "comparisons"]
    columns += ["times as fast", "lowest", "highest", "times as small", "busy"]
    table = [
        [
            *(row.technique, row.machine.cpu, row.machine.int8, str(row.machine.cores)),
            *(str(row.comparisons), f"{row.faster:.4g}", f"{row.low:.4g}", f"{row.high:.4g}"),
            *(f"{row.smaller:.4g}" if row.smaller else "", "yes" if row.busy else "no"),
        ]
        for row in rows
    ]
    table = [columns, *([gradebook.cell(text) for text in line] for line in table)]
    report = class_page.page(course, graded, likeness, notes).encode("utf-8", "replace")
    return [
        gradebook.write_rows(course.out / "machines.csv", table),
        workspace.atomic_write(course.out / "class.html", report),
    ]


def _orphans(course: Course, graded: Sequence[Graded]) -> list[str]:
    """Name the sheets that no hand-in belongs to any more: their marks are nowhere else."""
    known = {g.key for g in graded}
    notes = []
    for path in sorted((course.out / assessment.SHEETS).glob("*.yaml")):
        if path.stem.removesuffix(".new") in known:
            continue
        owner = keys.owner_of(path) or path.stem
        says = _(
            "The sheet {file} belongs to “{owner}”, which is not among the hand-ins: its marks count for "
            "nobody. If that hand-in was only renamed, give it its old name."
        )
        notes.append(says.format(file=path.name, owner=owner))
    return notes


def _old(folder: Path, course: Course) -> list[str]:
    says = _("{name} holds the results of an earlier grading; it was not taken for a hand-in.")
    return [
        says.format(name=path.name)
        for path in submissions.old_results(folder)
        if path.resolve() != course.out
    ]


def _lessons() -> list[str]:
    folder = Path(exercises.__file__).parent
    return sorted(path.stem.removeprefix("lesson") for path in folder.glob("lesson[0-9][0-9].py"))


def _read(export: Path) -> bytes:
    try:
        return export.read_bytes()
    except OSError as error:
        raise MissingFileError(
            f"The exported file {export} can't be read ({error.strerror})."
        ) from error
