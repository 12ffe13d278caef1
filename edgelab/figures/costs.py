"""Where the time goes: overhead against compute, batch against batch, arithmetic against memory.

    report.cost_split({"predict()": {"call overhead": 45.4, "the network": 4.5}, ...})
    report.throughput_curve(benchmark.throughput("int8.tflite"))
    report.roofline(benchmark.roofline(), points)

Lessons 10 and 25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.records import Measurement
from edgelab.reporting import tables
from edgelab.reporting.quantities import unit_for, with_unit, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.measuring.roofline import Point, Roof

# Parts of a cost are no techniques, so they wear none of their colours: Paul Tol's "muted" ones, which
# people with colour-vision deficiencies tell apart as well. Two parts keep theirs through the course.
_PART_COLOURS = ("#44AA99", "#DDCC77", "#332288", "#CC6677", "#88CCEE")
_KNOWN_PARTS = {"the network": _PART_COLOURS[0], "call overhead": _PART_COLOURS[1]}


def cost_split(
    parts: Mapping[str, Mapping[str, float]], title: str = "Where the time of one call goes"
) -> Chart:
    """Draw one bar a way of calling, stacked from the parts of its time.

    Args:
        parts: way of calling → part → milliseconds; the parts in the order of stacking.
        title: above the chart.

    Raises:
        InputError: no bar, a negative part, or more parts than colours.
    """
    kinds = list(dict.fromkeys(part for costs in parts.values() for part in costs))
    if not kinds or len(kinds) > len(_PART_COLOURS):
        raise InputError(
            f"A split has one to {len(_PART_COLOURS)} parts, not {len(kinds)}: join the small ones."
        )
    for name, costs in parts.items():
        for part, value in costs.items():
            if value < 0:
                raise InputError(
                    f"{part!r} of {name!r} is {value} ms: no part of a time is negative. An overhead "
                    "that is smaller than its error is 0."
                )
    totals = {name: sum(costs.values()) for name, costs in parts.items()}
    unit = unit_for("time", totals.values())
    hues = _part_colours(kinds)
    with style.canvas(style.WIDTH, 1.35 + 0.4 * len(parts)) as figure:
        axes = figure.subplots()
        ends = []
        for row, (name, costs) in enumerate(parts.items()):
            left = 0.0
            for part, hue in hues.items():
                width = costs.get(part, 0.0) * unit.factor
                axes.barh(row, width, left=left, height=0.62, color=hue, edgecolor="white",
                          linewidth=0.6, label=part if row == 0 else None)  # fmt: skip
                left += width
            total = with_unit(totals[name], "time")
            text = axes.annotate(total, (left, row), (5, 0), textcoords="offset points",
                                 va="center", fontsize=9)  # fmt: skip
            ends.append((left, text))
        axes.set_yticks(range(len(parts)), [style.wrapped(name) for name in parts])
        axes.set_ylim(len(parts) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(left=0)
        style.only_grid(axes, "x")
        axes.set_xlabel(unit.symbol)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        _part_legend(axes, kinds)
        style.settle(figure)
        style.room_for_labels(axes, ends)
    table = tables.of_rows(
        ("Call", *(unit.label(kind) for kind in kinds), unit.label("Total")),
        [
            (name, *(costs[k] * unit.factor if k in costs else None for k in kinds),
             totals[name] * unit.factor)
            for name, costs in parts.items()
        ],
    )  # fmt: skip
    described = "; ".join(
        f"{name}: " + ", ".join(f"{part} {with_unit(v, 'time')}" for part, v in costs.items())
        for name, costs in parts.items()
    )
    return Chart(figure, table, f"Stacked bars. {title}. {described}.")


def throughput_curve(
    throughput: Mapping[int, float] | Mapping[str, Mapping[int, float]] | Measurement,
    title: str = "Throughput against batch size",
) -> Chart:
    """Draw how many images a second go through at each batch size.

    Args:
        throughput: batch size → images a second, several of those by name, or a measurement that
            holds them.
        title: above the chart.

    Raises:
        InputError: there is nothing in it.
    """
    curves = _curves(throughput)
    names = list(curves)
    with style.canvas(style.WIDTH, 3.2) as figure:
        axes = figure.subplots()
        labels = []
        for name, hue in zip(names, style.distinct(names), strict=True):
            batches = sorted(curves[name])
            values = [curves[name][batch] for batch in batches]
            axes.plot(batches, values, "o-", color=hue, linewidth=1.8, markersize=5)
            best = max(zip(values, batches, strict=True))
            text = f"{name}: " if name else ""
            labels.append((values[-1], f"{text}best at {best[1]}", hue))
        axes.set_xscale("log", base=2)
        ticks = sorted({batch for curve in curves.values() for batch in curve})
        axes.set_xticks(ticks, [str(t) for t in ticks])
        axes.minorticks_off()
        top = max(max(curve.values()) for curve in curves.values())
        axes.set_ylim(0, 1.12 * top)
        axes.set_xlim(min(ticks) / 1.12, max(ticks) * 1.05)
        style.label_lines(axes, labels)
        axes.set_title(title)
        axes.set_xlabel("images in a batch (logarithmic axis)")
        axes.set_ylabel("images a second")
    rows = [
        (*((name,) if len(names) > 1 else ()), batch, value, 1e3 * batch / value)
        for name in names
        for batch, value in sorted(curves[name].items())
    ]
    columns = ("Batch size", "Images a second", "Time of a batch (ms)")
    table = tables.of_rows((*(("Model",) if len(names) > 1 else ()), *columns), rows)
    described = "; ".join(
        (f"{name}: " if name else "")
        + ", ".join(f"batch {b} {written(v)}" for b, v in sorted(curves[name].items()))
        for name in names
    )
    return Chart(figure, table, f"Line chart of images a second by batch size. {described}.")


def roofline(roof: Roof, points: Sequence[Point] = (), title: str | None = None) -> Chart:
    """Draw this machine's two limits and the networks below them.

    Args:
        roof: from `benchmark.roofline`.
        points: networks, from `roofline.point`.
        title: above the chart.
    """
    intensities = [p.intensity for p in points] or [roof.ridge]
    left = min(*intensities, roof.ridge) / 4
    right = max(*intensities, roof.ridge) * 6
    lowest = min([p.gflops for p in points] or [roof.attainable(left)])
    with style.canvas(style.WIDTH, 3.7) as figure:
        axes = figure.subplots()
        x = np.geomspace(left, right, 200)
        axes.plot(x, [roof.attainable(v) for v in x], color=style.INK, linewidth=2)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(left, right)
        axes.set_ylim(min(lowest, roof.attainable(left)) / 2.5, roof.gflops * 2.6)
        axes.annotate(
            f"arithmetic: {written(roof.gflops)} GFLOP/s", (right, roof.gflops), (-4, 5),
            textcoords="offset points", ha="right", fontsize=9,
        )  # fmt: skip
        axes.axvline(roof.ridge, color=style.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.annotate("ridge", (roof.ridge, 1), (5, -4), xycoords=("data", "axes fraction"),
                      textcoords="offset points", va="top", fontsize=9)  # fmt: skip
        for text, side in (("waits for memory", "right"), ("waits for arithmetic", "left")):
            shift = -5 if side == "right" else 5
            axes.annotate(text, (roof.ridge, 0), (shift, 5), xycoords=("data", "axes fraction"),
                          textcoords="offset points", ha=side, fontsize=8.5,
                          color=style.MUTED)  # fmt: skip
        for point in points:
            _place(axes, roof, point, right)
        style.plain_log(axes.xaxis)
        style.plain_log(axes.yaxis)
        threads = "one thread" if roof.threads == 1 else f"{roof.threads} threads"
        axes.set_title(title or f"What this machine can do at most, {threads}")
        axes.set_xlabel("operations for each byte moved (logarithmic axis)")
        axes.set_ylabel("GFLOP/s (logarithmic axis)")
        style.settle(figure)
        _name_slope(axes, roof, left)
    table = tables.of_rows(
        ("Network", "Operations per byte", "Reached (GFLOP/s)", "Attainable (GFLOP/s)", "Share (%)"),
        [
            (p.name, p.intensity, p.gflops, roof.attainable(p.intensity),
             100 * p.gflops / roof.attainable(p.intensity))
            for p in points
        ],
        caption=(
            f"Roof: {written(roof.gflops)} GFLOP/s, {written(roof.gbytes)} GB/s, both meet at "
            f"{written(roof.ridge)} operations per byte."
        ),
    )  # fmt: skip
    described = "; ".join(
        f"{p.name}: {written(p.intensity)} operations per byte, {written(p.gflops)} GFLOP/s of "
        f"{written(roof.attainable(p.intensity))}"
        for p in points
    )
    alt = f"Roofline, both axes logarithmic. {table.caption} {described}".strip()
    return Chart(figure, table, alt)


def _curves(throughput: Any) -> dict[str, dict[int, float]]:
    if isinstance(throughput, Measurement):
        throughput = {throughput.name: throughput.throughput}
    curves = dict(throughput)
    if curves and not isinstance(next(iter(curves.values())), Mapping):
        curves = {"": curves}
    if not curves or not all(curves.values()):
        raise InputError(
            "There is no throughput to draw: measure it with benchmark.throughput(artefact)."
        )
    return {name: {int(b): float(v) for b, v in curve.items()} for name, curve in curves.items()}


def _part_colours(kinds: Sequence[str]) -> dict[str, str]:
    known = {part: hue for part, hue in _KNOWN_PARTS.items() if part in kinds}
    free = iter(hue for hue in _PART_COLOURS if hue not in known.values())
    return {part: known[part] if part in known else next(free) for part in kinds}


def _part_legend(axes: Axes, kinds: Sequence[str]) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(4, len(kinds)), borderaxespad=0.2,
                handlelength=1.1, handleheight=1.1, columnspacing=1.4)  # fmt: skip


def _place(axes: Axes, roof: Roof, point: Point, right: float) -> None:
    hue = style.colour(point.name)
    attainable = roof.attainable(point.intensity)
    axes.plot([point.intensity] * 2, [point.gflops, attainable], color=hue, linewidth=1.2,
              linestyle=":")  # fmt: skip
    axes.plot(point.intensity, point.gflops, "o", color=hue, markersize=8, markeredgecolor="white")
    late = point.intensity > right / 12
    axes.annotate(
        f"{point.name}, {written(100 * point.gflops / attainable, digits=2, places=0)} %",
        (point.intensity, point.gflops), (-8 if late else 8, 0), textcoords="offset points",
        va="center", ha="right" if late else "left", fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
    )  # fmt: skip


def _name_slope(axes: Axes, roof: Roof, left: float) -> None:
    """Write the bandwidth along the slope; its angle depends on the finished layout."""
    x = (left * roof.ridge) ** 0.5
    ends = axes.transData.transform([(left, roof.attainable(left)), (roof.ridge, roof.gflops)])
    angle = float(np.degrees(np.arctan2(ends[1][1] - ends[0][1], ends[1][0] - ends[0][0])))
    axes.annotate(
        f"memory: {written(roof.gbytes)} GB/s", (x, roof.attainable(x)), (-6, 8),
        textcoords="offset points", rotation=angle, rotation_mode="anchor", ha="center", fontsize=9,
    )  # fmt: skip
