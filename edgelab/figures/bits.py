"""What a network still knows with fewer and fewer bits.

    report.accuracy_by_bits({"per tensor": {8: accuracy, 4: accuracy, ...}, "per channel": ...})

The background tells the precision classes: ultra-low, low, medium. Lesson 20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.quantizing import affine
from edgelab.reporting import tables
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.records import Accuracy

_SHADES = {"ultra-low": "#EDEDED", "low": "#F6F6F6", "medium": "#FFFFFF"}
_APART = 0.08  # curves stand a little beside each other, so that their intervals can be told apart


def accuracy_by_bits(
    curves: Mapping[str, Mapping[int, Accuracy]],
    reference: Accuracy | None = None,
    title: str = "What the network still knows",
) -> Chart:
    """Draw the accuracy against the bits of a weight, with its intervals.

    Args:
        curves: name → bits (1 to 8) → accuracy.
        reference: accuracy of the float model.
        title: above the chart.

    Raises:
        InputError: there is no accuracy, or bits outside 1 to 8.
    """
    bits = sorted({width for curve in curves.values() for width in curve})
    if not bits:
        raise InputError("There is no accuracy to draw: round the weights and measure first.")
    classes = {width: affine.precision_class(width) for width in bits}
    names = list(curves)
    with style.canvas(style.WIDTH, 3.6) as figure:
        axes = figure.subplots()
        axes.set_xlim(bits[0] - 0.5, bits[-1] + 0.5)
        axes.set_ylim(0, 104)
        _shade(axes, classes)
        labels = []
        for number, (name, hue) in enumerate(zip(names, style.distinct(names), strict=True)):
            widths = sorted(curves[name])
            shift = _APART * (number - (len(names) - 1) / 2)
            x = [width + shift for width in widths]
            y = [100 * curves[name][width].value for width in widths]
            for place, value, width in zip(x, y, widths, strict=True):
                found = curves[name][width]
                reach = [[value - 100 * found.low], [100 * found.high - value]]
                style.interval(axes, place, value, yerr=reach)
            axes.plot(x, y, "o-", color=hue, linewidth=1.8, markersize=5, zorder=4)
            labels.append((y[-1], name, hue))
        if reference is not None:
            axes.axhline(100 * reference.value, color=style.MUTED, linewidth=1,
                         linestyle=(0, (4, 3)))  # fmt: skip
            text = f"float {written(100 * reference.value, places=1)}"
            labels.append((100 * reference.value, text, style.INK))
        style.only_grid(axes, "y")
        axes.set_xticks(bits)
        axes.set_title(title)
        axes.set_xlabel("bits of a weight")
        axes.set_ylabel("accuracy in %")
        style.label_lines(axes, labels)
    table = tables.of_rows(
        ("Bits", "Precision class", *(f"{name} (%)".capitalize() for name in names)),
        [
            (width, classes[width], *(_percent(curves[name].get(width)) for name in names))
            for width in bits
        ],
        caption=""
        if reference is None
        else f"Float: {written(100 * reference.value, places=1)} %.",
    )
    described = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{width} bits {written(100 * found.value, places=1)} %"
            for width, found in sorted(curves[name].items())
        )
        for name in names
    )
    return Chart(
        figure, table, f"Accuracy by bits of a weight. {described}. {table.caption}".strip()
    )


def _shade(axes: Axes, classes: Mapping[int, str]) -> None:
    """Tint the background by precision class and name each class at the foot."""
    for name in dict.fromkeys(classes.values()):
        inside = [width for width, found in classes.items() if found == name]
        left, right = inside[0] - 0.5, inside[-1] + 0.5
        axes.axvspan(left, right, color=_SHADES[name], linewidth=0, zorder=0)
        axes.text((left + right) / 2, 2, name, ha="center", va="bottom", fontsize=9,
                  color=style.MUTED)  # fmt: skip


def _percent(found: Accuracy | None) -> float | None:
    return None if found is None else 100 * found.value
