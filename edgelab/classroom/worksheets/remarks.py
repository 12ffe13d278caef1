"""What the form says below a place to write: where its value comes from, or what is wrong with it.

    remark(field, entry, findings, "fr").text      # "enregistrement 12 : int8, un processus léger"

An overtyped cell shows both values: what was typed stands in the cell, what was measured stands below.
Lesson 01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgelab.classroom.language import _, format_number, speaking
from edgelab.classroom.worksheets.answers import Entry, Value
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.values import shown, unit_text

if TYPE_CHECKING:
    from edgelab.classroom.worksheets.audit import Finding

NO_BREAK = "\N{NO-BREAK SPACE}"
DIGITS = 4  # of a measured figure; the file keeps what was recorded


@dataclass(frozen=True)
class Remark:
    """One line below a place to write."""

    text: str = ""
    wrong: bool = False  # something to look at
    about: str = ""  # the configuration of the record, for those who point at the line


def remark(field: Field, entry: Entry | None, findings: Sequence[Finding], lang: str) -> Remark:
    """Return the line below a field.

    Args:
        field: the place to write.
        entry: what stands in it.
        findings: what the audit found there; what is only missing is told at the part.
        lang: "en" or "fr".
    """
    with speaking(lang):
        cited = entry.measured if entry else None
        about = cited.about if cited else ""
        told = [finding for finding in findings if finding.kind != "missing"]
        source = _source(field, entry, lang)
        if not told:
            return Remark(source, about=about)
        # What was typed stands in the cell: the line needs to say only what was recorded.
        texts = [f"{source}." if finding.kind == "differs" else finding.text for finding in told]
        if cited and entry and entry.typed is not None and field.kind == "number":
            texts.append(_("Empty the cell to take the measured value back."))
        return Remark(" ".join(texts), wrong=True, about=about)


def writable(field: Field, entry: Entry | None, lang: str) -> Any:
    """Return what a field's input shows: as it was typed, or a value as a person writes it."""
    value = entry.value if entry else None
    if field.kind == "tick":
        return value is True
    if field.kind == "choice":
        return value if value in [option.id for option in field.options] else None
    if entry and entry.typed is not None and field.kind == "number":
        return entry.typed
    return shown(field, value, lang)


def with_its_unit(field: Field, value: Value | None, lang: str) -> str:
    """Return a value for a person to read, with its unit; a dash where there is none."""
    if value is None:
        return "–"
    with speaking(lang):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        text = format_number(float(value), DIGITS) if number else shown(field, value, lang)
    return text + (NO_BREAK + unit_text(field.unit, lang) if field.unit else "")


def _source(field: Field, entry: Entry | None, lang: str) -> str:
    if entry is None:
        return ""
    cited = entry.measured
    if cited is None:
        return _("calculated") if field.derived and entry.typed is None else ""
    record = _("record {n}").format(n=cited.record)
    if entry.typed is not None:
        if not isinstance(cited.value, int | float):
            return _("Your own words. What the lesson kept: {record}.").format(record=record)
        value = with_its_unit(field, cited.value, lang)
        return _("measured: {value}, {record}").format(value=value, record=record)
    return record
