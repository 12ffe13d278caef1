"""The way of one figure: the record that holds it, the cell that shows it, the number that follows.

    trace(worksheet, "3.before_after.size.improvement")

A picture of boxes and arrows, and the same as text. Lesson 01.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgelab.classroom import tampering
from edgelab.classroom.language import _, speaking
from edgelab.classroom.worksheets import remarks
from edgelab.classroom.worksheets.progress import where

if TYPE_CHECKING:
    from edgelab.classroom.worksheets.fields import Field
    from edgelab.classroom.worksheets.worksheet import Worksheet

_BOX = (
    "border:1px solid var(--jp-border-color1, #9e9e9e);border-left:4px solid {colour};border-radius:3px;"
    "padding:.3em .8em;background:var(--jp-layout-color1, transparent);min-width:11em"
)
_RECORD = "var(--jp-brand-color1, #1976d2)"
_CELL = "var(--jp-success-color1, #2e7d32)"
_ARROW = '<div style="font-size:1.6em;padding:0 .4em">→</div>'
_HASH_DIGITS = 10


@dataclass(frozen=True)
class Step:
    """One box: what it is, what stands in it, and what tells more."""

    title: str
    value: str
    more: str = ""
    is_record: bool = False

    @property
    def html(self) -> str:
        """Return the box."""
        colour = _RECORD if self.is_record else _CELL
        small = '<div style="font-size:.85em;opacity:.8">{}</div>'
        return (
            f'<div style="{_BOX.format(colour=colour)}">{small.format(html.escape(self.title))}'
            f'<div style="font-weight:600">{html.escape(self.value)}</div>'
            f"{small.format(html.escape(self.more))}</div>"
        )

    def __str__(self) -> str:
        more = f" ({self.more})" if self.more else ""
        return f"{self.title}: {self.value}{more}"


@dataclass(frozen=True)
class Trace:
    """The boxes of one figure: one way for each record, and the last box where the ways meet."""

    ways: tuple[tuple[Step, ...], ...]
    end: Step | None = None  # a number that follows from the ends of the ways

    def __repr__(self) -> str:
        lines = [" → ".join(map(str, way)) for way in self.ways]
        return "\n".join([*lines, f"→ {self.end}"] if self.end else lines)

    def _repr_html_(self) -> str:
        row = '<div style="display:flex;align-items:center;margin:.3em 0">{}</div>'
        ways = "".join(row.format(_ARROW.join(step.html for step in way)) for way in self.ways)
        end = f"{_ARROW}{self.end.html}" if self.end else ""
        return f'<div style="display:flex;align-items:center;flex-wrap:wrap"><div>{ways}</div>{end}</div>'


def trace(worksheet: Worksheet, field: str) -> Trace:
    """Return the way of the figure in a field.

    Args:
        worksheet: whose field it is.
        field: an identifier; of a derived number, both ways are shown.

    Raises:
        InputError: there is no such field.
    """
    place = worksheet.schema.field(field)
    with speaking(worksheet.lang):
        if place.derived is None:
            return Trace((tuple(_way(worksheet, place)),))
        sources = [worksheet.schema.field(n) for n in (place.derived.before, place.derived.after)]
        ways = tuple(tuple(_way(worksheet, source)) for source in sources)
        return Trace(ways, _cell(worksheet, place))


def _way(worksheet: Worksheet, place: Field) -> Iterator[Step]:
    entry = worksheet.answers.entries.get(place.id)
    cited = entry.measured if entry else None
    if cited is not None:
        record = worksheet.evidence().by_number.get(cited.record)
        kind = tampering.kind_name(record.kind) if record else _("not in the journal")
        title = _("record {n}").format(n=cited.record) + f", {kind}"
        shown = remarks.with_its_unit(place, cited.value, worksheet.lang)
        yield Step(title, shown, _("hash {start}…").format(start=cited.hash[:_HASH_DIGITS]), True)
    yield _cell(worksheet, place)


def _cell(worksheet: Worksheet, place: Field) -> Step:
    entry = worksheet.answers.entries.get(place.id)
    value = entry.value if entry else None
    typed = _("typed") if entry and entry.typed is not None else ""
    title = where(worksheet.schema, place)
    shown = remarks.with_its_unit(place, value, worksheet.lang)
    return Step(title, shown, typed)
