"""Points that can be proposed without judging a text, and what is left to a person.

    for mark in propose(schema, answers, found, reading):
        mark.question, mark.proposed, mark.why      # proposed is None where a person must judge

What is empty earns nothing; numbers earn their share where they agree with the journal or follow from their
neighbours; ticks count when they are explained. A number that nothing proves is a person's to judge, and so
is every text: it is only said how much of it is filled. The words are in the language of the moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from edgelab.classroom.language import _
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.questions import ChecklistQuestion, ChoiceQuestion
from edgelab.classroom.worksheets.schema import Schema

STEP = 0.25  # points are proposed in quarters
_WRONG = {"invalid", "differs", "derived", "missing"}


@dataclass(frozen=True)
class Mark:
    """What one question may earn."""

    question: str
    of: float
    proposed: float | None
    why: str
    seen: str  # a hash of what was written: tells later whether it changed since it was marked


def propose(
    schema: Schema, answers: Answers, audit: Audit, reading: Reading | None
) -> tuple[Mark, ...]:
    """Return a mark for each question that gives points, in the order of the worksheet.

    Args:
        schema: the worksheet.
        answers: what was written.
        audit: of these answers.
        reading: the student's journal, None where there is none.
    """
    wrong = {f.field for f in audit.findings if f.field and f.kind in _WRONG}
    wrong |= {f.field for f in audit.errors if f.field}
    unproven = {f.field for f in audit.findings if f.field and f.kind == "uncited"}
    trusted = reading is not None and not any(p.tampering for p in reading.problems)
    # A citation that its journal contradicts puts every figure in doubt, as an edited record does.
    trusted = trusted and not any(f.kind == "journal" for f in audit.errors)
    marks = []
    for name, question in schema.questions():
        if not question.points:
            continue
        fields = schema.fields_of(name)
        filled = [f for f in fields if plain(answers.entries.get(f.id)) is not None]
        proposed: float | None
        if not filled:
            proposed, why = 0.0, _("Nothing was written.")
        elif isinstance(question, ChoiceQuestion):
            right = filled[0].id not in wrong
            proposed = question.points if right else 0.0
            why = _("Chosen.") if right else _("Not one of the options.")
        elif isinstance(question, ChecklistQuestion):
            proposed, why = _ticks(question.points, fields, answers)
        elif any(f.kind == "number" for f in fields):
            proposed, why = _numbers(
                question.points, fields, filled, wrong=wrong, unproven=unproven, trusted=trusted
            )
        else:
            places = {f.id for f in fields if f.required or f in filled}
            text = _("For a person to judge; {filled} of {places} places are filled.")
            proposed, why = None, text.format(filled=len(filled), places=len(places))
        marks.append(Mark(name, question.points, proposed, why, seen(fields, answers)))
    return tuple(marks)


def seen(fields: Sequence[Field], answers: Answers) -> str:
    """Return a short hash of what stands in some fields."""
    written = [plain(answers.entries.get(f.id)) for f in fields]
    text = json.dumps(written, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _numbers(
    points: float,
    fields: Sequence[Field],
    filled: Sequence[Field],
    *,
    wrong: set[str],
    unproven: set[str],
    trusted: bool,
) -> tuple[float | None, str]:
    """Give each cell the same share; leave it to a person where a figure can't be verified."""
    numbers = [f for f in filled if f.kind == "number" and f.id not in wrong]
    doubtful = [
        f
        for f in numbers
        if f.derived is None and (f.source is None or f.id in unproven or not trusted)
    ]
    total = len(fields)
    right = [f for f in filled if f.id not in wrong]
    counts = {"right": len(right) - len(doubtful), "total": total, "doubtful": len(doubtful)}
    if doubtful:
        text = _(
            "For a person to judge: {right} of {total} cells are right, {doubtful} can't be verified."
        )
        return None, text.format(**counts)
    text = _("{right} of {total} cells are filled and agree with the journal.").format(**counts)
    return _quarters(points * len(right) / total), text


def _ticks(points: float, fields: Sequence[Field], answers: Answers) -> tuple[float, str]:
    def has(name: str) -> bool:
        return plain(answers.entries.get(name)) not in (None, False)

    names = {f.id for f in fields}
    ticked = [f.id for f in fields if f.kind == "tick" and has(f.id)]
    explained = [name for name in ticked if f"{name}.how" not in names or has(f"{name}.how")]
    if not ticked:
        return 0.0, _("Nothing is ticked.")
    text = _("{ticked} ticked, {explained} of them explained; what was written is not judged.")
    share = len(explained) / len(ticked)
    return _quarters(points * share), text.format(ticked=len(ticked), explained=len(explained))


def _quarters(points: float) -> float:
    return round(points / STEP) * STEP
