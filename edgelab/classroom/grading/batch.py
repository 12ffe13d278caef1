"""Grading a whole class: from a folder of hand-ins to gradebook, class page and the platform's file.

    result = grade("analysis", Path("submissions"), Path("grades"))
    result.graded, result.likeness, result.files

The hand-ins are assessed one by one (`pool`), then compared with each other; what the instructor reads is
written last, in one language for the whole class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    machines_chart,
    pool,
    submissions,
)
from edgelab.classroom.grading.assessment import Course, Graded
from edgelab.classroom.language import _, language, ngettext, speaking
from edgelab.classroom.worksheets import loading, rubric as rubrics
from edgelab.errors import InputError, MissingFileError

_MOST_TOLD = 10  # lines of a kind on the terminal


@dataclass(frozen=True)
class Result:
    """What a run has brought."""

    course: Course
    graded: tuple[Graded, ...]
    likeness: alike.Alike
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()  # about the platform's file, and sheets that belong to nobody


def course_of(worksheet: str | Path, out: Path, lang: str | None = None) -> Course:
    """Return what a class is held against: the worksheet, its rubric and the exercises of the lessons.

    Args:
        worksheet: a name or the path of a schema.
        out: where everything goes.
        lang: of what the instructor reads; None takes the language of the interface.

    Raises:
        MissingFileError: there is no such worksheet.
        InputError: it is no schema, or the language is unknown.
    """
    with speaking(lang or language()):
        spoken = language()
    asked = {lesson: tuple(e.name for e in exercises.exercises_of(lesson)) for lesson in _lessons()}
    schema = loading.load(worksheet)
    guidance: Mapping[str, Mapping[str, Sequence[str]]] = {}
    weights: Mapping[str, Mapping[str, float]] = {}
    try:
        rubric = rubrics.load(schema.id)
        guidance, weights = rubric.guidance(), rubric.weights()
    except MissingFileError:
        pass  # a worksheet of the instructor's own needs none
    asked = {lesson: names for lesson, names in asked.items() if names}
    return Course(schema, out.resolve(), guidance, asked, spoken, weights)


def grade(
    worksheet: str | Path,
    folder: Path,
    out: Path,
    *,
    export: Path | None = None,
    column: str = "",
    processes: int | None = None,
    lang: str | None = None,
) -> Result:
    """Grade every hand-in of a folder and write everything into another.

    Args:
        worksheet: a name or the path of a schema.
        folder: of submissions, or a ZIP file of them.
        out: where everything goes; sheets that are there are merged.
        export: the CSV file of Moodle or Canvas to fill.
        column: of that file, where it has several for marks.
        processes: how many work at once; the cores of this machine by default.
        lang: of sheets, class page and reasons, "en" or "fr"; None takes the language of the interface.

    Raises:
        MissingFileError: worksheet, folder or export are not there.
        InputError: the worksheet is no schema, the export has no column for marks, or the language is unknown.
        FormatError: the export is no CSV file.
        StorageError: something can't be written.
    """
    course = course_of(worksheet, out, lang)
    with speaking(course.language):
        return _graded(course, folder, export, column, processes)


def _graded(
    course: Course, folder: Path, export: Path | None, column: str, processes: int | None
) -> Result:
    exported = _read(export) if export else b""
    kept = keys.bound(course.out / assessment.SHEETS)
    found = submissions.find(folder, leave_out=[course.out], kept=kept)
    if not found:
        raise InputError(f"There is no hand-in in {folder}.")
    graded = sorted(pool.assessed(found, course, processes), key=lambda g: g.key)
    with progress.task("Comparing the hand-ins with each other"):
        likeness = alike.compare([g.trace for g in graded])
    files = [gradebook.write(course.out / "gradebook.csv", course, graded, likeness)]
    notes = _orphans(course, graded) + _old(folder, course)
    if export:
        filled = lms.fill(exported, _results(graded), course.schema.points, column)
        files.append(workspace.atomic_write(course.out / "lms" / export.name, filled.content))
        notes += [*filled.notes, *filled.problems]
    files += _class_files(course, graded, likeness, notes)
    return Result(course, tuple(graded), likeness, tuple(files), tuple(notes))


def told(result: Result) -> str:
    """Return what a run has brought, in a few lines for a terminal."""
    with speaking(result.course.language):
        return _told(result)


def _told(result: Result) -> str:
    lines = [class_page.summary(result.graded)]
    groups = len(result.likeness.groups)
    if groups:
        text = ngettext("{n} likeness to look at", "{n} likenesses to look at", groups)
        lines.append(text.format(n=groups) + ".")
    problems = [f"{g.name}: {p}" for g in result.graded for p in g.decided.problems]
    lines += [*problems[:_MOST_TOLD], *result.notes[:_MOST_TOLD]]
    if max(len(problems), len(result.notes)) > _MOST_TOLD:
        lines.append(_("All of it stands in class.html."))
    return "\n".join([*lines, "", *(str(path) for path in result.files)])


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
    table = [[gradebook.cell(text) for text in line] for line in machines_chart.plain(rows)]
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
