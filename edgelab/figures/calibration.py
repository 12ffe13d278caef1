"""How the accuracy of a quantized model depends on the images that it was calibrated with.

    report.calibration({1: accuracy, 10: accuracy, 100: accuracy}, reference=float_accuracy)

Lesson 20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.records import Accuracy
from edgelab.reporting import tables
from edgelab.reporting.quantities import written

_DISASTER = 10.0  # percentage points below all others: told at the edge instead of drawn to scale
_COUNTED, _NAMED = style.COLOURS["int8"], style.ACCENT


def calibration(
    points: Mapping[int | str, Accuracy],
    reference: Accuracy | None = None,
    title: str = "How many calibration images are enough?",
) -> Chart:
    """Draw the accuracy after calibrating on more and more images, with its intervals.

    Args:
        points: number of images → accuracy; a name instead of a number ("random noise") stands
            apart on the right.
        reference: accuracy of the float model.
        title: above the chart.

    Raises:
        InputError: there is no point.
    """
    if not points:
        raise InputError("There is no accuracy to draw: calibrate a few times first.")
    counts = sorted(key for key in points if isinstance(key, int))
    named = [key for key in points if not isinstance(key, int)]
    # Positions, not numbers: one step for each entry, so that names and counts share one axis.
    keys: list[int | str] = [*counts, *named]
    floor = _calibration_floor(points, counts, reference)
    with style.canvas(style.WIDTH, 3.3) as figure:
        axes = figure.subplots()
        for i, key in enumerate(keys):
            a = points[key]
            hue = _COUNTED if isinstance(key, int) else _NAMED
            value = 100 * a.value
            below = value < floor
            if not below:
                reach = [[value - 100 * a.low], [100 * a.high - value]]
                style.interval(axes, i, value, yerr=reach)
            place = floor if below else value
            axes.plot(i, place, "v" if below else "o", color=hue, markersize=7, zorder=4)
            text = written(value, places=1) + ("\nbelow\nthe axis" if below else "")
            axes.annotate(
                text, (i, place), (9, 0), textcoords="offset points",
                va="bottom" if below else "center", fontsize=9, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.9},
            )  # fmt: skip
        axes.plot(range(len(counts)), [100 * points[k].value for k in counts], color=_COUNTED,
                  linewidth=1.4, zorder=2)  # fmt: skip
        axes.set_xlim(-0.5, len(keys) - 0.3)
        if any(100 * a.value < floor for a in points.values()):
            axes.set_ylim(bottom=floor - 0.5)
        if reference is not None:
            axes.axhline(100 * reference.value, color=style.MUTED, linewidth=1,
                         linestyle=(0, (4, 3)))  # fmt: skip
            text = f"float {written(100 * reference.value, places=1)}"
            style.label_lines(axes, [(100 * reference.value, text, style.INK)])
        if counts and named:
            axes.axvline(len(counts) - 0.5, color=style.GRID, linewidth=1)
        labels = [str(k) if isinstance(k, int) else style.wrapped(str(k), 14) for k in keys]
        axes.set_xticks(range(len(keys)), labels)
        style.only_grid(axes, "y")
        axes.set_title(title)
        axes.set_xlabel("calibration images" + (" (right: other data)" if named else ""))
        axes.set_ylabel("accuracy in % (axis not from 0)")
    rows = [("float", reference)] if reference else []
    rows += [(str(key), points[key]) for key in keys]
    table = tables.of_rows(
        ("Calibration images", "Accuracy (%)", "Low (%)", "High (%)", "Images tested"),
        [(name, 100 * a.value, 100 * a.low, 100 * a.high, a.total) for name, a in rows],
        caption="95 % intervals; the same test images throughout, so differences are surer.",
    )
    described = ", ".join(f"{key}: {written(100 * points[key].value, places=1)} %" for key in keys)
    return Chart(figure, table, f"Accuracy by number of calibration images. {described}.")


def _calibration_floor(
    points: Mapping[int | str, Accuracy], counts: Sequence[int], reference: Accuracy | None
) -> float:
    """Return the lowest accuracy (%) to draw: a disaster far below must not flatten all the rest."""
    wanted = [100 * points[key].low for key in counts or points]
    if reference is not None:
        wanted.append(100 * reference.low)
    return min(wanted) - _DISASTER
