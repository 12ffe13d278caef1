"""A claim beside what was measured here: the claimed range as a band, each measurement as a point.

    report.claim("int8-size", result)
    report.claim("int8-size").verdict          # from the journal: "holds", "does not hold", ...

Lessons 20 and 24.
"""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import claims, tables
from edgelab.reporting.quantities import QUANTITIES, written
from edgelab.reporting.tables import Table

if TYPE_CHECKING:
    from edgelab.records import Comparison
    from edgelab.reporting.claims import Claim, Pair

_HUES = {claims.HOLDS: "#009E73", claims.FAILS: "#D55E00", claims.OPEN: "#999999"}


@dataclass(frozen=True)
class ClaimCheck:
    """A claim and the measured pairs that speak about it; it shows itself in a notebook."""

    claim: Claim
    pairs: tuple[Pair, ...]
    wording: str

    @property
    def verdict(self) -> str:
        """Return "holds", "does not hold" or "cannot tell here" (also where the pairs disagree)."""
        found = {pair.verdict for pair in self.pairs}
        return found.pop() if len(found) == 1 else claims.OPEN

    @property
    def reason(self) -> str:
        """Return what the verdict rests on, in one sentence."""
        if not self.pairs:
            wanted = " and ".join(
                " ".join(chosen.values()) for chosen in (self.claim.reference, self.claim.candidate)
            )
            return (
                f"Nothing was measured here that it speaks of: compare {wanted} with "
                "benchmark.compare first."
            )
        if len({pair.verdict for pair in self.pairs}) > 1:
            told = "; ".join(f"{_name(pair)}: {pair.verdict}" for pair in self.pairs)
            return f"It depends on what is compared: {told}."
        if self.verdict == claims.OPEN:
            return "The measured interval reaches into the claimed range and out of it."
        if self.verdict == claims.HOLDS:
            return "The whole measured interval lies in the claimed range."
        beyond = all(self.claim.high is not None and p.low > self.claim.high for p in self.pairs)
        return (
            f"The measured interval lies {'above' if beyond else 'below'} the claimed range."
            if (self.claim.better == claims.RATIO)
            else "The measured loss is larger than claimed."
        )

    @property
    def table(self) -> Table:
        """Return claimed and measured, one row a pair."""
        unit = _unit(self.claim)
        columns = ("Compared", f"Claimed ({unit})", f"Measured ({unit})", f"Low ({unit})",
                   f"High ({unit})", "Verdict")  # fmt: skip
        rows: list[tuple[Any, ...]] = [
            (_name(p), _claimed(self.claim), p.value, p.low, p.high, p.verdict) for p in self.pairs
        ]
        rows = rows or [("–", _claimed(self.claim), None, None, None, claims.OPEN)]
        level = self.claim.level
        caption = f"Low and high: the {100 * level:g} % interval." if level else ""
        return tables.of_rows(columns, rows, caption=caption)

    @cached_property
    def chart(self) -> Chart | None:
        """Return the picture of claim and measurement; None where nothing was measured."""
        return _chart(self) if self.pairs else None

    def __repr__(self) -> str:
        return (
            f"Claim ({self.claim.source}): {self.wording}\n"
            f"Verdict: {self.verdict}. {self.reason}\n{self.table!r}"
        )

    def _repr_html_(self) -> str:
        shown = self.chart.to_html() if self.chart else self.table._repr_html_()
        return (
            f'<div><p style="margin:0.3em 0">Claim, {html.escape(self.claim.source)}: '
            f"<em>{html.escape(self.wording)}</em></p>{shown}"
            f'<p style="margin:0.3em 0"><strong>{html.escape(self.verdict.capitalize())}</strong>. '
            f"{html.escape(self.reason)}</p></div>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        data = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if self.chart:
            data["image/png"] = base64.b64encode(self.chart.png).decode("ascii")
        return data


def claim(name: str, result: Comparison | None = None, language: str | None = None) -> ClaimCheck:
    """Set a claim that circulates beside what was measured here.

    Args:
        name: its id in `data/claims.yaml`.
        result: a comparison; None takes the latest of the journal that speaks about the claim.
        language: of the wording; None takes `EDGELAB_LANG`, else English.

    Raises:
        InputError: there is no such claim (the message lists them), or `result` is no comparison.
    """
    found = claims.find(name)
    return ClaimCheck(found, claims.evidence(found, result), found.said(language))


def _chart(check: ClaimCheck) -> Chart:
    claim, pairs = check.claim, check.pairs
    names = [style.wrapped(_name(pair), 30) for pair in pairs]
    lines = max(name.count("\n") + 1 for name in names)
    with style.canvas(style.WIDTH, 1.2 + len(pairs) * (0.3 + 0.14 * lines)) as figure:
        axes = figure.subplots()
        left, right = _limits(claim, pairs)
        low = left if claim.low is None else claim.low
        high = right if claim.high is None else claim.high
        # An open side of the range reaches far beyond any axis.
        far = 1e3 * (right - left)
        axes.axvspan(
            -far if claim.low is None else claim.low, far if claim.high is None else claim.high,
            color="#56B4E9", alpha=0.3, linewidth=0,
        )  # fmt: skip
        axes.annotate("claimed", ((low + high) / 2, 1), (0, -3), xycoords=("data", "axes fraction"),
                      textcoords="offset points", ha="center", va="top", fontsize=9)  # fmt: skip
        ends = []
        for row, pair in enumerate(pairs):
            hue = _HUES[pair.verdict]
            reach = [
                [max(0.0, pair.value - pair.low)],
                [max(0.0, min(pair.high, right) - pair.value)],
            ]
            if pair.high > pair.low:
                style.interval(axes, pair.value, row, xerr=reach)
            axes.plot(pair.value, row, "o", color=hue, markersize=8, zorder=4)
            shown = written(pair.value, pair.low, pair.high, digits=3)
            end = max(pair.value, min(pair.high, right))
            text = axes.annotate(
                f"{shown} {_unit(claim)}, {pair.verdict}", (end, row), (9, 0),
                textcoords="offset points", va="center", fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
            )  # fmt: skip
            ends.append((end, text))
        axes.set_yticks(range(len(pairs)), names)
        axes.set_ylim(len(pairs) - 0.45, -0.95)
        axes.set_xlim(left, right)
        axes.tick_params(axis="y", length=0)
        style.only_grid(axes, "x")
        axes.set_title(_title(claim))
        axes.set_xlabel(_axis(claim))
        style.settle(figure)
        style.room_for_labels(axes, ends, gap=20)
        axes.set_xlim(right=max(axes.get_xlim()[1], right))
    measured = "; ".join(
        f"{_name(p)}: {written(p.value, p.low, p.high)} (from {written(p.low)} to "
        f"{written(p.high)}), {p.verdict}"
        for p in pairs
    )
    if claim.level:
        measured += f". Bounds of the {100 * claim.level:g} % interval"
    alt = f"Claim: {check.wording} Claimed {_claimed(claim)} {_unit(claim)}. Measured: {measured}."
    return Chart(figure, check.table, alt)


def _limits(claim: Claim, pairs: tuple[Pair, ...]) -> tuple[float, float]:
    """Return the ends of the axis: from zero for gains, around both ranges for losses."""
    known = [v for p in pairs for v in (p.value, p.low, p.high) if abs(v) < 1e6]
    known += [v for v in (claim.low, claim.high) if v is not None]
    if claim.better == claims.RATIO:
        return 0.0, 1.15 * max(1.0, *known)
    span = max(known) - min(known) or 1.0
    return min(0.0, *known) - 0.25 * span, max(known) + 0.25 * span


def _title(claim: Claim) -> str:
    label = QUANTITIES[claim.metric].label
    return f"{label} lost" if claim.better == claims.DIFFERENCE else f"{label}: gain"


def _axis(claim: Claim) -> str:
    if claim.better == claims.DIFFERENCE:
        return "percentage points lost (less is better)"
    return "reference over candidate, times (more is better)"


def _unit(claim: Claim) -> str:
    return "points" if claim.better == claims.DIFFERENCE else "×"


def _claimed(claim: Claim) -> str:
    low, high = (None if v is None else f"{v:g}" for v in (claim.low, claim.high))
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _name(pair: Pair) -> str:
    return f"{pair.candidate} against {pair.reference}"
