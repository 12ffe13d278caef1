"""What the form says about the whole and about its parts: filled, missing, to look at.

    headline(schema, worksheet.audit(), "fr")      # "31 places remplies sur 98"

Pure functions that return HTML; nothing is said by colour alone. Lesson 01.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from edgelab.classroom import cards
from edgelab.classroom.language import _, ngettext
from edgelab.classroom.worksheets.questions import Part
from edgelab.classroom.worksheets.schema import Schema

if TYPE_CHECKING:
    from edgelab.classroom.worksheets.audit import Audit, Finding

NO_BREAK = "\N{NO-BREAK SPACE}"
MOST_TOLD = 40  # findings in the list; more are counted

STYLE = """<style>
.edgelab-worksheet {max-width: 72em; overflow: visible}
.edgelab-worksheet .widget-html-content {line-height: 1.4; white-space: normal}
.edgelab-worksheet .widget-html {height: auto}
.edgelab-top {justify-content: space-between; align-items: center; flex-wrap: wrap}
.edgelab-top > .widget-html {flex: 1 1 20em}
.edgelab-languages .widget-toggle-button, .edgelab-languages button {width: auto}
.edgelab-body {align-items: flex-start; gap: 1.2em; flex-wrap: wrap}
.edgelab-parts {flex: 0 1 17em}
.edgelab-parts button {text-align: left; height: auto; min-height: 2.3em; white-space: normal;
  line-height: 1.3; padding: .35em .6em; background: transparent; border-left: 4px solid transparent;
  color: var(--jp-ui-font-color1, inherit)}
.edgelab-parts button:focus-visible {outline: 2px solid var(--jp-brand-color1, #1976d2)}
.edgelab-parts button.edgelab-current {border-left-color: var(--jp-brand-color1, #1976d2);
  background: var(--jp-layout-color2, #eee); font-weight: 600}
.edgelab-part {flex: 1 1 28em; min-width: 0; border: 1px solid var(--jp-border-color2, #bdbdbd);
  border-radius: 3px; padding: .4em 1em 1em}
.edgelab-question {margin-top: 1em; overflow: visible}
.edgelab-place {overflow: visible; min-width: 0}
.edgelab-place > .widget-html {font-size: .87em; color: var(--jp-ui-font-color2, #555); margin: 0 2px}
.edgelab-place .widget-text, .edgelab-place .widget-textarea {margin: 0; width: 100%; min-width: 0}
.edgelab-place .widget-inline-hbox, .edgelab-place .widget-radio {position: relative}
.edgelab-place .widget-inline-hbox > .widget-label, .edgelab-place .widget-radio > .widget-label {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)}
.edgelab-line {align-items: center; gap: .4em; width: 100%}
.edgelab-line > .widget-text {flex: 1 1 3em}
.edgelab-line > .widget-html {flex: none; margin: 0}
.edgelab-wrong > .widget-html {color: var(--jp-error-color1, #b00020)}
.edgelab-wrong input, .edgelab-wrong textarea {border: 2px solid var(--jp-error-color1, #b00020) !important}
.edgelab-mark {font-weight: 600; color: var(--jp-error-color1, #b00020)}
.edgelab-quiet {font-weight: 400; font-size: .87em; color: var(--jp-ui-font-color2, #555)}
.edgelab-grid {gap: .2em .6em; align-items: start; overflow-x: auto}
.edgelab-head {font-size: .87em; font-weight: 600}
.edgelab-row {padding-top: .2em}
.edgelab-subjects {flex-wrap: wrap; margin-top: .6em; padding: .4em .6em;
  background: var(--jp-layout-color2, #eee); border-radius: 3px}
.edgelab-worksheet textarea {line-height: 1.4; resize: vertical; font-family: inherit}
.edgelab-next {align-self: flex-end; margin-top: 1em}
.edgelab-worksheet .widget-checkbox label {white-space: normal; height: auto}
</style>"""


def by_field(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return findings by field; those of the whole worksheet stand under ""."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.field or "", []).append(finding)
    return found


def doubtful(audit: Audit, part: str | None = None) -> int:
    """Return how many places (of one part) hold something to look at again, beyond what is missing."""
    return len(
        {
            f.field or f.text
            for f in audit.findings
            if f.kind != "missing" and part in (None, f.part)
        }
    )


def headline(schema: Schema, audit: Audit, lang: str) -> str:
    """Return the title, and a bar of how much is filled."""
    filled, asked = (sum(getattr(p, key) for p in audit.progress) for key in ("filled", "asked"))
    wrong = doubtful(audit)
    text = _("{filled} of {asked} places filled").format(filled=filled, asked=asked)
    if wrong:
        text += ", " + _("{n} to look at").format(n=wrong)
    return (
        f'<div style="font-size:1.25em;font-weight:600">{html.escape(schema.title.say(lang))}</div>'
        f'<progress max="{asked}" value="{filled}" aria-label="{html.escape(text)}" '
        f'style="width:16em;vertical-align:middle"></progress> {html.escape(text)}'
    )


def label(button: Any, part: Part, audit: Audit, current: bool, lang: str) -> None:
    """Write on a part's button what it is called and how far it is."""
    state = next(progress for progress in audit.progress if progress.part == part.id)
    wrong = doubtful(audit, part.id)
    complete = state.filled >= state.asked
    # Kept on one line, where the button is narrow.
    count = _("{filled} of {asked}").format(filled=state.filled, asked=state.asked)
    count = count.replace(" ", NO_BREAK)
    told = [_("complete") if complete else count]
    if wrong:
        told.append(_("{n} to look at").format(n=wrong))
    button.description = f"{title(part, lang)} ({', '.join(told)})"
    button.icon = "exclamation-triangle" if wrong else "check" if complete else "pencil"
    button.tooltip = button.description + (", " + _("open") if current else "")
    (button.add_class if current else button.remove_class)("edgelab-current")


def title(part: Part, lang: str) -> str:
    """Return a part's title, with its number where it has one."""
    text = part.title.say(lang)
    return f"{part.id}. {text}" if part.id.isdigit() else text


def part_heading(part: Part, lang: str) -> str:
    """Return the heading of a part, and what is asked in it."""
    intro = f"<div>{cards.markup(part.intro.say(lang))}</div>" if part.intro else ""
    return f'<div style="font-size:1.15em;font-weight:600">{html.escape(title(part, lang))}</div>{intro}'


def to_do(audit: Audit) -> str:
    """Return what the audit says of the whole worksheet, folded, the doubtful before the missing."""
    if not audit.findings:
        text = _("Nothing is missing, and every figure agrees with its record.")
        return f"<b>{html.escape(text)}</b>"
    told = sorted(audit.findings, key=lambda finding: finding.kind == "missing")
    lines = "".join(f"<li>{cards.markup(str(finding))}</li>" for finding in told[:MOST_TOLD])
    if len(told) > MOST_TOLD:
        more = _("and {n} more").format(n=len(told) - MOST_TOLD)
        lines += f"<li>{html.escape(more)}</li>"
    summary = ngettext("{n} thing is left to do", "{n} things are left to do", len(told))
    return (
        f'<details><summary style="cursor:pointer">{html.escape(summary.format(n=len(told)))}</summary>'
        f'<ul style="margin:.2em 0">{lines}</ul></details>'
    )
