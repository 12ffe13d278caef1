"""Teachers and students: soft labels, pairs of students, a grid of temperatures and alphas.

    report.soft_labels(digits.validation.x[:4], logits[:4], digits.validation.y[:4])
    report.pairs([outcome_all, outcome_few])
    report.temperature_grid(grid)

Lesson 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab import distill
from edgelab.distilling.trials import over_seeds
from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from edgelab.distilling.trials import Grid, Trials

MOST_IMAGES = 6
_ALONE, _DISTILLED = style.COLOURS["float32"], style.COLOURS["distilled"]
_SEED_STEP = 0.11  # how far the pairs of one setting stand below each other


def soft_labels(
    images: np.ndarray,
    logits: np.ndarray,
    truth: Sequence[int] | np.ndarray,
    temperatures: Sequence[float] = (1, 4),
    title: str = "What the teacher says",
) -> Chart:
    """Draw images and, below each, the teacher's probabilities at several temperatures.

    Args:
        images: (n, height, width) or (n, height, width, 1), at most six.
        logits: of the teacher, (n, classes).
        truth: the label of each image.
        temperatures: one row of bars each.
        title: above the chart.

    Raises:
        InputError: no image or too many, other numbers of logits or labels, or a temperature of 0.
    """
    if not 1 <= len(images) <= MOST_IMAGES or not len(images) == len(logits) == len(truth):
        raise InputError(
            f"One to {MOST_IMAGES} images are drawn, each with its logits and label; these are "
            f"{len(images)} images, {len(logits)} rows of logits and {len(truth)} labels."
        )
    classes = np.asarray(logits).shape[1]
    shares = [distill.soft_labels(logits, t) for t in temperatures]
    with style.canvas(style.WIDTH, 1.5 + 1.05 * len(temperatures)) as figure:
        grid = figure.subplots(
            1 + len(temperatures),
            len(images),
            squeeze=False,
            height_ratios=[1.3] + [1.0] * len(temperatures),
        )
        for i, image in enumerate(images):
            grid[0, i].imshow(np.squeeze(image), cmap="gray_r")
            grid[0, i].set_title(f"label {truth[i]}", loc="center", fontsize=9.5)
            grid[0, i].set_axis_off()
            for row, t in enumerate(temperatures, 1):
                axes = grid[row, i]
                hues = [style.ACCENT if c == truth[i] else "#0072B2" for c in range(classes)]
                axes.bar(range(classes), shares[row - 1][i], color=hues, width=0.8)
                axes.set_ylim(0, 1)
                axes.set_xticks(range(classes))
                axes.tick_params(axis="x", labelsize=6.5, length=0, pad=1)
                axes.set_yticks([0, 0.5, 1], ["0", "", "1"] if i == 0 else ["", "", ""])
                style.only_grid(axes, "y")
                if i == 0:
                    axes.set_ylabel(f"T = {t:g}", fontsize=9)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    rows = []
    for i in range(len(images)):
        for t, share in zip(temperatures, shares, strict=True):
            order = np.argsort(-share[i])[:3]
            told = [f"{c} ({100 * share[i][c]:.1f} %)" for c in order]
            rows.append((i + 1, str(truth[i]), t, *told, *["–"] * (3 - len(told))))
    table = tables.of_rows(("Image", "Label", "T", "First", "Second", "Third"), rows)
    described = "; ".join(
        f"image {i + 1} (label {truth[i]}): first {np.argmax(shares[0][i])} with "
        f"{100 * shares[0][i].max():.0f} % at T {temperatures[0]:g} and "
        f"{100 * shares[-1][i].max():.0f} % at T {temperatures[-1]:g}"
        for i in range(len(images))
    )
    alt = (
        f"{len(images)} images with the teacher's probabilities of {classes} classes: {described}."
    )
    return Chart(figure, table, alt, photographic=False)


def pairs(
    outcomes: Sequence[Trials] | Trials, title: str = "The same student, alone and with a teacher"
) -> Chart:
    """Draw each pair of students as a line from alone to distilled, and the difference beside it.

    Args:
        outcomes: one setting, or several.
        title: above the chart.

    Raises:
        InputError: there is no setting.
    """
    shown = [outcomes] if not isinstance(outcomes, Sequence) else list(outcomes)
    if not shown:
        raise InputError("There is nothing to draw: train pairs of students first.")
    height = 1.5 + sum(0.32 + _SEED_STEP * len(o.seeds) * 1.6 for o in shown)
    with style.canvas(style.WIDTH, height) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1])
        for place, outcome in enumerate(shown):
            _dumbbells(left, place, outcome)
            _difference(right, place, outcome)
        left.set_yticks(range(len(shown)), [style.wrapped(o.name, 18) for o in shown])
        left.set_ylim(len(shown) - 0.45, -0.55)
        left.tick_params(axis="y", length=0)
        left.set_xlabel("accuracy in % (axis not from 0)")
        right.set_xlabel("distilled less alone, in points")
        right.axvline(0, color=style.INK, linewidth=1)
        right.margins(x=0.25)  # room for the words above the points
        left.set_title(f"{len(shown[0].seeds)} pairs each" if len(shown) > 1 else "Pairs")
        right.set_title("Difference, 95 %")
        _legend(figure)
        for axes in (left, right):
            style.only_grid(axes, "x")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    rows = []
    for o in shown:
        low, high = o.interval
        alone, distilled = (
            100 * float(np.mean([a.value for a in g])) for g in (o.alone, o.distilled)
        )
        bounds = f"{written(100 * o.difference, places=1)} [{written(100 * low, places=1)}, "
        bounds += f"{written(100 * high, places=1)}]"
        wins = f"{o.wins} of {len(o.seeds)}"
        rows.append((o.name, 100 * o.teacher.value, alone, distilled, bounds, wins, o.verdict))
    table = tables.of_rows(
        ("Setting", "Teacher (%)", "Alone (%)", "Distilled (%)", "Difference (points)", "Pairs won",
         "Verdict"),
        rows,
        write=dict.fromkeys(
            ("Teacher (%)", "Alone (%)", "Distilled (%)"), lambda v: written(v, places=1)
        ),
        caption="Means over the seeds; the interval covers other seeds and other images.",
    )  # fmt: skip
    described = "; ".join(
        f"{o.name}: {100 * o.difference:+.1f} points, {o.wins} of {len(o.seeds)} pairs won, "
        f"{o.verdict}"
        for o in shown
    )
    return Chart(figure, table, f"Pairs of students with and without a teacher. {described}.")


def temperature_grid(grid: Grid, title: str = "Which temperature, which alpha?") -> Chart:
    """Draw a grid of students as a heat map, with the students without a teacher as its last column.

    Args:
        grid: as `distill.grid` returns it.
        title: above the chart.
    """
    mean, alone = 100 * grid.mean, 100 * float(grid.alone.mean())
    best = grid.best
    shown = np.column_stack([mean, np.full(len(grid.temperatures), alone)])
    low, high = float(shown.min()), float(shown.max())
    with style.canvas(style.WIDTH, 1.3 + 0.55 * len(grid.temperatures)) as figure:
        axes = figure.subplots()
        span = max(high - low, 0.5)
        axes.imshow(shown, cmap="Blues", vmin=low - 0.25 * span, vmax=high + 0.15 * span,
                    aspect="auto")  # fmt: skip
        for i, t in enumerate(grid.temperatures):
            for j, a in enumerate(grid.alphas):
                _cell(axes, grid, (i, j), dark=(mean[i, j] - low) / span > 0.55)
                if (t, a) == best:
                    _frame(axes, i, j)
        last = len(grid.alphas)
        axes.axvline(last - 0.5, color="white", linewidth=5)
        axes.text(last, (len(grid.temperatures) - 1) / 2, f"{written(alone, places=1)} %",
                  ha="center", va="center", fontsize=10,
                  color="white" if (alone - low) / span > 0.55 else style.INK)  # fmt: skip
        axes.set_xticks(range(last + 1), [*(f"{a:g}" for a in grid.alphas), "1 (alone)"])
        axes.set_yticks(range(len(grid.temperatures)), [f"{t:g}" for t in grid.temperatures])
        axes.set_xlabel("alpha: weight of the labels")
        axes.set_ylabel("temperature")
        axes.grid(False)
        axes.tick_params(length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_title(f"{title} {len(grid.seeds)} seeds a cell, best mean framed")
    rows = []
    for i, t in enumerate(grid.temperatures):
        for j, a in enumerate(grid.alphas):
            bounds = [100 * b for b in over_seeds(grid.differences(t, a))]
            spread = 100 * grid.accuracy[i, j]
            rows.append((t, a, mean[i, j], spread.min(), spread.max(), *bounds))
    table = tables.of_rows(
        ("T", "Alpha", "Accuracy (%)", "Worst seed (%)", "Best seed (%)", "Gain, low (points)",
         "Gain, high (points)"),
        rows,
        write={
            name: lambda v: written(v, places=1)
            for name in ("Accuracy (%)", "Worst seed (%)", "Best seed (%)", "Gain, low (points)",
                         "Gain, high (points)")
        },
        caption=(
            f"{grid.images} validation images; without a teacher {written(alone, places=1)} %. "
            "Gain: over the same seeds without a teacher, 95 % over the seeds."
        ),
    )  # fmt: skip
    alt = (
        f"Heat map of accuracy over {len(grid.temperatures)} temperatures and {len(grid.alphas)} "
        f"alphas on {grid.images} validation images, from {mean.min():.1f} to {mean.max():.1f} %; "
        f"best at T {best[0]:g}, alpha {best[1]:g}; without a teacher {alone:.1f} %."
    )
    return Chart(figure, table, alt)


def _dumbbells(axes: Axes, place: int, outcome: Trials) -> None:
    count = len(outcome.seeds)
    for number, (a, b) in enumerate(zip(outcome.alone, outcome.distilled, strict=True)):
        y = place + min(_SEED_STEP, 0.7 / count) * (number - (count - 1) / 2)
        before, after = 100 * a.value, 100 * b.value
        axes.plot([before, after], [y, y], color=style.MUTED, linewidth=1.0, zorder=2)
        axes.plot(before, y, "o", color=_ALONE, markersize=5.5, zorder=3)
        axes.plot(after, y, "D", color=_DISTILLED, markersize=5, zorder=4)
    taught = 100 * outcome.teacher.value
    axes.plot([taught, taught], [place - 0.38, place + 0.38], color=style.INK, linewidth=1.6)


def _difference(axes: Axes, place: int, outcome: Trials) -> None:
    value = 100 * outcome.difference
    low, high = (100 * bound for bound in outcome.interval)
    style.interval(axes, value, place, xerr=[[value - low], [high - value]])
    axes.plot(value, place, "D", color=_DISTILLED, markersize=6, zorder=4)
    text = f"{'+' if value > 0 else ''}{written(value, places=1)}: {outcome.verdict}"
    axes.annotate(text, (value, place), (0, 8), textcoords="offset points", ha="center",
                  fontsize=9)  # fmt: skip


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    marks: list[Any] = [
        Line2D([], [], marker="o", linestyle="", color=_ALONE, label="student alone"),
        Line2D([], [], marker="D", linestyle="", color=_DISTILLED, label="student, distilled"),
        Line2D([], [], marker="|", markersize=11, markeredgewidth=1.6, linestyle="",
               color=style.INK, label="teacher"),
    ]  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=3, fontsize=9)


def _cell(axes: Axes, grid: Grid, cell: tuple[int, int], dark: bool) -> None:
    i, j = cell
    gain = 100 * float(grid.differences(grid.temperatures[i], grid.alphas[j]).mean())
    ink = "white" if dark else style.INK
    axes.text(j, i - 0.16, f"{written(100 * float(grid.mean[i, j]), places=1)} %", ha="center",
              va="center", fontsize=10, color=ink)  # fmt: skip
    sign = "+" if gain > 0 else ""
    axes.text(j, i + 0.22, f"{sign}{written(gain, places=1)}", ha="center", va="center",
              fontsize=8, color=ink)  # fmt: skip


def _frame(axes: Axes, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, fill=False, edgecolor=style.ACCENT,
                    linewidth=2.5)  # fmt: skip
    axes.add_patch(box)
