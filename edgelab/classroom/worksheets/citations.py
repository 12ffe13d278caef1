"""Where the figures of a worksheet come from, in words, for its Markdown and its printed page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgelab.classroom.language import AVAILABLE, N_, _, speaking, with_unit
from edgelab.classroom.worksheets import markdown_places
from edgelab.classroom.worksheets.agreement import FILLED_DIGITS, as_number
from edgelab.classroom.worksheets.answers import Answers, Subjects
from edgelab.classroom.worksheets.fields import Field

_SUBJECTS = N_("Comparison: record {number}. Before: {original}. After: {optimised}.")
_LONGEST = 500  # characters of a model's name


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
        return _(_SUBJECTS).format(
            number=chosen.record, original=chosen.original, optimised=chosen.optimised
        )


def subjects_in(text: str) -> Subjects | None:
    """Return which models a filled Markdown worksheet says that it speaks of, in either language."""
    for lang in AVAILABLE:
        with speaking(lang):
            pattern = re.escape(_(_SUBJECTS))
        for name, what in (("number", r"\d{1,9}"), ("original", r".+?"), ("optimised", r".+")):
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{what})")
        # An editor may have made plain spaces of those that do not break.
        pattern = re.sub(r"\\[ \xa0\u202f]|[\xa0\u202f]", r"\\s", pattern)
        for line in text.splitlines():
            found = re.fullmatch(pattern, line.strip()) if len(line) < 3 * _LONGEST else None
            if found and int(found["number"]) > 0:
                names = (
                    markdown_places.plain(found[k])[:_LONGEST] for k in ("original", "optimised")
                )
                original, optimised = names
                return Subjects(
                    record=int(found["number"]), original=original, optimised=optimised, chosen=True
                )
    return None


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
