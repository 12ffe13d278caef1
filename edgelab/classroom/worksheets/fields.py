"""The places to write: what a question comes down to, whatever it is.

    [field.id for field in fields_of(part, question)]       # "3.tests.load.result", …

A text, a number and a choice are one field, a checklist is one a tick (and one for its explanation), a table
one a cell. Answers are kept by field. Lesson 01.
"""

from __future__ import annotations

from typing import Any, Literal

from edgelab.classroom.worksheets.questions import (
    Cell,
    ChecklistQuestion,
    ChoiceQuestion,
    Column,
    Derived,
    Label,
    NumberQuestion,
    Option,
    Part,
    Question,
    Row,
    Source,
    Strict,
    TableQuestion,
    TextQuestion,
)

Kind = Literal["text", "number", "choice", "tick"]


class Field(Strict):
    """One place to write."""

    id: str
    part: str
    question: str  # identifier of the question with its part: "3.tests"
    kind: Kind
    label: Label
    unit: str = ""
    options: tuple[Option, ...] = ()
    source: Source | None = None
    derived: Derived | None = None
    tolerance: float = 0.02
    lines: int = 1
    form: Literal["text", "date"] = "text"
    required: bool = True


def fields_of(part: Part, question: Question) -> list[Field]:
    """Return the places to write of one question, in its order."""
    name = f"{part.id}.{question.id}"
    common: dict[str, Any] = {"part": part.id, "question": name, "required": question.required}
    told: dict[str, Any]
    match question:
        case TextQuestion():
            told = {"source": question.source, "lines": question.lines, "form": question.form}
            return [Field(id=name, kind="text", label=question.label, **common, **told)]
        case NumberQuestion():
            told = {
                key: getattr(question, key) for key in ("unit", "source", "derived", "tolerance")
            }
            return [Field(id=name, kind="number", label=question.label, **common, **told)]
        case ChoiceQuestion():
            told = {"options": question.options}
            return [Field(id=name, kind="choice", label=question.label, **common, **told)]
        case ChecklistQuestion():
            return _ticks(name, question, common)
        case _:
            return [
                _cell(name, question, row, column, common)
                for row in question.rows
                for column in question.columns
            ]


def _ticks(name: str, question: ChecklistQuestion, common: dict[str, Any]) -> list[Field]:
    found = []
    for option in question.options:
        place = f"{name}.{option.id}"
        found.append(Field(id=place, kind="tick", label=option.label, **common))
        if question.explain:
            texts = {**common, "label": question.explain, "lines": 2}
            found.append(Field(id=f"{place}.how", kind="text", **texts))
    return found


def _cell(
    name: str, question: TableQuestion, row: Row, column: Column, common: dict[str, Any]
) -> Field:
    own = row.cells.get(column.id, Cell())
    return Field(
        id=f"{name}.{row.id}.{column.id}",
        kind=column.type,
        label=_joined(row.label, column.label) if row.label else column.label,
        unit=own.unit or column.unit or "",
        options=column.options,
        source=own.source or column.source,
        derived=own.derived or column.derived,
        tolerance=own.tolerance or column.tolerance or question.tolerance,
        lines=2 if column.type == "text" else 1,
        **common,
    )


def _joined(row: Label, column: Label) -> Label:
    return Label(en=f"{row.en}: {column.en}", fr=f"{row.fr} : {column.fr}")
