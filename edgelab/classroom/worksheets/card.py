"""How far a worksheet is, as a card: for the form's head, a lesson's end and the command line."""

from __future__ import annotations

from edgelab.classroom.cards import Card
from edgelab.classroom.language import _, language, local_time, ngettext
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.audit import Audit, Finding
from edgelab.classroom.worksheets.schema import Schema

_MOST_FINDINGS = 12


def overview(schema: Schema, answers: Answers, found: Audit) -> Card:
    """Return how far each part is and what was found, in the language of the moment."""
    lang = language()
    done = not found.errors
    card = Card(schema.title.say(lang), tone="success" if done else "info")
    rows = []
    for part in found.progress:
        own = [f for f in found.findings if f.part == part.part and f.kind != "missing"]
        title = schema_part(part.part, part.title.say(lang))
        rows.append([title, f"{part.filled} / {part.asked}", str(len(own)) if own else "–"])
    card.table([_("Part"), _("Filled"), _("To look at")], rows)
    told = [f for f in found.findings if f.kind != "missing"]
    for finding in told[:_MOST_FINDINGS]:
        card.say(line(finding))
    if len(told) > _MOST_FINDINGS:
        card.say(_("… and {n} more.").format(n=len(told) - _MOST_FINDINGS))
    card.say(summary(found), quiet=True)
    if answers.saved:
        card.say(_("Saved: {when}").format(when=local_time(answers.saved)), quiet=True)
    return card


def summary(found: Audit) -> str:
    """Return in one sentence what is missing, wrong and doubtful."""
    missing = sum(f.kind == "missing" for f in found.findings)
    wrong = len(found.errors) - missing
    doubtful = len(found.warnings)
    if not found.findings:
        return _("Everything is filled, and every figure agrees with the journal.")
    parts = [
        ngettext("{n} place is empty", "{n} places are empty", missing).format(n=missing),
        ngettext("{n} is wrong", "{n} are wrong", wrong).format(n=wrong),
        ngettext("{n} is doubtful", "{n} are doubtful", doubtful).format(n=doubtful),
    ]
    counts = (missing, wrong, doubtful)
    return ", ".join(part for part, n in zip(parts, counts, strict=True) if n) + "."


def line(finding: Finding) -> str:
    """Return one finding with its place, marked by how grave it is."""
    mark = _("to mend") if finding.severity == "error" else _("to look at")
    return f"**{mark}** · {finding}"


def schema_part(name: str, title: str) -> str:
    """Return a part's number and title; parts that are no number have a title only."""
    return f"{name}. {title}" if name.isdigit() else title
