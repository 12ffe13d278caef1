"""What grows with what: time with images, time with threads, a total gain with a partial one.

    report.call_cost({"tiny": {1: 0.010, 2: 0.011, 4: 0.013}})
    report.thread_times({1: 0.8, 2: 0.5, 16: 3.1}, cores=2)
    report.partial_gain({"predict()": 0.1, "LiteRT": 0.9})

Lesson 25.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgelab.errors import InputError
from edgelab.explaining.diagnosis import fixed_and_each
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables
from edgelab.reporting.quantities import unit_for, with_unit, written

MOST_TIMES_FASTER = 100.0
_INSIDE, _OUTSIDE = "#0072B2", "#D55E00"


def call_cost(by_batch: Mapping[str, Mapping[int, float]]) -> Chart:
    """Draw the time of a call against the images in it, down to no image at all.

    Args:
        by_batch: name → batch size → milliseconds of the whole batch.

    Raises:
        InputError: nothing to draw, or fewer than two batch sizes.
    """
    if not by_batch or any(len(times) < 2 for times in by_batch.values()):
        raise InputError("A line needs two batch sizes or more of each network.")
    lines = {name: fixed_and_each(dict(times)) for name, times in by_batch.items()}
    with style.canvas(style.WIDTH, 2.9) as figure:
        panels = figure.subplots(1, len(by_batch), squeeze=False)[0]
        for axes, (name, times) in zip(panels, by_batch.items(), strict=True):
            unit = unit_for("time", times.values())
            fixed, each = (value * unit.factor for value in lines[name])
            largest = max(times)
            axes.plot([0, largest], [fixed, fixed + each * largest], color=style.MUTED,
                      linewidth=1.4)  # fmt: skip
            axes.plot(list(times), [t * unit.factor for t in times.values()], "o", color=_INSIDE,
                      markersize=7)  # fmt: skip
            axes.bar(0, fixed, width=0.16 * largest / 4, color=_OUTSIDE)
            axes.annotate(
                f"paid once a call: {with_unit(lines[name][0], 'time')}", (0.97, 0.06),
                xycoords="axes fraction", ha="right", fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            )  # fmt: skip
            axes.set_title(style.cut(name, 30))
            axes.set_xlabel("images in one call")
            axes.set_ylabel(f"time of a call ({unit.symbol})")
            axes.set_xlim(-0.04 * largest, 1.05 * largest)
            axes.set_ylim(bottom=0)
    table = tables.of_rows(
        ("Network", "Paid once (µs)", "Each image (µs)", "Paid once, share of one image (%)"),
        [
            (name, 1e3 * fixed, 1e3 * each, 100 * fixed / (fixed + each))
            for name, (fixed, each) in lines.items()
        ],
    )
    described = "; ".join(
        f"{name}: {with_unit(fixed, 'time')} once a call, {with_unit(each, 'time')} for each image"
        for name, (fixed, each) in lines.items()
    )
    return Chart(figure, table, f"Time of a call against the images in it. {described}.")


def thread_times(times: Mapping[int, float], cores: int) -> Chart:
    """Draw the time of one inference for several numbers of threads.

    Args:
        times: threads → milliseconds.
        cores: of this machine, marked in the chart.

    Raises:
        InputError: there is nothing to draw.
    """
    if not times:
        raise InputError("There is no time to draw: measure with one thread and with several.")
    unit = unit_for("time", times.values())
    names = [str(n) for n in sorted(times)]
    values = [times[n] * unit.factor for n in sorted(times)]
    with style.canvas(style.WIDTH, 2.8) as figure:
        axes = figure.subplots()
        hues = [_INSIDE if n <= cores else _OUTSIDE for n in sorted(times)]
        axes.bar(names, values, color=hues, width=0.6)
        for x, n in enumerate(sorted(times)):
            axes.annotate(with_unit(times[n], "time"), (x, times[n] * unit.factor), (0, 3),
                          textcoords="offset points", ha="center", fontsize=9)  # fmt: skip
        axes.set_ylim(0, 1.15 * max(values))
        style.only_grid(axes, "y")
        axes.set_ylabel(f"one inference ({unit.symbol})")
        axes.set_xlabel("threads (vermillion: more than cores)")
        counted = "1 core" if cores == 1 else f"{cores} cores"
        axes.set_title(f"One inference on {counted}")
    first = times[min(times)]
    table = tables.of_rows(
        ("Threads", unit.label("Time"), "Gain (×)"),
        [(n, times[n] * unit.factor, first / times[n]) for n in sorted(times)],
    )
    described = ", ".join(
        f"{n} thread{'s' * (n != 1)} {with_unit(times[n], 'time')}" for n in sorted(times)
    )
    return Chart(figure, table, f"Bars of the time of one inference on {counted}: {described}.")


def partial_gain(shares: Mapping[str, float]) -> Chart:
    """Draw the gain of the whole against the gain of the part that is made faster.

    Args:
        shares: name → share of the time that the improved part takes, 0 to 1.

    Raises:
        InputError: nothing to draw, or a share outside 0 to 1.

    Source: Amdahl (1967), Validity of the single processor approach, AFIPS conference proceedings 30,
        p. 483.
    """
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(f"The share of {name!r} is {share}; a share lies between 0 and 1.")
    if not shares:
        raise InputError("There is no share to draw: name one part and its share of the time.")
    factors = np.geomspace(1, MOST_TIMES_FASTER, 120)
    with style.canvas(style.WIDTH, 3.1) as figure:
        axes = figure.subplots()
        labels = []
        order = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
        for (name, share), hue in zip(shares.items(), order, strict=False):
            whole = 1 / (1 - share + share / factors)
            axes.plot(factors, whole, color=hue, linewidth=1.8)
            limit = f"at most {written(1 / (1 - share))} ×" if share < 1 else "no limit"
            labels.append((float(whole[-1]), f"{style.cut(name, 22)}: {limit}", hue))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(1, MOST_TIMES_FASTER)
        axes.set_ylim(bottom=0.95)
        style.plain_log(axes.xaxis)
        style.plain_log(axes.yaxis)
        axes.set_xlabel("the part becomes this many times faster (logarithmic axis)")
        axes.set_ylabel("the whole (×, logarithmic)")
        axes.set_title("A faster part, and the whole")
        style.label_lines(axes, labels)
    table = tables.of_rows(
        ("Part", "Share of the time (%)", "Whole if 2 × faster", "10 × faster", "At most (×)"),
        [
            (name, 100 * s, *(1 / (1 - s + s / k) for k in (2, 10)), 1 / (1 - s) if s < 1 else None)
            for name, s in shares.items()
        ],
    )
    described = "; ".join(
        f"{name}, {written(100 * s)} % of the time: ten times faster makes the whole "
        f"{written(1 / (1 - s + s / 10))} times faster"
        for name, s in shares.items()
    )
    return Chart(figure, table, f"The gain of a part against the gain of the whole. {described}.")
