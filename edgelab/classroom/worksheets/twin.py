"""What stands in the form's place where no kernel runs: a saved notebook, GitHub, papermill, a printed page.

    bundle(worksheet)["text/html"]      # every part with its answers; what is empty is counted

Short on purpose: it is one output among others. The whole worksheet on paper is `page.py`. Lesson 01.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelab.classroom.language import _, speaking
from edgelab.classroom.worksheets import marks
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.values import shown, unit_text

if TYPE_CHECKING:
    from edgelab.classroom.worksheets.worksheet import Worksheet

NO_BREAK = "\N{NO-BREAK SPACE}"
MOST_CHARACTERS = 120  # of one answer
_CELL = "text-align:left;vertical-align:top;padding:.1em 1em .1em 0;background:transparent"


def bundle(worksheet: Worksheet) -> dict[str, str]:
    """Return the worksheet as HTML and as text, by mime type."""
    sheet = worksheet
    with speaking(sheet.lang):
        states = {state.part: state for state in sheet.audit().progress}
        title = sheet.schema.title.say(sheet.lang)
        pages, lines = [f"<b>{html.escape(title)}</b>"], [title]
        for part in sheet.schema.parts:
            state = states[part.id]
            count = _("{filled} of {asked}").format(filled=state.filled, asked=state.asked)
            heading = f"{marks.title(part, sheet.lang)} ({count})"
            rows = list(_filled(sheet.schema, sheet.answers, part.id, sheet.lang))
            lines += [
                heading,
                *(f"    {name}: {' · '.join(filter(None, told))}" for name, *told in rows),
            ]
            pages.append(_part(heading, rows))
    style = "border-left:4px solid var(--jp-brand-color1, #1976d2);padding:.2em .9em"
    return {
        "text/html": f'<div style="{style}">{"".join(pages)}</div>',
        "text/plain": "\n".join(lines),
    }


def _part(heading: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return f"<div>{html.escape(heading)}</div>"
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{html.escape(text)}</td>' for text in row) + "</tr>"
        for row in rows
    )
    return (
        f'<details open><summary style="cursor:pointer">{html.escape(heading)}</summary>'
        f'<table style="border-collapse:collapse;margin:0 0 .4em 1em">{body}</table></details>'
    )


def _filled(
    schema: Schema, answers: Answers, part: str, lang: str
) -> Iterator[tuple[str, str, str]]:
    """Yield what is filled in a part: the place, what stands there, the record it is from."""
    titles = {name: question.label.say(lang) for name, question in schema.questions()}
    for field in schema.fields:
        entry = answers.entries.get(field.id)
        value = plain(entry)
        if field.part != part or entry is None or value is None or value is False:
            continue
        text = shown(field, value, lang)
        text = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"
        unit = NO_BREAK + unit_text(field.unit, lang) if field.unit else ""
        cited = _("record {n}").format(n=entry.measured.record) if entry.measured else ""
        yield _place(field, titles[field.question], lang), text + unit, cited


def _place(field: Field, title: str, lang: str) -> str:
    label = field.label.say(lang)
    return title if label == title else f"{title}, {label}"
