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
