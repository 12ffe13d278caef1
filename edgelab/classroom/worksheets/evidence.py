"""A journal's records as evidence for a worksheet: comparisons, figures of a model, words that lessons kept.

    evidence = Evidence(journal.find())
    evidence.comparisons()                          # what part 3 may speak of
    evidence.measured(subjects, source, "MB")       # Citation(record=12, value=0.061, about="int8 …")

Simulated models and runs of another machine have no place in a worksheet, and what only looks like a
measurement is left out. Lesson 01.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgelab.classroom.language import _
from edgelab.classroom.worksheets import agreement, recorded
from edgelab.classroom.worksheets.answers import Citation, Subjects
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.figures import FIGURES, in_unit
from edgelab.classroom.worksheets.questions import Source
from edgelab.records import Measurement, Record


@dataclass(frozen=True)
class Compared:
    """One comparison of the journal, and those of its models that a worksheet may speak of."""

    record: Record
    models: tuple[str, ...]  # the reference first

    @property
    def number(self) -> int:
        """Return the number of its record."""
        return self.record.number or 0

    @property
    def label(self) -> str:
        """Return how it is offered: its record and its models."""
        return _("record {number}: {name}").format(number=self.number, name=", ".join(self.models))


class Evidence:
    """The records of a journal, ready to be asked for figures.

    Args:
        entries: the sound records, oldest first.
    """

    def __init__(self, entries: Sequence[Record]) -> None:
        self.entries = tuple(entries)
        self.by_number = {entry.number: entry for entry in self.entries if entry.number}
        self._alone: dict[tuple[str, str], Record] = {}  # (kind, hash of a file) → the latest
        self._models: dict[tuple[int, str], Measurement | None] = {}
        for entry in self.entries:
            key = "artefact_hash" if entry.kind == "measurement" else "artefact"
            of = entry.payload.get(key)
            if entry.number and isinstance(of, str) and of:
                self._alone[entry.kind, of] = entry

    def measured(self, subjects: Subjects, source: Source, unit: str) -> Citation | None:
        """Return a figure of one of the two models, or None where the journal has none.

        Args:
            subjects: the comparison, and which of its models.
            source: the figure, and which of the two models.
            unit: to return it in.
        """
        return next(self.each_measured(subjects, source, unit), None)

    def each_measured(self, subjects: Subjects, source: Source, unit: str) -> Iterator[Citation]:
        """Yield a figure from every kind of record that has it, the one to prefer first."""
        name = subjects.original if source.model == "original" else subjects.optimised
        if source.figure is None or name is None or subjects.record is None:
            return
        record = self.by_number.get(subjects.record)
        model = self.model(record, name) if record else None
        if record is None or model is None or not _may_be_subject(model):
            return
        for kind in FIGURES[source.figure].records:
            found = record if kind == "comparison" else self._alone.get((kind, model.artefact_hash))
            value, about = recorded.figure(source.figure, kind, model, found)
            counted = agreement.as_number(value)
            if found is not None and counted is not None:
                base = in_unit(counted, source.figure, unit) if unit else counted
                yield _citation(found, base, about)

    def ratio(self, subjects: Subjects) -> tuple[float, float, float] | None:
        """Return the optimised model's time in times of the original's, between the ends of its interval.

        It is measured in turn, so it is not what dividing the two medians gives. None where the comparison
        does not have it: it is held against its first model only.
        """
        record = self.by_number.get(subjects.record or 0)
        listed = record.payload.get("ratios") if record and record.kind == "comparison" else None
        for found in listed if isinstance(listed, list | tuple) else ():
            names = (subjects.original, subjects.optimised)
            if isinstance(found, dict) and (found.get("reference"), found.get("name")) == names:
                low, value, high = (
                    agreement.as_number(found.get(key)) for key in ("low", "value", "high")
                )
                if low is not None and value is not None and high is not None:
                    return low, value, high
        return None

    def noted(self, source: Source) -> Citation | None:
        """Return what a lesson kept, a part of a note or a defended choice, or None."""
        kind, name = ("note", source.note) if source.note else ("choice", source.choice)
        latest = next(
            (e for e in reversed(self.entries) if e.kind == kind and e.name == name and e.number),
            None,
        )
        text = _words(latest.payload, source) if latest else None
        return _citation(latest, text, "") if latest and text else None

    def found(self, field: Field, subjects: Subjects) -> Citation | None:
        """Return what the journal has for a field, or None."""
        return next(self.each_found(field, subjects), None)

    def each_found(self, field: Field, subjects: Subjects) -> Iterator[Citation]:
        """Yield everything that the journal has for a field, what fills it first.

        Loading and memory are measured twice, within the comparison and alone: a student may cite either.
        """
        source = field.source
        if source is None:
            return
        if source.figure is None:
            noted = self.noted(source)
            yield from [noted] if noted else []
            return
        unit = field.unit if field.kind == "number" else ""
        for cited in self.each_measured(subjects, source, unit):
            told = {} if field.kind == "number" else {"value": cited.about}
            yield cited.model_copy(update=told)

    def comparisons(self, after: int = 0) -> tuple[Compared, ...]:
        """Return the comparisons with two models or more that may be subjects, oldest first.

        Args:
            after: a record; only comparisons behind it.
        """
        later = [entry for entry in self.entries if (entry.number or 0) > after]
        return tuple(found for entry in later if (found := self._compared(entry)))

    def proposed(self) -> Subjects | None:
        """Return the latest comparison with its reference and the smallest of the others, or None."""
        for entry in reversed(self.entries):
            found = self._compared(entry)
            if found:
                original = found.models[0]
                optimised = self.smallest(found, besides=original)
                return Subjects(record=found.number, original=original, optimised=optimised)
        return None

    def smallest(self, compared: Compared, besides: str) -> str:
        """Return the model of a comparison whose file is the smallest, one aside."""
        others = [name for name in compared.models if name != besides]
        return min(others, key=lambda name: self._weighed(compared.record, name) or 0.0)

    def model(self, record: Record, name: str) -> Measurement | None:
        """Return the measurement of one model of a comparison, or None where there is none."""
        key = record.number or 0, name
        if key not in self._models:
            listed = _measurements(record.payload)
            values = next((v for v in listed if v.get("name") == name), None)
            self._models[key] = _measurement(values) if values else None
        return self._models[key]

    def _compared(self, entry: Record) -> Compared | None:
        if entry.kind != "comparison" or not entry.number:
            return None
        names = tuple(n for n in _names(entry.payload) if self._weighed(entry, n))
        return Compared(entry, names) if len(names) > 1 else None

    def _weighed(self, record: Record, name: str) -> float | None:
        """Return the size of a model's file where the model may be a subject."""
        # Read as it stands: to rebuild every measurement of a long journal takes seconds.
        listed = _measurements(record.payload)
        values = next((v for v in listed if v.get("name") == name), {})
        size = values.get("size")
        if values.get("simulated", False) or not values.get("measured_here", True):
            return None
        return agreement.as_number(size.get("file_bytes")) if isinstance(size, dict) else None


