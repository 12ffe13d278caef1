"""The class in figures: how the points spread, which questions were hard, what has to be looked at.

    spread(graded), by_question(course, graded), findings(graded)       # charts, each with its table

Charts of the points count only hand-ins that are marked completely, and say how many.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelab.classroom.language import _, language, ngettext
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

if TYPE_CHECKING:
    from edgelab.classroom.grading.assessment import Course, Graded

_BINS = 10
_BLUE, _PALE = "#0072B2", "#DDDDDD"


def spread(graded: Sequence[Graded]) -> Chart | None:
    """Draw how many students have how many points.

    Returns:
        The chart; None where nothing is marked completely.
    """
    done = [g for g in graded if g.complete and g.decided.of]
    if not done:
        return None
    from matplotlib.ticker import MaxNLocator

    of = max(g.decided.of for g in done)
    step = of / _BINS
    counts = [0] * _BINS
    for one in done:
        counts[min(_BINS - 1, int(one.decided.total / step))] += 1
    totals = [g.decided.total for g in done]
    with style.canvas(style.WIDTH, 2.6) as figure:
        axes = figure.subplots()
        axes.bar([step * (i + 0.5) for i in range(_BINS)], counts, width=0.92 * step, color=_BLUE)
        middle = statistics.median(totals)
        axes.axvline(middle, color=style.ACCENT, linewidth=1.6)
        told = _("median {points}").format(points=f"{middle:g}")
        right = middle < 0.8 * of
        axes.annotate(
            told, (middle, 1), (5 if right else -5, -4), xycoords=("data", "axes fraction"),
            textcoords="offset points", color=style.ACCENT, va="top",
            ha="left" if right else "right", fontsize=9,
        )  # fmt: skip
        axes.set_xlim(0, of)
        axes.set_xticks([step * i for i in range(_BINS + 1)])
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(0, 1.15 * max(counts))
        style.only_grid(axes, "y")
        axes.set_xlabel(_("points of {of}").format(of=f"{of:g}"))
        axes.set_ylabel(_("students"))
        axes.set_title(_("Points in the class"))
    rows = [(f"{step * i:g} – {step * (i + 1):g}", count) for i, count in enumerate(counts)]
    table = tables.of_rows((_("Points"), _("Students")), rows)
    text = _("Points of {n} students: median {median}, from {low} to {high}.")
    low, high = f"{min(totals):g}", f"{max(totals):g}"
    text = text.format(n=len(done), median=f"{middle:g}", low=low, high=high)
    return Chart(figure, table, text)


def by_question(course: Course, graded: Sequence[Graded]) -> Chart | None:
    """Draw for each question how much of its points the class earned, or how many wait for their mark.

    What is empty has its mark at once, so a mean while others wait would be the mean of the empty ones.

    Returns:
        The chart; None where nothing could be read.
    """
    readable = [g for g in graded if not g.problem]
    if not readable:
        return None
    rows = []
    for name, question in course.schema.questions():
        if not question.points:
            continue
        got = [g.decided.points(name) for g in readable]
        marked = [points for points in got if points is not None]
        waiting = len(got) - len(marked)
        share = None if waiting else 100 * statistics.fmean(marked) / question.points
        rows.append((name, question.label.say(language()), share, waiting, question.points))
    with style.canvas(style.WIDTH, 0.7 + 0.24 * len(rows)) as figure:
        axes = figure.subplots()
        places = range(len(rows))
        axes.barh(places, [100] * len(rows), height=0.72, color="#F1F1F1")
        axes.barh(places, [share or 0 for _n, _l, share, _w, _p in rows], height=0.72, color=_BLUE)
        for place, (_name, _label, share, waiting, _points) in zip(places, rows, strict=True):
            texts = [] if share is None else [f"{share:.0f} %"]
            if waiting:
                texts.append(ngettext("{n} to mark", "{n} to mark", waiting).format(n=waiting))
            axes.annotate(
                ", ".join(texts), (100, place), (4, 0), textcoords="offset points", va="center",
                fontsize=8, annotation_clip=False,
            )  # fmt: skip
        axes.set_yticks(
            places, [style.cut(label, 46) for _n, label, _s, _w, _p in rows], fontsize=8
        )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        style.only_grid(axes, "x")
        says = ngettext(
            "mean share of the points of {n} hand-in (%), where all is marked",
            "mean share of the points of {n} hand-ins (%), where all is marked",
            len(readable),
        )
        axes.set_xlabel(says.format(n=len(readable)))
        axes.set_title(_("Question by question"))
    table = tables.of_rows(
        (_("Question"), _("Asked"), _("Points"), _("Mean share (%)"), _("To mark")),
        [
            (name, style.cut(label, 60), points, share, waiting)
            for name, label, share, waiting, points in rows
        ],
    )
    known = [(share, label) for _n, label, share, _w, _p in rows if share is not None]
    text = _("Mean share of the points of {known} of {n} questions, over {students} hand-ins.")
    text = text.format(known=len(known), n=len(rows), students=len(readable))
    if len(known) > 1:
        says = _("The hardest is “{label}” with {share} %.")
        text += " " + says.format(label=min(known)[1], share=f"{min(known)[0]:.0f}")
    return Chart(figure, table, text)


def findings(graded: Sequence[Graded]) -> tables.Table:
    """Return what the audit found in the class: how often, and in how many hand-ins."""
    total: Counter[str] = Counter()
    having: Counter[str] = Counter()
    for one in graded:
        total.update(one.kinds)
        having.update([kind for kind, count in one.kinds.items() if count])
    names = {
        "missing": _("places that are not filled"),
        "invalid": _("values of the wrong kind"),
        "differs": _("figures that differ from the journal"),
        "derived": _("derived numbers that do not follow"),
        "stale": _("figures of records that are gone or older"),
        "uncited": _("figures without a record"),
        "journal": _("journals that were changed or do not fit"),
        "no_journal": _("hand-ins without a journal"),
    }
    rows = [(names.get(kind, kind), count, having[kind]) for kind, count in total.most_common()]
    return tables.of_rows((_("Found"), _("How often"), _("Hand-ins")), rows)
