"""What the person who grades must look at in one hand-in: figures without proof, and a name that is another's.

found("Ada Lovelace", schema, answers, audit, reading)     # sentences, () for most
"""

from __future__ import annotations

from edgelab.classroom.grading import students
from edgelab.classroom.grading.archives import shown
from edgelab.classroom.language import _, ngettext
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.schema import Schema

_KINDS = ("journal", "stale", "differs")
_MOST = 12


def found(
    name: str, schema: Schema, answers: Answers, audit: Audit, reading: Reading | None
) -> tuple[str, ...]:
    """Return what to look at, in the language of the moment.

    Args:
        name: of the student, as folder or file tells it.
        schema: the worksheet.
        answers: the hand-in.
        audit: of these answers.
        reading: the journal, None where there is none.
    """
    typed = plain(answers.entries.get("general.name"))
    typed_name = shown(typed.strip(), 120) if isinstance(typed, str) else ""
    told = [_without_proof(schema, answers, reading), _name(name, typed_name)]
    told += [str(f) for f in audit.errors if f.kind in _KINDS]
    sentences = list(dict.fromkeys(text for text in told if text))
    rest = len(sentences) - _MOST
    more = [_("And {n} more.").format(n=rest)] if rest > 0 else []
    return (*sentences[:_MOST], *more)


def is_same_name(one: str, other: str) -> bool:
    """Tell whether two ways to write a name may mean one person: "dupontcamille", "Camille Dupont"."""
    return _within(one, other) or _within(other, one)


def _within(short: str, long: str) -> bool:
    words = [word for word in students.plain(short).split() if len(word) > 1]
    joined = students.plain(long).replace(" ", "")
    return bool(words) and all(word in joined for word in words)


def _name(name: str, typed: str) -> str:
    if not typed or is_same_name(name, typed):
        return ""
    says = _("The worksheet bears the name “{typed}”, the hand-in “{name}”.")
    return says.format(typed=typed, name=name)


def _without_proof(schema: Schema, answers: Answers, reading: Reading | None) -> str:
    if reading and reading.entries:
        return ""
    figures = sum(
        plain(answers.entries.get(field.id)) is not None
        for field in schema.fields
        if field.kind == "number" and field.source and field.source.figure
    )
    if not figures:
        return ""
    text = (
        ngettext(
            "There is no journal: {n} measured figure can't be verified.",
            "There is no journal: {n} measured figures can't be verified.",
            figures,
        )
        if reading is None
        else ngettext(
            "The journal is empty: {n} measured figure can't be verified.",
            "The journal is empty: {n} measured figures can't be verified.",
            figures,
        )
    )
    return text.format(n=figures)
