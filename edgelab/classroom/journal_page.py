"""The journal as a student sees it: its last records in words, and whether it is sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgelab import records
from edgelab.classroom import notes
from edgelab.classroom.cards import Card
from edgelab.classroom.chain import Entry
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import _, format_number, local_time, ngettext, with_unit
from edgelab.classroom.tampering import kind_name
from edgelab.errors import EdgelabError
from edgelab.explaining.explain import Explanation


def page(journal: Journal, limit: int = 10) -> Card:
    """Return a journal's last records and problems as a card."""
    reading = journal.reading()
    entries = (*reading.entries, *journal.pending)
    tampered = any(problem.tampering for problem in reading.problems)
    card = Card(_("Journal"), tone="attention" if tampered else "info")
    if entries:
        card.table(
            [_("Record"), _("When"), _("Kind"), _("Name"), _("What")],
            [
                [
                    str(entry.number) if entry.hash else "–",
                    local_time(entry.when),
                    kind_name(entry.kind),
                    entry.name,
                    gist(entry),
                ]
                for entry in entries[-limit:]
            ],
        )
        hidden = len(entries) - limit
        if hidden > 0:
            text = ngettext("{n} earlier record.", "{n} earlier records.", hidden)
            card.say(text.format(n=hidden), quiet=True)
    else:
        card.say(_("There is no record yet: the first measurement or prediction makes one."))
    for problem in reading.problems:
        card.say(problem.text)
    if journal.pending:
        card.say(_("Records without a number could not be written yet: see `journal.flush()`."))
    elif not reading.problems:
        card.say(_("Every record is chained to the one before; none was altered."), quiet=True)
    return card


def gist(entry: Entry) -> str:
    """Return in a few words what a record says; "" for one that another version wrote."""
    try:
        return _SAYINGS[entry.kind](entry.payload) if entry.kind in _SAYINGS else ""
    except (EdgelabError, LookupError, TypeError, ValueError):
        return ""


def _measured(payload: dict[str, Any]) -> str:
    measured = records.Measurement.from_dict(payload)
    figures = [records.duration(measured.value("latency_ms"))] if measured.latency else []
    figures += [records.amount(measured.size.file_bytes)] if measured.size else []
    return ", ".join(figures)


def _cores(busy: float, there: int) -> str:
    text = ngettext("{busy} of {n} core busy", "{busy} of {n} cores busy", there)
    return text.format(busy=format_number(busy, 2), n=there)


_SAYINGS: dict[str, Callable[[dict[str, Any]], str]] = {
    "measurement": _measured,
    "comparison": lambda said: ", ".join(m["name"] for m in said["measurements"]),
    "prediction": lambda said: with_unit(float(said["value"]), str(said["unit"])),
    "outcome": lambda said: with_unit(float(said["measured"]), str(said["unit"])),
    "exercise": lambda said: _("passed") if said["passed"] else str(said["misconception"]),
    "answer": lambda said: str(said["choice"]),
    "choice": lambda said: str(said["summary"]),
    "explanation": lambda said: Explanation.from_dict(said).cause or _("no cause found"),
    "note": lambda said: notes.shortened(said["parts"]),
    "cpu": lambda said: _cores(float(said["cores"]), int(said["machine_cores"])),
}
