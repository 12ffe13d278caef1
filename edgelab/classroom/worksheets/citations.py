"""Where the figures of a worksheet come from, in words, for its Markdown and its printed page."""

from __future__ import annotations

from collections.abc import Sequence

from edgelab.classroom.language import _, speaking, with_unit
from edgelab.classroom.worksheets.agreement import FILLED_DIGITS, as_number
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.schema import Field


def lines(fields: Sequence[Field], answers: Answers, lang: str) -> list[str]:
    """Return a line for every field that cites a record; of an overtyped one with both values."""
    with speaking(lang):
        says = _("{place}: {text}")
        told = [(field.label.say(lang), line(field, answers)) for field in fields]
        return [says.format(place=place, text=text) for place, text in told if text]


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
