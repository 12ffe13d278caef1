"""The worksheet as one HTML page to read or print, blank or filled; its PDF is made by the browser's print.

    blank(schema, "fr")                             # worksheets/analysis.fr.html
    written(schema, answers, "fr", found)           # with the answers, their records and what was found

The page needs nothing beside itself and runs no script; everything that a person wrote is escaped.
"""

from __future__ import annotations

import html
from pathlib import Path

from edgelab.classroom.language import _, ngettext, speaking
from edgelab.classroom.worksheets import card, citations, values
from edgelab.classroom.worksheets.answers import Answers, Value, plain
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.questions import (
    ChecklistQuestion,
    ChoiceQuestion,
    Question,
    TableQuestion,
)
from edgelab.classroom.worksheets.schema import Schema

STYLE = Path(__file__).with_name("page.css")
_LINE_EM = 1.6  # height of a line to write on


def blank(schema: Schema, lang: str) -> str:
    """Return the worksheet with empty places to write by hand, in a language ("en" or "fr")."""
    return _whole(schema, lang, _body(schema, None, lang, None))


def written(schema: Schema, answers: Answers, lang: str, found: Audit | None = None) -> str:
    """Return the worksheet with its answers.

    Args:
        schema: the worksheet.
        answers: what was written in it.
        lang: "en" or "fr".
        found: an audit to show at the places that it names, and in a sentence at the top.
    """
    return _whole(schema, lang, _body(schema, answers, lang, found))


def _whole(schema: Schema, lang: str, body: str) -> str:
    title = html.escape(schema.title.say(lang))
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        # Whatever were to slip through the escaping: nothing may run or be fetched.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(schema: Schema, answers: Answers | None, lang: str, found: Audit | None) -> str:
    with speaking(lang):
        parts = [f"<h1>{_safe(schema.title.say(lang))}</h1>"]
        if answers is None and schema.intro:
            parts.append(f"<p>{_safe(schema.intro.say(lang))}</p>")
        if found is not None:
            parts.append(f'<p class="note">{_safe(card.summary(found))}</p>')
            parts += [_finding(str(f)) for f in found.findings if f.field is None]
        for part in schema.parts:
            parts.append(
                f"<section><h2>{_safe(card.schema_part(part.id, part.title.say(lang)))}</h2>"
            )
            if answers is None and part.intro:
                parts.append(f"<p>{_safe(part.intro.say(lang))}</p>")
            own = [field for field in schema.fields if field.part == part.id]
            if told := answers and citations.subjects(own, answers, lang):
                parts.append(f"<p>{_safe(told)}</p>")
            for question in part.questions:
                fields = schema.fields_of(f"{part.id}.{question.id}")
                parts.append(_question(question, fields, answers, lang, found))
            parts.append("</section>")
        return "\n".join(parts)


def _question(
    question: Question,
    fields: tuple[Field, ...],
    answers: Answers | None,
    lang: str,
    found: Audit | None,
) -> str:
    points = ""
    if question.points:
        count = ngettext("{n} point", "{n} points", round(question.points))
        points = f' <span class="points">({count.format(n=f"{question.points:g}")})</span>'
    parts = [f"<h3>{_safe(question.label.say(lang))}{points}</h3>"]
    if question.help and answers is None:
        parts.append(f"<p>{_safe(question.help.say(lang))}</p>")
    match question:
        case TableQuestion():
            parts.append(_table(question, fields, answers, lang))
        case ChoiceQuestion():
            parts.append(_choice(fields[0], answers, lang))
        case ChecklistQuestion():
            parts.append(_checklist(fields, answers, lang))
        case _:
            parts.append(_place(fields[0], answers, lang))
    told = citations.lines(fields, answers, lang) if answers else []
    parts += [f'<p class="note">{_safe(line)}</p>' for line in told]
    if found is not None:
        own = [f for field in fields for f in found.of(field.id)]
        parts += [_finding(str(f)) for f in own if f.kind != "missing"]
        if any(f.kind == "missing" for f in own):
            parts.append(_finding(_("Not filled yet.")))
    return "\n".join(parts)


def _place(field: Field, answers: Answers | None, lang: str) -> str:
    text = values.shown(field, _value(field, answers), lang)
    unit = (
        f' <span class="unit">{_safe(values.unit_text(field.unit, lang))}</span>'
        if field.unit
        else ""
    )
    if text:
        return f'<div class="answer">{_safe(text)}{unit}</div>'
    height = max(1, field.lines) * _LINE_EM
    return f'<div class="place" style="min-height:{height:g}em">{unit}</div>'


def _choice(field: Field, answers: Answers | None, lang: str) -> str:
    value = _value(field, answers)
    items = [(option.label.say(lang), value == option.id) for option in field.options]
    if value is not None and not any(ticked for _label, ticked in items):
        items.append((str(value), True))
    return f'<ul class="boxes">{"".join(_box(label, ticked) for label, ticked in items)}</ul>'


def _checklist(fields: tuple[Field, ...], answers: Answers | None, lang: str) -> str:
    items = []
    for field in fields:
        if field.kind == "tick":
            items.append(_box(field.label.say(lang), _value(field, answers) is True))
        elif answers is None or _value(field, answers) is not None:
            items.append(f"<li>{_place(field, answers, lang)}</li>")
    return f'<ul class="boxes">{"".join(items)}</ul>'


def _box(label: str, ticked: bool) -> str:
    sign, said = ("☒", _("ticked")) if ticked else ("☐", _("not ticked"))
    return f'<li><span role="img" aria-label="{_safe(said)}">{sign}</span> {_safe(label)}</li>'


def _table(
    question: TableQuestion, fields: tuple[Field, ...], answers: Answers | None, lang: str
) -> str:
    titled = any(row.label for row in question.rows)
    head = ["<th></th>"] * titled
    head += [f'<th scope="col">{_safe(column.label.say(lang))}</th>' for column in question.columns]
    cells, rows = iter(fields), []
    for row in question.rows:
        label = _safe(row.label.say(lang)) if row.label else ""
        shown = [f'<th scope="row">{label}</th>'] * titled
        shown += [_cell(next(cells), answers, lang) for _column in question.columns]
        rows.append(f"<tr>{''.join(shown)}</tr>")
    return f"<table><thead><tr>{''.join(head)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(field: Field, answers: Answers | None, lang: str) -> str:
    text = _safe(values.shown(field, _value(field, answers), lang))
    unit = (
        f' <span class="unit">{_safe(values.unit_text(field.unit, lang))}</span>'
        if field.unit
        else ""
    )
    height = "" if text else f' style="height:{field.lines * _LINE_EM:g}em"'
    kind = ' class="number"' if field.kind == "number" else ""
    return f'<td{kind}{height}><span class="text">{text}</span>{unit}</td>'


def _finding(text: str) -> str:
    return f'<p class="finding">{_safe(text)}</p>'


def _safe(text: str) -> str:
    return html.escape(text)


def _value(field: Field, answers: Answers | None) -> Value | None:
    found: Value | None = plain(answers.entries.get(field.id)) if answers else None
    return found
