"""Numbers of a worksheet held against the journal, and against each other.

    is_recorded(field, entry, cited)                # typed as the record has it?
    follows(schema, field, answers, evidence)       # an improvement: from something that is right?

The figures of both are `agreement`'s; this says which of them are held against which. Lesson 01.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.classroom.language import NO_BREAK, unit_name, with_unit
from edgelab.classroom.worksheets import agreement, units
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry, plain
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.figures import FIGURES, in_unit
from edgelab.classroom.worksheets.questions import Derived
from edgelab.classroom.worksheets.schema import Schema

_LONGEST_TYPED = 40


@dataclass(frozen=True)
class Followed:
    """Whether a derived number follows from something that is right, and what it should be."""

    right: bool
    expected: float | None = None  # None: the two cells are empty
    sound: bool = True  # the two cells are; else what is expected follows from their records


def is_recorded(field: Field, entry: Entry, cited: Citation) -> bool:
    """Tell whether a number agrees with a record, in the digits and the unit in which it was typed."""
    value, recorded = agreement.as_number(entry.value), agreement.as_number(cited.value)
    if value is None or recorded is None:
        return False
    figure = field.source.figure if field.source else None
    absolute = FIGURES[figure].within if figure else None
    within = None if absolute is None or figure is None else in_unit(absolute, figure, field.unit)
    typed = _typed(field, entry)
    return agreement.agrees(
        value / typed.factor,
        recorded / typed.factor,
        field.tolerance,
        decimals=typed.decimals,
        within=None if within is None else within / typed.factor,
    )


def follows(schema: Schema, field: Field, answers: Answers, evidence: Evidence) -> Followed:
    """Tell whether a derived number follows from something that is right.

    That is the two cells as they are typed, where both are right; or their figures as recorded, to more
    digits than the cells show; or, for times, the ratio that the comparison measured in turn.
    """
    rule, entry = field.derived, answers.entries.get(field.id)
    value = agreement.as_number(plain(entry))
    if rule is None or entry is None or value is None:
        return Followed(False)
    decimals = _typed(field, entry).decimals
    before, after = (plain(answers.entries.get(name)) for name in (rule.before, rule.after))
    typed = agreement.derived(rule.rule, before, after)
    recorded = _recorded(schema, rule, answers, evidence)
    sound = all(_is_right(schema.field(n), answers, evidence) for n in (rule.before, rule.after))
    sources = [typed, recorded] if sound else [recorded]
    right = any(
        agreement.derived_agrees(value, expected, rule.rule, decimals)
        for expected in sources
        if expected is not None
    )
    right = right or _is_the_ratio(schema, field, answers, evidence, value)
    return Followed(right, typed if sound or recorded is None else recorded, sound)


def quoted(field: Field, entry: Entry) -> str:
    """Return a number as it was typed, with its unit; one that nobody typed as the worksheet shows it."""
    typed = _typed(field, entry)
    value = agreement.as_number(entry.value)
    if typed.value is None or typed.value != value or entry.typed is None:
        return with_unit(value or 0.0, field.unit)
    text = NO_BREAK.join(entry.typed.split())[:_LONGEST_TYPED]
    bare = not (text[-1:].isalpha() or text.endswith("%"))
    return f"{text}{NO_BREAK}{unit_name(typed.unit)}" if bare and typed.unit else text


def _typed(field: Field, entry: Entry) -> units.Written:
    """Return how a number was typed; one that was given as a number has the digits that it has."""
    if entry.typed is None:
        return units.Written(agreement.as_number(entry.value), field.unit)
    return units.written(entry.typed, field.unit)


def _is_right(field: Field, answers: Answers, evidence: Evidence) -> bool:
    """Tell whether no record contradicts a cell."""
    entry = answers.entries.get(field.id)
    found = tuple(evidence.each_found(field, answers.subjects))
    if entry is None or not found:
        return True
    return any(is_recorded(field, entry, cited) for cited in found)


def _recorded(schema: Schema, rule: Derived, answers: Answers, evidence: Evidence) -> float | None:
    cited = (
        evidence.found(schema.field(name), answers.subjects) for name in (rule.before, rule.after)
    )
    before, after = (each.value if each else None for each in cited)
    return agreement.derived(rule.rule, before, after)


def _is_the_ratio(
    schema: Schema, field: Field, answers: Answers, evidence: Evidence, value: float
) -> bool:
    """Tell whether an improvement of times is the one that the comparison measured in turn."""
    rule, entry = field.derived, answers.entries.get(field.id)
    ratio = evidence.ratio(answers.subjects)
    if rule is None or entry is None or ratio is None:
        return False
    sources = [schema.field(name).source for name in (rule.before, rule.after)]
    asked = [(s.figure, s.model) for s in sources if s]
    if asked != [("latency_ms", "original"), ("latency_ms", "optimised")]:
        return False
    low, middle, high = (100 * (1 - end) for end in reversed(ratio))
    return agreement.lies_within(value, low, middle, high, _typed(field, entry).decimals)
