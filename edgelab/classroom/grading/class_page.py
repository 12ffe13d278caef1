"""The instructor's report: one HTML page about the whole class, with everything that needs a look.

    html = page(course, graded, likeness)

It names students, so it is the instructor's; the chart of the class's machines stands without names and may
be shown to the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelab.classroom.grading import gradebook, machines, machines_chart, statistics
from edgelab.classroom.grading.feedback import safe, whole
from edgelab.classroom.language import _, language, ngettext

if TYPE_CHECKING:
    from edgelab.classroom.grading.alike import Alike, Group
    from edgelab.classroom.grading.assessment import Course, Graded
    from edgelab.figures.chart import Chart

_MOST_LINES = 300  # of a table in the page; the CSV files have them all
_STYLE = """
body { max-width: 60rem; }
table { table-layout: auto; }
.summary { font-size: 1.05rem; margin: .5rem 0 1rem; }
table.list { table-layout: auto; }
table.list th { white-space: nowrap; }
table.list td { font-size: .92rem; overflow-wrap: break-word; }
table.list td:last-child { overflow-wrap: anywhere; }
figure img { max-width: 100%; height: auto; }
"""


def page(
    course: Course, graded: Sequence[Graded], likeness: Alike, notes: Sequence[str] = ()
) -> str:
    """Return the report.

    Args:
        course: what was graded against.
        graded: every hand-in.
        likeness: between them.
        notes: what else the instructor must know, for instance of the platform's file.
    """
    lang = language()
    title = _("The class: {worksheet}").format(worksheet=course.schema.title.say(lang))
    names = {g.key: g.name for g in graded}
    body = [f"<h1>{safe(title)}</h1>", f'<p class="summary">{safe(summary(graded))}</p>']
    body += [f'<p class="finding">{safe(note)}</p>' for note in notes[:_MOST_LINES]]
    body += _section(_("Look at these"), _attention(graded))
    body += _section(_("Too similar"), _likeness(likeness, names))
    charts = [statistics.spread(graded), statistics.by_question(course, graded)]
    found = statistics.findings(graded)
    body += _section(
        _("Points"),
        [*(_figure(c) for c in charts if c), found._repr_html_() if found.cells else ""],
    )
    body += _section(_("The class's machines"), _machines(graded))
    return whole(title, "\n".join(text for text in body if text), lang, _STYLE, images=True)


def summary(graded: Sequence[Graded]) -> str:
    """Return the class in one sentence."""
    states = [gradebook.status(g) for g in graded]
    told = ngettext("{n} hand-in", "{n} hand-ins", len(graded)).format(n=len(graded))
    done, waiting, unread = (
        states.count(state) for state in (gradebook.GRADED, gradebook.OPEN, gradebook.UNREADABLE)
    )
    parts = [
        (done, ngettext("{n} marked completely", "{n} marked completely", done)),
        (waiting, ngettext("{n} with questions to mark", "{n} with questions to mark", waiting)),
        (unread, ngettext("{n} that could not be read", "{n} that could not be read", unread)),
    ]
    counts = [text.format(n=count) for count, text in parts if count]
    return _("{hand_ins}: {states}.").format(hand_ins=told, states=", ".join(counts))


def _section(title: str, parts: Sequence[str]) -> list[str]:
    inside = [part for part in parts if part]
    return [f"<section><h2>{safe(title)}</h2>", *inside, "</section>"] if inside else []


def _attention(graded: Sequence[Graded]) -> list[str]:
    rows = []
    for one in graded:
        # What the audit says of the journal stands among the doubts too.
        reasons = [one.problem, *one.decided.problems, *one.doubts, *one.notes]
        if one.journal.tampered:
            reasons += one.journal.problems[:3]
        rows += [(one.name, one.key, reason) for reason in dict.fromkeys(reasons) if reason]
    return [_list((_("Student"), _("Key"), _("What")), rows)]


def _likeness(likeness: Alike, names: dict[str, str]) -> list[str]:
    def who(group: Group) -> str:
        return ", ".join(names.get(key, key) for key in group.keys)

    records = _("records {numbers}")
    rows = [
        (_("the same records"), who(g), records.format(numbers=g.what)) for g in likeness.journals
    ]
    known = {g.keys for g in likeness.journals}
    rows += [
        (_("the same measurements in another journal"), who(g), records.format(numbers=g.what))
        for g in likeness.measurements
        if g.keys not in known
    ]
    text = _("{question}, {share} % alike")
    many = _("near-identical text of so many that it may come from the course's own material")
    rows += [
        (
            many if g.common else _("near-identical text"),
            who(g),
            text.format(question=g.what, share=f"{g.share:.0f}"),
        )
        for g in likeness.texts
    ]
    if not rows:
        return []
    says = _("A likeness is a reason to ask, no proof: who copied, the files can't tell.")
    return [f"<p>{safe(says)}</p>", _list((_("What"), _("Students"), _("Where")), rows)]


def _machines(graded: Sequence[Graded]) -> list[str]:
    rows = machines.pooled(gain for g in graded for gain in g.gains)
    chart = machines_chart.chart(rows)
    if chart is None:
        return []
    says = _(
        "What each technique gained against float32, by the ratios that the comparisons in the journals "
        "measured in turn: a dot a kind of machine (hollow: measured beside other work), with its spread; the "
        "median of {n} machines or more as a line. Journals that were changed are left out, copies and a "
        "student’s repeats count once, and names are left out: {counted}."
    )
    told = says.format(n=machines.FEWEST, counted=machines_chart.counted(rows))
    return [f"<p>{safe(told)}</p>", _figure(chart)]


def _figure(chart: Chart) -> str:
    return chart.to_html(_("The numbers as a table"))


def _list(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{safe(c)}</th>' for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{safe(text, 500)}</td>" for text in row) + "</tr>"
        for row in rows[:_MOST_LINES]
    )
    rest = len(rows) - _MOST_LINES
    more = _("{n} more stand in the gradebook.").format(n=rest) if rest > 0 else ""
    return f'<table class="list"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>' + (
        f'<p class="note">{safe(more)}</p>' if more else ""
    )
