"""What turning the knobs of an architecture does, and how work and time go together.

    report.sweep(result, {"width": {0.5: "narrow", 1.0: "whole"}}, whole="whole")
    report.work_and_time(result)                       # multiply-accumulates against milliseconds

Lesson 23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.records import Comparison
from edgelab.reporting import rebase, results, tables, variants
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FILLED = "#0072B2"
_LABEL_LIFT = 9.0  # pixels between a point and its name
_LABEL_STEP = 14.0  # between two names
_NAME_NEEDS = 4.0  # a name to the right of a point takes up to this factor of a logarithmic axis
# What a knob may change: the figure, its name at the line, its colour.
_COSTS = (
    ("size_file_bytes", "file", "#E69F00"),
    ("macs", "work (MACs)", "#999999"),
    ("latency_ms", "time", "#0072B2"),
)


def sweep(
    result: Comparison, knobs: Mapping[str, Mapping[float, str]], whole: str, title: str = ""
) -> Chart:
    """Draw how file, work and time shrink when a network is made narrower, or its images smaller.

    Args:
        result: a comparison that holds all the variants.
        knobs: name of the knob → its value → name of the variant; one panel a knob.
        whole: name of the whole network, which is 100 % everywhere.
        title: above the chart.

    Raises:
        InputError: no knob, a knob with one value, or a name that was not compared.
    """
    if not knobs or any(len(settings) < 2 for settings in knobs.values()):
        raise InputError("A sweep needs a knob, and two values of it or more.")
    shown = results.view(rebase.seen_from(whole, result))
    _known([name for settings in knobs.values() for name in settings.values()], shown.names)
    rows = []
    with style.canvas(style.WIDTH, 3.3 + (0.3 if title else 0)) as figure:
        panels = figure.subplots(1, len(knobs), squeeze=False)[0]
        for axes, (knob, settings) in zip(panels, knobs.items(), strict=True):
            values = sorted(settings)
            rows += [_sweep_row(shown, knob, value, settings[value], whole) for value in values]
            _sweep_panel(axes, shown, knob, settings, whole)
        panels[0].set_ylabel("share of the whole network in %")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    table = tables.of_rows(
        ("Knob", "Value", "File (%)", "Work (%)", "Time (%)", "Low (%)", "High (%)"),
        rows,
        caption=f"{whole} is 100 %; low and high bound the time.",
        notes=shown.remarks(),
    )
    described = "; ".join(
        f"{knob} {value:g}: file {written(size)} %, work {written(work)} %, time {written(time)} %"
        for knob, value, size, work, time, *_ in rows
    )
    return Chart(figure, table, f"Line charts, one for each knob. {described}.")


def work_and_time(result: Comparison, title: str = "Work against time") -> Chart:
    """Draw each network at its multiply-accumulates and its latency, variants of a family joined.

    Args:
        result: a comparison; a name's first word is its family ("MobileNetV2 0.5 224").
        title: above the chart.

    Raises:
        InputError: the work of none of them is known.
    """
    shown = results.view(result)
    points = {
        name: (macs / 1e6, ms)
        for name in shown.names
        if (macs := shown[name].value("macs")) and (ms := shown[name].value("latency_ms"))
    }
    if not points:
        raise InputError(
            "There is no work to draw: the artefacts' multiply-accumulates are unknown."
        )
    families: dict[str, list[str]] = {}
    for name in sorted(points, key=lambda n: points[n]):
        families.setdefault(variants.family(name), []).append(name)
    largest = max((len(names) for names in families.values()), default=0)
    with style.canvas(style.WIDTH, 4.0) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_yscale("log")
        _equal_rate(axes, points, shown.reference.name)
        hues = {}
        for names in families.values():
            joined = len(names) == largest and largest > 1
            hues.update(dict.fromkeys(names, _FILLED if joined else style.ACCENT))
        for name, (x, y) in points.items():
            axes.plot(x, y, "o", color=hues[name], markersize=7, markeredgecolor="white", zorder=4)
        style.plain_log(axes.xaxis)
        style.plain_log(axes.yaxis)
        axes.set_title(title)
        axes.set_xlabel("million multiply-accumulates for one image (logarithmic axis)")
        axes.set_ylabel("milliseconds (logarithmic axis)")
        axes.legend(loc="upper left")
        style.settle(figure)
        work, ms = points.get(shown.reference.name) or next(iter(points.values()))
        room = axes.get_xlim()[1] / _NAME_NEEDS
        for up in (True, False):
            named = {
                name: (x, y)
                for name, (x, y) in points.items()
                if bool(hues[name] == _FILLED or (y < x * ms / work and x < room)) is not up
            }
            _name_points(axes, named, hues, up=up)
    rows = [(name, work, ms, work / ms) for name, (work, ms) in points.items()]
    table = tables.of_rows(
        ("Network", "Work (million MACs)", "Time (ms)", "Million MACs a ms"),
        rows,
        caption=f"{shown.conditions()}; the time is a median.",
        notes=shown.remarks(),
    )
    described = "; ".join(
        f"{name}: {written(work, places=0)} million in {written(ms)} ms"
        for name, (work, ms) in points.items()
    )
    return Chart(figure, table, f"Points, both axes logarithmic. {described}.")


def _share(shown: results.View, key: str, name: str, whole: str) -> tuple[float, float, float]:
    """Return a cost of a variant in percent of the whole network's, with its interval."""
    if key == "latency_ms":
        ratio = shown.ratios[name]
        if name == whole:
            return 100.0, 100.0, 100.0
        return 100 * ratio.value, 100 * ratio.low, 100 * ratio.high
    ours, theirs = shown[name].value(key), shown[whole].value(key)
    share = 100 * ours / theirs if ours and theirs else float("nan")
    return share, share, share


