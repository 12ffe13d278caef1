"""The measured figures that a worksheet may ask for, and the record of the journal that has each.

A comparison holds speed, sizes and accuracy of its models. Loading time, memory, batches and the processor's
use are measured alone; they belong to a model by the hash of its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One measured figure: the records that hold it, and what it is counted in there."""

    records: tuple[str, ...]  # kinds of record, the one to prefer first
    base: Literal["ms", "B", "share"]
    # In the base unit: how far a typed figure may be off. None: by the relative tolerance of its field.
    # 2 % of an accuracy would be two points, more than most models of a course lie apart.
    within: float | None = None


FIGURES = {
    "latency_ms": Figure(("comparison", "measurement"), "ms"),
    "accuracy": Figure(("comparison", "measurement"), "share", within=0.0005),
    "size_file_bytes": Figure(("comparison", "measurement"), "B"),
    "size_gzip_bytes": Figure(("comparison", "measurement"), "B"),
    "load_ms": Figure(("footprint", "comparison"), "ms"),
    "memory_bytes": Figure(("comparison", "footprint"), "B"),
    "batch_ms": Figure(("throughput",), "ms"),  # for the largest batch that was measured
    "cpu_share": Figure(("cpu",), "share"),
}
# How many of the base unit one of these is.
_SCALES = {
    "ms": {"ms": 1.0, "s": 1e3, "µs": 1e-3},
    "B": {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9},
    "share": {"": 1.0, "%": 0.01},
}
# Units that nobody is asked for, and some type: what file managers show.
_TYPED = {"B": {"KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3}}


def in_unit(value: float, figure: str, unit: str) -> float:
    """Return a figure in the unit that a worksheet asks for.

    Args:
        value: in the figure's base unit.
        figure: a key of `FIGURES`.
        unit: "ms", "s", "kB", "MB", "%", ….

    Raises:
        KeyError: the figure is not counted in this unit; `loading.load` refuses such a worksheet.
    """
    return value / _SCALES[FIGURES[figure].base][unit]


def units_of(figure: str) -> tuple[str, ...]:
    """Return the units in which a figure can be asked for."""
    return tuple(_SCALES[FIGURES[figure].base])


def same_family(unit: str) -> dict[str, float]:
    """Return the units that count the same as this one, each with how many of this one it is.

    Longer names come first, so that "4 ms" is not taken for seconds; a unit of no family is alone.
    """
    for base, asked in _SCALES.items():
        if unit in asked:
            scales = asked | _TYPED.get(base, {})
            found = {other: scale / scales[unit] for other, scale in scales.items() if other}
            return dict(sorted(found.items(), key=lambda item: -len(item[0])))
    return {unit: 1.0} if unit else {}
