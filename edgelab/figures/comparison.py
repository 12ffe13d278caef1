"""Bars that start at zero: one panel a figure, one bar a model, the reference marked.

    report.bars(result, by=("size_file_bytes", "latency_ms"))
    report.workshop(result)          # the two panels of lesson 24, gains written at the bars

Sizes are exact; latency, gain in time and accuracy carry their intervals, and the caption of the table
says which. Lessons 10, 20 and 24.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import result_tables, results
from edgelab.reporting.quantities import QUANTITIES, quantity, with_unit, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.reporting.results import Result, View
    from edgelab.reporting.tables import Table

MOST_PANELS = 4
_ROW_INCHES = 0.36  # height of a bar and the gap below it, for a name on one line
_FRAME_INCHES = 0.95  # title, axis and its label
_TINY = 0.1  # below this share of the axis' unit a value is written in a unit of its own
SORTS = ("given", "value", "name")


@dataclass(frozen=True)
class _Bar:
    name: str
    value: float
    low: float
    high: float
    text: str


def bars(
    result: Result,
    by: str | Sequence[str] = ("size_file_bytes", "latency_ms"),
    *,
    sort: str = "given",
    gains: bool = False,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Chart:
    """Draw one bar a model for each figure asked for.

    Args:
        result: a comparison, a measurement, or several.
        by: one to four keys of `quantities.QUANTITIES` ("latency_ms", "size_gzip_bytes",
            "time_gain", "accuracy" and so on), one panel each.
        sort: "given" keeps the order, reference first; "value" puts the smallest of the first
            panel on top; "name" sorts by name.
        gains: write the gain beside each latency and size ("3.2 × smaller").
        title: above the chart; by default each panel says what it shows.
        labels: key → title of its panel, where the quantity's own is not wanted.

    Raises:
        InputError: an unknown key, a simulated model beside a size or a speed, or a figure that
            was not measured for any model.
    """
    shown = results.view(result)
    keys = _keys(by)
    shown.refuse_simulated(keys)
    names = _sorted(shown, keys[0], sort)
    models = [_label(shown, name) for name in names]
    lines = max(model.count("\n") + 1 for model in (*models, "\n" * gains))
    columns = min(2, len(keys))
    rows = math.ceil(len(keys) / columns)
    height = rows * (_FRAME_INCHES + len(names) * _ROW_INCHES * (1 + 0.4 * (lines - 1)))
    with style.canvas(style.WIDTH, height + (0.3 if title else 0)) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
        drawn = [
            _panel(axes, shown, key, names, gains) for axes, key in zip(grid, keys, strict=False)
        ]
        for spare in grid[len(keys) :]:
            spare.set_axis_off()
        # All panels share this axis, so setting it once sets it for all; the first name is on top.
        grid[0].set_yticks(range(len(names)), models)
        grid[0].set_ylim(len(names) - 0.4, -0.6)
        for axes, key in zip(grid, keys, strict=False):
            axes.set_title((labels or {}).get(key, quantity(key).label))
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        style.settle(figure)
        for axes, ends in zip(grid, drawn, strict=False):
            style.room_for_labels(axes, ends)
    return Chart(figure, _table(shown, keys), _alt(shown, keys, names))


def workshop(comparison: Result) -> Chart:
    """Draw the workshop's chart: latency and file size side by side, gains at the bars."""
    return bars(comparison, by=("latency_ms", "size_file_bytes"), gains=True)


def _keys(by: str | Sequence[str]) -> tuple[str, ...]:
    keys = (by,) if isinstance(by, str) else tuple(by)
    for key in keys:
        if quantity(key).kind == "text":
            raise InputError(f"{key!r} is a word, not a number: a bar cannot show it.")
    if not 1 <= len(keys) <= MOST_PANELS:
        raise InputError(f"A chart has one to {MOST_PANELS} panels, not {len(keys)}: split it.")
    return keys


def _sorted(shown: View, key: str, sort: str) -> list[str]:
    if sort not in SORTS:
        raise InputError(f"Bars are sorted by one of {', '.join(SORTS)}, not {sort!r}.")
    if sort == "name":
        return sorted(shown.names, key=str.casefold)
    if sort == "value":
        values = {name: shown.value(name, key) for name in shown.names}
        return sorted(
            shown.names, key=lambda n: v if isinstance(v := values[n], float) else math.inf
        )
    return list(shown.names)


def _label(shown: View, name: str) -> str:
    mark = " (reference)" if _has_reference(shown, name) else ""
    return style.wrapped(shown.label(name) + mark)


def _has_reference(shown: View, name: str) -> bool:
    return len(shown.names) > 1 and name == shown.reference.name


