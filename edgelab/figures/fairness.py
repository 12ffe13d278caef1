"""Pictures of a fair comparison: in which order it measures, and what it says of equals.

    report.interleaving()                 # candidates in turn, loaded afresh in every round
    report.aa_trials(ratios)              # the same file against itself: how often is it "different"?

Lesson 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.records import Ratio
from edgelab.reporting import tables
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def interleaving(
    names: Sequence[str] = ("A", "B"), rounds: int = 3, pairs: int = 6, seed: int = 0
) -> Chart:
    """Draw the order in which a comparison measures, beside the order that is not fair.

    Args:
        names: the candidates.
        rounds: how many times all are loaded afresh.
        pairs: blocks of each candidate in one round.
        seed: of the random orders.

    Raises:
        InputError: fewer than two candidates, no round or no pair.
    """
    if len(names) < 2 or rounds < 1 or pairs < 1:
        raise InputError(
            f"A comparison needs two candidates, a round and a pair at least; got {len(names)}, "
            f"{rounds} and {pairs}."
        )
    rng = np.random.default_rng(seed)
    schedule = [_round(names, pairs, rng) for _ in range(rounds)]
    warm_up = 2 * len(names)  # there and back again
    naive = [name for name in names for _ in range(pairs + 2)]
    colours = dict(zip(names, style.distinct(names), strict=True))
    lines = [("not fair:\none after the other", naive, 0)]
    lines += [(f"round {i + 1}", blocks, warm_up) for i, blocks in enumerate(schedule)]
    with style.canvas(style.WIDTH, 1.35 + 0.4 * len(lines)) as figure:
        axes = figure.subplots()
        # The unfair order stands apart from the rounds, which leaves room for a label between them.
        heights = [0.0, *(i + 1.75 for i in range(rounds))]
        for height, (_, blocks, warm) in zip(heights, lines, strict=True):
            for i, name in enumerate(blocks):
                _block(axes, i, height, name, colours[name], warming=i < warm)
        axes.set_yticks(heights, [label for label, _, _ in lines])
        axes.set_ylim(heights[-1] + 0.5, -0.5)
        axes.set_xlim(-0.2, len(lines[0][1]) + 0.2)
        axes.text(0.04, 1.3, "warm-up, equal for all", va="bottom", fontsize=8.5)
        axes.text(warm_up + 0.04, 1.3, "timed blocks, in random order", va="bottom", fontsize=8.5)
        if any(len(name) > 2 for name in names):
            _legend(axes, names, colours)
        axes.grid(False)
        axes.set_xticks([])
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_xlabel("time →", loc="right")
        axes.set_title("A fair comparison takes turns, in random order")
    table = tables.of_rows(
        ("Round", "Warm-up", "Timed blocks, in order"),
        [
            (f"{i + 1}", " ".join(blocks[:warm_up]), " ".join(blocks[warm_up:]))
            for i, blocks in enumerate(schedule)
        ],
        caption="All candidates are loaded afresh before each round.",
    )
    alt = (
        f"Order of measurement of {' and '.join(names)} over {rounds} rounds. In every round all "
        "are loaded afresh and warmed up equally, then timed in short blocks in random order. "
        "Beside it the unfair order: all blocks of one, then all of the other."
    )
    return Chart(figure, table, alt)


def aa_trials(ratios: Sequence[Ratio], truth: float = 1.0, title: str | None = None) -> Chart:
    """Draw the outcome of many comparisons whose truth is known.

    Args:
        ratios: one a trial, candidate over reference.
        truth: the true ratio; 1 when the same file was compared with itself.
        title: above the chart.

    Raises:
        InputError: there is no trial.
    """
    if not ratios:
        raise InputError("There are no trials to draw: compare a file with itself a few times.")
    different = [r.verdict in ("faster", "slower") for r in ratios]
    effect = 100 * max(r.smallest_effect for r in ratios)
    same = truth == 1.0
    colours = [style.ACCENT if (d if same else not d) else "#0072B2" for d in different]
    with style.canvas(style.WIDTH, 3.2) as figure:
        axes = figure.subplots()
        axes.axhspan(-effect, effect, color=style.GRID, alpha=0.6, linewidth=0)
        axes.axhline(100 * (truth - 1), color=style.INK, linewidth=1, linestyle=(0, (4, 3)))
        for i, (ratio, hue) in enumerate(zip(ratios, colours, strict=True), start=1):
            value, low, high = (100 * (v - 1) for v in (ratio.value, ratio.low, ratio.high))
            axes.plot([i, i], [low, high], color=hue, linewidth=1.2, solid_capstyle="butt")
            axes.plot(i, value, "o", color=hue, markersize=4)
        style.only_grid(axes, "y")
        axes.set_xlim(0, len(ratios) + 1)
        reach = max(abs(v) for v in axes.get_ylim())
        axes.set_ylim(-reach if same else min(axes.get_ylim()[0], -1.5 * effect), reach)
        axes.annotate(
            f"too small\nto matter\n(±{effect:g} %)", (1, 0), (5, 0), textcoords="offset points",
            xycoords=("axes fraction", "data"), va="center", fontsize=8.5, color=style.MUTED,
        )  # fmt: skip
        count = sum(different)
        words = f"{count} of {len(ratios)} called different"
        planted = (
            "The same file against itself" if same else f"{100 * (truth - 1):+g} % of true work"
        )
        axes.set_title(title or f"{planted}: {words}")
        axes.set_xlabel("trial")
        axes.set_ylabel("time of B over A, difference in %")
    table = tables.of_rows(
        ("Trial", "Difference (%)", "Low (%)", "High (%)", "Verdict"),
        [
            (i, *(100 * (v - 1) for v in (r.value, r.low, r.high)), r.verdict)
            for i, r in enumerate(ratios, start=1)
        ],
        write=dict.fromkeys(("Difference (%)", "Low (%)", "High (%)"), _percent),
        caption=f"{_intervals(ratios)}; a difference under {effect:g} % is not called one.",
    )
    alt = (
        f"{len(ratios)} comparisons with a true difference of {100 * (truth - 1):g} %, each with its "
        f"interval: {words}. {_intervals(ratios)}; under {effect:g} % nothing is called different."
    )
    return Chart(figure, table, alt)


def _intervals(ratios: Sequence[Ratio]) -> str:
    """Return of which level the intervals are, and over what."""
    levels = " or ".join(f"{100 * level:g} %" for level in sorted({r.level for r in ratios}))
    fewest, most = min(r.instances for r in ratios), max(r.instances for r in ratios)
    if most <= 1:
        over = "the runs of one load"
    else:
        over = f"{most} fresh loads" if fewest == most else f"{fewest} to {most} fresh loads"
    return f"{levels} intervals over {over}"


def _round(names: Sequence[str], pairs: int, rng: np.random.Generator) -> list[str]:
    order = list(names)
    rng.shuffle(order)
    blocks = [*order, *reversed(order)]
    for _ in range(pairs):
        rng.shuffle(order)
        blocks += order
    return blocks


def _legend(axes: Axes, names: Sequence[str], colours: Mapping[str, str]) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(color=colours[name], label=name) for name in names]
    axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(0, -0.02), ncols=len(names))


def _block(axes: Axes, x: float, y: float, name: str, hue: str, *, warming: bool) -> None:
    axes.barh(
        y, 0.92, left=x + 0.04, height=0.7, color="white" if warming else hue, edgecolor=hue,
        hatch="////" if warming else None, linewidth=1.0,
    )  # fmt: skip
    axes.text(
        x + 0.5, y, name if len(name) <= 2 else name[:1], ha="center", va="center", fontsize=9,
        color=style.INK if warming else style.readable_on(hue), fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2} if warming else None,
    )  # fmt: skip


def _percent(value: float) -> str:
    return written(value, places=2)
