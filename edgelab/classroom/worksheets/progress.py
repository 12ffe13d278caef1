"""How much of a worksheet is filled, and how its places are called.

progress(schema, answers)       # for each part: (part, title, filled, asked)
where(schema, field)            # "Tests carried out, Model loading time: Result"
"""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.classroom.language import language
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.questions import Label
from edgelab.classroom.worksheets.schema import Schema


@dataclass(frozen=True)
class Progress:
    """How far one part of the worksheet is."""

    part: str
    title: Label
    filled: int
    asked: int


def progress(schema: Schema, answers: Answers) -> tuple[Progress, ...]:
    """Return how many of the places of each part that must be filled are.

    A checklist counts as one place, filled when something is ticked.
    """
    found = []
    for part in schema.parts:
        asked = [f for f in schema.fields if f.part == part.id and is_asked(schema, f, answers)]
        filled = sum(is_filled(schema, field, answers) for field in asked)
        found.append(Progress(part.id, part.title, filled, len(asked)))
    return tuple(found)


def where(schema: Schema, field: Field) -> str:
    """Return the label of a field behind the one of its question, in the language of the moment."""
    lang = language()
    question = next(q for name, q in schema.questions() if name == field.question)
    labels = dict.fromkeys([question.label.say(lang), field.label.say(lang)])
    row = field.id.removeprefix(f"{field.question}.").split(".")[0]
    number = row[1:] if row[:1] == "r" and row[1:].isdigit() else ""
    return ", ".join(labels) + (f" ({number})" if number else "")


def is_asked(schema: Schema, field: Field, answers: Answers) -> bool:
    """Tell whether a field must be filled; of a checklist, its first line stands for all ticks."""
    if not field.required:
        return False
    if field.kind == "tick":
        return field is schema.fields_of(field.question)[0]
    tick = _tick_of(schema, field)
    return tick is None or plain(answers.entries.get(tick.id)) is True


def is_filled(schema: Schema, field: Field, answers: Answers) -> bool:
    """Tell whether something stands in a field; of a checklist, whether anything is ticked."""
    if field.kind != "tick":
        return plain(answers.entries.get(field.id)) is not None
    ticks = [f for f in schema.fields_of(field.question) if f.kind == "tick"]
    return any(plain(answers.entries.get(f.id)) is True for f in ticks)


def _tick_of(schema: Schema, field: Field) -> Field | None:
    """Return the line of a checklist that a text explains, or None for any other field."""
    name, _dot, last = field.id.rpartition(".")
    if last != "how":
        return None
    return next((f for f in schema.fields_of(field.question) if f.id == name), None)
