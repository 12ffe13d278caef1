"""What is too similar between students: measurements, whole journals, texts.

    found = compare(traces)
    found.measurements, found.journals, found.texts     # groups of students, with what they share

Two runs of one model never take the same nanoseconds, so the same record in two journals was copied; which of
the two is the original nobody can tell from the files. Texts of the same question are compared by `near_texts`.
Text of the worksheet itself is left out; what a large part of the class wrote is named as such, for it may come
from the course. A likeness is a reason to ask, no proof.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgelab.classroom.chain import Entry
from edgelab.classroom.grading import near_texts
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.schema import Schema

SIMILAR = 85.0  # percent: rapidfuzz's ratio of two texts that count as near-identical
SHORTEST = 100  # characters: shorter texts are alike by chance
LONGEST = 1_200  # characters that are compared: the time grows with their square
COMMON = 0.3  # the share of a class from which on a text may come from the course …
FEWEST_COMMON = 8  # … if so many have it at least
# Measurements with raw times: two honest ones never agree in every digit.
_TIMED = ("comparison", "measurement", "footprint", "throughput", "cpu")
_NO_LETTERS = re.compile(r"\W+")


@dataclass(frozen=True)
class Trace:
    """What one student leaves for the comparison; small, so that a thousand fit into memory."""

    key: str
    records: Mapping[str, int] = field(default_factory=dict)  # hash in the chain → number
    timed: Mapping[str, int] = field(
        default_factory=dict
    )  # hash of a measurement's figures → number
    texts: Mapping[str, str] = field(default_factory=dict)  # question → normalised text


@dataclass(frozen=True)
class Group:
    """Students who share something."""

    keys: tuple[str, ...]
    what: str  # the question, or the numbers of the records
    share: float  # percent of likeness, or how many records
    common: bool = False  # so many students that it may come from the course's own material


@dataclass(frozen=True)
class Alike:
    """All that was found."""

    measurements: tuple[Group, ...] = ()
    journals: tuple[Group, ...] = ()
    texts: tuple[Group, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """Return what there is to look at, journals that share whole records once."""
        known = {group.keys for group in self.journals}
        own = (group for group in self.measurements if group.keys not in known)
        return (*self.journals, *own, *self.texts)

    def of(self, key: str) -> tuple[str, ...]:
        """Return the other students that one student shares something with."""
        return tuple(sorted({k for g in self.groups if key in g.keys for k in g.keys} - {key}))


def trace(key: str, schema: Schema, answers: Answers, entries: Sequence[Entry]) -> Trace:
    """Return what one student's hand-in leaves for the comparison."""
    timed = {
        _figures(entry.payload): entry.number or 0
        for entry in entries
        if entry.kind in _TIMED and not _shipped(entry.payload)
    }
    known = _known(schema)
    texts: dict[str, str] = {}
    for name, _question in schema.questions():
        # What a measured cell took from the journal, a configuration for instance, is nobody's own words.
        own = [f for f in schema.fields_of(name) if f.kind == "text" and not _measured(f)]
        written = [plain(answers.entries.get(f.id)) for f in own]
        parts = [normalised(w) for w in written if isinstance(w, str)]
        text = " ".join(part for part in parts if part and part not in known)[:LONGEST]
        if len(text) >= SHORTEST:
            texts[name] = text
    return Trace(key, {(e.hash or "")[:16]: e.number or 0 for e in entries}, timed, texts)


def compare(traces: Sequence[Trace], alike_above: float = SIMILAR) -> Alike:
    """Return who shares measurements, journals and texts.

    Args:
        traces: of all students.
        alike_above: percent from which two texts count as near-identical.
    """
    in_journals, in_chain = _shared(traces, "timed"), _shared(traces, "records")
    texts: list[Group] = []
    for question in sorted({name for t in traces for name in t.texts}):
        owners = [t for t in traces if question in t.texts]
        texts += _similar(question, owners, len(traces), alike_above)
    return Alike(_groups(in_journals), _groups(in_chain), _merged(texts))


def normalised(text: str) -> str:
    """Return a text in small letters, without punctuation and figures' separators."""
    return _NO_LETTERS.sub(" ", text[: 4 * LONGEST].casefold()).strip()


