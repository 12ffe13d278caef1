"""The worksheet as Markdown: blank to be filled by hand, filled to be read, and read back.

    blank(schema, "fr")                     # worksheets/analysis.fr.md
    written(schema, answers, "fr")          # the same with the answers
    parse(text, schema)                     # {"3.analysis": "…", "3.tests.load.result": "12,4", …}

Each place to write carries a marker that a reader does not see, `<!-- 3.analysis -->`; a longer text ends
at `<!-- end -->`. Whatever else is changed around them, the places are found again. Lesson 01.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelab.classroom.language import _, ngettext, speaking
from edgelab.classroom.worksheets import citations, markdown_places as places, values
from edgelab.classroom.worksheets.answers import Answers, Value, plain
from edgelab.classroom.worksheets.card import schema_part
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.markdown_places import parse
from edgelab.classroom.worksheets.questions import (
    ChecklistQuestion,
    ChoiceQuestion,
    Part,
    Question,
    TableQuestion,
)
from edgelab.classroom.worksheets.schema import Schema

__all__ = ["blank", "parse", "written"]


def blank(schema: Schema, lang: str) -> str:
    """Return the worksheet with every place empty, in a language ("en" or "fr")."""
    return _document(schema, None, lang)


def written(schema: Schema, answers: Answers, lang: str) -> str:
    """Return the worksheet with its answers; what came from the journal cites its record."""
    return _document(schema, answers, lang)


def _document(schema: Schema, answers: Answers | None, lang: str) -> str:
    with speaking(lang):
        lines = [f"# {schema.title.say(lang)}", ""]
        lines += [schema.intro.say(lang), ""] if schema.intro else []
        told = _(
            "Write at the empty places; leave the invisible markers (`<!-- … -->`) where they are."
        )
        lines += [f"*{told}*", ""] if answers is None else []
        for part in schema.parts:
            lines += [f"## {schema_part(part.id, part.title.say(lang))}", ""]
            lines += [part.intro.say(lang), ""] if part.intro else []
            if answers and (about := citations.subjects(_of(schema, part), answers, lang)):
                lines += [places.escaped(about), ""]
            for question in part.questions:
                name = f"{part.id}.{question.id}"
                lines += [f"### {_heading(question, lang)}", ""]
                lines += [question.help.say(lang), ""] if question.help else []
                lines += _asked(question, schema.fields_of(name), answers, lang)
                lines += _remarks(schema.fields_of(name), answers, lang)
        return "\n".join(lines).rstrip("\n") + "\n"


def _of(schema: Schema, part: Part) -> list[Field]:
    return [field for field in schema.fields if field.part == part.id]


def _heading(question: Question, lang: str) -> str:
    points = ""
    if question.points:
        count = ngettext("{n} point", "{n} points", round(question.points))
        points = f" ({count.format(n=f'{question.points:g}')})"
    return question.label.say(lang) + points


def _asked(
    question: Question, fields: tuple[Field, ...], answers: Answers | None, lang: str
) -> list[str]:
    match question:
        case TableQuestion():
            return _table(question, fields, answers, lang)
        case ChoiceQuestion():
            return [*_options(fields[0], answers, lang), ""]
        case ChecklistQuestion():
            lines = []
            for field in fields:
                if field.kind == "tick":
                    box = "x" if _value(field, answers) is True else " "
                    lines.append(f"- [{box}] {field.label.say(lang)} {places.marker(field.id)}")
                else:
                    lines += ["", f"  {field.label.say(lang)}", "", *_block(field, answers, lang)]
            return [*lines, ""]
        case _:
            unit = values.unit_text(fields[0].unit, lang)
            return [*([f"({unit})", ""] if unit else []), *_block(fields[0], answers, lang)]


def _block(field: Field, answers: Answers | None, lang: str) -> list[str]:
    """Return a place of its own lines, as many empty ones as a text is expected to have."""
    text = values.shown(field, _value(field, answers), lang).strip()
    inside = [places.escaped(text)] if text else [""] * max(1, field.lines)
    return [places.marker(field.id), *inside, places.END, ""]


def _options(field: Field, answers: Answers | None, lang: str) -> Iterator[str]:
    value = _value(field, answers)
    for option in field.options:
        box = "x" if value == option.id else " "
        yield f"- [{box}] {option.label.say(lang)} {places.marker(field.id, option.id)}"
    if value is not None and value not in [option.id for option in field.options]:
        yield f"- [x] {places.in_cell(str(value))} {places.marker(field.id, places.OTHER)}"


def _table(
    question: TableQuestion, fields: tuple[Field, ...], answers: Answers | None, lang: str
) -> list[str]:
    titled = any(row.label for row in question.rows)
    header = [" "] * titled + [
        column.label.say(lang)
        + (f" ({unit})" if (unit := values.unit_text(column.unit or "", lang)) else "")
        for column in question.columns
    ]
    lines = [_row(header), _row([":---"] * len(header))]
    cells = iter(fields)
    for row in question.rows:
        shown = [row.label.say(lang) if row.label else " "] * titled
        for column in question.columns:
            field = next(cells)
            unit = values.unit_text(field.unit, lang) if field.unit != (column.unit or "") else ""
            text = places.in_cell(values.shown(field, _value(field, answers), lang).strip())
            before = f"({unit}) " if unit else ""
            shown.append(f"{before}{places.marker(field.id)} {text}".rstrip())
        lines.append(_row(shown))
    return [*lines, ""]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _remarks(fields: tuple[Field, ...], answers: Answers | None, lang: str) -> list[str]:
    """Return where the figures of a question come from, below it."""
    told = citations.lines(fields, answers, lang) if answers else []
    return [*(f"- *{places.in_cell(line)}*" for line in told), ""] if told else []


def _value(field: Field, answers: Answers | None) -> Value | None:
    found: Value | None = plain(answers.entries.get(field.id)) if answers else None
    return found
