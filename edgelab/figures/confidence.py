"""How sure a network is of its first answer, on pictures that it can name and on others.

    report.confidence({"things it knows": answers, "things it does not know": others}, names)

Lesson 23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73")


@dataclass(frozen=True)
class Sure:
    """A network's first answer to one picture.

    Args:
        picture: what is to be seen.
        answer: the likeliest class.
        probability: its share, 0 to 1.
        right: whether a person would accept it; None where no class fits the picture.
    """

    picture: str
    answer: str
    probability: float
    right: bool | None = None


def confidence(
    groups: Mapping[str, Sequence[Sure]],
    threshold: float | None = None,
    title: str = "How sure the network is of its first answer",
) -> Chart:
    """Draw the probability of the first answer for each picture, group by group.

    Args:
        groups: name of a group → its pictures' answers.
        threshold: probability, drawn as a line; None draws none.
        title: above the chart.

    Raises:
        InputError: no picture, more groups than colours, or a probability outside 0 to 1.
    """
    every = [(group, sure) for group, found in groups.items() for sure in found]
    if not every or len(groups) > len(_GROUP_COLOURS):
        raise InputError(
            f"One to {len(_GROUP_COLOURS)} groups of pictures can be shown, with one picture at least; "
            f"got {len(groups)} groups and {len(every)} pictures."
        )
    for _, sure in every:
        if not 0 <= sure.probability <= 1:
            raise InputError(f"{sure.picture!r}: {sure.probability} is no probability (0 to 1).")
    hues = dict(zip(groups, _GROUP_COLOURS, strict=False))
    with style.canvas(style.WIDTH, 1.25 + 0.27 * (len(every) + len(groups))) as figure:
        axes = figure.subplots()
        y, ticks = 0.0, []
        for group, found in groups.items():
            axes.text(1, y, group, va="center", fontsize=9.5, fontweight="bold")
            y += 1
            for sure in sorted(found, key=lambda s: -s.probability):
                _row(axes, y, sure, hues[group])
                ticks.append((y, sure.picture))
                y += 1
        if threshold is not None:
            axes.axvline(100 * threshold, color=style.INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks])
        axes.set_ylim(y - 0.4, -0.7)
        axes.set_xlim(0, 100)
        axes.tick_params(axis="y", length=0)
        style.only_grid(axes, "x")
        axes.set_xlabel("probability of the first answer in %")
        axes.set_title(title)
    table = tables.of_rows(
        ("Group", "Picture", "First answer", "Probability (%)", "Right"),
        [(group, s.picture, s.answer, 100 * s.probability, _WORDS[s.right]) for group, s in every],
        write={"Probability (%)": lambda value: f"{value:.0f}"},
    )
    described = "; ".join(
        f"{group}, {s.picture}: {s.answer} {s.probability:.0%}" for group, s in every
    )
    return Chart(figure, table, f"Points on lines, one for each picture. {described}.")


_WORDS = {True: "yes", False: "no", None: "no class fits"}


def _row(axes: Axes, y: float, sure: Sure, hue: str) -> None:
    value = 100 * sure.probability
    axes.plot([0, value], [y, y], color=style.GRID, linewidth=1.5, zorder=1)
    filled = sure.right is not False
    axes.plot(value, y, "o", color=hue, markersize=7, zorder=3,
              markerfacecolor=hue if filled else "white")  # fmt: skip
    late = value > 62
    axes.annotate(
        style.cut(sure.answer, 30), (value, y), (-9 if late else 9, 0), textcoords="offset points",
        va="center", ha="right" if late else "left", fontsize=8.5, zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.85},
    )  # fmt: skip