def _known(schema: Schema) -> frozenset[str]:
    """Return the worksheet's own words, which say nothing about who copied."""
    cached = _WORDS.get(schema.hash)
    if cached is None:
        labels = [label for f in schema.fields for label in (f.label.en, f.label.fr)]
        for _name, question in schema.questions():
            texts = [question.label, question.help] if question.help else [question.label]
            labels += [text for label in texts for text in (label.en, label.fr)]
        cached = _WORDS[schema.hash] = frozenset(map(normalised, labels))
    return cached


_WORDS: dict[str, frozenset[str]] = {}


def _measured(place: Field) -> bool:
    return place.source is not None and place.source.figure is not None


def _figures(payload: Mapping[str, Any]) -> str:
    """Return a hash of what was measured, whatever stands around it in the journal."""
    return hashlib.sha256(repr(sorted(payload.items())).encode("utf-8", "replace")).hexdigest()[:16]


def _shipped(payload: Mapping[str, Any]) -> bool:
    """Tell whether a record was not measured here: the course's reference runs are everybody's."""
    models = payload.get("measurements")
    of = [m for m in models if isinstance(m, dict)] if isinstance(models, list) else [payload]
    return any(m.get("measured_here") is False for m in of)


def _shared(traces: Iterable[Trace], what: str) -> dict[tuple[str, str], list[int]]:
    """Return for each pair of students the numbers of the records that both have."""
    owners: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for t in traces:
        for digest, number in getattr(t, what).items():
            owners[digest].append((t.key, number))
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for having in owners.values():
        # Of a record that a whole class copied, neighbours are enough to find the group.
        for (one, number), (other, _) in itertools.pairwise(having):
            pairs[one, other].append(number)
    return pairs


def _groups(pairs: Mapping[tuple[str, str], Sequence[int]]) -> tuple[Group, ...]:
    """Join pairs that overlap into groups, with the numbers of the records that they share."""
    found = []
    for keys in _joined(pairs):
        numbers = sorted({n for pair, ns in pairs.items() if pair[0] in keys for n in ns})
        found.append(Group(tuple(sorted(keys)), _ranges(numbers), len(numbers)))
    return tuple(sorted(found, key=lambda group: (-group.share, group.keys)))


def _joined(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    above: dict[str, str] = {}

    def root(key: str) -> str:
        while above.setdefault(key, key) != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for one, other in pairs:
        above[root(one)] = root(other)
    groups: dict[str, set[str]] = defaultdict(set)
    for key in list(above):
        groups[root(key)].add(key)
    return list(groups.values())


def _similar(question: str, owners: Sequence[Trace], everybody: int, limit: float) -> list[Group]:
    """Return the groups of students whose texts of one question are near-identical."""
    by_text: dict[str, list[str]] = defaultdict(list)
    for t in owners:
        by_text[t.texts[question]].append(t.key)
    texts = list(by_text)
    likeness: dict[tuple[str, str], float] = {}
    for same in by_text.values():
        likeness |= dict.fromkeys(itertools.pairwise(same), 100.0)
    for (one, other), ratio in near_texts.near(texts, limit).items():
        likeness[by_text[texts[one]][0], by_text[texts[other]][0]] = ratio
    found = []
    for keys in _joined(likeness):
        shares = [ratio for pair, ratio in likeness.items() if pair[0] in keys]
        common = len(keys) >= max(FEWEST_COMMON, COMMON * everybody)
        found.append(Group(tuple(sorted(keys)), question, min(shares), common))
    return sorted(found, key=lambda group: (-group.share, group.keys))


def _merged(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Say once what the same students share in several questions."""
    by_keys: dict[tuple[str, ...], list[Group]] = defaultdict(list)
    for group in groups:
        by_keys[group.keys].append(group)
    found = [
        Group(
            keys,
            ", ".join(g.what for g in own),
            min(g.share for g in own),
            all(g.common for g in own),
        )
        for keys, own in by_keys.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.share, group.keys)))


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as a person writes them: "3–7, 12"."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and n == parts[-1][1] + 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in parts[:20]) + (
        " …" if len(parts) > 20 else ""
    )