def _sweep_row(
    shown: results.View, knob: str, value: float, name: str, whole: str
) -> tuple[Any, ...]:
    size, work = (_share(shown, key, name, whole)[0] for key in ("size_file_bytes", "macs"))
    return knob, value, size, work, *_share(shown, "latency_ms", name, whole)


def _sweep_panel(
    axes: Axes, shown: results.View, knob: str, settings: Mapping[float, str], whole: str
) -> None:
    values = sorted(settings)
    top = next((value for value, name in settings.items() if name == whole), values[-1])
    axes.set_xlim(0, values[-1] * 1.04)
    axes.set_ylim(0, 112)
    x = np.linspace(0, values[-1], 100)
    axes.plot(x, 100 * (x / top) ** 2, color=style.MUTED, linewidth=1, linestyle=(0, (4, 3)),
              label="square of the knob")  # fmt: skip
    for key, text, hue in _COSTS:
        shares = [_share(shown, key, settings[value], whole) for value in values]
        ys = [share for share, _, _ in shares]
        for value, (share, low, high) in zip(values, shares, strict=True):
            if high > low and np.isfinite(high):
                style.interval(axes, value, share, yerr=[[share - low], [high - share]])
        axes.plot(values, ys, "o-", color=hue, linewidth=1.8, markersize=5, zorder=4, label=text)
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.set_title(knob)
    axes.set_xlabel({"resolution": "pixels a side", "width": "width multiplier"}.get(knob, knob))


def _equal_rate(axes: Axes, points: Mapping[str, tuple[float, float]], reference: str) -> None:
    """Draw where networks would lie whose work is done as fast as the reference's."""
    work, ms = points.get(reference) or next(iter(points.values()))
    xs = [x for x, _ in points.values()]
    ends = np.array([min(xs) / 1.6, max(xs) * 1.6])
    axes.plot(ends, ends * ms / work, color=style.MUTED, linewidth=1, linestyle=(0, (4, 3)),
              label=f"as much work a millisecond as {reference}")  # fmt: skip
    ys = [y for _, y in points.values()]
    axes.set_xlim(*ends)
    axes.set_ylim(min(ys) / 1.9, max(ys) * 1.9)


def _name_points(
    axes: Axes, points: Mapping[str, tuple[float, float]], hues: Mapping[str, str], *, up: bool
) -> None:
    """Write each point's name beside it, pushed up or down where two names would overlap."""
    figure: Any = axes.figure
    sign = 1 if up else -1
    placed: list[float] = []
    for name, (x, y) in sorted(points.items(), key=lambda item: sign * item[1][1]):
        pixel = axes.transData.transform((x, y))[1]
        wanted = pixel + sign * _LABEL_LIFT
        if placed:
            wanted = sign * max(sign * wanted, sign * placed[-1] + _LABEL_STEP)
        placed.append(wanted)
        lift = (wanted - pixel) * 72 / figure.dpi
        line = {
            "arrowstyle": "-",
            "color": style.MUTED,
            "linewidth": 0.6,
            "shrinkA": 0,
            "shrinkB": 4,
        }
        hue = hues[name] if style.luminance(hues[name]) < 0.5 else style.INK
        axes.annotate(
            name, (x, y), (-12 if up else 12, lift), textcoords="offset points", va="center",
            ha="right" if up else "left", fontsize=8.5, zorder=5, color=hue, arrowprops=line,
        )  # fmt: skip


def _known(names: Sequence[str], compared: Sequence[str]) -> None:
    strange = [name for name in names if name not in compared]
    if strange:
        raise InputError(f"{strange[0]!r} was not compared; these were: {', '.join(compared)}.")
