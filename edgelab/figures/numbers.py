"""Rounding made visible: which values a few bits can name, and how far off the others land.

    report.number_line(weights, bits=3)
    report.rounding_error(weights, scale=0.01)
    report.error_by_bits({"per tensor": affine.error_by_bits(kernel), ...})

The grids come from `edgelab.quantizing.affine`, which lesson 20 builds by hand first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.quantizing import affine
from edgelab.reporting import tables
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 24  # a table twin of more values shows their summary instead
_LEVELS_DRAWN = 64  # more levels are a grey band on the page, not lines


def number_line(
    values: ArrayLike,
    bits: int = 8,
    scale: float | None = None,
    *,
    symmetric: bool = True,
    title: str | None = None,
) -> Chart:
    """Draw values on a number line, and the values of the grid that they are rounded to.

    Args:
        values: a few numbers; with more than 24 the table summarises them.
        bits: of a code, 1 to 8.
        scale: step of a symmetric grid; None fits the grid to the values.
        symmetric: zero point 0; else the grid spans the range of the values.
        title: above the chart.

    Raises:
        InputError: no values, NaN, bits outside 1 to 8, or a scale that is not positive.
    """
    given = _flat(values)
    grid = _grid(given, bits, scale, symmetric)
    rounded = affine.round_trip(given, grid)
    codes = affine.quantize(given, grid)
    levels = grid.values
    with style.canvas(style.WIDTH, 2.1) as figure:
        axes = figure.subplots()
        step = float(np.min(np.diff(levels))) if len(levels) > 1 else 1.0
        edges = [min(given.min(), levels[0]), max(given.max(), levels[-1])]
        axes.hlines([0, 1], *edges, color=style.MUTED, linewidth=1)
        if len(levels) <= _LEVELS_DRAWN:
            axes.vlines(levels, -0.16, 0.16, color=style.INK, linewidth=1)
        else:
            axes.fill_between([levels[0], levels[-1]], -0.16, 0.16, color=style.GRID)
        for value, target in zip(given, rounded, strict=True):
            axes.annotate("", (target, 0.02), (value, 0.98),
                          arrowprops={"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 0.9,
                                      "shrinkA": 4, "shrinkB": 4})  # fmt: skip
        axes.plot(given, np.ones_like(given), "o", color=style.ACCENT, markersize=6, zorder=4)
        axes.plot(rounded, np.zeros_like(rounded), "o", color="#0072B2", markersize=6, zorder=4)
        if len(levels) <= 16:
            for code, level in zip(grid.codes, levels, strict=True):
                axes.text(level, -0.3, str(code).replace("-", "\u2212"), ha="center", va="top",
                          fontsize=8.5, color=style.MUTED)  # fmt: skip
        axes.set_yticks([1, 0], ["values", f"what {_bits(bits)}\ncan name"])
        axes.set_ylim(-0.75 if len(levels) <= 16 else -0.4, 1.35)
        pad = 0.04 * (edges[1] - edges[0]) or step
        axes.set_xlim(edges[0] - pad, edges[1] + pad)
        _bare(axes)
        axes.set_xlabel("value" + (" (grey: the codes)" if len(levels) <= 16 else ""))
        axes.set_title(title or f"{_count(given)} and the {len(levels)} values of {_bits(bits)}")
    return Chart(figure, _rounding_table(given, codes, rounded), _line_alt(given, grid, rounded))


def rounding_error(
    values: ArrayLike,
    scale: float,
    bits: int = 8,
    *,
    title: str | None = None,
) -> Chart:
    """Draw the error of each value against the value, between the lines of half a step.

    Values beyond the last code are clipped; their errors leave the band and are marked.

    Args:
        values: numbers of any shape.
        scale: step of a symmetric grid.
        bits: of a code, 1 to 8.
        title: above the chart.

    Raises:
        InputError: no values, NaN, or a scale that is not positive.
    """
    given = _flat(values)
    grid = _grid(given, bits, scale, symmetric=True)
    errors = affine.round_trip(given, grid) - given
    half = float(grid.scale) / 2
    clipped = np.abs(errors) > half * (1 + 1e-9)
    with style.canvas(style.WIDTH, 3.0) as figure:
        axes = figure.subplots()
        axes.axhspan(-half, half, color=style.GRID, alpha=0.6, linewidth=0)
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        size = 5 if len(given) <= 200 else 2.5
        axes.plot(given[~clipped], errors[~clipped], "o", color="#0072B2", markersize=size)
        axes.plot(given[clipped], errors[clipped], "X", color=style.ACCENT, markersize=7)
        reach = max(half, float(np.abs(errors).max())) * 1.25
        axes.set_ylim(-reach, reach)
        style.only_grid(axes, "y")
        bounds = [(half, "+½ step", style.INK), (-half, "−½ step", style.INK)]
        style.label_lines(axes, bounds if half > 0.15 * reach else [(0, "±½ step", style.INK)])
        if clipped.any():
            axes.text(0.01, 0.02, f"× {int(clipped.sum())} clipped: beyond the last code",
                      transform=axes.transAxes, fontsize=9, color=style.ACCENT)  # fmt: skip
        told = "Rounding moves no value by more than half a step"
        if clipped.any():
            told = "Rounding stays within half a step, clipping does not"
        axes.set_title(title or told)
        axes.set_xlabel("value")
        axes.set_ylabel("error after rounding")
    table = tables.of_rows(
        ("Quantity", "Value"),
        [
            ("values", len(given)),
            ("half a step", half),
            ("largest error", float(np.abs(errors).max())),
            ("root mean square error", float(np.sqrt(np.mean(errors**2)))),
            ("step / √12, if errors spread evenly", 2 * half / 12**0.5),
            ("clipped values", int(clipped.sum())),
        ],
    )
    alt = (
        f"Error of {len(given)} rounded values against the value: the largest is "
        f"{written(float(np.abs(errors).max()))}, half a step is {written(half)}; "
        f"{int(clipped.sum())} values are clipped."
    )
    return Chart(figure, table, alt)


def error_by_bits(
    curves: Mapping[str, Sequence[Any]] | Sequence[Any],
    title: str = "What each bit is worth",
) -> Chart:
    """Draw the rounding error against the number of bits, on a logarithmic axis.

    Args:
        curves: results of `affine.error_by_bits`, or several of them by name. A mapping from bits
            to root-mean-square error does as well.
        title: above the chart.

    Raises:
        InputError: there is no error to draw.
    """
    found = _error_curves(curves)
    names = list(found)
    bits = sorted({b for curve in found.values() for b in curve})
    with style.canvas(style.WIDTH, 3.4) as figure:
        axes = figure.subplots()
        labels = []
        for name, hue in zip(names, style.distinct(names), strict=True):
            points = sorted((b, e) for b, e in found[name].items() if e > 0)
            axes.plot(*zip(*points, strict=True), "o-", color=hue, linewidth=1.8, markersize=5)
            labels.append((points[-1][1], name, hue))
        axes.set_yscale("log")
        axes.set_xticks(bits)
        axes.set_title(title)
        axes.set_xlabel("bits of a code")
        axes.set_ylabel("root mean square error (logarithmic axis)")
        style.plain_log(axes.yaxis)
        style.label_lines(axes, [label for label in labels if label[1]])
    table = tables.of_rows(
        ("Bits", "Precision class", *(f"{name} error".strip().capitalize() for name in names)),
        [
            (b, affine.precision_class(b), *(found[name].get(b) for name in names))
            for b in bits
        ],
    )  # fmt: skip
    described = "; ".join(
        (f"{name}: " if name else "")
        + ", ".join(f"{b} bits {written(e)}" for b, e in sorted(found[name].items()))
        for name in names
    )
    alt = f"Root mean square error by bits, logarithmic axis. {described}."
    return Chart(figure, table, alt)


def _flat(values: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(values, np.float64).ravel()
    if given.size == 0:
        raise InputError("There are no values to draw: the array is empty.")
    if not np.isfinite(given).all():
        raise InputError("Some values are NaN or infinite: they have no place on a number line.")
    return given


def _grid(
    values: NDArray[np.float64], bits: int, scale: float | None, symmetric: bool
) -> affine.Affine:
    fitted = affine.fit(values, bits, symmetric=symmetric)
    if scale is None:
        return fitted
    if not symmetric:
        raise InputError("A step of your own makes a symmetric grid: leave symmetric=True.")
    step = float(scale)
    if not step > 0 or not np.isfinite(step):
        raise InputError(f"The scale is {scale}: the step between two codes is a number above 0.")
    return affine.Affine(np.asarray(step), fitted.zero_point, bits, None, True)


def _rounding_table(
    given: NDArray[np.float64], codes: NDArray[Any], rounded: NDArray[np.float64]
) -> tables.Table:
    if len(given) > MOST_ROWS:
        errors = np.abs(rounded - given)
        return tables.of_rows(
            ("Quantity", "Value"),
            [
                ("values", len(given)),
                ("different codes used", len(np.unique(codes))),
                ("largest error", float(errors.max())),
                ("root mean square error", float(np.sqrt(np.mean(errors**2)))),
            ],
        )
    return tables.of_rows(
        ("Value", "Code", "Rounded value", "Error"),
        [
            (float(v), int(c), float(r), float(r - v))
            for v, c, r in zip(given, codes, rounded, strict=True)
        ],
        write={"Error": lambda e: written(e, digits=3)},
    )  # fmt: skip


def _line_alt(given: NDArray[np.float64], grid: affine.Affine, rounded: NDArray[np.float64]) -> str:
    worst = float(np.abs(rounded - given).max())
    return (
        f"Number line: {_count(given)} from {written(given.min())} to {written(given.max())}, each "
        f"with an arrow to the nearest of the {len(grid.codes)} values of {_bits(grid.bits)}, which "
        f"are {written(float(grid.scale))} apart. The largest error is {written(worst)}."
    )


def _error_curves(curves: Any) -> dict[str, dict[int, float]]:
    # One curve without a name: a sequence of errors, or a mapping from bits.
    if not isinstance(curves, Mapping) or (curves and all(isinstance(b, int) for b in curves)):
        curves = {"": curves}
    found = {
        str(name): (
            {int(b): float(e) for b, e in curve.items()}
            if isinstance(curve, Mapping)
            else {item.bits: item.rms for item in curve}
        )
        for name, curve in curves.items()
    }
    if not found or not all(any(e > 0 for e in curve.values()) for curve in found.values()):
        raise InputError("There is no error above zero to draw on a logarithmic axis.")
    return found


def _bare(axes: Axes) -> None:
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _bits(bits: int) -> str:
    return f"{bits} bit" + ("s" if bits != 1 else "")


def _count(values: NDArray[Any]) -> str:
    return f"{len(values)} value" + ("s" if len(values) != 1 else "")
