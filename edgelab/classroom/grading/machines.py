"""The class's machines as one experiment: what each technique gained on which processor.

    gains = gained(entries, "zoe")          # of one student's journal
    pooled(all_gains)                       # of the class, without names; `machines_chart` draws it

Within one comparison, a compressed model is held against the float32 model, by the ratio that the comparison
measured in turn: two medians of a run drift apart with the load of the machine. One laptop says little about
why int8 pays here and not there; thirty laptops show the instruction sets. A machine is known by its
processor, instruction sets and cores, nothing else.
"""

from __future__ import annotations

import hashlib
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgelab.classroom.chain import Entry
from edgelab.classroom.grading.archives import shown
from edgelab.figures import style
from edgelab.measuring.machine import INT8_INSTRUCTIONS

FEWEST = 3  # values that make a median
_LONGEST_NAME, _LONGEST_MODEL = 60, 200
_LARGEST = 1e9  # a ratio beyond is none
# Techniques that give another network, which does less work; the others leave it as it is.
_OTHER_NETWORK = ("distilled", "pruned")
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
    faster: float  # time of float32 divided by its own, measured in turn
    low: float  # of the interval of this ratio
    high: float
    smaller: float | None  # file of float32 divided by its own
    busy: bool
    record: str  # hash of what was measured: a copy counts once, whatever chain it stands in
    student: str = ""  # a key, to count students; it is shown nowhere


@dataclass(frozen=True)
class Pooled:
    """One technique on one kind of machine, over the students who have it."""

    machine: Machine
    technique: str
    values: tuple[float, ...]  # a student each, smallest first
    low: float  # of one student's interval; of several, the lowest and the highest
    high: float
    smaller: float | None
    busy: bool  # all of them were measured beside other work
    owners: frozenset[str] = field(repr=False)

    @property
    def students(self) -> int:
        """Return of how many students."""
        return len(self.values)

    @property
    def points(self) -> tuple[float, ...]:
        """Return what to show: the median of at least `FEWEST` students, else each of them."""
        return middle(self.values)

    @property
    def spread(self) -> str:
        """Return what `low` and `high` are, in English."""
        if self.students > 1:
            return "lowest and highest student"
        return "interval of one student's ratio"


def middle(values: Sequence[float]) -> tuple[float, ...]:
    """Return the median of enough values; of fewer, all of them: two make no median."""
    return (statistics.median(values),) if len(values) >= FEWEST else tuple(values)


def gained(entries: Sequence[Entry], student: str = "") -> tuple[Gain, ...]:
    """Return what the comparisons of one journal say, as far as they are what they should be."""
    found: list[Gain] = []
    for entry in entries:
        models = entry.payload.get("measurements")
        if entry.kind == "comparison" and isinstance(models, list):
            usable = [m for m in models if isinstance(m, dict) and _usable(m)]
            found += _of_comparison(usable, entry, student)
    return tuple(found)


def pooled(gains: Iterable[Gain]) -> tuple[Pooled, ...]:
    """Return one row for each technique and kind of machine; each record and each student counts once."""
    groups: dict[tuple[str, Machine], dict[str, list[Gain]]] = defaultdict(
        lambda: defaultdict(list)
    )
    known: set[str] = set()
    for gain in gains:
        if gain.record not in known:
            known.add(gain.record)
            groups[gain.technique, gain.machine][gain.student].append(gain)
    rows = []
    for (technique, machine), by_student in groups.items():
        every = [gain for own in by_student.values() for gain in own]
        busy = all(gain.busy for gain in every)
        counted = {name: [g for g in own if busy or not g.busy] for name, own in by_student.items()}
        counted = {name: own for name, own in counted.items() if own}
        values = sorted(statistics.median(g.faster for g in own) for own in counted.values())
        kept = [gain for own in counted.values() for gain in own]
        ends = (values[0], values[-1])
        if len(values) == 1:
            # Of a student's repeats, all that the intervals cover.
            ends = (min(g.low for g in kept), max(g.high for g in kept))
        sizes = [g.smaller for g in kept if g.smaller is not None]
        size = statistics.median(sizes) if sizes else None
        owners = frozenset(counted)
        rows.append(Pooled(machine, technique, tuple(values), *ends, size, busy, owners))
    return tuple(
        sorted(
            rows, key=lambda r: (r.technique, rank(r.machine.int8), r.machine.cpu, -r.machine.cores)
        )
    )


def _of_comparison(usable: Sequence[dict[str, Any]], entry: Entry, student: str) -> list[Gain]:
    found = []
    for model in usable:
        technique = _technique(model)
        reference = _reference(model, usable) if technique != "float32" else None
        machine = _machine(model.get("machine") or entry.payload.get("machine"))
        faster = _faster(entry.payload.get("ratios"), reference, model) if reference else None
        if reference is None or machine is None or faster is None:
            continue
        sizes = _bytes(reference), _bytes(model)
        smaller = sizes[0] / sizes[1] if sizes[0] and sizes[1] else None
        busy = bool(model.get("busy") or entry.payload.get("busy"))
        what = repr((faster, model.get("latency"), reference.get("latency")))
        digest = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:16]
        found.append(Gain(machine, technique, *faster, smaller, busy, digest, student))
    return found


def _reference(model: dict[str, Any], usable: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the float32 model that another one is held against, or None.

    Where there is one, it is the reference of all. Of several networks in one comparison, it is the one of the
    same name, else the one of the same work. What keeps the network, as quantization does, is never held
    against one that does other work.
    """
    plain = [
        other
        for other in usable
        if _technique(other) == "float32"
        and other.get("runtime") == model.get("runtime")
        and other.get("threads") == model.get("threads")
    ]
    if _technique(model) not in _OTHER_NETWORK:
        known = model.get("macs")
        plain = [o for o in plain if known is None or o.get("macs") in (None, known)]
    if len(plain) > 1:
        own = style.stem(_name(model))
        named = [other for other in plain if style.stem(_name(other)) == own]
        same = [o for o in plain if o.get("macs") is not None and o["macs"] == model.get("macs")]
        plain = named or (same if len(same) == 1 else [])
    return plain[0] if plain else None


def _faster(
    ratios: Any, reference: dict[str, Any], model: dict[str, Any]
) -> tuple[float, float, float] | None:
    """Return how many times as fast a model is, with its interval, from the ratios measured in turn."""
    own, other = _ratio(ratios, _name(model)), _ratio(ratios, _name(reference))
    if own is None or other is None or own[1] != other[1]:
        return None
    (low, value, high), (other_low, other_value, other_high) = own[0], other[0]
    return other_value / value, other_low / high, other_high / low


def _ratio(ratios: Any, name: str) -> tuple[tuple[float, float, float], Any] | None:
    """Return the ends and the value of one recorded ratio, and which model it is against."""
    for found in ratios if isinstance(ratios, list) else ():
        if not isinstance(found, dict) or found.get("name") != name:
            continue
        ends = [found.get(key) for key in ("low", "value", "high")]
        numbers = [float(e) for e in ends if isinstance(e, int | float) and abs(e) < _LARGEST]
        if len(numbers) == 3 and 0 < numbers[0] <= numbers[1] <= numbers[2]:
            return (numbers[0], numbers[1], numbers[2]), found.get("reference")
    return None


def _technique(model: dict[str, Any]) -> str:
    return style.technique(_name(model))


def _name(model: dict[str, Any]) -> str:
    return str(model["name"])[:_LONGEST_MODEL]


def _usable(model: dict[str, Any]) -> bool:
    return (
        isinstance(model.get("name"), str)
        and model.get("measured_here") is not False
        and not model.get("simulated")
    )


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
