"""The chart of what each technique gained on the class's machines, with its table; no names.

    chart(pooled(gains))

A panel a technique, a row an instruction set, a dot a kind of machine, the median as a line where there are
enough to have one. How many machines and students it is stands beside each row.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from edgelab.classroom.grading.machines import FEWEST, Pooled, middle, rank
from edgelab.classroom.language import _, format_number, ngettext
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

MOST_PANELS = 4
_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 12)


def chart(rows: Sequence[Pooled]) -> Chart | None:
    """Draw what the techniques gained: a dot a kind of machine, grouped by instruction set.

    The table has every technique, the chart the `MOST_PANELS` that most machines have.

    Returns:
        The chart; None where no journal has a comparison with a float32 model.
    """
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.technique] += 1
    techniques = sorted(counts, key=lambda t: (-counts[t], t))[:MOST_PANELS]
    if not techniques:
        return None
    kept = [row for row in rows if row.technique in techniques]
    groups = sorted({row.machine.int8 for row in kept}, key=rank)
    with style.canvas(style.WIDTH, 1.0 + 0.46 * len(groups) + 0.5) as figure:
        panels = figure.subplots(1, len(techniques), squeeze=False, sharex=True, sharey=True)[0]
        for axes, technique in zip(panels, techniques, strict=True):
            _panel(axes, technique, [r for r in kept if r.technique == technique], groups)
        labels = [
            f"{g or _('none of its own')}\n{counted([r for r in kept if r.machine.int8 == g])}"
            for g in groups
        ]
        panels[0].set_yticks(range(len(groups)), labels, fontsize=8)
        panels[0].set_ylim(-0.6, len(groups) - 0.4)
        panels[0].set_ylabel(_("int8 instructions"))
        for axes in panels:
            _ticks(axes, [end for r in kept for end in (r.low, r.high)])
        figure.supxlabel(_("times as fast as float32 (logarithmic axis)"), fontsize=9.5)
    return Chart(figure, table(rows), _alternative(kept, techniques, groups))


def counted(rows: Sequence[Pooled]) -> str:
    """Return of how many machines and students some rows are, in words."""
    machines = len({row.machine for row in rows})
    students = len({owner for row in rows for owner in row.owners})
    return ", ".join(
        (
            ngettext("{n} machine", "{n} machines", machines).format(n=machines),
            ngettext("{n} student", "{n} students", students).format(n=students),
        )
    )


def table(rows: Sequence[Pooled]) -> tables.Table:
    """Return the rows as a table, without names."""
    notes = [
        _("A median of {n} students or more; of fewer, the value of each.").format(n=FEWEST),
        _(
            "From and to: of one student the interval of the ratio, which was measured in turn; of several the "
            "lowest and the highest."
        ),
    ]
    if any(r.busy for r in rows):
        notes.append(_("Some were measured only while other programs were running."))
    return tables.of_rows(
        (
            _("Technique"),
            _("Processor"),
            _("int8 instructions"),
            _("Students"),
            _("Times as fast"),
            _("From – to"),
            _("Times as small"),
        ),
        [
            (
                r.technique,
                ngettext("{cpu}, {n} core", "{cpu}, {n} cores", r.machine.cores).format(
                    cpu=r.machine.cpu, n=r.machine.cores
                ),
                r.machine.int8 or "–",
                r.students,
                "; ".join(format_number(value) for value in r.points),
                f"{format_number(r.low)} – {format_number(r.high)}",
                r.smaller,
            )
            for r in rows
        ],
        notes=notes,
    )


def plain(rows: Sequence[Pooled]) -> list[list[str]]:
    """Return the rows as lines of a CSV file, its header first."""
    columns = ["technique", "processor", "int8 instructions", "cores", "students"]
    columns += ["times as fast", "from", "to", "which are", "times as small", "busy"]
    lines = [
        [
            *(row.technique, row.machine.cpu, row.machine.int8, str(row.machine.cores)),
            *(str(row.students), "; ".join(f"{value:.4g}" for value in row.points)),
            *(f"{row.low:.4g}", f"{row.high:.4g}", row.spread),
            *(f"{row.smaller:.4g}" if row.smaller else "", "yes" if row.busy else "no"),
        ]
        for row in rows
    ]
    return [columns, *lines]


def _panel(axes: Any, technique: str, rows: Sequence[Pooled], groups: Sequence[str]) -> None:
    hue = style.colour(technique)
    axes.axvline(1.0, color=style.MUTED, linewidth=1.2)
    for height, group in enumerate(groups):
        own = [r for r in rows if r.machine.int8 == group]
        for at, row in enumerate(own):
            # Spread over the band, so that machines of one gain stay apart.
            place = height + 0.22 * math.sin(2.4 * at)
            axes.plot([row.low, row.high], [place] * 2, color=hue, linewidth=1.0, alpha=0.6)
            axes.scatter(
                row.points, [place] * len(row.points), s=26, edgecolors=hue, linewidths=1.1,
                facecolors="none" if row.busy else hue, zorder=3,
            )  # fmt: skip
        if len(own) >= FEWEST:
            (centre,) = middle([_one(row) for row in own])
            axes.plot([centre] * 2, [height - 0.33, height + 0.33], color=style.INK, linewidth=1.6)
    axes.set_xscale("log")
    style.only_grid(axes, "x")
    axes.set_title(technique)


def _ticks(axes: Any, values: Sequence[float]) -> None:
    """Put round numbers at the axis, more of them where it spans little, and 1 always inside."""
    low, high = min(*values, 0.9) / 1.1, max(*values, 1.1) * 1.1
    axes.set_xlim(low, high)
    steps = _TICKS if high / low < 12 else (0.1, 1, 10, 100)
    places = [t for t in steps if low <= t <= high]
    axes.set_xticks(places, [f"{t:g}" for t in places], minor=False)
    axes.set_xticks([], minor=True)


def _one(row: Pooled) -> float:
    """Return one number for a kind of machine, to be one of several that make a median."""
    return math.exp(math.fsum(map(math.log, row.points)) / len(row.points))


def _alternative(rows: Sequence[Pooled], techniques: Sequence[str], groups: Sequence[str]) -> str:
    parts = []
    for technique in techniques:
        for group in groups:
            own = [r for r in rows if r.technique == technique and r.machine.int8 == group]
            if own:
                values = middle([_one(row) for row in own])
                if len(own) < FEWEST:
                    values = tuple(value for row in own for value in row.points)
                text = _("{technique} with {set}: {gain} times as fast ({n})")
                name = group or _("none of its own")
                gain = " / ".join(f"{value:.2f}" for value in values)
                parts.append(text.format(technique=technique, set=name, gain=gain, n=counted(own)))
    return _("Gain of each technique by int8 instruction set: {list}.").format(
        list="; ".join(parts)
    )
