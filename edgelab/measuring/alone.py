"""One artefact timed on its own, with the threads that its record states.

    found = alone.timed(Candidate(Path("m.keras")))
    found.latency.median_ms, found.energy_mj, found.busy

TensorFlow fixes its threads when it is imported, so in a notebook's kernel a Keras model would run on all
cores while its record says one. Such a model is loaded and timed in a process of its own that has the
stated threads; everything else is timed here. Lesson 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import runtimes
from edgelab.measuring import child, energy, machine, timing
from edgelab.measuring.timing import Budget
from edgelab.records import Latency
from edgelab.runtimes import Candidate
from edgelab.serialize import Serializable


@dataclass(frozen=True)
class Timed(Serializable):
    """What timing one artefact gave."""

    latency: Latency
    energy_mj: float
    energy_source: str
    busy: bool


def apart(candidate: Candidate) -> bool:
    """Tell whether a candidate gets its stated threads only in a process of its own."""
    return runtimes.runner_class(candidate.path, candidate.runtime).threads_fixed_at_import


def timed(
    candidate: Candidate, image: np.ndarray | None = None, limits: Budget | None = None
) -> Timed:
    """Load an artefact once and time single inferences.

    Args:
        candidate: what to time, with runtime and threads.
        image: one image (1, …); None takes a random one.
        limits: minimum and maximum of runs and seconds; None takes the profile's.

    Raises:
        InputError: the image does not fit the artefact.
        EdgelabError: the artefact can't be loaded, or the process of its own died.
    """
    chosen = limits or timing.budget()
    with machine.exclusive():
        if not apart(candidate):
            return _timed(candidate, image, chosen)
        values = _over_there(
            "timed_in_child", candidate, image=_plain(image), limits=asdict(chosen)
        )
    return Timed.from_dict(values)


def batches(
    candidate: Candidate,
    sizes: Sequence[int],
    limits: Budget,
    tick: Callable[[], object] = lambda: None,
) -> list[Latency]:
    """Time inferences of several images at once, one latency for each batch size.

    Args:
        candidate: what to time; its format must allow a free batch size.
        sizes: batch sizes.
        limits: minimum and maximum of runs and seconds for each.
        tick: called after each, for a progress bar.

    Raises:
        InputError, EdgelabError: as `timed`.
    """
    with machine.exclusive():
        if not apart(candidate):
            return _batches(candidate, sizes, limits, tick)
        found = _over_there(
            "batches_in_child", candidate, tick=tick, sizes=list(sizes), limits=asdict(limits)
        )
    return [Latency.from_dict(values) for values in found]


def energy_of(
    candidate: Candidate, image: np.ndarray | None, median_ms: float
) -> tuple[float, str]:
    """Return the energy of one inference in millijoules, and "rapl" or "estimated".

    Args:
        candidate: what to run, where there is a counter to read.
        image: one image (1, …); None takes a random one.
        median_ms: its latency, for the estimate.

    Raises:
        InputError, EdgelabError: as `timed`.
    """
    if not energy.counters():
        return energy.estimate(median_ms)
    with machine.exclusive():
        if not apart(candidate):
            return _energy(candidate, image, median_ms)
        millijoules, source = _over_there(
            "energy_in_child", candidate, image=_plain(image), median_ms=median_ms
        )
    return millijoules, source


def one(runner: runtimes.Runner, image: np.ndarray | None) -> np.ndarray:
    """Return the image that is timed: the given one, or a random one that fits."""
    return runtimes.example(runner) if image is None else image[:1]


def timed_in_child(
    candidate: dict[str, Any], image: dict[str, Any] | None, limits: dict[str, Any]
) -> dict[str, Any]:
    """Do the work of `timed`; runs in the child (see `edgelab.measuring.child`)."""
    return _timed(_candidate(candidate), _image(image), Budget(**limits)).to_dict()


def batches_in_child(
    candidate: dict[str, Any], sizes: list[int], limits: dict[str, Any]
) -> list[dict[str, Any]]:
    """Do the work of `batches`; runs in the child."""
    found = _batches(_candidate(candidate), sizes, Budget(**limits), child.tick)
    return [latency.to_dict() for latency in found]


def energy_in_child(
    candidate: dict[str, Any], image: dict[str, Any] | None, median_ms: float
) -> tuple[float, str]:
    """Do the work of `energy_of`; runs in the child."""
    return _energy(_candidate(candidate), _image(image), median_ms)


def _timed(candidate: Candidate, image: np.ndarray | None, limits: Budget) -> Timed:
    with candidate.load() as runner:
        inference = runner.prepare(one(runner, image))
        latency, busy = machine.quietly(lambda: timing.sample(inference, limits), limits.attempts)
        millijoules, source = energy.of(inference, latency.median_ms)
    return Timed(latency, millijoules, source, busy)


def _batches(
    candidate: Candidate, sizes: Sequence[int], limits: Budget, tick: Callable[[], object]
) -> list[Latency]:
    found = []
    for size in sizes:
        # A fresh load for each size, so that none profits from another's memory.
        with candidate.load() as runner:
            found.append(timing.sample(runner.prepare(runtimes.example(runner, size)), limits))
        tick()
    return found


def _energy(candidate: Candidate, image: np.ndarray | None, median_ms: float) -> tuple[float, str]:
    with candidate.load() as runner:
        return energy.of(runner.prepare(one(runner, image)), median_ms)


def _over_there(function: str, candidate: Candidate, **arguments: Any) -> Any:
    return child.run(
        f"edgelab.measuring.alone:{function}",
        threads=candidate.threads,
        candidate=asdict(candidate) | {"path": str(candidate.path)},
        **arguments,
    )


def _plain(image: np.ndarray | None) -> dict[str, Any] | None:
    if image is None:
        return None
    return {"dtype": image.dtype.name, "values": image[:1].tolist()}


def _image(plain: dict[str, Any] | None) -> np.ndarray | None:
    return None if plain is None else np.asarray(plain["values"], plain["dtype"])


def _candidate(values: dict[str, Any]) -> Candidate:
    return Candidate(**(values | {"path": Path(values["path"])}))
