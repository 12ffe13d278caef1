"""Marks into the CSV file that Moodle or Canvas exported: one column filled, all other bytes untouched.

    filled = fill(Path("Grades-Analysis.csv").read_bytes(), results)
    filled.content, filled.rows, filled.problems

Platforms import their own export best, in their language and with their identifiers; so nothing is invented
here. A row is matched by the platform's number, else by e-mail, login or name; two that match are an error
that is named, and a mark that stands there already is never overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgelab.classroom.grading import lms_rows as rows_of, spans
from edgelab.classroom.grading.decisions import hundredths
from edgelab.classroom.grading.lms_rows import Result
from edgelab.classroom.grading.spans import Sheet
from edgelab.classroom.language import _, format_number, ngettext
from edgelab.errors import InputError

__all__ = ["Filled", "Result", "fill"]

# Headers of the column for the mark, in Moodle's languages that a European class meets.
_MARK_HEADERS = {
    "grade",
    "note",
    "bewertung",
    "calificación",
    "valutazione",
    "nota",
    "cijfer",
    "score",
}
_FEEDBACK_HEADERS = {
    "feedback comments",
    "feedback par commentaires",
    "commentaires de feedback",
    "feedback als kommentar",
    "comentarios de retroalimentación",
}
_MAXIMUM_HEADERS = {"maximum grade", "note maximale", "bestwertung", "calificación máxima"}
_CANVAS_TITLE = re.compile(r".*\(\d+\)")


@dataclass(frozen=True)
class Filled:
    """The file to import, and what happened."""

    content: bytes
    column: str
    rows: int  # that got a mark
    scale: float  # of a mark: platform's maximum over the worksheet's points
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # about the file as a whole


def fill(content: bytes, results: Sequence[Result], points: float, column: str = "") -> Filled:
    """Fill the mark column (and the comments', where there is one) of an exported file.

    Args:
        content: of the file as the platform exported it.
        results: of the students.
        points: that the worksheet gives; a platform's other maximum rescales the marks.
        column: header of the column to fill; found by itself where there is only one.

    Raises:
        FormatError: the file is no CSV.
        InputError: there is no column for marks, or several.
    """
    sheet = spans.parse(content)
    header = [cell.value.strip() for cell in sheet.rows[0]]
    at = _mark_column(header, column)
    maximum, first = _maximum(sheet, header, at)
    scale = maximum / points if maximum and points else 1.0
    comma = _decimal_comma(sheet, header, at)
    feedback = next((i for i, h in enumerate(header) if h.casefold() in _FEEDBACK_HEADERS), None)
    matched, problems = rows_of.matched(sheet, header, at, results, first)
    unmarked = []
    values: dict[tuple[int, int], str] = {}
    rows = 0
    for row, result in matched.items():
        cells = sheet.rows[row]
        if at >= len(cells):
            says = _("{name}: line {line} has no cell in this column.")
            problems.append(says.format(name=result.student.name, line=row + 1))
            continue
        if result.points is None:
            unmarked.append(result.student.name)
            continue
        mark = f"{hundredths(result.points * scale):.2f}".rstrip("0").rstrip(".")
        mark = mark.replace(".", ",") if comma else mark
        there = cells[at].value.strip()
        if there not in ("", "-", mark) and _number(there) != _number(mark):
            says = _("{name}: the file has {there} already, the sheets give {mark}; left as it is.")
            problems.append(says.format(name=result.student.name, there=there, mark=mark))
            continue
        values[row, at] = mark
        rows += 1
        free = feedback is not None and feedback < len(cells) and not cells[feedback].value.strip()
        if feedback is not None and free and result.comment:
            values[row, feedback] = spans.harmless(result.comment)
    if unmarked:
        text = ngettext(
            "{n} hand-in is not marked completely yet; its cell stays empty: {names}.",
            "{n} hand-ins are not marked completely yet; their cells stay empty: {names}.",
            len(unmarked),
        )
        problems.append(text.format(n=len(unmarked), names=rows_of.several(unmarked)))
    notes = [
        _scaled(results, points, maximum, header[at]) if rows else "",
        rows_of.absent(sheet, header, first, matched.keys()),
    ]
    told = tuple(note for note in notes if note)
    content = spans.filled(sheet, values)
    return Filled(content, header[at], rows, scale, tuple(problems), told)


def _scaled(results: Sequence[Result], points: float, maximum: float | None, column: str) -> str:
    """Return on which scale the marks stand in the file, once for all, with the first as the example."""
    if maximum is None:
        says = _(
            "The exported file says no maximum for “{column}”: the marks are written out of {points}. "
            "Where the platform counts otherwise, export a file with the maximum, or set it there to {points}."
        )
        return says.format(column=column, points=format_number(points, 4))
    if maximum == points:
        return ""
    given = next((r.points for r in results if r.points), points)
    says = _("The platform counts out of {maximum}: {given}/{points} becomes {mark}/{maximum}.")
    numbers = {
        "maximum": maximum,
        "given": given,
        "points": points,
        "mark": given * maximum / points,
    }
    return says.format(**{name: format_number(value, 4) for name, value in numbers.items()})


def _mark_column(header: list[str], column: str) -> int:
    if column:
        if column not in header:
            says = _("The exported file has no column “{column}”; it has {columns}.")
            raise InputError(says.format(column=column, columns=", ".join(header)))
        return header.index(column)
    found = [i for i, h in enumerate(header) if h.casefold() in _MARK_HEADERS]
    found = found or [i for i, h in enumerate(header) if _CANVAS_TITLE.fullmatch(h)]
    if len(found) != 1:
        several = ", ".join(f"“{header[i]}”" for i in found)
        says = _(
            "The exported file has no column for marks; say which to fill with --lms-column. "
            "Its columns: {columns}."
        )
        if found:
            says = _(
                "The exported file has several columns for marks ({several}); say which to fill with "
                "--lms-column. Its columns: {columns}."
            )
        raise InputError(says.format(several=several, columns=", ".join(header)))
    return found[0]


def _maximum(sheet: Sheet, header: list[str], at: int) -> tuple[float | None, int]:
    """Return the platform's maximum, and the first row that is a student's."""
    first = 1
    for row in sheet.rows[1:4]:  # Canvas puts rows of its own before the students
        lead = row[0].value.strip().casefold() if row else ""
        if lead.startswith(("points possible", "points possibles", "points disponibles")):
            value = row[at].value if at < len(row) else ""
            return _number(value), first + 1
        if lead or not any("manual posting" in cell.value.casefold() for cell in row):
            break
        first += 1
    for i, name in enumerate(header):
        if name.casefold() in _MAXIMUM_HEADERS:
            found = {_number(row[i].value) for row in sheet.rows[1:] if i < len(row)} - {None}
            return (found.pop() if len(found) == 1 else None), 1
    return None, 1


def _decimal_comma(sheet: Sheet, header: list[str], at: int) -> bool:
    columns = [at, *(i for i, h in enumerate(header) if h.casefold() in _MAXIMUM_HEADERS)]
    cells = [row[i].value for row in sheet.rows[1:] for i in columns if i < len(row)]
    return any(re.fullmatch(r"\s*\d+,\d+\s*", cell) for cell in cells)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
