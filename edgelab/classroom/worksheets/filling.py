"""Filling a worksheet from the journal: measured cells, and the words that lessons kept.

    fill(schema, answers, journal.find())           # every empty field that the journal can fill
    measured(journal.find(), subjects, source, "MB")

A cell that a person wrote in is never changed: what was measured is kept beside it. Which records count
says `evidence.py`. Lesson 01.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import agreement, checking
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry, Subjects, now, plain
from edgelab.classroom.worksheets.evidence import Compared, Evidence
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.questions import Source
from edgelab.classroom.worksheets.schema import Schema
from edgelab.records import Record

__all__ = ["Compared", "Evidence", "comparisons", "fill", "measured", "noted", "proposed_subjects"]


def measured(
    entries: Sequence[Record], subjects: Subjects, source: Source, unit: str
) -> Citation | None:
    """Return a figure of one of the two models, with the record that has it (see `Evidence.measured`)."""
    return Evidence(entries).measured(subjects, source, unit)


def noted(entries: Sequence[Record], source: Source) -> Citation | None:
    """Return what a lesson kept, with its record (see `Evidence.noted`)."""
    return Evidence(entries).noted(source)


def comparisons(entries: Sequence[Record]) -> tuple[Compared, ...]:
    """Return the comparisons that a worksheet may speak of, oldest first."""
    return Evidence(entries).comparisons()


def proposed_subjects(entries: Sequence[Record]) -> Subjects | None:
    """Return the latest comparison with its reference and the smallest of the others, or None."""
    return Evidence(entries).proposed()


def fill(schema: Schema, answers: Answers, entries: Sequence[Record]) -> tuple[str, ...]:
    """Fill empty fields from the journal and refresh those that nobody wrote in.

    Args:
        schema: the worksheet.
        answers: changed in place: values, citations and, where nobody chose them, the subjects.
        entries: the sound records of the journal, oldest first.

    Returns:
        The identifiers of the fields whose value or citation changed.
    """
    evidence = Evidence(entries)
    begun = answers.subjects.record is not None and _overtyped(schema, answers)
    if not answers.subjects.chosen and not begun:
        answers.subjects = evidence.proposed() or answers.subjects
    changed = []
    known = answers.subjects.record in evidence.by_number
    with speaking(answers.language):
        for field in schema.fields:
            cited = _fitting(field, answers, evidence)
            if _take(field, answers, cited) or (known and not cited and _drop(field, answers)):
                changed.append(field.id)
    changed += [field.id for field in schema.fields if _derive(field, answers)]
    return tuple(changed)


def _fitting(field: Field, answers: Answers, evidence: Evidence) -> Citation | None:
    """Return what fills a field; beside what a person typed, the record that it was taken from."""
    found = tuple(evidence.each_found(field, answers.subjects))
    entry = answers.entries.get(field.id)
    if entry and entry.typed is not None:
        agreeing = (cited for cited in found if checking.is_recorded(field, entry, cited))
        return next(agreeing, found[0] if found else None)
    return found[0] if found else None


def _take(field: Field, answers: Answers, cited: Citation | None) -> bool:
    """Put what the journal has into a field, or beside what a person wrote; tell if that changed it."""
    entry = answers.entries.get(field.id)
    if cited is None:
        return False
    kept = cited if field.kind == "number" else cited.model_copy(update={"value": None})
    if entry and entry.typed is not None:
        changed, entry.measured = entry.measured != kept, kept
        return changed
    counted = agreement.as_number(cited.value)
    value = cited.value if counted is None else agreement.rounded(counted)
    if entry and entry.measured == kept and entry.value == value:
        return False
    answers.entries[field.id] = Entry(value=value, measured=kept, when=now())
    return True


def _drop(field: Field, answers: Answers) -> bool:
    """Empty a cell that shows a figure of models that the worksheet no longer speaks of."""
    entry = answers.entries.get(field.id)
    if not (field.source and field.source.figure and entry and entry.measured):
        return False
    if entry.typed is None:
        del answers.entries[field.id]
    else:
        entry.measured = None
    return True


def _derive(field: Field, answers: Answers) -> bool:
    """Compute a number that follows from two others, unless a person wrote it; tell if it changed."""
    entry = answers.entries.get(field.id)
    if field.derived is None or (entry and entry.typed is not None):
        return False
    before, after = (
        plain(answers.entries.get(name)) for name in (field.derived.before, field.derived.after)
    )
    exact = agreement.derived(field.derived.rule, before, after)
    value = None if exact is None else agreement.rounded(exact)
    if value == plain(entry):
        return False
    if value is None:
        del answers.entries[field.id]
    else:
        answers.entries[field.id] = Entry(value=value, when=now())
    return True


def _overtyped(schema: Schema, answers: Answers) -> bool:
    """Tell whether a person wrote in a measured cell: then the models stay what they were."""
    return any(
        field.source and field.source.figure and entry.typed is not None
        for field in schema.fields
        if (entry := answers.entries.get(field.id))
    )
