"""What is missing, wrong or doubtful in a worksheet: one audit for the student, the form and the grader.

    found = audit(schema, answers, journal.reading())
    found.findings          # "3.tests.load.result: you typed 16 MB, recorded 61 MB in record 12"
    found.errors            # those that are to be mended before handing in

It checks that places are filled, that values are of their kind, and that figures are those of the journal.
It does not judge a text. Lesson 01.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from edgelab.classroom import tampering
from edgelab.classroom.language import _, ngettext, with_unit
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import agreement, checking, units, values
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry, journal_content, plain
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.progress import Progress, is_asked, is_filled, progress, where
from edgelab.classroom.worksheets.schema import Schema

__all__ = ["Audit", "Finding", "Progress", "audit", "progress", "read_embedded", "where"]

Kind = Literal[
    "missing", "invalid", "differs", "derived", "stale", "uncited", "journal", "no_journal"
]
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing to mend or to look at, in words."""

    field: str | None  # None: the worksheet as a whole
    kind: Kind
    text: str
    severity: Severity = "error"  # a warning may stay as it is, with good reason
    part: str = ""
    where: str = ""  # the label of the field and its question
    sentence: str = ""  # place and text, in the language in which it was found

    def __str__(self) -> str:
        return self.sentence or self.text


@dataclass(frozen=True)
class Audit:
    """Everything that was found, in the order of the worksheet."""

    findings: tuple[Finding, ...]
    progress: tuple[Progress, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return what is to be mended before handing in."""
        return tuple(f for f in self.findings if f.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Return what to look at again."""
        return tuple(f for f in self.findings if f.severity == "warning")

    def of(self, field: str) -> tuple[Finding, ...]:
        """Return what was found in one field."""
        return tuple(f for f in self.findings if f.field == field)


def audit(schema: Schema, answers: Answers, reading: Reading | None) -> Audit:
    """Return everything that is missing, wrong or doubtful, in the language of the moment.

    Args:
        schema: the worksheet.
        answers: what was written in it.
        reading: the student's journal; None where there is none to check against.
    """
    evidence = Evidence(reading.entries if reading else ())
    found: list[Finding] = []
    for field in schema.fields:
        entry = answers.entries.get(field.id)
        checks = [_missing(schema, field, answers)] if plain(entry) is None else []
        if entry and not checks:
            checks += [
                _invalid(field, entry),
                _against_journal(field, entry, answers, evidence, reading is not None),
                _derived(schema, field, answers, evidence),
            ]
        found += [_placed(schema, field, each) for each in checks if each]
    found += _editions(schema, answers)
    found += _cited(answers, evidence, reading)
    found += _newer(answers, evidence)
    return Audit(tuple(found), progress(schema, answers))


def read_embedded(answers: Answers) -> Reading | None:
    """Return the journal that was handed in with the answers, or None where there is none."""
    content = journal_content(answers)
    return None if content is None else tampering.read(content)


def _missing(schema: Schema, field: Field, answers: Answers) -> Finding | None:
    if not is_asked(schema, field, answers) or is_filled(schema, field, answers):
        return None
    if field.kind == "tick":
        return Finding(field.id, "missing", _("Nothing is ticked yet."))
    if field.source and field.source.figure:
        text = _("Not measured yet: there is no such record of the models that you chose.")
        return Finding(field.id, "missing", text)
    return Finding(field.id, "missing", _("Not filled yet."))


def _invalid(field: Field, entry: Entry) -> Finding | None:
    wrong = values.problem(field, entry.value) if entry.value is not None else ""
    return Finding(field.id, "invalid", wrong) if wrong else None


def _against_journal(
    field: Field, entry: Entry, answers: Answers, evidence: Evidence, has_journal: bool
) -> Finding | None:
    """Hold a number against the record that the journal has for it."""
    value = agreement.as_number(entry.value)
    if value is None or field.kind != "number" or not (field.source and field.source.figure):
        return None
    found = tuple(evidence.each_found(field, answers.subjects))
    told = {"typed": checking.quoted(field, entry)}
    if not found:
        text = _("{typed} stands here, and no record of your journal has this figure.")
        # Without any journal this is said once for the whole worksheet.
        return Finding(field.id, "uncited", text.format(**told), "warning") if has_journal else None
    agreeing = [cited for cited in found if checking.is_recorded(field, entry, cited)]
    cited = (agreeing or list(found))[0]
    # Both in the unit that was typed: 16 kB against 61 kB reads better than 0.016 MB against 0.061 MB.
    typed = units.written(entry.typed or "", field.unit)
    recorded = agreement.as_number(cited.value) or 0.0
    told |= {
        "recorded": with_unit(recorded / typed.factor, typed.unit, agreement.FILLED_DIGITS),
        "number": str(cited.record),
        "about": cited.about,
        "old": str(entry.measured.record) if entry.measured else "–",
    }
    if entry.typed is None and entry.measured and entry.measured.record != found[0].record:
        text = _(
            "{typed} is from record {old}; record {number} has {recorded}. Fill the cell again."
        )
        return Finding(field.id, "stale", text.format(**told), "warning" if agreeing else "error")
    text = _("you typed {typed}, recorded {recorded} in record {number} ({about}).")
    return None if agreeing else Finding(field.id, "differs", text.format(**told))


def _derived(schema: Schema, field: Field, answers: Answers, evidence: Evidence) -> Finding | None:
    """Recompute a number that follows from two others of the worksheet, or from their records."""
    entry = answers.entries.get(field.id)
    if field.derived is None or entry is None or agreement.as_number(plain(entry)) is None:
        return None
    found = checking.follows(schema, field, answers, evidence)
    if found.right:
        return None
    told = {"typed": checking.quoted(field, entry)}
    if found.expected is None:
        text = _("{typed} can't be recomputed: fill the two values that it follows from.")
        return Finding(field.id, "derived", text.format(**told), "warning")
    says = _("{typed} stands here; from the two values it follows {expected}.")
    if not found.sound:
        says = _(
            "{typed} stands here beside a value that differs from its record; from the recorded values it "
            "follows {expected}."
        )
    told["expected"] = with_unit(found.expected, field.unit, agreement.FILLED_DIGITS)
    return Finding(field.id, "derived", says.format(**told))


def _editions(schema: Schema, answers: Answers) -> Iterator[Finding]:
    unknown = sorted(set(answers.entries) - {field.id for field in schema.fields})
    if answers.worksheet != schema.id:
        text = _("These are the answers of another worksheet, “{name}”.")
        yield Finding(None, "invalid", text.format(name=answers.worksheet))
    elif unknown:
        text = ngettext(
            "{n} answer is of a place that this edition does not have: {names}.",
            "{n} answers are of places that this edition does not have: {names}.",
            len(unknown),
        )
        names = ", ".join(name[:60] for name in unknown[:5])
        yield Finding(None, "stale", text.format(n=len(unknown), names=names), "warning")
    elif answers.schema_hash != schema.hash:
        text = _(
            "The answers were begun with another edition of the worksheet; read its questions again."
        )
        yield Finding(None, "stale", text, "warning")


def _cited(answers: Answers, evidence: Evidence, reading: Reading | None) -> Iterator[Finding]:
    """Find what is wrong with the journal, and what the answers cite and it does not have."""
    citations = [e.measured for e in answers.entries.values() if e.measured]
    if reading is None:
        if citations:
            text = _("There is no journal with the worksheet: its figures can't be verified.")
            yield Finding(None, "no_journal", text)
        return
    named = {problem.number for problem in reading.problems}
    for problem in reading.problems:
        if problem.kind != "cut":  # its own words are below
            kind: Severity = "error" if problem.tampering else "warning"
            yield Finding(None, "journal", problem.text, kind)
    head = [answers.journal_head] if answers.journal_head else []
    different: dict[int, Citation] = {}
    gone: dict[int, Citation] = {}
    for cited in [*citations, *head]:
        record = evidence.by_number.get(cited.record)
        if record is None:
            gone.setdefault(cited.record, cited)
        elif (record.hash or "") != cited.hash:
            different.setdefault(cited.record, cited)
    for number in sorted(gone.keys() - named):
        text = _("The worksheet cites record {number}, which is not in the journal.")
        yield Finding(None, "stale", text.format(number=number))
    for number in sorted(different):
        text = _("Record {number} of the journal is not the one that the worksheet cites.")
        yield Finding(None, "journal", text.format(number=number))


def _newer(answers: Answers, evidence: Evidence) -> Iterator[Finding]:
    """Find a later comparison of the two models that the worksheet speaks of."""
    subjects = answers.subjects
    if subjects.record not in evidence.by_number:
        return
    pair = {subjects.original, subjects.optimised}
    for compared in reversed(evidence.comparisons(after=subjects.record)):
        if pair <= set(compared.models):
            text = _(
                "Record {new} compares the same models as record {old}, later. Choose it, or say why not."
            )
            text = text.format(new=compared.number, old=subjects.record)
            yield Finding(None, "stale", text, "warning")
            return


def _placed(schema: Schema, field: Field, found: Finding) -> Finding:
    place = where(schema, field)
    told = _("{place}: {text}").format(place=place, text=found.text)
    return replace(found, part=field.part, where=place, sentence=told)
