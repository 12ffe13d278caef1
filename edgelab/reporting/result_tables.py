"""The table of what was measured: a row for each model, the reference first.

result_tables.table(result)
result_tables.table(result, columns=("size_gzip_bytes", "gzip_reduction"))
"""

from __future__ import annotations

from collections.abc import Sequence

from edgelab.errors import InputError
from edgelab.records import RUNS_FOR_P90, RUNS_FOR_P99, Measurement
from edgelab.reporting import tables
from edgelab.reporting.quantities import QUANTITIES, decimals, quantity, written
from edgelab.reporting.results import Result, View, view
from edgelab.reporting.tables import Cell, Table

DEFAULT_COLUMNS = (
    "latency_ms",
    "time_gain",
    "size_file_bytes",
    "size_reduction",
    "accuracy",
    "memory_bytes",
)


def table(result: Result, columns: Sequence[str] | None = None) -> Table:
    """Return the table of what was measured, the reference in the first row.

    Args:
        result: a comparison, a measurement, or several.
        columns: keys of `quantities.QUANTITIES`, six at most beside the name; by default latency,
            gain, file size, reduction, accuracy and memory, as far as they were measured.

    Raises:
        InputError: too many or unknown columns, or a simulated model beside a size or a speed.
    """
    shown = view(result)
    keys = _columns(shown, columns)
    return table_of(shown, keys)


def table_of(shown: View, keys: Sequence[str]) -> Table:
    """Return the table of a view with these figures beside the name.

    Raises:
        InputError: a simulated model beside a size or a speed.
    """
    shown.refuse_simulated(keys)
    header = [QUANTITIES["name"].label]
    contents = [[Cell(name, shown.label(name)) for name in shown.names]]
    for key in keys:
        header.append(shown.unit(key).label(quantity(key).label))
        contents.append(_column(shown, key))
    cells = tuple(zip(*contents, strict=True))
    return Table(tuple(header), cells, _caption(shown, keys), _notes(shown, keys))


def _columns(shown: View, columns: Sequence[str] | None) -> tuple[str, ...]:
    if columns is None:
        return tuple(
            key
            for key in DEFAULT_COLUMNS
            if (shown.compared or key != "time_gain")
            and (len(shown.names) > 1 or quantity(key).kind != "ratio")
            and any(shown.value(name, key) is not None for name in shown.names)
        )
    keys = tuple(
        key for key in ([columns] if isinstance(columns, str) else columns) if key != "name"
    )
    if len(keys) >= tables.MOST_COLUMNS:
        raise InputError(
            f"{len(keys)} columns beside the name are not read: {tables.MOST_COLUMNS - 1} at most. "
            "Choose those that answer the question, or make two tables."
        )
    for key in keys:
        quantity(key)
    return keys


def _column(shown: View, key: str) -> list[Cell]:
    what, unit = quantity(key), shown.unit(key)
    values = [shown.value(name, key) for name in shown.names]
    if what.kind == "text":
        return [Cell(value, str(value)) for value in values]
    exact = [v * unit.factor for v in values if isinstance(v, float)]
    uniform = _uniform_places(exact) if what.kind in ("size", "count") else None
    texts = []
    for name, value in zip(shown.names, values, strict=True):
        texts.append(_written(shown, name, key, value, uniform))
    return [Cell(v, t) for v, t in zip(values, tables.align_decimals(texts), strict=True)]


def _written(
    shown: View, name: str, key: str, value: float | str | None, places: int | None
) -> str:
    factor = shown.unit(key).factor
    if not isinstance(value, float):
        return "withheld" if _withheld(shown[name], key) else "–"
    if quantity(key).kind == "ratio" and name == shown.reference.name:
        return "reference 1"
    interval = shown.interval(name, key)
    if interval is None:
        text = written(value * factor, places=places)
    else:
        low, high = (bound * factor for bound in interval)
        text = written(value * factor, low, high)
        if quantity(key).kind != "ratio":
            places = len(text.partition(".")[2])
            text += f" [{written(low, places=places)}–{written(high, places=places)}]"
    word = shown.verdict(name, key) if quantity(key).kind == "ratio" else ""
    # The word stands before the number, so that the numbers stay below each other.
    return f"{word} {text}".lstrip()


def _uniform_places(values: Sequence[float]) -> int:
    """Return the decimals that show three digits of the smallest exact value, three at most."""
    return min(3, max((decimals(v) for v in values), default=0))


def _withheld(m: Measurement, key: str) -> bool:
    return m.latency is not None and key in ("latency_p90_ms", "latency_p99_ms")


def _caption(shown: View, keys: Sequence[str]) -> str:
    parts = [shown.conditions()]
    if "latency_ms" in keys:
        bounds = dict.fromkeys(m.latency.bounds for m in shown.measurements if m.latency)
        told = f", in brackets the {', or the '.join(bounds)}" if bounds else ""
        parts.append(f"latency: median of single inferences{told}")
    if "time_gain" in keys:
        levels = sorted({r.level for r in shown.ratios.values() if r.verdict != "reference"})
        told = " or ".join(f"{100 * level:g} %" for level in levels)
        parts.append(f"time gain: faster or slower is said at {told}" if told else "time gain")
    if "accuracy" in keys:
        parts.append("accuracy: in brackets the 95 % interval")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _notes(shown: View, keys: Sequence[str]) -> tuple[str, ...]:
    notes = list(shown.remarks())
    for key, needed in (("latency_p90_ms", RUNS_FOR_P90), ("latency_p99_ms", RUNS_FOR_P99)):
        short = [m.name for m in shown.measurements if m.latency and m.value(key) is None]
        if key in keys and short:
            notes.append(f"{quantity(key).label} withheld: it needs {needed} runs.")
    if "accuracy" in keys:
        splits = {
            f"{m.accuracy.total} images, {m.accuracy.dataset} {m.accuracy.split}"
            for m in shown.measurements
            if m.accuracy and m.weights != "none"
        }
        notes += [f"Accuracy on {split}." for split in sorted(splits)]
    return tuple(notes)
