"""One way to ask for a figure, whatever was measured: a comparison, a list, a single measurement.

    shown = results.view(result)
    shown.value("int8", "size_reduction")     # reference over candidate, so above one is better
    shown.verdict("int8", "size_reduction")

Ratios of latency exist only inside a comparison: what was not measured in turn, in one run, is not
compared. A simulated measurement (fake-quantised or masked weights) has no size and no speed, and
asking for them is an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgelab.errors import InputError
from edgelab.records import Comparison, Measurement, Ratio
from edgelab.reporting.quantities import Unit, quantity, unit_for

Result = Comparison | Measurement | Sequence[Measurement] | Mapping[str, Measurement]

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
