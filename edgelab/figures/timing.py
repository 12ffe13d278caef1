"""Charts of single runs: how they spread, how they change with time, which percentiles they carry.

    report.latency_histogram(result["int8"])
    report.timeline(samples, warmup=first_runs)

Lesson 10 reads both before it believes any median.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab import medians
from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.records import RUNS_FOR_P90, RUNS_FOR_P99, Latency, Measurement
from edgelab.reporting import tables
from edgelab.reporting.quantities import Unit, decimals, unit_for, with_unit, written
from edgelab.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

Samples = Measurement | Latency | Sequence[float]

_FAR_TAIL = 10.0  # runs this many inter-quartile ranges beyond the median are told, not drawn
_LABEL_SHARE = 0.15  # of the width: what the word "warm-up" needs left of the first timed run
_LOG_FROM = 10.0  # slowest over fastest: beyond it a linear axis shows only the slowest


def latency_histogram(measurement: Samples, title: str | None = None) -> Chart:
    """Draw how the runs of one model spread, with the median, its interval and the percentiles.

    Args:
        measurement: a measurement, its latency, or milliseconds.
        title: above the chart.

    Raises:
        InputError: there are no samples.
    """
    name, latency = _latency(measurement)
    unit = unit_for("time", [latency.median_ms])
    runs = np.asarray(latency.samples_ms) * unit.factor
    quartiles = np.percentile(runs, [25, 75])
    tail = float(latency.median_ms * unit.factor + _FAR_TAIL * np.ptp(quartiles))
    near = runs[runs <= tail] if np.ptp(quartiles) > 0 else runs
    with style.canvas(style.WIDTH, 3.1) as figure:
        axes = figure.subplots()
        counts, _, _ = axes.hist(
            near, bins=_bins(near), color=style.colour(name), edgecolor="white", linewidth=0.5
        )
        low, high = latency.low_ms * unit.factor, latency.high_ms * unit.factor
        top = float(np.max(counts))
        median = latency.median_ms * unit.factor
        style.interval(axes, median, 1.1 * top, xerr=[[median - low], [high - median]])
        axes.set_ylim(0, top * 1.6)
        axes.margins(x=0.12)
        _mark_percentiles(axes, latency, unit)
        style.only_grid(axes, "y")
        axes.set_title(title or f"How the runs of {name or 'one model'} spread")
        axes.set_xlabel(f"{unit.symbol} for one inference")
        axes.set_ylabel(_counted(latency))
        remarks = _unseen(latency, near.size, tail / unit.factor)
        axes.text(0.99, 0.5, remarks, transform=axes.transAxes, ha="right", va="top", fontsize=8.5,
                  color=style.MUTED, linespacing=1.3)  # fmt: skip
    table = _percentile_table(latency, unit)
    alt = (
        f"Histogram of {latency.runs} runs{f' of {name}' if name else ''}: median "
        f"{written(latency.median_ms * unit.factor, low, high)} {unit.symbol}, bounds "
        f"{written(low)} to {written(high)} ({latency.bounds}), fastest "
        f"{written(latency.min_ms * unit.factor)}, slowest {written(latency.max_ms * unit.factor)} "
        f"{unit.symbol}. {_withheld(latency)}"
    )
    return Chart(figure, table, alt.strip())


def timeline(measurement: Samples, warmup: Sequence[float] = (), title: str | None = None) -> Chart:
    """Draw the runs in the order in which they happened: warm-up, steady phase, disturbances.

    All are drawn, or of very many a random part, which the axis says.

    Args:
        measurement: a measurement, its latency, or milliseconds.
        warmup: milliseconds of the runs before those, drawn as open circles.
        title: above the chart.

    Raises:
        InputError: there are no samples.
    """
    name, latency = _latency(measurement)
    unit = unit_for("time", [latency.median_ms])
    runs = np.asarray(latency.samples_ms) * unit.factor
    before = np.asarray(warmup, float) * unit.factor
    median = latency.median_ms * unit.factor
    everything = np.concatenate([before, runs])
    logarithmic = float(everything.max()) > _LOG_FROM * float(everything.min())
    with style.canvas(style.WIDTH, 3.1) as figure:
        axes = figure.subplots()
        numbers = np.arange(1, len(runs) + 1)
        if len(before):
            axes.plot(
                np.arange(-len(before) + 1, 1), before, "o", markerfacecolor="none", markersize=5,
                markeredgecolor=style.ACCENT, label="warm-up", clip_on=False, zorder=4,
            )  # fmt: skip
            axes.axvline(0.5, color=style.MUTED, linewidth=0.8)
            # Low down there is room: warm-up is slower than what follows.
            axes.annotate("warm-up", (0.5, 0.03), (-4, 0), xycoords=("data", "axes fraction"),
                          textcoords="offset points", ha="right", fontsize=9, color=style.ACCENT,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8}, zorder=5,
                          )  # fmt: skip
        axes.plot(numbers, runs, "o", color=style.colour(name), markersize=3, alpha=0.75, zorder=3)
        axes.axhline(median, color=style.INK, linewidth=1.1, zorder=4)
        axes.annotate(
            f"median {written(median)} {unit.symbol}", (1, median), (4, 0),
            xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
            fontsize=9, annotation_clip=False,
        )  # fmt: skip
        if logarithmic:
            axes.set_yscale("log")
            style.plain_log(axes.yaxis)
        else:
            axes.set_ylim(0, float(everything.max()) * 1.12)
        room = max(len(before), _LABEL_SHARE * len(runs)) if len(before) else 0
        axes.set_xlim(-room - 0.02 * len(everything) + 0.5, len(runs) + 0.02 * len(runs) + 1)
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= len(runs)])
        style.only_grid(axes, "y")
        which = "Some of the runs" if latency.thinned else "Every run"
        axes.set_title(title or f"{which}{f' of {name}' if name else ''}, in order")
        axes.set_xlabel(_numbered(latency, len(before)))
        axes.set_ylabel(unit.symbol + (", logarithmic axis" if logarithmic else ""))
    table = _phases(before, latency, unit)
    slow = int(np.sum(runs > 1.5 * median))
    drawn = f"{len(runs)} of {latency.runs}" if latency.thinned else f"each of {len(runs)}"
    alt = (
        f"Time of {drawn} runs in order{f', {name}' if name else ''}; median "
        f"{written(median)} {unit.symbol}; {slow} of them slower than one and a half medians."
    )
    if len(before):
        alt += f" {len(before)} warm-up runs before, the first {written(before[0])} {unit.symbol}."
    return Chart(figure, table, alt)


def _latency(measurement: Samples) -> tuple[str, Latency]:
    if isinstance(measurement, Measurement):
        if measurement.simulated:
            raise InputError(
                f"{measurement.name!r} is simulated: its speed says nothing. Convert it to a real "
                "artefact and measure that."
            )
        if measurement.latency is None:
            raise InputError(f"{measurement.name!r} has no latency: it was not timed.")
        return measurement.name, measurement.latency
    if isinstance(measurement, Latency):
        return "", measurement
    samples = tuple(float(value) for value in measurement)
    if not samples:
        raise InputError("There are no samples to draw: the list is empty. Time something first.")
    low, high = medians.within_load(samples)
    return "", Latency(samples, low, high, sum(samples) / 1e3, instances=1)


def _counted(latency: Latency) -> str:
    """Return the label of an axis that counts runs."""
    if not latency.thinned:
        return f"runs, of {latency.runs}"
    return f"runs, of {len(latency.samples_ms)} drawn\nat random from {latency.runs}"


def _numbered(latency: Latency, warmup: int) -> str:
    """Return the label of an axis that numbers runs."""
    notes = ["open circles: warm-up"] if warmup else []
    if latency.thinned:
        notes.append(f"{len(latency.samples_ms)} drawn at random from {latency.runs}")
    return f"run ({'; '.join(notes)})" if notes else "run"


def _bins(values: NDArray[np.float64]) -> int:
    """Return a number of bins by Freedman and Diaconis, between 10 and 60."""
    spread = float(np.subtract(*np.percentile(values, [75, 25])))
    if spread == 0:
        return 10
    width = 2 * spread / len(values) ** (1 / 3)
    return int(np.clip(np.ptp(values) / width, 10, 60))


def _mark_percentiles(axes: Axes, latency: Latency, unit: Unit) -> None:
    marks = [("median", latency.median_ms), ("p90", latency.p90_ms), ("p99", latency.p99_ms)]
    low, high = latency.low_ms * unit.factor, latency.high_ms * unit.factor
    height = 0.97
    right = axes.get_xlim()[1]
    for label, value in marks:
        if value is None:
            continue
        x = value * unit.factor
        if x > right:
            continue
        axes.axvline(
            x, color=style.INK, linewidth=1.1, linestyle="-" if label == "median" else "--"
        )
        late = x > axes.get_xlim()[0] + 0.75 * (right - axes.get_xlim()[0])
        text = f"{label} {written(x, low, high)} {unit.symbol}"
        if label == "median":
            text += f" [{written(low, low, high)} to {written(high, low, high)}]"
        axes.annotate(
            text, (x, height), (-5 if late else 5, 0),
            xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
            ha="right" if late else "left", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip
        height -= 0.11


def _unseen(latency: Latency, drawn: int, tail_ms: float) -> str:
    lines = [_withheld(latency).replace(": ", ":\n")] if _withheld(latency) else []
    if latency.p99_ms is not None and latency.p99_ms > tail_ms:
        lines.append(f"p99 {with_unit(latency.p99_ms, 'time')} lies beyond the axis")
    if drawn < len(latency.samples_ms):
        slowest = with_unit(latency.max_ms, "time")
        beyond = len(latency.samples_ms) - drawn
        lines.append(f"{beyond} slower runs not drawn,\nthe slowest {slowest}")
    return "\n".join(lines)


def _withheld(latency: Latency) -> str:
    if latency.p90_ms is None:
        return f"p90 and p99 withheld: they need {RUNS_FOR_P90} and {RUNS_FOR_P99} runs."
    if latency.p99_ms is None:
        return f"p99 withheld: it needs {RUNS_FOR_P99} runs."
    return ""


def _percentile_table(latency: Latency, unit: Unit) -> Table:
    rows = [
        ("fastest", latency.min_ms),
        ("median", latency.median_ms),
        ("median, lower bound", latency.low_ms),
        ("median, upper bound", latency.high_ms),
        ("mean", latency.mean_ms),
        ("p90", latency.p90_ms),
        ("p99", latency.p99_ms),
        ("slowest", latency.max_ms),
    ]
    bounds = (latency.low_ms * unit.factor, latency.high_ms * unit.factor)
    places = decimals(latency.median_ms * unit.factor, *bounds)
    notes = [_withheld(latency)] if _withheld(latency) else []
    return tables.of_rows(
        ("Statistic", unit.label("Latency")),
        [(name, None if value is None else value * unit.factor) for name, value in rows],
        write={unit.label("Latency"): lambda v: written(v, places=places)},
        caption=f"{latency.runs} runs; bounds of the median: {latency.bounds}.",
        notes=notes,
    )


def _phases(before: NDArray[np.float64], latency: Latency, unit: Unit) -> Table:
    runs = np.asarray(latency.samples_ms) * unit.factor
    quarter = max(1, len(runs) // 4)
    phases = [("warm-up", before)] if len(before) else []
    phases += [("first quarter", runs[:quarter]), ("last quarter", runs[-quarter:])]
    rows = [
        (name, len(v), float(statistics.median(v)), float(min(v)), float(max(v)))
        for name, v in phases
    ]
    whole = (v * unit.factor for v in (latency.median_ms, latency.min_ms, latency.max_ms))
    drawn = f"Quarters of {len(runs)} runs drawn at random." if latency.thinned else ""
    return tables.of_rows(
        ("Phase", "Runs", f"Median ({unit.symbol})", f"Fastest ({unit.symbol})",
         f"Slowest ({unit.symbol})"),
        [*rows, ("all timed runs", latency.runs, *whole)],
        caption=drawn,
    )  # fmt: skip
