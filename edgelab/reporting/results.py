"""One way to ask for a figure, whatever was measured: a comparison, a list, a single measurement.

    shown = results.view(result)
    shown.value("int8", "size_reduction")     # reference over candidate, so above one is better
    results.table(result)

Ratios of latency exist only inside a comparison: what was not measured in turn, in one run, is not
compared. A simulated measurement (fake-quantised or masked weights) has no size and no speed, and
asking for them is an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgelab.errors import InputError
from edgelab.records import RUNS_FOR_P90, RUNS_FOR_P99, Comparison, Measurement, Ratio
from edgelab.reporting import tables
from edgelab.reporting.quantities import QUANTITIES, Unit, quantity, unit_for, written
from edgelab.reporting.tables import Cell, Table

Result = Comparison | Measurement | Sequence[Measurement] | Mapping[str, Measurement]

DEFAULT_COLUMNS = (
    "latency_ms",
    "time_gain",
    "size_file_bytes",
    "size_reduction",
    "accuracy",
    "memory_bytes",
)
RUNTIMES = {
    "litert": "LiteRT",
    "litert-builtin": "LiteRT without XNNPACK",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "keras-predict": "Keras predict()",
    "keras-compiled": "Keras, compiled call",
    "keras-eager": "Keras, eager call",
}


@dataclass(frozen=True)
class View:
    """Measurements in the order in which they are shown, the reference first."""

    measurements: tuple[Measurement, ...]
    ratios: Mapping[str, Ratio]
    compared: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, the reference first."""
        return tuple(m.name for m in self.measurements)

    @property
    def reference(self) -> Measurement:
        """Return the measurement that the others are compared with."""
        return self.measurements[0]

    def __getitem__(self, name: str) -> Measurement:
        return self.measurements[self.names.index(name)]

    def value(self, name: str, key: str) -> float | str | None:
        """Return one figure of one model, None where it was not measured.

        Raises:
            InputError: there is no such figure, or a gain in time is asked of models that were
                not compared.
        """
        what, m = quantity(key), self[name]
        if what.kind == "text":
            return _text(m, key)
        if key == "time_gain":
            self._need_comparison()
            ratio = self.ratios.get(name)
            return 1 / ratio.value if ratio else None
        if what.kind == "ratio":
            ours, reference = m.value(what.of), self.reference.value(what.of)
            return reference / ours if ours and reference else None
        if key == "accuracy" and m.weights == "none":
            return None
        return m.value(key)

    def interval(self, name: str, key: str) -> tuple[float, float] | None:
        """Return the interval of a figure, None where it is exact or unknown.

        That of a gain in time has the level of its ratio (`Ratio.level`), that of an accuracy 95 %; what
        that of a latency is, `Latency.bounds` says. The caption of a table tells all three.
        """
        if key == "time_gain":
            self._need_comparison()
            ratio = self.ratios.get(name)
            if ratio is None or name == self.reference.name:
                return None
            return 1 / ratio.high, 1 / ratio.low if ratio.low > 0 else math.inf
        if quantity(key).kind in ("ratio", "text") or self.value(name, key) is None:
            return None
        return self[name].interval(key)

    def verdict(self, name: str, key: str) -> str:
        """Return the word that goes with a ratio: "faster", "cannot tell", "smaller" and so on."""
        if name == self.reference.name:
            return "reference"
        if key == "time_gain":
            return self.ratios[name].verdict if name in self.ratios else ""
        value = self.value(name, key)
        if not isinstance(value, float) or quantity(key).kind != "ratio":
            return ""
        better, worse = ("less", "more") if key == "memory_reduction" else ("smaller", "larger")
        return "same" if value == 1 else better if value > 1 else worse

    def unit(self, key: str) -> Unit:
        """Return the one unit in which this figure of all the models reads well."""
        values = [self.value(name, key) for name in self.names]
        return unit_for(quantity(key).kind, [v for v in values if isinstance(v, float)])

    def refuse_simulated(self, keys: Iterable[str]) -> None:
        """Stop before a simulated model is shown with a size or a speed that it does not have.

        Raises:
            InputError: one of the models is simulated and one of the figures is physical.
        """
        physical = [quantity(key).label.lower() for key in keys if quantity(key).physical]
        simulated = [m.name for m in self.measurements if m.simulated]
        if physical and simulated:
            raise InputError(
                f"{simulated[0]!r} is simulated (its weights only pretend to be small), so it has "
                f"no {physical[0]} to show. Convert it to a real artefact and measure that, or "
                "show its accuracy only."
            )

    def conditions(self) -> str:
        """Return how it was measured: threads and runtimes, for a caption."""
        threads = sorted({m.threads for m in self.measurements})
        runtimes = list(dict.fromkeys(runtime_name(m.runtime) for m in self.measurements))
        count = " and ".join(str(n) for n in threads)
        plural = "" if threads == [1] else "s"
        return f"{count} thread{plural}, {' and '.join(runtimes)}"

    def remarks(self) -> tuple[str, ...]:
        """Return what a reader must know about these measurements, one sentence each."""
        found = []
        untrained = [m.name for m in self.measurements if m.weights == "none"]
        elsewhere = [m.name for m in self.measurements if not m.measured_here]
        busy = [m.name for m in self.measurements if m.busy]
        if untrained:
            found.append(
                f"Untrained weights ({', '.join(untrained)}): only size and latency mean anything."
            )
        if elsewhere:
            found.append(f"Not measured here ({', '.join(elsewhere)}): a shipped reference run.")
        if busy:
            during = "all of it" if len(busy) == len(self.measurements) else ", ".join(busy)
            found.append(f"Machine busy during {during}: stop other programs and repeat.")
        if not self.compared and len(self.measurements) > 1:
            found.append(
                "Measured one after the other, not in turn: small differences say nothing."
            )
        return tuple(found)

    def label(self, name: str) -> str:
        """Return a model's name as charts and tables write it: runtime added where several ran."""
        m = self[name]
        several = len({other.runtime for other in self.measurements}) > 1
        runtime = runtime_name(m.runtime)
        text = f"{name}, {runtime}" if several and not _told(name, m.runtime) else name
        if m.simulated:
            text += ", simulated"
        return text if m.measured_here else f"{text}, not measured here"

    def _need_comparison(self) -> None:
        if not self.compared:
            raise InputError(
                "A gain in time needs models that were measured in turn: use "
                "benchmark.compare({...}) and pass its result."
            )


