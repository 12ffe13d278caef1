"""What a student gets back: one HTML page in the language of the worksheet.

    html = page(schema, "fr", Told(name=…, decided=…, audit=…, …))

The page needs nothing beside itself and runs no script; whatever a person wrote is escaped. It tells marks,
comments and what the audit found, and nothing of other students.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgelab.classroom.grading.decisions import Decided
from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.grading.sheets import Shown
from edgelab.classroom.language import _, format_number, ngettext, speaking
from edgelab.classroom.worksheets import page as worksheet_page
from edgelab.classroom.worksheets.audit import Audit, Finding
from edgelab.classroom.worksheets.questions import Part
from edgelab.classroom.worksheets.schema import Schema

LONGEST_ANSWER = 20_000
_MOST_FINDINGS = 12  # that are written out for one question
# Control characters, and those that turn the direction of the text around them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_STYLE = """
.total { font-size: 1.5rem; font-weight: 600; margin: .6rem 0 .1rem; }
.bar { height: .55rem; background: #e4e9ed; border-radius: 3px; margin: .3rem 0 1rem; max-width: 26rem; }
.bar div { height: 100%; background: #0072b2; border-radius: 3px; }
table.marks { table-layout: auto; max-width: 34rem; }
table.marks td.number, table.marks th.number { text-align: right; white-space: nowrap; }
.question { margin: .9rem 0; }
.question h3 { display: flex; justify-content: space-between; gap: 1rem; margin-bottom: .15rem; }
.question h3 .points { white-space: nowrap; color: #1b1b1b; font-weight: 600; }
.question h3 .open { color: #8a3c00; font-weight: 400; }
.comment { background: #fff6e5; border-left: 3px solid #e69f00; padding: .3rem .7rem; margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: .2rem 0; } summary { cursor: pointer; color: #555; font-size: .86rem; }
.answer { unicode-bidi: isolate; }
.answer .label { color: #555; font-size: .86rem; }
@media print { .bar, .bar div { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .question { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Told:
    """What the page is made of."""

    name: str
    decided: Decided
    audit: Audit
    shown: Mapping[str, Shown]
    problem: str = ""
    exercises: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # passed, asked
    records: int | None = None


def page(schema: Schema, lang: str, told: Told) -> str:
    """Return the feedback for one student.

    Args:
        schema: the worksheet.
        lang: "en" or "fr".
        told: marks, comments and findings.
    """
    with speaking(lang):
        title = schema.title.say(lang)
        addressed = _("Feedback for {name}").format(name=told.name)
        body = [f"<h1>{safe(title)}</h1>", f'<p class="note">{safe(addressed)}</p>']
        if told.problem:
            says = _("Your hand-in could not be read. Ask your instructor how to hand it in again.")
            body += [_finding(says), _finding(told.problem)]
        body += [_total(told.decided), _comment(told.decided.comment)]
        if not told.problem:
            body += [_parts(schema, lang, told.decided)]
            body += [_finding(str(f)) for f in told.audit.findings if f.field is None]
            body += [_part(schema, part, lang, told) for part in schema.parts]
            body += [_exercises(told)]
        return whole(title, "\n".join(text for text in body if text), lang)


def whole(title: str, body: str, lang: str, extra: str = "", images: bool = False) -> str:
    """Return a page around a body; nothing in it may run or be fetched.

    Args:
        title: of the window, not yet escaped.
        body: HTML.
        lang: "en" or "fr".
        extra: more style.
        images: whether the page holds pictures (in itself).
    """
    style = worksheet_page.STYLE.read_text(encoding="utf-8") + _STYLE + extra
    allowed = "default-src 'none'; style-src 'unsafe-inline'" + (
        "; img-src data:" if images else ""
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{safe(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def safe(text: str, longest: int = LONGEST_ANSWER) -> str:
    """Return a text for HTML: escaped, without characters that can't be seen, cut."""
    if len(text) > longest:
        text = text[:longest] + " …"
    return html.escape(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def _total(decided: Decided) -> str:
    points = f"{format_number(decided.total, 4)} / {format_number(decided.of, 4)}"
    share = 100 * decided.total / decided.of if decided.of else 0
    parts = [
        f'<p class="total">{safe(points)}</p>',
        f'<div class="bar"><div style="width:{share:.1f}%"></div></div>',
    ]
    if decided.open:
        text = ngettext(
            "{n} question is not marked yet; the total will change.",
            "{n} questions are not marked yet; the total will change.",
            len(decided.open),
        )
        parts.append(f'<p class="note">{safe(text.format(n=len(decided.open)))}</p>')
    return "\n".join(parts)


def _parts(schema: Schema, lang: str, decided: Decided) -> str:
    """Return the points of each part, and what is open in it, where anything is."""
    rows = []
    for part in schema.parts:
        marks = [m for m in decided.marks if m.question.startswith(f"{part.id}.")]
        if not marks:
            continue
        got = format_number(sum(decided.points(m.question) or 0 for m in marks), 4)
        of = format_number(sum(m.of for m in marks), 4)
        still = sum(decided.points(m.question) is None for m in marks)
        state = ngettext("{n} question open", "{n} questions open", still).format(n=still)
        more = f"<td>{safe(state) if still else ''}</td>" if decided.open else ""
        rows.append(
            f"<tr><td>{safe(_heading(part, lang))}</td>"
            f'<td class="number">{safe(got)} / {safe(of)}</td>{more}</tr>'
        )
    head = _head(_("Part"), _("Points")) + ('<th scope="col"></th>' if decided.open else "")
    return (
        f'<table class="marks"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _part(schema: Schema, part: Part, lang: str, told: Told) -> str:
    marks = {m.question: m for m in told.decided.marks}
    questions = []
    for question in part.questions:
        name = f"{part.id}.{question.id}"
        fields = {f.id for f in schema.fields_of(name)}
        own = [f for f in told.audit.findings if f.field in fields]
        if name in marks or own:  # a name or a date needs no feedback
            questions.append(_question(marks.get(name), name, own, told))
    if not questions:
        return ""
    return "\n".join([f"<section><h2>{safe(_heading(part, lang))}</h2>", *questions, "</section>"])


def _question(mark: Mark | None, name: str, findings: list[Finding], told: Told) -> str:
    shown = told.shown.get(name, Shown(name))
    parts = [
        f'<div class="question"><h3><span>{safe(shown.title)}</span>{_points(mark, told)}</h3>'
    ]
    parts.append(_comment(told.decided.comment_on(name)))
    if mark and not told.decided.by_person(name) and mark.proposed is not None:
        parts.append(f'<p class="note">{safe(mark.why)}</p>')
    parts += [_finding(str(f)) for f in findings[:_MOST_FINDINGS] if f.kind != "missing"]
    missing = sum(f.kind == "missing" for f in findings)
    if missing and shown.answer:
        text = ngettext("{n} place is not filled.", "{n} places are not filled.", missing)
        parts.append(_finding(text.format(n=missing)))
    if shown.answer:
        answers = "".join(
            f'<div class="answer">{_label(label, name)}{safe(text)}</div>'
            for label, text in shown.answer.items()
        )
        title = _("Your answer")
        parts.append(f"<details><summary>{safe(title)}</summary>{answers}</details>")
    return "\n".join([*(p for p in parts if p), "</div>"])


def _points(mark: Mark | None, told: Told) -> str:
    if mark is None:
        return ""
    points = told.decided.points(mark.question)
    of = format_number(mark.of, 4)
    if points is None:
        says = _("not marked yet, {of} points at most").format(of=of)
        return f'<span class="points open">{safe(says)}</span>'
    return f'<span class="points">{safe(format_number(points, 4))} / {safe(of)}</span>'


def _label(label: str, question: str) -> str:
    return "" if label == question else f'<span class="label">{safe(label)}</span> '


def _comment(text: str) -> str:
    return f'<div class="comment">{safe(text)}</div>' if text else ""


def _finding(text: str) -> str:
    return f'<p class="finding">{safe(text)}</p>'


def _heading(part: Part, lang: str) -> str:
    title = part.title.say(lang)
    return f"{part.id}. {title}" if part.id.isdigit() else title


def _exercises(told: Told) -> str:
    rows = "".join(
        f'<tr><td>{safe(lesson)}</td><td class="number">{done} / {asked}</td></tr>'
        for lesson, (done, asked) in told.exercises.items()
    )
    if not rows:
        return ""
    head = _head(_("Lesson"), _("Exercises passed"))
    title = _("Exercises, as your journal shows them")
    return (
        f"<section><h2>{safe(title)}</h2>"
        f'<table class="marks"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>'
    )


def _head(text: str, number: str) -> str:
    return f'<th scope="col">{safe(text)}</th><th scope="col" class="number">{safe(number)}</th>'
