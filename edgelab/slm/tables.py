"""The table of what was measured about language models: a row for each, from the records as they come.

    records = [model.perplexity(), model.prompt_speed(), model.generation_speed(), model.peak_memory()]
    slm.table(records)
    slm.table(records, columns=("file_bytes", "generation", "perplexity"))

Records of one model and engine share a row. Lesson 35 puts every framework and precision below each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edgelab.errors import InputError
from edgelab.reporting.quantities import unit_for, written
from edgelab.reporting.tables import MOST_COLUMNS, Cell, Table, align_decimals
from edgelab.slm.memory import Footprint
from edgelab.slm.perplexity import Divergence, Perplexity
from edgelab.slm.record import LanguageRecord
from edgelab.slm.speed import Speed


class Value(NamedTuple):
    """One figure, with the bounds or the standard error that it has."""

    value: float
    low: float | None = None
    high: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class Column:
    """One figure as the table names it, and where it stands in a record."""

    label: str
    kind: str  # "size", "speed", "error", "share" or "plain"
    read: Callable[[LanguageRecord], Value | None]


def table(records: Iterable[LanguageRecord], columns: Sequence[str] | None = None) -> Table:
    """Return the table of what was measured, in the order in which the models first come.

    Args:
        records: of `perplexity`, `prompt_speed`, `generation_speed`, `peak_memory`, `compare`; the last one of
            a kind counts.
        columns: keys of `COLUMNS`, six at most; None takes the first six that were measured.

    Raises:
        InputError: no record, unknown or too many columns, or perplexities of two texts or window lengths.
    """
    given = list(records)
    if not given:
        raise InputError("There is nothing to show: the list of records is empty. Measure first.")
    for item in given:
        if not isinstance(item, LanguageRecord):
            raise InputError(
                f"This table shows records of language models, not {type(item).__name__}: pass what "
                "perplexity(), prompt_speed() and the others returned."
            )
    rows: dict[tuple[str, str], dict[str, Value]] = {}
    for item in given:
        row = rows.setdefault((item.name, item.engine), {})
        for key, column in COLUMNS.items():
            value = column.read(item)
            # A comparison repeats the perplexity without its error, so a measured one stays.
            known = isinstance(item, Divergence) and key == "perplexity" and key in row
            if value is not None and not known:
                row[key] = value
    keys = _chosen(columns, rows.values())
    if {"perplexity", "nll_difference", "kl", "top1_agreement"} & set(keys):
        _one_text(given)
    contents = [[Cell(label, label) for label in _labels(rows, given)]]
    header = ["Model"]
    for key in keys:
        label, cells = _column(COLUMNS[key], [row.get(key) for row in rows.values()])
        header.append(label)
        contents.append(cells)
    body = tuple(zip(*contents, strict=True))
    return Table(tuple(header), body, _caption(given, keys), _notes(given))


def _phase(name: str) -> Callable[[LanguageRecord], Value | None]:
    def read(item: LanguageRecord) -> Value | None:
        if not isinstance(item, Speed) or item.phase != name:
            return None
        return Value(item.tokens_per_second, item.low, item.high)

    return read


def _perplexity(item: LanguageRecord) -> Value | None:
    if isinstance(item, Perplexity):
        return Value(item.value, error=item.standard_error_windows)
    return Value(item.perplexity) if isinstance(item, Divergence) else None


def _divergence(figure: str, error: str = "") -> Callable[[LanguageRecord], Value | None]:
    def read(item: LanguageRecord) -> Value | None:
        if not isinstance(item, Divergence):
            return None
        return Value(getattr(item, figure), error=getattr(item, error) if error else None)

    return read


def _footprint(figure: str) -> Callable[[LanguageRecord], Value | None]:
    def read(item: LanguageRecord) -> Value | None:
        return Value(getattr(item, figure)) if isinstance(item, Footprint) else None

    return read


def _bits(item: LanguageRecord) -> Value | None:
    return None if item.bits_per_weight is None else Value(item.bits_per_weight)


# In the order of preference where more was measured than a table holds.
COLUMNS: Mapping[str, Column] = {
    "file_bytes": Column("File size", "size", lambda item: Value(item.file_bytes)),
    "peak_bytes": Column("Peak memory", "size", _footprint("peak_bytes")),
    "prompt": Column("Prompt (tokens/s)", "speed", _phase("prompt")),
    "generation": Column("Generation (tokens/s)", "speed", _phase("generation")),
    "perplexity": Column("Perplexity", "error", _perplexity),
    "kl": Column("KL (nats)", "plain", _divergence("kl")),
    "nll_difference": Column(
        "NLL difference (nats)", "error", _divergence("nll_difference", "standard_error")
    ),
    "top1_agreement": Column("Same first choice (%)", "share", _divergence("top1_agreement")),
    "bits_per_weight": Column("Bits per weight", "plain", _bits),
    "load_ms": Column("Loading (ms)", "plain", _footprint("load_ms")),
    "first_token_ms": Column("First token (ms)", "plain", _footprint("first_token_ms")),
}


def _chosen(columns: Sequence[str] | None, rows: Iterable[Mapping[str, Value]]) -> tuple[str, ...]:
    if columns is None:
        measured = {key for row in rows for key in row}
        return tuple(key for key in COLUMNS if key in measured)[: MOST_COLUMNS - 1]
    keys = (columns,) if isinstance(columns, str) else tuple(columns)
    for key in keys:
        if key not in COLUMNS:
            raise InputError(f"There is no column {key!r}; use {', '.join(COLUMNS)}.")
    if len(keys) >= MOST_COLUMNS:
        raise InputError(
            f"{len(keys)} columns beside the name are not read: {MOST_COLUMNS - 1} at most. Choose those "
            "that answer the question, or make two tables."
        )
    return keys


def _column(column: Column, values: Sequence[Value | None]) -> tuple[str, list[Cell]]:
    label, factor = column.label, 1.0
    if column.kind == "size":
        unit = unit_for("size", [v.value for v in values if v])
        label, factor = unit.label(label), unit.factor
    elif column.kind == "share":
        factor = 100.0
    texts = [_written(column.kind, v, factor) for v in values]
    aligned = align_decimals(texts)
    numbers = [None if v is None else v.value * factor for v in values]
    return label, [Cell(number, text) for number, text in zip(numbers, aligned, strict=True)]


def _written(kind: str, v: Value | None, factor: float) -> str:
    if v is None:
        return written(None)
    if v.low is not None and v.high is not None:
        text = written(v.value, v.low, v.high)
        places = len(text.partition(".")[2])
        return f"{text} [{written(v.low, places=places)}–{written(v.high, places=places)}]"
    if v.error:
        text = written(v.value * factor, (v.value - v.error) * factor, (v.value + v.error) * factor)
        places = len(text.partition(".")[2])
        return f"{text} ± {written(v.error * factor, places=places)}"
    return written(v.value * factor, places=1 if kind == "share" else None)


def _one_text(given: Sequence[LanguageRecord]) -> None:
    texts = {
        item.text_hash: f"{item.text}, windows of {item.window}"
        for item in given
        if isinstance(item, Perplexity | Divergence)
    }
    if len(texts) > 1:
        raise InputError(
            f"These records are about several texts ({'; '.join(texts.values())}), and their perplexities "
            "can't stand below each other. Measure all models on the same windows."
        )


def _labels(rows: Iterable[tuple[str, str]], given: Sequence[LanguageRecord]) -> list[str]:
    keys = list(rows)
    several = len({engine for _, engine in keys}) > 1
    shipped = {(item.name, item.engine) for item in given if not item.measured_here}
    return [
        (f"{name}, {engine}" if several else name)
        + (", not measured here" if (name, engine) in shipped else "")
        for name, engine in keys
    ]


def _caption(given: Sequence[LanguageRecord], keys: Sequence[str]) -> str:
    threads = sorted({item.threads for item in given})
    engines = dict.fromkeys(item.engine for item in given)
    parts = [
        f"{' and '.join(map(str, threads))} thread{'' if threads == [1] else 's'}, {' and '.join(engines)}"
    ]
    speeds = [item for item in given if isinstance(item, Speed) and item.phase in keys]
    for phase in dict.fromkeys(item.phase for item in speeds):
        lengths = sorted({item.tokens for item in speeds if item.phase == phase})
        parts.append(f"{phase} of {' or '.join(map(str, lengths))} tokens")
    bounds = dict.fromkeys(item.bounds for item in speeds)
    if bounds:
        parts.append(f"in brackets: {', or the '.join(bounds)}")
    quality = [item for item in given if isinstance(item, Perplexity | Divergence)]
    if quality and {"perplexity", "nll_difference", "kl", "top1_agreement"} & set(keys):
        first = quality[0]
        parts.append(f"{first.tokens} tokens of {first.text}, windows of {first.window}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _notes(given: Sequence[LanguageRecord]) -> tuple[str, ...]:
    found = []
    busy = list(dict.fromkeys(item.model for item in given if item.busy))
    if busy:
        found.append(f"Machine busy during {', '.join(busy)}: stop other programs and repeat.")
    if any(not item.measured_here for item in given):
        found.append("Not measured here: a shipped reference run of another machine.")
    return tuple(found)
