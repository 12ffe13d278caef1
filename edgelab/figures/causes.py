"""What a candidate's time goes to: promised, lost to a cause, unexplained; and each operator's part.

    report.lost_time([benchmark.explain(float32, pruned), benchmark.explain(float32, int16)])
    report.operator_times(benchmark.explain(onnx, dynamic))

Lesson 25.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelab.errors import InputError
from edgelab.explaining.causes import CAUSES
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables
from edgelab.reporting.quantities import unit_for, with_unit, written

if TYPE_CHECKING:
    from edgelab.explaining.explain import Explanation

_PROMISED, _LOST, _OTHERS, _OPEN = "#0072B2", "#D55E00", "#E69F00", "#BBBBBB"
_KINDS = ("promised", "lost to the main cause", "other causes", "unexplained")
MOST_OPERATORS = 8


def lost_time(found: Explanation | Sequence[Explanation]) -> Chart:
    """Draw one bar a candidate: which share of its time is promised, lost, and unexplained.

    Args:
        found: one explanation or several; candidates of the same name need other names.

    Raises:
        InputError: there is none.
    """
    given = list(found) if isinstance(found, Sequence) else [found]
    if not given:
        raise InputError("There is nothing to draw: explain a pair first (benchmark.explain).")
    shares = [_shares(one) for one in given]
    labels = [one.names[1] for one in given]
    with style.canvas(style.WIDTH, 1.5 + 0.62 * len(given)) as figure:
        axes = figure.subplots()
        for row, (one, parts) in enumerate(zip(given, shares, strict=True)):
            left = 0.0
            for kind, hue, part in zip(
                _KINDS, (_PROMISED, _LOST, _OTHERS, _OPEN), parts, strict=True
            ):
                axes.barh(row, part, left=left, height=0.46, color=hue, edgecolor="white",
                          linewidth=0.6, label=kind if row == 0 else None)  # fmt: skip
                left += part
            axes.annotate(
                f"{with_unit(one.evidence.after.latency_ms, 'time')}: {_answer(one)}", (0, row),
                (1, 13), textcoords="offset points", va="bottom", fontsize=8.5, color=style.INK,
            )  # fmt: skip
        axes.set_yticks(range(len(given)), [style.wrapped(name, 20) for name in labels])
        axes.set_ylim(len(given) - 0.5, -0.72)
        axes.set_xlim(0, 100)
        axes.tick_params(axis="y", length=0)
        style.only_grid(axes, "x")
        axes.set_xlabel("share of the time of one inference (%)")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2,
                    handlelength=1.1, handleheight=1.1, columnspacing=1.4)  # fmt: skip
        figure.suptitle("What the time goes to", x=0.01, ha="left", fontsize=11, fontweight="bold")
    table = tables.of_rows(
        ("Candidate", "On paper (×)", "Measured (×)", "Promised (%)", "Main cause (%)",
         "Others (%)", "Unexplained (%)"),
        [
            (label, one.diagnosis.promise, one.diagnosis.gain, *parts)
            for label, one, parts in zip(labels, given, shares, strict=True)
        ],
        notes=[f"{label}: {_answer(one)}." for label, one in zip(labels, given, strict=True)],
    )  # fmt: skip
    described = "; ".join(
        f"{label} takes {with_unit(one.evidence.after.latency_ms, 'time')}, {written(p[0])} % of it "
        f"promised, {written(p[1])} % lost to the main cause ({_answer(one)}), {written(p[2])} % to "
        f"others, {written(p[3])} % unexplained"
        for label, one, p in zip(labels, given, shares, strict=True)
    )
    return Chart(figure, table, f"Stacked bars of what the time goes to. {described}.")


def operator_times(found: Explanation) -> Chart:
    """Draw how long each kind of operator of the candidate takes (ONNX Runtime).

    Args:
        found: an explanation whose candidate is an `.onnx` file.

    Raises:
        InputError: its runtime does not tell the time of single operators.
    """
    times = dict(sorted(found.evidence.operators_ms.items(), key=lambda item: -item[1]))
    if not times:
        raise InputError(
            f"{found.names[1]} ran in {found.evidence.after.runtime}, which does not tell the time of "
            "single operators; an .onnx file does."
        )
    names = list(times)
    if len(names) > MOST_OPERATORS:
        rest = names[MOST_OPERATORS - 1 :]
        times = {n: times[n] for n in names[: MOST_OPERATORS - 1]} | {
            f"{len(rest)} other kinds": sum(times[n] for n in rest)
        }
        names = list(times)
    unit, total = unit_for("time", times.values()), sum(times.values())
    with style.canvas(style.WIDTH, 1.0 + 0.32 * len(names)) as figure:
        axes = figure.subplots()
        ends = []
        for row, name in enumerate(names):
            converts = "Quantize" in name or "Dequantize" in name
            width = times[name] * unit.factor
            axes.barh(row, width, height=0.62, color=_LOST if converts else _PROMISED)
            text = axes.annotate(
                f"{with_unit(times[name], 'time')}, {100 * times[name] / total:.0f} %", (width, row),
                (5, 0), textcoords="offset points", va="center", fontsize=9,
            )  # fmt: skip
            ends.append((width, text))
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.tick_params(axis="y", length=0)
        style.only_grid(axes, "x")
        axes.set_xlabel(f"{unit.symbol} in one inference (vermillion: converts numbers)")
        axes.set_title(f"{style.cut(found.names[1], 40)}: time by kind of operator")
        style.settle(figure)
        style.room_for_labels(axes, ends)
    table = tables.of_rows(
        ("Operator", unit.label("Time"), "Share (%)"),
        [(name, t * unit.factor, 100 * t / total) for name, t in times.items()],
    )
    described = ", ".join(f"{name} {with_unit(t, 'time')}" for name, t in times.items())
    return Chart(figure, table, f"Bars of the time by kind of operator: {described}.")


def _shares(found: Explanation) -> tuple[float, float, float, float]:
    """Return promised, main cause, other causes and unexplained, in percent of the time."""
    d, latency = found.diagnosis, found.evidence.after.latency_ms
    if d.kept:
        return 100.0, 0.0, 0.0, 0.0
    lost = [finding.lost_ms for finding in d.findings]
    main = lost[0] if d.cause else 0.0
    parts = (main, sum(lost) - main, d.unexplained_ms)
    promised = max(0.0, latency - sum(parts))
    first, others, rest = (100 * part / latency for part in parts)
    return 100 * promised / latency, first, others, rest


def _answer(found: Explanation) -> str:
    return CAUSES[found.cause].title if found.cause else "no cause found"
