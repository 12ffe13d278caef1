"""The chart of what each technique gained on the class's machines, with its table; no names.

    chart(pooled(gains))

A panel a technique, a row an instruction set, a dot a kind of machine, the median as a line.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from edgelab.classroom.grading.machines import Pooled, rank
from edgelab.classroom.language import _
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

MOST_PANELS = 4
_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 12)


def chart(rows: Sequence[Pooled]) -> Chart | None:
    """Draw what the techniques gained: a dot a kind of machine, grouped by instruction set.

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
    with style.canvas(style.WIDTH, 1.0 + 0.34 * len(groups) + 0.5) as figure:
        panels = figure.subplots(1, len(techniques), squeeze=False, sharex=True, sharey=True)[0]
        for axes, technique in zip(panels, techniques, strict=True):
            _panel(axes, technique, [r for r in kept if r.technique == technique], groups)
        panels[0].set_yticks(range(len(groups)), [g or _("none of its own") for g in groups])
        panels[0].set_ylim(-0.6, len(groups) - 0.4)
        panels[0].set_ylabel(_("int8 instructions"))
        for axes in panels:
            _ticks(axes, [r.faster for r in kept])
        figure.supxlabel(_("times as fast as float32 (logarithmic axis)"), fontsize=9.5)
    return Chart(figure, table(kept), _alternative(kept, techniques, groups))


def table(rows: Sequence[Pooled]) -> tables.Table:
    """Return the rows as a table, without names."""
    return tables.of_rows(
        (
            _("Technique"),
            _("Processor"),
            _("int8 instructions"),
            _("Cores"),
            _("Comparisons"),
            _("Times as fast"),
            _("Times as small"),
        ),
        [
            (
                r.technique,
                r.machine.cpu,
                r.machine.int8 or "–",
                r.machine.cores,
                r.comparisons,
                round(r.faster, 3),
                r.smaller,
            )
            for r in rows
        ],
        notes=[_("Some were measured only while other programs were running.")]
        if any(r.busy for r in rows)
        else [],
    )


def _panel(axes: Any, technique: str, rows: Sequence[Pooled], groups: Sequence[str]) -> None:
    hue = style.colour(technique)
    axes.axvline(1.0, color=style.MUTED, linewidth=1.2)
    for height, group in enumerate(groups):
        values = [r.faster for r in rows if r.machine.int8 == group]
        if not values:
            continue
        busy = [r.busy for r in rows if r.machine.int8 == group]
        # Spread over the band, so that machines of one gain stay apart.
        places = [height + 0.22 * math.sin(2.4 * i) for i in range(len(values))]
        fills = ["none" if b else hue for b in busy]
        axes.scatter(
            values, places, s=26, facecolors=fills, edgecolors=hue, linewidths=1.1, zorder=3
        )
        middle = statistics.median(values)
        axes.plot([middle] * 2, [height - 0.33, height + 0.33], color=style.INK, linewidth=1.6)
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


def _alternative(rows: Sequence[Pooled], techniques: Sequence[str], groups: Sequence[str]) -> str:
    parts = []
    for technique in techniques:
        for group in groups:
            values = [
                r.faster for r in rows if r.technique == technique and r.machine.int8 == group
            ]
            if values:
                text = _("{technique} with {set}: {gain} times as fast ({n})")
                name = group or _("none of its own")
                gain = f"{statistics.median(values):.2f}"
                parts.append(text.format(technique=technique, set=name, gain=gain, n=len(values)))
    return _("Gain of each technique by int8 instruction set: {list}.").format(
        list="; ".join(parts)
    )