def view(result: Result) -> View:
    """Return a view on a comparison, one measurement, a list or a dictionary of them.

    Raises:
        InputError: there is nothing in it, or something that is no measurement.
    """
    if isinstance(result, Comparison):
        ratios = {ratio.name: ratio for ratio in result.ratios}
        return View(result.measurements, ratios, compared=True)
    if isinstance(result, Measurement):
        return View((result,), {}, compared=False)
    given = tuple(result.values()) if isinstance(result, Mapping) else tuple(result)
    if not given:
        raise InputError("There is no measurement to show: the list is empty. Measure first.")
    for item in given:
        if not isinstance(item, Measurement):
            raise InputError(
                f"A chart shows measurements, not {type(item).__name__}: pass what "
                "benchmark.compare or benchmark.measure returned."
            )
    names = [m.name for m in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"Two measurements are called {twice[0]!r}: give each a name of its own.")
    return View(given, {}, compared=False)


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
    from edgelab.reporting.quantities import decimals

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


def _text(m: Measurement, key: str) -> str:
    if key == "weights":
        return {"none": "none (untrained)"}.get(m.weights, m.weights)
    if key == "runtime":
        return runtime_name(m.runtime)
    return str(getattr(m, key))


def runtime_name(runtime: str) -> str:
    """Return a runtime's name as its makers write it."""
    return RUNTIMES.get(runtime, runtime)


def _told(name: str, runtime: str) -> bool:
    plain = name.lower().replace(" ", "").replace("-", "")
    return any(word in plain for word in (runtime.replace("-", ""), runtime.rpartition("-")[-1]))