def _panel(
    axes: Axes, shown: View, key: str, names: Sequence[str], gains: bool
) -> list[tuple[float, Any]]:
    what = quantity(key)
    found = {bar.name: bar for name in names if (bar := _bar(shown, name, key, gains))}
    if not found:
        raise InputError(
            f"{what.label} was not measured for any of {', '.join(names)}: measure it first, or "
            "show another figure."
        )
    if (reference := found.get(shown.reference.name)) and len(names) > 1:
        axes.axvline(
            reference.value, color=style.MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1
        )
    ends = []
    for row, name in enumerate(names):
        bar = found.get(name)
        if bar is None:
            axes.annotate(
                "not measured", (0, row), (5, 0), textcoords="offset points", va="center",
                fontsize=9, color=style.MUTED, style="italic",
            )  # fmt: skip
            continue
        axes.barh(row, bar.value, height=0.62, color=style.colour(name), zorder=2)
        if bar.high > bar.low:
            reach = [[max(0.0, bar.value - bar.low)], [max(0.0, bar.high - bar.value)]]
            style.interval(axes, bar.value, row, on=style.colour(name), xerr=reach)
        text = axes.annotate(
            bar.text, (bar.high, row), (5, 0), textcoords="offset points", va="center",
            fontsize=9, color=style.INK, zorder=4, linespacing=1.05,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip
        ends.append((bar.high, text))
    style.only_grid(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=5)
    if what.kind == "share":
        axes.set_xlim(right=100)
    axes.set_xlabel(_axis_label(shown, key))
    return ends


def _axis_label(shown: View, key: str) -> str:
    what, symbol = quantity(key), shown.unit(key).symbol
    if what.kind == "ratio":
        return "reference = 1, more is better"
    return f"{symbol} for one inference, {_threads(shown)}" if key in _TIMED else symbol


def _threads(shown: View) -> str:
    threads = sorted({m.threads for m in shown.measurements})
    return "one thread" if threads == [1] else f"{' and '.join(map(str, threads))} threads"


def _bar(shown: View, name: str, key: str, gains: bool) -> _Bar | None:
    value, unit = shown.value(name, key), shown.unit(key)
    if not isinstance(value, float):
        return None
    interval = shown.interval(name, key)
    low, high = interval or (value, value)
    value, low, high = (v * unit.factor for v in (value, low, high))
    text = f"{written(value, low, high, digits=3)}\N{NO-BREAK SPACE}{unit.symbol}"
    if value < _TINY and quantity(key).kind in ("time", "size", "energy"):
        text = with_unit(value / unit.factor, quantity(key).kind)
    if quantity(key).kind == "ratio":
        word = shown.verdict(name, key)
        text = "1\N{NO-BREAK SPACE}×" if word == "reference" else f"{text} {word}"
    elif gains and (gain := _gain(shown, name, key)):
        text += f"\n{gain}"
    # A single round has an endless interval: its open end is not drawn, the digits tell it.
    return _Bar(name, value, low, high if math.isfinite(high) else value, text.rstrip())


_TIMED = tuple(key for key in QUANTITIES if key.startswith("latency"))
# Which gain belongs to which figure: "time_gain" to "latency_ms" and so on.
GAINS = {what.of: key for key, what in QUANTITIES.items() if what.of}


def _gain(shown: View, name: str, key: str) -> str:
    ratio_key = GAINS.get(key, "")
    if not ratio_key or name == shown.reference.name or (
        ratio_key == "time_gain" and not shown.compared
    ):  # fmt: skip
        return ""
    word, value = shown.verdict(name, ratio_key), shown.value(name, ratio_key)
    if not isinstance(value, float) or word in ("", "same", "cannot tell"):
        return word
    # "0.5 × faster" confuses: a loss is written the other way round, "2 × slower".
    interval = shown.interval(name, ratio_key) or (value, value)
    if value < 1:
        value, interval = 1 / value, (1 / interval[1], 1 / interval[0])
    return f"{written(value, interval[0], interval[1], digits=3)}\N{NO-BREAK SPACE}× {word}"


def _table(shown: View, keys: Sequence[str]) -> Table:
    columns = list(keys)
    if shown.compared and "latency_ms" in keys:
        columns.insert(columns.index("latency_ms") + 1, "time_gain")
    return result_tables.table_of(shown, list(dict.fromkeys(columns)))


def _alt(shown: View, keys: Sequence[str], names: Sequence[str]) -> str:
    parts = []
    for key in keys:
        values = [
            f"{name} {bar.text.replace(chr(10), ', ')}"
            + (" (reference)" if _has_reference(shown, name) else "")
            for name in names
            if (bar := _bar(shown, name, key, gains=False))
        ]
        timed = f", {_threads(shown)}" if key in _TIMED else ""
        parts.append(f"{quantity(key).label}{timed}: {'; '.join(values)}.")
    return "Bar chart. " + " ".join(parts)
