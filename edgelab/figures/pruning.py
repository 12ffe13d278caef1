"""What pruning takes away: which weights go, which layer minds, how far a network follows.

    report.weights_going(kernel, sparsity=0.5)
    report.pruning_scan(scan)
    report.pruning_schedule({"cubic": sparsities, "straight": others})
    report.sparsity_ladder({"naive": {0.9: accuracy}, "careful": {0.9: other}}, sizes)

Lesson 21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.pruning import masks
from edgelab.reporting import tables
from edgelab.reporting.quantities import unit_for, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.pruning.pruning_scan import PruningScan
    from edgelab.records import Accuracy, Size

_STAYS, _GOES = "#0072B2", "#C9C9C9"
_APART = 0.12  # curves stand a little beside each other, so that their intervals can be told apart


def weights_going(values: ArrayLike, sparsity: float, bins: int = 61) -> Chart:
    """Draw how the weights of a layer are distributed, and which of them go.

    Args:
        values: a kernel.
        sparsity: share that goes, in [0, 1).
        bins: of the histogram.

    Raises:
        InputError: no values, NaN, or a sparsity outside [0, 1).
    """
    given = np.asarray(values, np.float64).ravel()
    keep = masks.largest(given, sparsity)
    border = float(np.abs(given[~keep]).max()) if (~keep).any() else 0.0
    reach = float(np.abs(given).max()) or 1.0
    with style.canvas(style.WIDTH, 2.8) as figure:
        axes = figure.subplots()
        edges = _edges(reach, border, bins)
        parts = [given[~keep], given[keep]]
        axes.hist(parts, bins=list(edges), stacked=True, color=[_GOES, _STAYS], zorder=2)
        for side in (-border, border):
            axes.axvline(side, color=style.ACCENT, linewidth=1.3, zorder=3)
        axes.set_title(f"{(~keep).sum():,} of {given.size:,} weights go: those between the lines")
        axes.set_xlabel("weight (grey: goes, blue: stays)")
        axes.set_ylabel("weights")
        style.only_grid(axes, "y")
    energy = float((given[keep] ** 2).sum() / ((given**2).sum() or 1.0))
    table = tables.of_rows(
        ("Weights", "How many", "Smallest magnitude", "Largest magnitude"),
        [
            (name, len(part), *((float(np.abs(part).min()), float(np.abs(part).max()))
                                if len(part) else (None, None)))
            for name, part in (("stay", given[keep]), ("go", given[~keep]))
        ],
        caption=f"Those that stay hold {100 * energy:.0f} % of the sum of squares.",
    )  # fmt: skip
    alt = (
        f"Histogram of {given.size:,} weights between ±{written(reach)}, most of them near 0. The "
        f"{(~keep).sum():,} with a magnitude up to {written(border)} go."
    )
    return Chart(figure, table, alt)


def pruning_scan(scan: PruningScan, title: str = "One layer pruned, all others whole") -> Chart:
    """Draw what the network still knows when one layer is pruned, beside the layers' weights.

    Args:
        scan: result of `prune.scan`.
        title: above the chart.

    Raises:
        InputError: there is no layer.
    """
    if not len(scan):
        raise InputError("There is no layer to draw: the scan is empty.")
    names = [entry.layer for entry in scan]
    hues = dict(zip(names, _line_colours(len(names)), strict=True))
    base = 100 * scan.baseline.value
    with style.canvas(style.WIDTH, 3.6) as figure:
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.75, 1]})
        labels = []
        for entry in scan:
            x = [100 * point.sparsity for point in entry.points]
            y = [100 * point.accuracy.value for point in entry.points]
            left.plot([0, *x], [base, *y], "o-", color=hues[entry.layer], linewidth=1.7,
                      markersize=4.5, zorder=3)  # fmt: skip
            labels.append((y[-1], entry.layer, hues[entry.layer]))
        half = 196 * (scan.baseline.value * (1 - scan.baseline.value) / scan.images) ** 0.5
        left.axhspan(base - half, min(100.0, base + half), color="#EEEEEE", linewidth=0, zorder=0)
        left.set_ylim(0, 104)
        left.set_xlim(0, 100)
        left.set_title(title)
        left.set_xlabel("zeros in this layer, %")
        left.set_ylabel("accuracy in %")
        style.only_grid(left, "y")
        counts = [entry.weights for entry in scan]
        right.barh(range(len(names)), counts, height=0.6, color=[hues[n] for n in names])
        right.set_yticks(range(len(names)), names)
        right.set_ylim(len(names) - 0.4, -0.6)
        right.tick_params(axis="y", length=0)
        right.set_title("Weights of each layer")
        right.set_xlabel("weights")
        right.locator_params(axis="x", nbins=3)
        style.only_grid(right, "x")
        ends = [
            (count, right.annotate(f"{count:,}", (count, i), (4, 0), textcoords="offset points",
                                   va="center", fontsize=9))
            for i, count in enumerate(counts)
        ]  # fmt: skip
        style.settle(figure)
        style.room_for_labels(right, ends)
        style.label_lines(left, labels)
    header = ("Layer", "Weights", *(f"{100 * s:g} % zeros" for s in scan.sparsities))
    table = tables.of_rows(
        header[: tables.MOST_COLUMNS],
        [
            (e.layer, e.weights, *(100 * p.accuracy.value for p in e.points))[: tables.MOST_COLUMNS]
            for e in scan
        ],
        write={name: lambda value: written(value, places=1) for name in header[2:]},
        caption=f"Accuracy in % on {scan.images} validation images; whole {base:.1f} %.",
    )
    worst = scan.ranked[0]
    alt = (
        f"Accuracy of {scan.model} while one layer at a time loses {100 * scan.sparsities[0]:g} to "
        f"{100 * scan.sparsities[-1]:g} % of its weights, whole {base:.1f} %. At the highest sparsity "
        + ", ".join(f"{e.layer} {100 * e.points[-1].accuracy.value:.1f} %" for e in scan)
        + f". The most sensitive is {worst.layer} with {worst.weights:,} of {scan.weights:,} weights."
    )
    return Chart(figure, table, alt)


def pruning_schedule(
    curves: Mapping[str, Sequence[float]], title: str = "How the zeros grow while training goes on"
) -> Chart:
    """Draw the sparsity at each step of one or several schedules.

    Args:
        curves: name → sparsity (0 to 1) at step 0, 1, 2, …
        title: above the chart.

    Raises:
        InputError: there is no curve, or one of no steps.
    """
    if not curves or not all(len(curve) for curve in curves.values()):
        raise InputError("There is no schedule to draw: give the sparsity at each step.")
    longest = max(len(curve) for curve in curves.values())
    with style.canvas(style.WIDTH, 2.6) as figure:
        axes = figure.subplots()
        axes.set_xlim(0, max(1, longest - 1))
        axes.set_ylim(0, 104)
        labels = []
        for (name, curve), hue in zip(curves.items(), _line_colours(len(curves)), strict=True):
            axes.plot(range(len(curve)), [100 * value for value in curve], color=hue, linewidth=1.8)
            labels.append((100 * curve[-1], name, hue))
        axes.set_title(title)
        axes.set_xlabel("training step")
        axes.set_ylabel("zeros in %")
        style.only_grid(axes, "y")
        style.label_lines(axes, labels)
    shown = np.unique(np.linspace(0, longest - 1, 6).round().astype(int))
    table = tables.of_rows(
        ("Step", *(f"{name} (%)" for name in curves)),
        [
            (int(step), *(100 * c[step] if step < len(c) else None for c in curves.values()))
            for step in shown
        ],
    )
    halves = {name: 100 * curve[len(curve) // 2] for name, curve in curves.items()}
    told = ", ".join(f"{name} {value:.0f} % half-way" for name, value in halves.items())
    return Chart(figure, table, f"Share of zeros over {longest} training steps: {told}.")


def sparsity_ladder(
    accuracies: Mapping[str, Mapping[float, Accuracy]],
    sizes: Mapping[float, Mapping[str, float] | Size],
    title: str = "From half of the weights to almost all",
) -> Chart:
    """Draw accuracy and sizes against the share of zeros in each layer that is pruned.

    Ways that spare some layers have fewer zeros over the whole network at the same place.

    Args:
        accuracies: name of a way of pruning → sparsity (0 to below 1) → accuracy.
        sizes: sparsity → the sizes of the file, or name → bytes.
        title: above the left panel.

    Raises:
        InputError: there is nothing to draw.
    """
    steps = sorted({share for curve in accuracies.values() for share in curve} | set(sizes))
    if not any(accuracies.values()) or not sizes:
        raise InputError("There is nothing to draw: give accuracies and sizes by sparsity.")
    place = {share: i for i, share in enumerate(steps)}
    names = list(accuracies)
    with style.canvas(style.WIDTH, 3.5) as figure:
        left, right = figure.subplots(1, 2)
        labels = []
        for number, (name, hue) in enumerate(zip(names, _line_colours(len(names)), strict=True)):
            shift = _APART * (number - (len(names) - 1) / 2)
            found = sorted(accuracies[name].items())
            x = [place[share] + shift for share, _ in found]
            y = [100 * a.value for _, a in found]
            for at, (_, a), value in zip(x, found, y, strict=True):
                style.interval(
                    left, at, value, yerr=[[value - 100 * a.low], [100 * a.high - value]]
                )
            left.plot(x, y, "o-", color=hue, linewidth=1.7, markersize=4.5, zorder=4)
            labels.append((y[-1], name, hue))
        left.set_ylim(0, 104)
        left.set_title(title)
        left.set_ylabel("accuracy in %")
        lines = _size_lines(right, sizes, place)
        for axes in (left, right):
            axes.set_xlim(-0.4, len(steps) - 0.6)
            axes.set_xticks(range(len(steps)), [f"{100 * share:g}" for share in steps])
            axes.set_xlabel("zeros in each pruned layer, %\n(steps not to scale)")
            style.only_grid(axes, "y")
        style.label_lines(left, labels)
        style.label_lines(right, lines)
    kinds = list(next(iter(_bytes(sizes).values())))
    table = tables.of_rows(
        (
            "Zeros in each pruned layer (%)",
            *(f"{name} (%)" for name in names),
            *(f"{kind} (B)" for kind in kinds),
        ),
        [
            (
                100 * share,
                *(100 * accuracies[n][share].value if share in accuracies[n] else None
                  for n in names),
                *(int(_bytes(sizes)[share][kind]) if share in sizes else None for kind in kinds),
            )
            for share in steps
        ],
        write={f"{name} (%)": lambda value: written(value, places=1) for name in names},
    )  # fmt: skip
    last = steps[-1]
    told = ", ".join(
        f"{n} {100 * accuracies[n][last].value:.1f} %" for n in names if last in accuracies[n]
    )
    alt = (
        f"Accuracy and sizes from {100 * steps[0]:g} to {100 * last:g} % zeros in each pruned layer. "
        f"At {100 * last:g} %: {told}; "
        + ", ".join(f"{kind} {_bytes(sizes)[max(sizes)][kind]:,.0f} bytes" for kind in kinds)
        + "."
    )
    return Chart(figure, table, alt)


def _edges(reach: float, border: float, bins: int) -> NDArray[np.float64]:
    """Return the borders of a histogram, one of them where the weights that go end."""
    width = 2 * reach / bins
    if border > width:
        width = border / round(border / width)
    half = int(np.ceil(reach / width))
    return np.asarray(np.arange(-half, half + 1) * width, np.float64)


def _size_lines(
    axes: Axes, sizes: Mapping[float, Mapping[str, float] | Size], place: Mapping[float, int]
) -> list[tuple[float, str, str]]:
    """Draw one line for each kind of size; return the labels at their ends."""
    found = _bytes(sizes)
    kinds = list(next(iter(found.values())))
    unit = unit_for("size", [value for row in found.values() for value in row.values()])
    labels = []
    for kind, hue in zip(kinds, _line_colours(len(kinds)), strict=True):
        shares = sorted(found)
        y = [found[share][kind] * unit.factor for share in shares]
        axes.plot([place[share] for share in shares], y, "s-", color=hue, linewidth=1.7,
                  markersize=4.5, zorder=3)  # fmt: skip
        labels.append((y[-1], kind, hue))
    axes.set_ylim(bottom=0)
    axes.set_title("Size of the model")
    axes.set_ylabel(unit.symbol)
    return labels


def _bytes(sizes: Mapping[float, Mapping[str, float] | Size]) -> dict[float, Mapping[str, float]]:
    from edgelab.records import Size

    return {
        share: {"file": value.file_bytes, "gzip": value.gzip_bytes}
        if isinstance(value, Size)
        else value
        for share, value in sizes.items()
    }


def _line_colours(count: int) -> list[str]:
    order = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
    return [order[i % len(order)] for i in range(count)]
