"""Where the zeros are: single weights, two of four, whole filters.

    report.zero_patterns({"single weights": kernel, "2:4": other, "filters": third})

Lesson 21.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.pruning import masks
from edgelab.reporting import tables

MOST_ROWS, MOST_COLUMNS = 32, 24
_ZERO, _WEIGHT = "#FFFFFF", "#0072B2"


def zero_patterns(kernels: Mapping[str, ArrayLike], title: str = "Where the zeros are") -> Chart:
    """Draw the corner of several kernels, one square for each weight, zeros left white.

    Args:
        kernels: name → kernel (in, out) or (height, width, in, out); of the latter the inputs of one
            place in the window are shown.
        title: above the chart.

    Raises:
        InputError: nothing to draw, or an array of another rank.
    """
    if not kernels:
        raise InputError("There is no kernel to draw.")
    shown = {name: _corner(np.asarray(values, np.float64)) for name, values in kernels.items()}
    # Squares stay square: the height follows from the widest panel.
    rows_over_columns = max(corner.shape[0] / corner.shape[1] for corner in shown.values())
    height = 1.15 + (style.WIDTH - 0.6) / len(shown) * 0.93 * rows_over_columns
    with style.canvas(style.WIDTH, height) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(shown)))
        for axes, (name, corner) in zip(panels, shown.items(), strict=True):
            axes.pcolormesh(
                corner != 0, cmap=_two_colours(), vmin=0, vmax=1, edgecolors="#E4E4E4",
                linewidth=0.4,
            )  # fmt: skip
            axes.set_aspect("equal")
            axes.invert_yaxis()
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(False)
            zeros = masks.zeros(np.asarray(kernels[name], np.float64))
            axes.set_title(f"{name}\n{100 * zeros:.0f} % zeros", fontsize=10)
            axes.set_xlabel("filters (outputs)", fontsize=9)
        panels[0].set_ylabel("inputs", fontsize=9)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    rows = []
    for name, values in kernels.items():
        whole = np.asarray(values, np.float64)
        flat = whole.reshape(-1, whole.shape[-1])
        empty = int((~flat.any(axis=0)).sum())
        pattern = "yes" if masks.is_two_of_four(whole) else "no"
        rows.append((name, 100 * masks.zeros(whole), empty, flat.shape[1], pattern))
    table = tables.of_rows(
        ("Pattern", "Zeros (%)", "Filters of zeros only", "Filters", "2:4 along the inputs"), rows
    )
    told = "; ".join(
        f"{name}: {zeros:.0f} % zeros, {empty} of {count} filters empty"
        for name, zeros, empty, count, _ in rows
    )
    return Chart(figure, table, f"Zeros in the corner of {len(rows)} kernels. {told}.")


def _corner(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    if kernel.ndim not in (2, 4):
        raise InputError(
            "A kernel (in, out) or (height, width, in, out) is drawn; this array has shape "
            f"{kernel.shape}."
        )
    flat = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] if kernel.ndim == 4 else kernel
    return flat[:MOST_ROWS, :MOST_COLUMNS]


def _two_colours() -> object:
    from matplotlib.colors import ListedColormap

    return ListedColormap([_ZERO, _WEIGHT])
