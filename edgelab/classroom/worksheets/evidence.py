"""A journal's records as evidence for a worksheet: comparisons, figures of a model, words that lessons kept.

    evidence = Evidence(journal.find())
    evidence.comparisons()                          # what part 3 may speak of
    evidence.measured(subjects, source, "MB")       # Citation(record=12, value=0.061, about="int8 …")

Simulated models and runs of another machine have no place in a worksheet, and what only looks like a
measurement is left out. Lesson 01.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgelab.classroom.language import _, format_number, ngettext
from edgelab.classroom.worksheets import agreement
from edgelab.classroom.worksheets.answers import Citation, Subjects
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.figures import FIGURES, in_unit
from edgelab.classroom.worksheets.questions import Source
from edgelab.errors import EdgelabError
from edgelab.records import Measurement, Record

# A journal may hold anything under a valid hash: what is no measurement is no evidence either.
_NOT_A_MEASUREMENT = (
    EdgelabError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
)
_ALONE = {
    "footprint": {"load_ms": "load_ms", "memory_bytes": "peak_bytes"},
    "cpu": {"cpu_share": "share"},
}


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
        name = subjects.original if source.model == "original" else subjects.optimised
        if source.figure is None or name is None or subjects.record is None:
            return None
        record = self.by_number.get(subjects.record)
        model = self.model(record, name) if record else None
        if record is None or model is None or not _may_be_subject(model):
            return None
        for kind in FIGURES[source.figure].records:
            found = record if kind == "comparison" else self._alone.get((kind, model.artefact_hash))
            value, about = _figure(source.figure, kind, model, found)
            counted = agreement.as_number(value)
            if found is not None and counted is not None:
                base = in_unit(counted, source.figure, unit) if unit else counted
                return _citation(found, base, about)
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
        source = field.source
        if source is None:
            return None
        if source.figure is None:
            return self.noted(source)
        cited = self.measured(subjects, source, field.unit if field.kind == "number" else "")
        if cited is None or field.kind == "number":
            return cited
        return cited.model_copy(update={"value": cited.about})

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


def _figure(figure: str, kind: str, model: Measurement, record: Record | None) -> tuple[Any, str]:
    """Return one figure from one kind of record, in its base unit, and what it is of."""
    if record is None:
        return None, ""
    try:
        if kind in _ALONE:
            return record.payload[_ALONE[kind][figure]], _about(
                model, record.payload.get("threads")
            )
        if kind == "throughput":
            return _batch(model, record.payload)
        held = model if kind == "comparison" else Measurement.from_dict(record.payload)
        return held.value(figure), _about(held, None, *_particulars(figure, held))
    except _NOT_A_MEASUREMENT:
        return None, ""


def _batch(model: Measurement, payload: Mapping[str, Any]) -> tuple[float, str]:
    rates = {int(batch): float(rate) for batch, rate in payload["images_per_second"].items()}
    batch = max(rates)
    images = ngettext("a batch of {n} image", "a batch of {n} images", batch).format(n=batch)
    return batch / rates[batch] * 1e3, _about(model, None, images)


def _particulars(figure: str, model: Measurement) -> list[str]:
    if figure == "latency_ms" and model.latency:
        # Only times suffer from a busy machine, and then it is what counts, however many runs there were:
        # a cell of the worksheet has room for one line.
        if model.busy:
            return [_("machine busy")]
        return [_("median of {n} runs").format(n=format_number(model.latency.runs))]
    if figure == "accuracy" and model.accuracy:
        return [
            _("{n} images of {dataset}").format(
                n=format_number(model.accuracy.total), dataset=model.accuracy.dataset
            )
        ]
    if figure == "size_gzip_bytes":
        return [_("compressed")]
    return []


def _about(model: Measurement, threads: Any, *more: str) -> str:
    count = threads if isinstance(threads, int) else model.threads
    told = [model.name, model.runtime]
    told.append(ngettext("{n} thread", "{n} threads", count).format(n=count))
    return ", ".join([*told, *more])[:500]


def _citation(record: Record, value: Any, about: str) -> Citation:
    return Citation(record=record.number or 1, hash=record.hash or "", value=value, about=about)


def _words(payload: Mapping[str, Any], source: Source) -> str | None:
    """Return the text that a note or a choice keeps for a source."""
    if source.choice:
        text = payload.get("paragraph")
        return text.strip() if isinstance(text, str) else None
    try:
        texts = next(list(texts) for part, texts in payload["parts"] if part == source.part)
    except (StopIteration, *_NOT_A_MEASUREMENT):
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
    except _NOT_A_MEASUREMENT:
        return None


def _may_be_subject(model: Measurement) -> bool:
    return model.measured_here is True and model.simulated is False
