"""A CSV file as cells that know where they stand, so that one can be replaced and no other byte moves.

    sheet = parse(content)
    sheet.rows[3][5].value
    filled(sheet, {(3, 5): "14.5"})      # bytes; all that was not replaced is as it was

Python's `csv` reads values and forgets how they were written; learning platforms are picky, so this reads
the places. Quoting is RFC 4180's.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

from edgelab.errors import FormatError

_DELIMITERS = ",;\t"
# What makes a spreadsheet take a cell for a formula, full-width forms included.
_FORMULA = (
    "=+-@|%\N{MINUS SIGN}\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Cell:
    """One cell: its value, and where it stands in the text, quotes included."""

    value: str
    begin: int
    end: int
    quoted: bool = False


@dataclass(frozen=True)
class Sheet:
    """A parsed CSV file."""

    text: str
    rows: tuple[tuple[Cell, ...], ...]
    mark: bytes  # byte-order mark
    encoding: str
    delimiter: str


def parse(content: bytes) -> Sheet:
    """Read a CSV file of any of the usual encodings and delimiters.

    Raises:
        FormatError: it is empty, or a quoted cell does not end.
    """
    mark, encoding, text = _decoded(content)
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    rows = tuple(_rows(text, delimiter))
    if not rows:
        raise FormatError("The exported CSV file is empty.")
    return Sheet(text, rows, mark, encoding, delimiter)


def filled(sheet: Sheet, values: Mapping[tuple[int, int], str]) -> bytes:
    """Return the file with some cells replaced and every other byte as it was.

    Args:
        sheet: as `parse` gave it.
        values: by row and column, from 0. A cell that was quoted stays quoted.

    Raises:
        FormatError: a value has characters that the file's encoding lacks.
    """
    parts = []
    at = 0
    for (row, column), value in sorted(values.items()):
        cell = sheet.rows[row][column]
        parts += [sheet.text[at : cell.begin], _written(value, cell.quoted, sheet.delimiter)]
        at = cell.end
    parts.append(sheet.text[at:])
    try:
        return sheet.mark + "".join(parts).encode(sheet.encoding)
    except UnicodeEncodeError as error:
        lacking = error.object[error.start : error.end]
        raise FormatError(
            f"The exported file is written in {sheet.encoding}, which has no {lacking!r}. Export it as UTF-8."
        ) from error


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe.

    Control characters become spaces. Source: OWASP, "CSV injection".
    """
    clean = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    begins = clean.lstrip(" \n'\"\N{NO-BREAK SPACE}")[:1]
    risky = (begins and begins in _FORMULA) or text[:1] in ("\t", "\r", "\n")
    return "'" + clean if risky else clean


def _written(value: str, quoted: bool, delimiter: str) -> str:
    if quoted or any(c in value for c in (delimiter, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value


def _decoded(content: bytes) -> tuple[bytes, str, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return mark, encoding, content[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise FormatError(f"The exported CSV file is no {encoding}: {error}.") from error
    for encoding in ("utf-8", "cp1252"):
        try:
            return b"", encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return b"", "latin-1", content.decode("latin-1")  # has a character for every byte


def _rows(text: str, delimiter: str) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    row: list[Cell] = []
    at, length = 0, len(text)
    while at < length or row:
        cell = _quoted(text, at) if text.startswith('"', at) else _bare(text, at, delimiter)
        row.append(cell)
        at = cell.end
        if text.startswith(delimiter, at):
            at += 1
            if at < length:
                continue
            row.append(Cell("", at, at))  # the file ends with a delimiter
        at += 2 if text.startswith("\r\n", at) else 1
        rows.append(tuple(row))
        row = []
    return rows


def _bare(text: str, at: int, delimiter: str) -> Cell:
    places = (text.find(c, at) for c in (delimiter, "\n", "\r"))
    end = min((place for place in places if place >= 0), default=len(text))
    return Cell(text[at:end], at, end)


def _quoted(text: str, at: int) -> Cell:
    parts = []
    begin = at + 1
    while True:
        end = text.find('"', begin)
        if end < 0:
            line = text.count("\n", 0, at) + 1
            raise FormatError(
                f"The exported CSV file has a quotation mark without end in line {line}."
            )
        parts.append(text[begin:end])
        if not text.startswith('"', end + 1):
            break
        begin = end + 2
    return Cell('"'.join(parts), at, end + 1, quoted=True)