def _citation(record: Record, value: Any, about: str) -> Citation:
    return Citation(record=record.number or 1, hash=record.hash or "", value=value, about=about)


def _words(payload: Mapping[str, Any], source: Source) -> str | None:
    """Return the text that a note or a choice keeps for a source."""
    if source.choice:
        text = payload.get("paragraph")
        return text.strip() if isinstance(text, str) else None
    try:
        texts = next(list(texts) for part, texts in payload["parts"] if part == source.part)
    except (StopIteration, *recorded.NOT_A_MEASUREMENT):
        return None
    written = [text.strip() for text in texts if isinstance(text, str)]
    if source.item is None:
        return "\n".join(written)
    return written[source.item] if source.item < len(written) else None


def _measurements(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = payload.get("measurements")
    return [v for v in listed if isinstance(v, dict)] if isinstance(listed, list | tuple) else []


def _names(payload: Mapping[str, Any]) -> list[str]:
    names = [v.get("name") for v in _measurements(payload)]
    return list(dict.fromkeys(n for n in names if isinstance(n, str) and 0 < len(n) <= 500))


def _measurement(values: dict[str, Any]) -> Measurement | None:
    try:
        return Measurement.from_dict(values)
    except recorded.NOT_A_MEASUREMENT:
        return None


def _may_be_subject(model: Measurement) -> bool:
    return model.measured_here is True and model.simulated is False
