"""Which row of a platform's export belongs to which hand-in.

    rows, problems = matched(sheet, header, at, results, first)

By the platform's number, else by e-mail, login or name; two that match are an error that is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from edgelab.classroom.grading import students
from edgelab.classroom.grading.spans import Sheet
from edgelab.classroom.language import _, ngettext

_PARTICIPANT = re.compile(r"\D*?(\d+)")
_LOGIN_HEADERS = re.compile(
    r"mail|courriel|login|user ?name|identifiant de connexion|nom d.utilisateur"
)
_NAME_HEADERS = re.compile(
    r"^(student|étudiant|full name|nom complet|name|nom|prénom/nom|vollständiger name)"
)
# Moodle's gradebook has the two apart, and no full name.
_FIRST_NAMES = {"first name", "prénom", "vorname", "nombre", "nome", "voornaam"}
_LAST_NAMES = {
    *("last name", "surname", "nom de famille", "nachname", "apellido(s)", "apellidos"),
    *("cognome", "achternaam"),
}
_MOST_NAMES = 12  # in one line


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


def matched(
    sheet: Sheet, header: list[str], at: int, results: Sequence[Result], first: int
) -> tuple[dict[int, Result], list[str]]:
    """Return which row gets whose mark, and what is in the way of others, in words.

    Args:
        sheet: the exported file.
        header: its first row.
        at: the column of the marks.
        results: of the students.
        first: the first row that is a student's.
    """
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
    found = {}
    for row, claiming in claims.items():
        if len(claiming) > 1:
            names = ", ".join(c.student.key for c in claiming)
            says = _("Line {line} fits several hand-ins ({names}); it was not filled.")
            problems.append(says.format(line=row + 1, names=names))
        else:
            found[row] = claiming[0]
    return found, problems


def _index(sheet: Sheet, header: list[str], at: int, first: int) -> dict[str, set[int]]:
    """Return the rows by everything that names a student in them, each kind with a prefix."""
    index: dict[str, set[int]] = {}
    apart = _names_apart(header)
    for row in range(first, len(sheet.rows)):
        for i, cell in enumerate(sheet.rows[row][: len(header)]):
            value, title = cell.value.strip(), header[i].casefold()
            if not value or i == at:
                continue
            keys = []
            named = not apart and bool(_NAME_HEADERS.search(title))
            if title == "id" or (i == 0 and not named):
                number = _PARTICIPANT.fullmatch(value)
                keys += [f"number {number[1]}"] if number else []
            if "@" in value or _LOGIN_HEADERS.search(title):
                keys.append(f"login {value.casefold()}")
            if named:
                keys.append(f"name {students.plain(value)}")
            for key in keys:
                index.setdefault(key, set()).add(row)
        if apart:
            index.setdefault(f"name {students.plain(_name(sheet, row, header))}", set()).add(row)
    return index


def absent(sheet: Sheet, header: list[str], first: int, handed_in: Collection[int]) -> str:
    """Return one line about the students of the file without a hand-in; "" where there is none."""
    rows = [row for row in range(first, len(sheet.rows)) if row not in handed_in]
    names = [name for row in rows if (name := _name(sheet, row, header))]
    if not names:
        return ""
    return ngettext(
        "{n} student of the exported file has no hand-in: {names}.",
        "{n} students of the exported file have no hand-in: {names}.",
        len(names),
    ).format(n=len(names), names=several(names))


def several(names: Sequence[str]) -> str:
    """Return names for one line, the first of many."""
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown}, …"


def _names_apart(header: list[str]) -> tuple[int, int] | None:
    """Return the columns of first and last names where the file has them apart."""
    titles = [title.casefold() for title in header]
    first = next((i for i, title in enumerate(titles) if title in _FIRST_NAMES), None)
    last = next((i for i, title in enumerate(titles) if title in _LAST_NAMES), None)
    return None if first is None or last is None else (first, last)


def _name(sheet: Sheet, row: int, header: list[str]) -> str:
    """Return how a row of the file calls its student."""
    cells = [cell.value.strip() for cell in sheet.rows[row]]
    named = [i for i, title in enumerate(header) if _NAME_HEADERS.search(title.casefold())]
    columns = _names_apart(header) or named[:1] or [0]
    return " ".join(cells[i] for i in columns if i < len(cells) and cells[i])


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
