"""Inside a network: ranges of channels, what an outlier does, which layer is costly.

    report.channels(kernel)              # why one scale for a depthwise kernel fails
    report.outlier(weights, bits=4)
    report.sensitivity(scan)

Lesson 20.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.quantizing import affine
from edgelab.reporting import tables
from edgelab.reporting.quantities import unit_for, with_unit, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.quantizing.sensitivity import Scan
    from edgelab.reporting.tables import Table

MOST_ROWS = 24
# A channel with fewer codes within its range than this would be better off with four bits of its own.
_FEW_CODES = 15
_SHARED, _OWN = "#D55E00", "#0072B2"


def channels(weights: ArrayLike, axis: int | None = None, bits: int = 8) -> Chart:
    """Draw the range of each channel, and how many codes of one shared scale lie within it.

    A channel reaches no code beyond its range, and it need not use all codes within.

    Args:
        weights: a kernel; of a depthwise Keras kernel (h, w, channels, 1) the third axis is meant.
        axis: axis of the channels; None takes the third of a depthwise kernel, else the last.
        bits: of a code.

    Raises:
        InputError: no values, NaN, bits outside 1 to 8, or no such axis.
    """
    given = np.asarray(weights, np.float64)
    if axis is None:
        axis = 2 if given.ndim == 4 and given.shape[-1] == 1 else given.ndim - 1
    shared = affine.fit(given, bits)
    own = affine.fit(given, bits, axis=axis)
    rows = np.moveaxis(given, axis, 0).reshape(given.shape[axis], -1)
    order = np.argsort(-np.abs(rows).max(axis=1), kind="stable")
    rows = rows[order]
    # As many on both sides of 0; a channel of zeros has that one code.
    codes = np.round(np.abs(rows).max(axis=1) / float(shared.scale)).astype(int) * 2 + 1
    all_codes = len(shared.codes)
    with style.canvas(style.WIDTH, 4.4) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True)
        x = np.arange(1, len(rows) + 1)
        width = max(0.6, min(6.0, 0.55 * 430 / len(rows)))
        top.vlines(x, rows.min(axis=1), rows.max(axis=1), color=style.MUTED, linewidth=width)
        top.axhline(0, color=style.INK, linewidth=0.8)
        top.set_ylabel("smallest to\nlargest weight")
        top.set_title(f"Ranges of {len(rows)} channels, widest first")
        few = codes < _FEW_CODES
        bottom.bar(x, codes, color=np.where(few, _SHARED, _OWN), width=0.8)
        bottom.axhline(all_codes, color=style.INK, linewidth=1, linestyle=(0, (4, 3)))
        bottom.set_ylim(0, all_codes * 1.12)
        bottom.set_xlim(0, len(rows) + 1)
        bottom.set_ylabel(f"codes within its\nrange, of {all_codes}")
        bottom.set_xlabel("channel" + (f" (vermillion: fewer than {_FEW_CODES} codes)" if few.any()
                                       else ""))  # fmt: skip
        bottom.set_title("One scale for all: what is left for each channel")
        for axes in (top, bottom):
            style.only_grid(axes, "y")
        style.label_lines(bottom, [(float(all_codes), "a scale\nof its own", style.INK)])
    errors = [
        float(np.sqrt(np.mean((affine.round_trip(given, grid) - given) ** 2)))
        for grid in (shared, own)
    ]
    table = _channel_table(rows, order, codes, errors)
    largest = np.abs(rows).max(axis=1)
    alt = (
        f"Ranges of {len(rows)} channels, widest first, from ±{written(float(largest[0]))} to "
        f"±{written(float(largest[-1]))}. With one shared scale of {bits} bits the narrowest has "
        f"{codes.min()} of {all_codes} codes within its range, and {int(few.sum())} channels have fewer "
        f"than {_FEW_CODES}; with a scale of its own every channel but those of zeros has all {all_codes}."
    )
    return Chart(figure, table, alt)


def outlier(values: ArrayLike, factor: float = 10.0, bits: int = 4) -> Chart:
    """Draw what one large value does to the grid of all the others.

    Args:
        values: a tensor.
        factor: how many times larger its largest value is made.
        bits: of a code; with few bits the grid can be seen.

    Raises:
        InputError: fewer than two values, NaN, or bits outside 1 to 8.
    """
    given = np.asarray(values, np.float64).ravel()
    effects = affine.outlier_effect(given, (1.0, float(factor)), bits)
    changed = given.copy()
    changed[np.abs(given).argmax()] *= factor
    others = np.delete(given, np.abs(given).argmax())
    reach = float(np.abs(given).max()) * 1.08
    with style.canvas(style.WIDTH, 3.9) as figure:
        panels = figure.subplots(2, 1, sharex=True, sharey=True)
        tensors = (given, changed)
        titles = ("Before", f"One value {factor:g} times larger")
        for axes, tensor, effect, title in zip(panels, tensors, effects, titles, strict=True):
            axes.hist(others, bins=40, range=(-reach, reach), color="#56B4E9", zorder=2)
            levels = affine.fit(tensor, bits).values
            near = levels[np.abs(levels) <= reach]
            if len(near) < effect.codes_used:
                _codes_beyond(axes, affine.fit(tensor, bits), reach)
            axes.vlines(near, 0, 1, transform=axes.get_xaxis_transform(), color=style.INK,
                        linewidth=1.1 if len(near) < 40 else 0.4, zorder=3)  # fmt: skip
            axes.set_title(f"{title}: the others use {effect.codes_used} of {len(levels)} codes")
            axes.set_ylabel("values")
            axes.grid(False)
        panels[1].annotate(
            f"the outlier, at {written(float(changed[np.abs(changed).argmax()]))} →",
            (1, 0.75), (-6, 0), xycoords="axes fraction", textcoords="offset points", ha="right",
            fontsize=9, color=style.ACCENT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
        panels[1].set_xlim(-reach, reach)
        panels[1].set_xlabel(f"value (lines: the values that {bits} bits can name)")
    table = tables.of_rows(
        ("Largest value, times", "Step", "RMS error of the others", "Codes used by the others"),
        [(e.factor, e.scale, e.rms_of_others, e.codes_used) for e in effects],
    )
    alt = (
        f"Two histograms of {len(others)} values with the grid of {bits} bits. Before, they use "
        f"{effects[0].codes_used} codes; with one value {factor:g} times larger, "
        f"{effects[1].codes_used}, and their error grows from {written(effects[0].rms_of_others)} "
        f"to {written(effects[1].rms_of_others)}."
    )
    return Chart(figure, table, alt)


def sensitivity(scan: Scan, by: str = "accuracy", title: str | None = None) -> Chart:
    """Draw what each layer costs when it alone is squeezed, beside the bytes that this saves.

    Args:
        scan: result of `sensitivity.scan`; its layers in the order of the network.
        by: the cost: "accuracy" lost, where the classes of the images were known, or the "kl"
            divergence of the outputs, which tells layers apart on a few images.
        title: above the chart.

    Raises:
        InputError: there is no layer, or no such cost.
    """
    if not len(scan):
        raise InputError("There is no layer to draw: the scan is empty.")
    if by not in ("accuracy", "kl"):
        raise InputError(f"A layer's cost is drawn by 'accuracy' or by 'kl', not by {by!r}.")
    before = None if scan.baseline is None else scan.baseline.value
    lost = [
        100 * (before - item.accuracy.value)
        for item in scan
        if before is not None and item.accuracy is not None
    ]
    by_points = by == "accuracy" and len(lost) == len(scan)
    costs = lost if by_points else [float(item.kl) for item in scan]
    label = "Accuracy lost" if by_points else "Output changed"
    worst = int(np.argmax(costs))
    saved = [float(item.bytes_saved) for item in scan]
    unit = unit_for("size", saved)
    names = _short_layers([str(item.layer) for item in scan])
    with style.canvas(style.WIDTH, 1.15 + 0.32 * len(scan)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        hues = [style.ACCENT if i == worst else "#0072B2" for i in range(len(scan))]
        left.barh(range(len(scan)), costs, height=0.62, color=hues)
        right.barh(range(len(scan)), [s * unit.factor for s in saved], height=0.62, color="#999999")
        left.set_yticks(range(len(scan)), names)
        left.set_ylim(len(scan) - 0.4, -0.6)
        left.set_title(label)
        left.set_xlabel("percentage points" if by_points else "KL divergence")
        figure.supxlabel(f"one layer at {_bits(scan.bits)}, all others in float", fontsize=9)
        right.set_title("Bytes saved")
        right.set_xlabel(unit.symbol)
        ends: tuple[list[Any], list[Any]] = ([], [])
        for i, (cost, size) in enumerate(zip(costs, saved, strict=True)):
            texts = (
                written(cost, places=1) if by_points else written(cost),
                with_unit(size, "size"),
            )
            values = (max(cost, 0.0), size * unit.factor)
            for axes, text, value, end in zip((left, right), texts, values, ends, strict=True):
                drawn = axes.annotate(text, (value, i), (4, 0), textcoords="offset points",
                                      va="center", fontsize=9)  # fmt: skip
                end.append((value, drawn))
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        for axes in (left, right):
            style.only_grid(axes, "x")
            axes.tick_params(axis="y", length=0)
            axes.locator_params(axis="x", nbins=5)
        style.settle(figure)
        lowest = min(0.0, *costs)
        for axes, end in zip((left, right), ends, strict=True):
            style.room_for_labels(axes, end)
        left.set_xlim(left=1.1 * lowest)
    table = tables.of_rows(
        ("Layer", "KL divergence", "Accuracy (%)", "Same answer (%)", unit.label("Bytes saved")),
        [
            (item.layer, float(item.kl), _percent(item.accuracy.value if item.accuracy else None),
             _percent(item.agreement),
             item.bytes_saved * unit.factor)
            for item in scan
        ],
    )  # fmt: skip
    alt = (
        f"Bars for {len(scan)} layers: {label.lower()} and bytes saved when one layer alone has "
        f"{_bits(scan.bits)}. The costliest is {scan[worst].layer} with {written(costs[worst])}"
        f"{' points' if by_points else ''}; the median of all is {written(float(np.median(costs)))}."
    )
    return Chart(figure, table, alt)


def _codes_beyond(axes: Axes, grid: affine.Affine, reach: float) -> None:
    """Name the nearest codes that have no line because they lie beside the axis."""
    levels = grid.values
    left, right = int(np.sum(levels < -reach)) - 1, int(np.sum(levels <= reach))
    sides = [(left, 0, 6, "left", "← {}"), (right, 1, -6, "right", "{} →")]
    for at, edge, shift, side, arrow in sides:
        if not 0 <= at < len(levels):
            continue
        text = f"code {grid.codes[at]} at {written(float(levels[at]), digits=3)}".replace("-", "−")
        axes.annotate(
            arrow.format(text), (edge, 0.45), (shift, 0), xycoords="axes fraction",
            textcoords="offset points", ha=side, fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip


def _channel_table(
    rows: NDArray[np.float64], order: NDArray[Any], codes: NDArray[Any], errors: Sequence[float]
) -> Table:
    shared, own = (written(error) for error in errors)
    notes = [f"Root mean square error: {shared} with one scale, {own} with one for each channel."]
    if len(rows) <= MOST_ROWS:
        return tables.of_rows(
            ("Channel", "Smallest", "Largest", "Codes within its range"),
            [
                (int(i), float(r.min()), float(r.max()), int(c))
                for i, r, c in zip(order, rows, codes, strict=True)
            ],
            notes=notes,
        )
    largest = np.abs(rows).max(axis=1)
    return tables.of_rows(
        ("Quantity", "Value"),
        [
            ("channels", len(rows)),
            ("widest channel, ±", float(largest[0])),
            ("median channel, ±", float(np.median(largest))),
            ("narrowest channel, ±", float(largest[-1])),
            (f"channels with fewer than {_FEW_CODES} codes", int((codes < _FEW_CODES).sum())),
            ("codes within the median range", int(np.median(codes))),
        ],
        notes=notes,
    )


def _short_layers(names: Sequence[str]) -> list[str]:
    """Return the telling part of a converter's layer names, the whole ones where that is ambiguous.

    A converter joins all fused operations, "net/conv/Conv2D;net/bn/FusedBatchNorm": the layer that
    holds the weights is meant.
    """
    short = []
    for name in names:
        fused = [part for part in name.split(";") if part]
        weighted = [part for part in fused if _WEIGHTED.search(part)] or fused or [name]
        pieces = [piece for piece in weighted[0].split("/") if piece]
        short.append(pieces[-2] if len(pieces) > 1 and _OPERATION.match(pieces[-1]) else pieces[-1])
    unique = len(set(short)) == len(short)
    return [style.wrapped(name, 26) for name in (short if unique else names)]


_WEIGHTED = re.compile(r"conv|dense|matmul|fully|depthwise", re.IGNORECASE)
_OPERATION = re.compile(r"(depthwise|separable_)?(Conv|MatMul|Bias|Fused|Relu|Add)", re.IGNORECASE)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _bits(bits: int) -> str:
    return f"{bits} bit" + ("s" if bits != 1 else "")
