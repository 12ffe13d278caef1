"""Tables of measurements: a few columns, units in the header, the reference first.

    report.table(result)
    report.table(result, columns=("latency_ms", "time_gain", "size_gzip_bytes", "gzip_reduction"))

A table shows the digits that the interval of a number justifies, and says below what a reader must
know: untrained weights, a reference run of another machine, a busy machine. Lesson 10 reads the
first one, every later lesson uses them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from edgelab.errors import InputError

MOST_COLUMNS = 7  # more are not read


@dataclass(frozen=True)
class Cell:
    """One cell: the value itself, and how it is written."""

    value: Any
    text: str


@dataclass(frozen=True)
class Table:
    """A table that shows itself in a notebook, on a terminal and in Markdown.

    `rows` holds the values that the texts were written from, by column.
    """

    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the values, one dictionary a row."""
        return [
            {name: cell.value for name, cell in zip(self.columns, row, strict=True)}
            for row in self.cells
        ]

    def column(self, name: str) -> list[Any]:
        """Return the values of one column.

        Raises:
            InputError: there is no such column.
        """
        if name not in self.columns:
            raise InputError(f"The table has no column {name!r}; it has {list(self.columns)}.")
        return [row[name] for row in self.rows]

    def to_markdown(self) -> str:
        """Return the table in Markdown, numbers aligned right, notes below."""
        alignment = ["---:" if numeric else ":---" for numeric in self._numeric]
        lines = [self.columns, alignment, *([c.text for c in row] for row in self.cells)]
        table = ["| " + " | ".join(t.replace("|", r"\|") for t in line) + " |" for line in lines]
        extra = [f"*{text}*" for text in (self.caption, *self.notes) if text]
        return "\n".join(table) + "".join(f"\n\n{text}" for text in extra)

    def __repr__(self) -> str:
        texts = [list(self.columns), *([cell.text for cell in row] for row in self.cells)]
        widths = [max(len(line[i]) for line in texts) for i in range(len(self.columns))]
        lines = ["  ".join(self._justified(line, widths)).rstrip() for line in texts]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join([*lines, *(text for text in (self.caption, *self.notes) if text)])

    def _repr_html_(self) -> str:
        sides = ["right" if numeric else "left" for numeric in self._numeric]
        head = "".join(
            _tag("th", html.escape(name), f"{_CELL};text-align:{side};{_RULE}", scope="col")
            for name, side in zip(self.columns, sides, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                _tag(
                    "th" if first else "td",
                    html.escape(cell.text),
                    f"{_CELL};text-align:{side};font-weight:normal",
                    scope="row" if first else "",
                )
                for first, cell, side in zip((True, *[False] * len(row)), row, sides, strict=False)
            )
            + "</tr>"
            for row in self.cells
        )
        caption = _tag("caption", html.escape(self.caption), _CAPTION) if self.caption else ""
        notes = "".join(_tag("p", html.escape(note), _NOTE) for note in self.notes)
        return (
            f'<table style="{_TABLE}">{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>{notes}"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @property
    def _numeric(self) -> list[bool]:
        return [
            any(_is_number(row[i].value) for row in self.cells) for i in range(len(self.columns))
        ]

    def _justified(self, line: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
        for text, width, numeric in zip(line, widths, self._numeric, strict=True):
            yield text.rjust(width) if numeric else text.ljust(width)


_TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0.4em 0"
_CELL = "padding:0.25em 0.65em;white-space:pre"
_RULE = "font-weight:600;border-bottom:1px solid"
_CAPTION = "caption-side:top;text-align:left;padding:0.2em 0.65em;opacity:0.8"
_NOTE = "margin:0.1em 0.65em;font-size:90%;opacity:0.8"


def _tag(name: str, content: str, style: str, scope: str = "") -> str:
    attribute = f' scope="{scope}"' if scope else ""
    return f'<{name}{attribute} style="{style}">{content}</{name}>'


def of_rows(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    write: Mapping[str, Callable[[Any], str]] | None = None,
    caption: str = "",
    notes: Sequence[str] = (),
) -> Table:
    """Make a table of plain values.

    Args:
        columns: the headers, units included.
        rows: one sequence of values a row.
        write: for a column, the function that writes its values; whole numbers are otherwise
            written out, others with three significant digits.
        caption: what the table shows.
        notes: sentences below it.

    Raises:
        InputError: more columns than a reader takes in, or a row of another length.
    """
    from edgelab.reporting.quantities import written

    if len(columns) > MOST_COLUMNS:
        raise InputError(
            f"A table of {len(columns)} columns is not read: {MOST_COLUMNS} at most. Choose those "
            "that answer the question, or make two tables."
        )
    write = write or {}
    cells = []
    for row in rows:
        if len(row) != len(columns):
            raise InputError(f"A row has {len(row)} values for {len(columns)} columns: {row!r}.")
        texts = []
        for name, value in zip(columns, row, strict=True):
            if name in write and value is not None:
                text = write[name](value)
            elif isinstance(value, Integral) and _is_number(value):
                text = written(int(value), places=0)
            elif value is None or _is_number(value):
                text = written(None if value is None else float(value))
            else:
                text = str(value)
            texts.append(Cell(value, text))
        cells.append(texts)
    for i in range(len(columns)):
        if any(_is_number(row[i].value) for row in cells):
            aligned = align_decimals([row[i].text for row in cells])
            for row, text in zip(cells, aligned, strict=True):
                row[i] = Cell(row[i].value, text)
    return Table(tuple(columns), tuple(map(tuple, cells)), caption, tuple(notes))


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def align_decimals(texts: Sequence[str]) -> list[str]:
    """Pad texts so that, aligned right, their numbers stand point below point.

    A text is a number, a word and a number ("faster 1.52"), or a number and its interval
    ("4.05 [4.01–4.09]"); a text without a number stays as it is.
    """
    found = [_NUMBER.match(text) for text in texts]
    fractions = [m["fraction"] for m in found if m]
    rests = [m["rest"] for m in found if m]
    return [
        m["head"] + _padded(m["fraction"], fractions) + _padded(m["rest"], rests) if m else text
        for m, text in zip(found, texts, strict=True)
    ]


_NUMBER = re.compile(r"(?P<head>(?:\D* )?\u2212?\d[\d\u202f]*)(?P<fraction>(?:\.\d+)?)(?P<rest>.*)")


def _padded(text: str, others: Sequence[str]) -> str:
    digits = max(sum(c.isdigit() for c in other) for other in others)
    points = max(other.count(".") for other in others)
    missing = digits - sum(c.isdigit() for c in text), points - text.count(".")
    return text + "\N{PUNCTUATION SPACE}" * missing[1] + "\N{FIGURE SPACE}" * missing[0]
