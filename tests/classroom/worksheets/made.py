"""A journal with known figures, and answers to every question, for the tests of the worksheet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgelab import records
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.worksheet import Worksheet
from tests.records_made import accuracy, comparison, measurement

BEFORE, AFTER = "a" * 64, "b" * 64


def compared(int8_ms: float = 4.0, **int8: Any) -> records.Comparison:
    """Return float32 against int8: 8 ms and 4 ms, 14 MB and 4 MB, 90 % and 89 %."""
    small = {"artefact_hash": AFTER, "accuracy": accuracy(89)} | int8
    return comparison(
        measurement("float32", 8.0, 14_000_000, artefact_hash=BEFORE, accuracy=accuracy(90)),
        measurement("int8", int8_ms, 4_000_000, **small),
    )


def publish(result: records.Comparison) -> int:
    """Put a comparison into the journal and return its record's number."""
    return records.publish("comparison", " / ".join(result.names), result).number or 0


def publish_all() -> int:
    """Put everything that part 3 asks for into the journal; return the comparison's number."""
    number = publish(compared())
    for digest, load_ms, share in ((BEFORE, 20.0, 0.5), (AFTER, 12.4, 0.25)):
        alone = {"peak_bytes": 9_000_000, "load_ms": load_ms, "first_ms": 1.0, "artefact": digest}
        records.publish("footprint", "alone", alone)
        rates = {"images_per_second": {"1": 200.0, "32": 400.0}, "artefact": digest}
        records.publish("throughput", "alone", rates)
        records.publish("cpu", "alone", {"share": share, "threads": 2, "artefact": digest})
    return number


def without(result: records.Comparison, **changes: Any) -> records.Comparison:
    """Return a comparison with its second model changed."""
    first, second = result.measurements
    return replace(result, measurements=(first, replace(second, **changes)))


def text_for(field: Field) -> Any:
    """Return something that fits a field."""
    if field.form == "date":
        return "21/11/2026"
    match field.kind:
        case "tick":
            return True
        case "choice":
            return field.options[-1].id
        case "number":
            return 1.5
        case _:
            return f"What I found about {field.id}."


def answer_all(ws: Worksheet) -> None:
    """Write into every place that the journal does not fill."""
    ws.fill()
    empty = [field for field in ws.schema.fields if ws.value(field.id) is None]
    ws.answer({field.id: text_for(field) for field in empty})


def tiny_schema(**question: Any) -> Schema:
    """Return a worksheet of one part with one question."""
    label = {"en": "Asked", "fr": "Demandé"}
    whole = {"id": "q", "label": label} | question
    part = {"id": "1", "title": label, "questions": [whole]}
    return Schema.model_validate({"id": "tiny", "version": 1, "title": label, "parts": [part]})
