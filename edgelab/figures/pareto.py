"""Two figures of each model against each other, and the front that no model is beyond.

    report.pareto(result, "size_gzip_bytes", "accuracy", limits={"size_gzip_bytes": 20_000})

Lesson 24; `classroom.explorer` puts controls beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import pareto as _pareto, results, tables
from edgelab.reporting.quantities import Unit, quantity, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.reporting.pareto import Choice
    from edgelab.reporting.results import Result, View
    from edgelab.reporting.tables import Table

_LOG_FROM = 8.0  # a figure whose values differ by more than this factor gets a logarithmic axis
_FORBIDDEN = "#F3E3DA"


def pareto(
    result: Result,
    x: str = "size_gzip_bytes",
    y: str = "accuracy",
    *,
    goal: str | None = None,
    limits: Mapping[str, float] | None = None,
    labels: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Chart:
    """Draw each model as a point, the Pareto front, the limits, and the model that a wish leads to.

    Args:
        result: what `benchmark.compare` returned, or several measurements.
        x: a key of `quantities.QUANTITIES`.
        y: another one.
        goal: the figure that the recommended model has the best of; None takes y.
        limits: figure → the most that is allowed (of the accuracy: the least); others than x and y
            count as well.
        labels: key → how the axis is called, where the quantity's own name is not wanted.
        title: above the chart; by default it names the recommended model.

    Raises:
        InputError, SplitError: as `pareto.front` and `pareto.choose`.
    """
    shown = results.view(result)
    edge = _pareto.front(result, (x, y))
    choice = _pareto.choose(result, goal or y, limits)
    drawn = [n for n in shown.names if None not in (shown.value(n, x), shown.value(n, y))]
    units = {key: shown.unit(key) for key in (x, y)}
    places = {n: (_scaled(shown, n, x, units[x]), _scaled(shown, n, y, units[y])) for n in drawn}
    with style.canvas(style.WIDTH, 4.2) as figure:
        axes = figure.subplots()
        _points(axes, shown, (x, y), places, units)
        for which, key in enumerate((x, y)):
            name = units[key].label((labels or {}).get(key, quantity(key).label))
            _axis(axes, which, key, [place[which] for place in places.values()], name)
        _limits(axes, choice.limits, (x, y), units)
        _edge(axes, [places[n] for n in edge], (x, y))
        if choice.name in places:
            axes.plot(*places[choice.name], "o", markersize=17, markerfacecolor="none",
                      markeredgecolor=style.ACCENT, markeredgewidth=2.2, zorder=5)  # fmt: skip
        _names(axes, places)
        told = "recommended" if choice.satisfied else "nothing keeps all limits; nearest"
        axes.set_title(title or f"Ringed, {told}: {style.cut(choice.name, 40)}")
    return Chart(
        figure, _table(shown, (x, y), edge, choice, units), _alt(shown, (x, y), edge, choice)
    )


def _scaled(shown: View, name: str, key: str, unit: Unit) -> float:
    return float(shown.value(name, key)) * unit.factor  # type: ignore[arg-type]


def _points(
    axes: Axes,
    shown: View,
    keys: tuple[str, str],
    places: Mapping[str, tuple[float, float]],
    units: Mapping[str, Unit],
) -> None:
    for name, (px, py) in places.items():
        reach: dict[str, Any] = {}
        for key, place, word in zip(keys, (px, py), ("xerr", "yerr"), strict=True):
            if bounds := shown.interval(name, key):
                low, high = (bound * units[key].factor for bound in bounds)
                reach[word] = [[max(0.0, place - low)], [max(0.0, high - place)]]
        if reach:
            axes.errorbar(px, py, fmt="none", ecolor="#A9A9A9", elinewidth=1.2, zorder=2, **reach)
        axes.plot(px, py, "o", color=style.colour(name), markersize=8, zorder=4,
                  markeredgecolor=style.INK, markeredgewidth=0.6)  # fmt: skip


def _axis(axes: Axes, which: int, key: str, values: list[float], name: str) -> None:
    """Label an axis and say what is good; one that spans much becomes logarithmic."""
    logarithmic = min(values) > 0 and max(values) / min(values) > _LOG_FROM
    better = "higher" if key in _pareto.HIGHER_IS_BETTER else "lower"
    text = f"{name}, {better} is better" + (", logarithmic" if logarithmic else ", not from 0")
    (axes.set_xlabel if which == 0 else axes.set_ylabel)(text)
    if logarithmic:
        (axes.set_xscale if which == 0 else axes.set_yscale)("log")
    axes.margins(0.14)
    if logarithmic:
        style.plain_log(axes.xaxis if which == 0 else axes.yaxis)


def _limits(
    axes: Axes, limits: Mapping[str, float], keys: tuple[str, str], units: Mapping[str, Unit]
) -> None:
    """Tint what a limit forbids, as far as it lies on one of the two axes."""
    spans: tuple[Any, Any] = (axes.axvspan, axes.axhspan)
    for which, key in enumerate(keys):
        if key not in limits:
            continue
        value = limits[key] * units[key].factor
        low, high = sorted(axes.get_xlim() if which == 0 else axes.get_ylim())
        ends = (low, value) if key in _pareto.HIGHER_IS_BETTER else (value, high)
        if ends[0] < ends[1]:
            spans[which](*ends, color=_FORBIDDEN, zorder=0, linewidth=0)
        (axes.axvline if which == 0 else axes.axhline)(
            value, color=style.ACCENT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1
        )
        (axes.set_xlim if which == 0 else axes.set_ylim)(low, high)


def _edge(axes: Axes, points: list[tuple[float, float]], keys: tuple[str, str]) -> None:
    """Draw the front as steps: between two of its models nothing was measured."""
    if len(points) < 2:
        return
    # From one model on, its y is to be had for any x that is worse than its own.
    where = "post" if keys[0] not in _pareto.HIGHER_IS_BETTER else "pre"
    ordered = sorted(points)
    axes.step([p[0] for p in ordered], [p[1] for p in ordered], where=where,  # type: ignore[arg-type]
              color=style.MUTED, linewidth=1.4, zorder=3)  # fmt: skip


def _names(axes: Axes, places: Mapping[str, tuple[float, float]]) -> None:
    """Write the names beside the points, above or below where two would overlap."""
    style.settle(axes.figure)  # type: ignore[arg-type]
    width = axes.get_window_extent().x1
    taken: list[Any] = []
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        for offset in (
            (9, 6),
            (9, -13),
            (-9, 6),
            (-9, -13),
            (9, 19),
            (9, -26),
            (-9, 19),
            (-9, -26),
        ):
            text = axes.annotate(name, place, offset, textcoords="offset points", fontsize=8.5,
                                 ha="left" if offset[0] > 0 else "right", zorder=6)  # fmt: skip
            box = text.get_window_extent()
            free = not any(box.overlaps(other) for other in taken)
            if free and box.x1 <= width + 4 and box.x0 >= axes.get_window_extent().x0:
                break
            last = offset == (-9, -26)
            if not last:
                text.remove()
        taken.append(box)


def _table(
    shown: View,
    keys: tuple[str, str],
    edge: tuple[str, ...],
    choice: Choice,
    units: Mapping[str, Unit],
) -> Table:
    columns = ["Model", *(units[key].label(quantity(key).label) for key in keys), "On the front"]
    extra = [key for key in choice.limits if key not in keys]
    columns += [shown.unit(key).label(quantity(key).label) for key in extra]
    columns.append("Limits")
    rows = []
    for name in shown.names:
        values = [shown.value(name, key) for key in (*keys, *extra)]
        scaled = [
            None if v is None else float(v) * shown.unit(key).factor
            for v, key in zip(values, (*keys, *extra), strict=True)
        ]
        kept = "kept" if name in choice.fitting else "not measured" if None in values else "missed"
        front = "yes" if name in edge else "no"
        rows.append((name, *scaled[:2], front, *scaled[2:], kept if choice.limits else "–"))
    return tables.of_rows(columns, rows, caption=repr(choice))


def _alt(shown: View, keys: tuple[str, str], edge: tuple[str, ...], choice: Choice) -> str:
    x, y = (quantity(key).label.lower() for key in keys)
    described = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{written(float(shown.value(name, key)) * shown.unit(key).factor)} "  # type: ignore[arg-type]
            f"{shown.unit(key).symbol}".strip()
            for key in keys
        )
        for name in edge
    )
    return f"{y} against {x} of {len(shown.names)} models. On the front: {described}. {choice!r}"


def spread(result: Result, key: str, steps: int = 9) -> np.ndarray:
    """Return limits worth trying for a figure, from just below the smallest value to the largest."""
    shown = results.view(result)
    values = [float(v) for n in shown.names if (v := shown.value(n, key)) is not None]
    low, high = 0.9 * min(values), max(values)
    return np.geomspace(low, high, steps) if low > 0 else np.linspace(low, high, steps)
