"""One figure from one record of a journal, and in words what it is of.

figure("load_ms", "footprint", model, record)       # 12.4, "int8, litert, 1 thread, in a fresh process"

The words are in the language of the moment. Which records count says `evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgelab.classroom.language import _, format_number, ngettext
from edgelab.errors import EdgelabError
from edgelab.records import Measurement, Record

# A journal may hold anything under a valid hash: what is no measurement is no evidence either.
NOT_A_MEASUREMENT = (
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


def figure(name: str, kind: str, model: Measurement, record: Record | None) -> tuple[Any, str]:
    """Return one figure from one kind of record, in its base unit, and what it is of."""
    if record is None:
        return None, ""
    try:
        if kind in _ALONE:
            told = [_("in a fresh process")] if name == "load_ms" else []
            value = record.payload[_ALONE[kind][name]]
            return value, _about(model, record.payload.get("threads"), *told)
        if kind == "throughput":
            return _batch(model, record.payload)
        held = model if kind == "comparison" else Measurement.from_dict(record.payload)
        return held.value(name), _about(held, None, *_particulars(name, held))
    except NOT_A_MEASUREMENT:
        return None, ""


def _batch(model: Measurement, payload: Mapping[str, Any]) -> tuple[float, str]:
    rates = {int(batch): float(rate) for batch, rate in payload["images_per_second"].items()}
    batch = max(rates)
    images = ngettext("a batch of {n} image", "a batch of {n} images", batch).format(n=batch)
    return batch / rates[batch] * 1e3, _about(model, None, images)


def _particulars(name: str, model: Measurement) -> list[str]:
    if name == "latency_ms" and model.latency:
        # Only times suffer from a busy machine, and then it is what counts, however many runs there were:
        # a cell of the worksheet has room for one line.
        if model.busy:
            return [_("machine busy")]
        return [_("median of {n} runs").format(n=format_number(model.latency.runs))]
    if name == "accuracy" and model.accuracy:
        return [
            _("{n} images of {dataset}").format(
                n=format_number(model.accuracy.total), dataset=model.accuracy.dataset
            )
        ]
    if name == "size_gzip_bytes":
        return [_("compressed")]
    if name == "load_ms":
        return [_("within the comparison")]
    return []


def _about(model: Measurement, threads: Any, *more: str) -> str:
    count = threads if isinstance(threads, int) else model.threads
    told = [model.name, model.runtime]
    told.append(ngettext("{n} thread", "{n} threads", count).format(n=count))
    return ", ".join([*told, *more])[:500]
