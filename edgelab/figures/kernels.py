"""The weights of a convolution, and of the two halves that it can be split into.

    report.kernels(channels_in=4, channels_out=6)

Lesson 23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FILLED = "#0072B2"
_MOST_CHANNELS = 12


def kernels(channels_in: int = 4, channels_out: int = 6, size: int = 3) -> Chart:
    """Draw the weights of a standard convolution beside those of its depthwise and pointwise halves.

    Args:
        channels_in: of the image, one row each.
        channels_out: of the result, one column each.
        size: side of the kernel.

    Raises:
        InputError: a number below one, or too many channels to be drawn.
    """
    if not (1 <= channels_in <= _MOST_CHANNELS and 1 <= channels_out <= _MOST_CHANNELS):
        raise InputError(
            f"One to {_MOST_CHANNELS} channels can be drawn; got {channels_in} and {channels_out}."
        )
    if size < 1:
        raise InputError(f"A kernel's side is at least 1, not {size}.")
    full = np.ones((channels_in, channels_out), bool)
    parts = {
        "standard": (full, size),
        "depthwise": (np.eye(channels_in, dtype=bool), size),
        "pointwise": (full, 1),
    }
    counts = {name: int(used.sum()) * side * side for name, (used, side) in parts.items()}
    widths = [used.shape[1] for used, _ in parts.values()]
    with style.canvas(style.WIDTH, 0.95 + 0.42 * channels_in) as figure:
        panels = figure.subplots(1, 3, width_ratios=widths)
        for axes, (name, (used, side)) in zip(panels, parts.items(), strict=True):
            _tiles(axes, used, side)
            axes.set_title(f"{name}\n{counts[name]} weights", fontsize=10, linespacing=1.3)
            axes.set_xlabel("channels out")
        panels[0].set_ylabel("channels in")
    rows = [
        (name, f"{side} × {side}", int(used.sum()), counts[name])
        for name, (used, side) in parts.items()
    ]
    together = counts["depthwise"] + counts["pointwise"]
    table = tables.of_rows(
        ("Convolution", "Window", "Windows", "Weights"),
        rows,
        caption=f"Depthwise and pointwise together: {together} weights.",
    )
    described = ", ".join(f"{name} {count} weights" for name, count in counts.items())
    alt = (
        f"Three grids of small squares, a row for each of {channels_in} channels in, a column for each "
        f"channel out. Standard: every cell holds {size} × {size} weights. Depthwise: only the cells on "
        f"the diagonal. Pointwise: every cell holds one weight. {described}."
    )
    return Chart(figure, table, alt)


def _tiles(axes: Axes, used: np.ndarray, side: int) -> None:
    """Draw a grid of cells, each with the small squares of its window where it has weights."""
    from matplotlib.patches import Rectangle

    rows, columns = used.shape
    step = 0.76 / max(side, 3)
    for row in range(rows):
        for column in range(columns):
            axes.add_patch(
                Rectangle(
                    (column, row), 1, 1, facecolor="white", edgecolor=style.GRID, linewidth=0.8
                )
            )
            if not used[row, column]:
                continue
            start = (1 - side * step) / 2
            for i in range(side * side):
                y, x = divmod(i, side)
                place = (column + start + x * step, row + start + y * step)
                axes.add_patch(
                    Rectangle(place, 0.82 * step, 0.82 * step, facecolor=_FILLED, linewidth=0)
                )
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)
