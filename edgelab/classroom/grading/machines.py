"""The class's machines as one experiment: what each technique gained on which processor.

    gains = gained(entries)                 # of one student's journal
    chart(pooled(all_gains))                # of the class, without names

Within one comparison, a compressed model is held against the float32 model of the same network and runtime.
One laptop says little about why int8 pays here and not there; thirty laptops show the instruction sets. A
machine is known by its processor, instruction sets and cores, nothing else.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edgelab.classroom.chain import Entry
from edgelab.classroom.grading.archives import shown
from edgelab.classroom.language import _
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.measuring.machine import INT8_INSTRUCTIONS
from edgelab.reporting import tables

MOST_PANELS = 4
_LONGEST_NAME = 60
_MOST_CORES = 1024
_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 12)
# The instruction set that decides the speed of int8 is the last of these that a processor has.
_ORDER = tuple(dict.fromkeys(INT8_INSTRUCTIONS.values()))


@dataclass(frozen=True)
class Machine:
    """A kind of machine; two students with the same laptop share one."""

    cpu: str
    int8: str  # the strongest of its instruction sets for int8, "" where it has none
    cores: int


@dataclass(frozen=True)
class Gain:
    """What one technique gained in one comparison."""

    machine: Machine
    technique: str
    faster: float  # time of float32 divided by its own
    smaller: float | None  # file of float32 divided by its own
    busy: bool
    record: str  # hash of the comparison's record: a copied journal counts once


@dataclass(frozen=True)
class Pooled:
    """One technique on one kind of machine: the median over comparisons and students."""

    machine: Machine
    technique: str
    faster: float
    low: float
    high: float
    smaller: float | None
    comparisons: int
    busy: bool  # all of them were measured beside other work


def gained(entries: Sequence[Entry]) -> tuple[Gain, ...]:
    """Return what the comparisons of one journal say, as far as they are what they should be."""
    found: list[Gain] = []
    for entry in entries:
        models = entry.payload.get("measurements")
        if entry.kind == "comparison" and isinstance(models, list):
            found += _of_comparison([m for m in models if isinstance(m, dict)], entry)
    return tuple(found)


def pooled(gains: Iterable[Gain]) -> tuple[Pooled, ...]:
    """Return one row for each technique and kind of machine; each record counts once."""
    groups: dict[tuple[str, Machine], dict[str, Gain]] = defaultdict(dict)
    for gain in gains:
        same = groups[gain.technique, gain.machine]
        same.setdefault(f"{gain.record}|{gain.faster}", gain)
    rows = []
    for (technique, machine), by_record in groups.items():
        own = list(by_record.values())
        quiet = [g for g in own if not g.busy] or own
        times = [g.faster for g in quiet]
        sizes = [g.smaller for g in quiet if g.smaller is not None]
        middle, size = statistics.median(times), statistics.median(sizes) if sizes else None
        low, high, busy = min(times), max(times), all(g.busy for g in own)
        rows.append(Pooled(machine, technique, middle, low, high, size, len(quiet), busy))
    return tuple(
        sorted(
            rows, key=lambda r: (r.technique, _strength(r.machine), r.machine.cpu, -r.machine.cores)
        )
    )


def chart(rows: Sequence[Pooled]) -> Chart | None:
    """Draw what the techniques gained: a dot a kind of machine, grouped by instruction set.

    Returns:
        The chart; None where no journal has a comparison with a float32 model.
    """
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.technique] += 1
    techniques = sorted(counts, key=lambda t: (-counts[t], t))[:MOST_PANELS]
    if not techniques:
        return None
    kept = [row for row in rows if row.technique in techniques]
    groups = sorted({row.machine.int8 for row in kept}, key=_rank)
    with style.canvas(style.WIDTH, 1.0 + 0.34 * len(groups) + 0.5) as figure:
        panels = figure.subplots(1, len(techniques), squeeze=False, sharex=True, sharey=True)[0]
        for axes, technique in zip(panels, techniques, strict=True):
            _panel(axes, technique, [r for r in kept if r.technique == technique], groups)
        panels[0].set_yticks(range(len(groups)), [g or _("none of its own") for g in groups])
        panels[0].set_ylim(-0.6, len(groups) - 0.4)
        panels[0].set_ylabel(_("int8 instructions"))
        for axes in panels:
            _ticks(axes, [r.faster for r in kept])
        figure.supxlabel(_("times as fast as float32 (logarithmic axis)"), fontsize=9.5)
    return Chart(figure, table(kept), _alternative(kept, techniques, groups))


def table(rows: Sequence[Pooled]) -> tables.Table:
    """Return the rows as a table, without names."""
    return tables.of_rows(
        (
            _("Technique"),
            _("Processor"),
            _("int8 instructions"),
            _("Cores"),
            _("Comparisons"),
            _("Times as fast"),
            _("Times as small"),
        ),
        [
            (
                r.technique,
                r.machine.cpu,
                r.machine.int8 or "–",
                r.machine.cores,
                r.comparisons,
                round(r.faster, 3),
                r.smaller,
            )
            for r in rows
        ],
        notes=[_("Some were measured only while other programs were running.")]
        if any(r.busy for r in rows)
        else [],
    )


def _panel(axes: Any, technique: str, rows: Sequence[Pooled], groups: Sequence[str]) -> None:
    hue = style.colour(technique)
    axes.axvline(1.0, color=style.MUTED, linewidth=1.2)
    for height, group in enumerate(groups):
        values = [r.faster for r in rows if r.machine.int8 == group]
        if not values:
            continue
        busy = [r.busy for r in rows if r.machine.int8 == group]
        # Spread over the band, so that machines of one gain stay apart.
        places = [height + 0.22 * math.sin(2.4 * i) for i in range(len(values))]
        fills = ["none" if b else hue for b in busy]
        axes.scatter(
            values, places, s=26, facecolors=fills, edgecolors=hue, linewidths=1.1, zorder=3
        )
        middle = statistics.median(values)
        axes.plot([middle] * 2, [height - 0.33, height + 0.33], color=style.INK, linewidth=1.6)
    axes.set_xscale("log")
    style.only_grid(axes, "x")
    axes.set_title(technique)


def _ticks(axes: Any, values: Sequence[float]) -> None:
    """Put round numbers at the axis, more of them where it spans little, and 1 always inside."""
    low, high = min(*values, 0.9) / 1.1, max(*values, 1.1) * 1.1
    axes.set_xlim(low, high)
    steps = _TICKS if high / low < 12 else (0.1, 1, 10, 100)
    places = [t for t in steps if low <= t <= high]
    axes.set_xticks(places, [f"{t:g}" for t in places], minor=False)
    axes.set_xticks([], minor=True)


def _alternative(rows: Sequence[Pooled], techniques: Sequence[str], groups: Sequence[str]) -> str:
    parts = []
    for technique in techniques:
        for group in groups:
            values = [
                r.faster for r in rows if r.technique == technique and r.machine.int8 == group
            ]
            if values:
                text = _("{technique} with {set}: {gain} times as fast ({n})")
                name = group or _("none of its own")
                gain = f"{statistics.median(values):.2f}"
                parts.append(text.format(technique=technique, set=name, gain=gain, n=len(values)))
    return _("Gain of each technique by int8 instruction set: {list}.").format(
        list="; ".join(parts)
    )


def _of_comparison(models: Sequence[dict[str, Any]], entry: Entry) -> list[Gain]:
    found = []
    usable = [m for m in models if _usable(m)]
    for model in usable:
        name = str(model["name"])[:200]
        technique = style.technique(name)
        if technique == "float32":
            continue
        same = [
            other
            for other in usable
            if style.technique(str(other["name"])[:200]) == "float32"
            and style.stem(str(other["name"])[:200]) == style.stem(name)
            and other.get("runtime") == model.get("runtime")
            and other.get("threads") == model.get("threads")
        ]
        time, reference = _time(model), _time(same[0]) if same else None
        machine = _machine(model.get("machine") or entry.payload.get("machine"))
        if time is None or reference is None or machine is None:
            continue
        sizes = _bytes(same[0]), _bytes(model)
        smaller = sizes[0] / sizes[1] if sizes[0] and sizes[1] else None
        busy = bool(model.get("busy") or entry.payload.get("busy"))
        digest = (entry.hash or "")[:16]
        found.append(Gain(machine, technique, reference / time, smaller, busy, digest))
    return found


def _usable(model: dict[str, Any]) -> bool:
    return (
        isinstance(model.get("name"), str)
        and model.get("measured_here") is not False
        and not model.get("simulated")
    )


def _time(model: dict[str, Any]) -> float | None:
    latency = model.get("latency")
    samples = latency.get("samples_ms") if isinstance(latency, dict) else None
    if not isinstance(samples, list) or not samples:
        return None
    numbers = [s for s in samples if isinstance(s, int | float) and not isinstance(s, bool)]
    if len(numbers) != len(samples):
        return None
    middle = statistics.median(numbers)
    return float(middle) if 0 < middle < 1e9 else None


def _bytes(model: dict[str, Any]) -> float | None:
    size = model.get("size")
    value = size.get("file_bytes") if isinstance(size, dict) else None
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e15
    return float(value) if fits and value is not None else None


def _machine(described: Any) -> Machine | None:
    if not isinstance(described, dict) or not isinstance(described.get("cpu"), str):
        return None
    cores, own = described.get("cores"), described.get("int8")
    if not isinstance(cores, int) or not 1 <= cores <= _MOST_CORES:
        return None
    known = [name for name in _ORDER if isinstance(own, list) and name in own]
    strongest = max(known, key=_ORDER.index, default="")
    return Machine(shown(described["cpu"].strip(), _LONGEST_NAME), strongest, cores)


def _rank(instructions: str) -> int:
    return _ORDER.index(instructions) if instructions in _ORDER else -1


def _strength(machine: Machine) -> int:
    return _rank(machine.int8)
