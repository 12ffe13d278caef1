"""Points that can be proposed without judging a text, and what is left to a person.

    for mark in propose(schema, answers, found, reading):
        mark.question, mark.proposed, mark.why      # proposed is None where a person must judge

What is empty earns nothing; numbers earn the rubric's share where they agree with the journal or follow from
what is right. How something was measured fills itself, so it earns only beside a figure that is right. A
number that nothing proves is a person's to judge, and so is every text, also the one that explains a tick:
it is only said how much of it is filled. The words are in the language of the moment.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
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
    schema: Schema,
    answers: Answers,
    audit: Audit,
    reading: Reading | None,
    weights: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[Mark, ...]:
    """Return a mark for each question that gives points, in the order of the worksheet.

    Args:
        schema: the worksheet.
        answers: what was written.
        audit: of these answers.
        reading: the student's journal, None where there is none.
        weights: by question, the share of its points that each column of its table earns (the rubric's);
            without one, every cell earns the same.
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
            known = filled[0].id not in wrong
            proposed = question.points if known else 0.0
            why = _("Chosen.") if known else _("Not one of the options.")
        elif isinstance(question, ChecklistQuestion):
            proposed, why = _ticks(fields, answers, wrong)
        elif any(f.kind == "number" for f in fields):
            right = _earning(fields, {f.id for f in filled if f.id not in wrong})
            doubted = {
                f.id
                for f in filled
                if f.kind == "number"
                and f.id in right
                and f.derived is None
                and (f.source is None or f.id in unproven or not trusted)
            }
            share = _share(fields, right, (weights or {}).get(name, {}))
            proposed, why = _numbers(question.points, fields, share, right=right, doubted=doubted)
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
    share: float,
    *,
    right: set[str],
    doubted: set[str],
) -> tuple[float | None, str]:
    """Give right cells their share; leave it to a person where a figure can't be verified."""
    told = {"right": len(right - doubted), "total": len(fields), "doubtful": len(doubted)}
    if doubted:
        text = _(
            "For a person to judge: {right} of {total} cells are right, {doubtful} can't be verified."
        )
        return None, text.format(**told)
    text = _("{right} of {total} cells are filled and agree with the journal.").format(**told)
    return quarters(points, share), text


def _earning(fields: Sequence[Field], right: set[str]) -> set[str]:
    """Return what earns: of a row whose figure is wrong, the words beside it do not."""
    rows = _rows(fields)
    idle = {
        f.id
        for row in rows
        if not right.issuperset(g.id for g in row if g.kind == "number")
        for f in row
        if f.kind == "text"
    }
    return right - idle


def _share(fields: Sequence[Field], right: set[str], weights: Mapping[str, float]) -> float:
    """Return which share of the points is earned, 0 to 1."""
    if not weights:
        return len(right) / len(fields)
    rows = len(_rows(fields))
    return math.fsum(weights.get(name.rpartition(".")[2], 0.0) / rows for name in right)


def _rows(fields: Sequence[Field]) -> list[list[Field]]:
    """Return the cells of a question by row; a question without a table is one row."""
    found: dict[str, list[Field]] = {}
    for field in fields:
        found.setdefault(field.id.rpartition(".")[0], []).append(field)
    return list(found.values())


def _ticks(fields: Sequence[Field], answers: Answers, wrong: set[str]) -> tuple[float | None, str]:
    """Count what is ticked and explained; to pay by the tick would make one tick the best answer."""

    def has(name: str) -> bool:
        return name not in wrong and plain(answers.entries.get(name)) not in (None, False)

    names = {f.id for f in fields}
    ticked = [f.id for f in fields if f.kind == "tick" and has(f.id)]
    # An explanation that is missing is an error of the audit, and is none here either.
    explained = [name for name in ticked if f"{name}.how" not in names or has(f"{name}.how")]
    if not ticked:
        return 0.0, _("Nothing is ticked.")
    text = _("For a person to judge: {ticked} ticked, {explained} of them explained.")
    return None, text.format(ticked=len(ticked), explained=len(explained))


def quarters(points: float, share: float) -> float:
    """Return a share of a question's points in whole quarters, halves up; all of it for all."""
    if share >= 1 - 1e-9:
        return points
    return min(points, math.floor(points * share / STEP + 0.5 + 1e-9) * STEP)
