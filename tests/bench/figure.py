"""One figure that the project promises, with the bar that it must reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its bar; `bar` is "reported" where none is promised."""

    name: str
    value: float
    unit: str
    bar: str
    met: bool
    low: float | None = None
    high: float | None = None
    note: str = ""


def at_most(name: str, value: float, unit: str, limit: float, **more: object) -> Figure:
    """Return a figure that must not exceed its limit."""
    bar = f"at most {limit:g} {unit}"
    return Figure(name, value, unit, bar, value <= limit, **more)  # type: ignore[arg-type]


def at_least(name: str, value: float, unit: str, limit: float, **more: object) -> Figure:
    """Return a figure that must reach its limit."""
    bar = f"at least {limit:g} {unit}"
    return Figure(name, value, unit, bar, value >= limit, **more)  # type: ignore[arg-type]


def reported(name: str, value: float, unit: str, **more: object) -> Figure:
    """Return a figure without a bar."""
    return Figure(name, value, unit, "reported", True, **more)  # type: ignore[arg-type]


def share_at_least(name: str, hits: int, total: int, percent: float, **more: object) -> Figure:
    """Return a share in percent with its 95 % interval (Wilson), which must reach a limit."""
    return at_least(name, 100 * hits / total, "%", percent, **_bounds(hits, total), **more)


def share_at_most(name: str, hits: int, total: int, percent: float, **more: object) -> Figure:
    """Return a share in percent with its 95 % interval (Wilson), which must not exceed a limit."""
    return at_most(name, 100 * hits / total, "%", percent, **_bounds(hits, total), **more)


def _bounds(hits: int, total: int) -> dict[str, float]:
    from scipy import stats

    bounds = stats.binomtest(hits, total).proportion_ci(method="wilson")
    return {"low": 100 * bounds.low, "high": 100 * bounds.high}
