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

from edgelab.classroom.grading import spans, students
from edgelab.classroom.grading.spans import Sheet
from edgelab.classroom.language import _
from edgelab.errors import InputError

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
_PARTICIPANT = re.compile(r"\D*?(\d+)")
_LOGIN_HEADERS = re.compile(
    r"mail|courriel|login|user ?name|identifiant de connexion|nom d.utilisateur"
)
_NAME_HEADERS = re.compile(
    r"^(student|full name|nom complet|name|nom|prénom/nom|vollständiger name)"
)


@dataclass(frozen=True)
class Result:
    """What one student is to get.

    Args:
        student: whose it is.
        names: other names that the student is known by (typed in the worksheet, a login).
        points: None where the mark is not complete.
        comment: for the feedback column, where there is one.
    """

    student: students.Student
    points: float | None
    names: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True)
class Filled:
    """The file to import, and what happened."""

    content: bytes
    column: str
    rows: int  # that got a mark
    scale: float  # of a mark: platform's maximum over the worksheet's points
    problems: tuple[str, ...] = ()


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
    matched, problems = _matched(sheet, header, at, results, first)
    values: dict[tuple[int, int], str] = {}
    rows = 0
    for row, result in matched.items():
        cells = sheet.rows[row]
        if at >= len(cells):
            says = _("{name}: line {line} has no cell in this column.")
            problems.append(says.format(name=result.student.name, line=row + 1))
            continue
        if result.points is None:
            says = _("{name}: some questions are not marked yet; left empty.")
            problems.append(says.format(name=result.student.name))
            continue
        mark = f"{round(result.points * scale, 2):.2f}".rstrip("0").rstrip(".")
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
    return Filled(spans.filled(sheet, values), header[at], rows, scale, tuple(problems))


def _mark_column(header: list[str], column: str) -> int:
    if column:
        if column not in header:
            raise InputError(
                f"The exported file has no column {column!r}; it has {', '.join(header)}."
            )
        return header.index(column)
    found = [i for i, h in enumerate(header) if h.casefold() in _MARK_HEADERS]
    found = found or [i for i, h in enumerate(header) if _CANVAS_TITLE.fullmatch(h)]
    if len(found) != 1:
        several = ", ".join(repr(header[i]) for i in found)
        raise InputError(
            f"The exported file has {f'several columns for marks ({several})' if found else 'no column for marks'}; "
            f"say which to fill with --lms-column. Its columns: {', '.join(header)}."
        )
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


def _matched(
    sheet: Sheet, header: list[str], at: int, results: Sequence[Result], first: int
) -> tuple[dict[int, Result], list[str]]:
    index = _index(sheet, header, at, first)
    claims: dict[int, list[Result]] = {}
    problems = []
    for result in results:
        student = result.student
        rows, typed = _rows_of(result, index)
        if len(rows) == 1:
            claims.setdefault(min(rows), []).append(result)
            if typed:
                says = _("{name}: matched by the name typed in the worksheet; check line {line}.")
                problems.append(says.format(name=student.name, line=min(rows) + 1))
        elif rows:
            says = _("{name}: {n} rows fit; none was filled.")
            problems.append(says.format(name=student.name, n=len(rows)))
        else:
            says = _("{name}: no row of the exported file fits.")
            problems.append(says.format(name=student.name))
    matched = {}
    for row, claiming in claims.items():
        if len(claiming) > 1:
            names = ", ".join(c.student.key for c in claiming)
            says = _("Line {line} fits several hand-ins ({names}); it was not filled.")
            problems.append(says.format(line=row + 1, names=names))
        else:
            matched[row] = claiming[0]
    return matched, problems


def _index(sheet: Sheet, header: list[str], at: int, first: int) -> dict[str, set[int]]:
    """Return the rows by everything that names a student in them, each kind with a prefix."""
    index: dict[str, set[int]] = {}
    for row in range(first, len(sheet.rows)):
        for i, cell in enumerate(sheet.rows[row][: len(header)]):
            value, title = cell.value.strip(), header[i].casefold()
            if not value or i == at:
                continue
            keys = []
            named = bool(_NAME_HEADERS.search(title))
            if title == "id" or (i == 0 and not named):
                number = _PARTICIPANT.fullmatch(value)
                keys += [f"number {number[1]}"] if number else []
            if "@" in value or _LOGIN_HEADERS.search(title):
                keys.append(f"login {value.casefold()}")
            if named:
                keys.append(f"name {students.plain(value)}")
            for key in keys:
                index.setdefault(key, set()).add(row)
    return index


def _rows_of(result: Result, index: dict[str, set[int]]) -> tuple[set[int], bool]:
    """Return the rows of the surest kind of match, and whether only a typed name gave them."""
    student = result.student
    if student.number and (rows := index.get(f"number {student.number}")):
        return rows, False
    # What the platform's folder says comes before what a student typed.
    for name in (student.name, *result.names):
        for key in (f"login {name.strip().casefold()}", f"name {students.plain(name)}"):
            if rows := index.get(key):
                return rows, name != student.name
    return set(), False
