"""The class's machines as one experiment: what each technique gained on which processor.

    gains = gained(entries)                 # of one student's journal
    pooled(all_gains)                       # of the class, without names; `machines_chart` draws it

Within one comparison, a compressed model is held against the float32 model of the same network and runtime.
One laptop says little about why int8 pays here and not there; thirty laptops show the instruction sets. A
machine is known by its processor, instruction sets and cores, nothing else.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edgelab.classroom.chain import Entry
from edgelab.classroom.grading.archives import shown
from edgelab.figures import style
from edgelab.measuring.machine import INT8_INSTRUCTIONS

_LONGEST_NAME = 60
_MOST_CORES = 1024
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
            rows, key=lambda r: (r.technique, rank(r.machine.int8), r.machine.cpu, -r.machine.cores)
        )
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


def rank(instructions: str) -> int:
    """Return how strong an instruction set is for int8; -1 for none."""
    return _ORDER.index(instructions) if instructions in _ORDER else -1
