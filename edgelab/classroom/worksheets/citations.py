"""Where the figures of a worksheet come from, in words, for its Markdown and its printed page."""

from __future__ import annotations

from collections.abc import Sequence

from edgelab.classroom.language import _, speaking, with_unit
from edgelab.classroom.worksheets.agreement import FILLED_DIGITS, as_number
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.fields import Field


def lines(fields: Sequence[Field], answers: Answers, lang: str) -> list[str]:
    """Return a line for each record that these fields cite; of an overtyped one with both values."""
    with speaking(lang):
        places: dict[str, list[str]] = {}
        for field in fields:
            if told := line(field, answers):
                places.setdefault(told, []).append(field.label.say(lang))
        says = _("{place}: {text}")
        return [says.format(place="; ".join(of), text=told) for told, of in places.items()]


def subjects(fields: Sequence[Field], answers: Answers, lang: str) -> str:
    """Return which models the measured fields speak of; "" where none of these is measured."""
    chosen = answers.subjects
    if chosen.record is None or not any(f.source and f.source.figure for f in fields):
        return ""
    with speaking(lang):
        says = _("Comparison: record {number}. Before: {original}. After: {optimised}.")
        return says.format(
            number=chosen.record, original=chosen.original, optimised=chosen.optimised
        )


def line(field: Field, answers: Answers) -> str:
    """Return where the value of a field comes from, in the language of the moment; "" for nowhere."""
    entry = answers.entries.get(field.id)
    cited = entry.measured if entry else None
    # How something was measured stands beside the figure; it needs no source of its own.
    if entry is None or cited is None or (field.kind == "text" and cited.about):
        return ""
    recorded = as_number(cited.value)
    if entry.typed is not None and recorded is not None:
        value = with_unit(recorded, field.unit, FILLED_DIGITS)
        told = _("typed by hand; measured {value} in record {number}")
        return told.format(value=value, number=cited.record) + (
            f" ({cited.about})" if cited.about else ""
        )
    if entry.typed is not None:
        return _("in the student’s own words; the lesson kept record {number}").format(
            number=cited.record
        )
    return _("record {number}").format(number=cited.record) + (
        f" ({cited.about})" if cited.about else ""
    )
