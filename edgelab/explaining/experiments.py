"""Take one suspect away and time what is left: the experiments behind `benchmark.explain`.

    found = experiments.run(before, after)
    found.without["call"]          # ms of the same network, called without the suspect

Each trial is the pair, or one side of it without a suspect (`edgelab.explaining.subjects`), and all of them run in turn,
in the same rounds as the pair itself (`edgelab.measuring.compare`). What can't be taken away is measured on its own:
the share of each operator in ONNX Runtime, and how long it takes only to read that many bytes of weights.
Lesson 25 makes three of them by hand.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edgelab import progress, workspace
from edgelab.errors import InputError
from edgelab.explaining import anatomy
from edgelab.explaining.evidence import Reference
from edgelab.explaining.subjects import BATCHES, SIDES, Subject, Trial, trials as trials_of
from edgelab.measuring import child, compare, machine
from edgelab.measuring.profiling import operator_shares

# Evidence enough for a cause that costs a fifth of the time; a fair pair of 1 % needs `compare`.
LIMITS = {
    "ci": compare.Limits(min_rounds=3, max_rounds=4, pairs=4, seconds=1.5),
    "class": compare.Limits(min_rounds=4, max_rounds=8, pairs=5, seconds=4.0),
    "full": compare.Limits(min_rounds=8, max_rounds=16, pairs=8, seconds=20.0),
}
_LEVEL = 0.95
_READING_SECONDS = 0.05
_READINGS = 10  # at least, however busy the machine is


@dataclass(frozen=True)
class Found:
    """What the experiments gave; times in milliseconds of one inference.

    `by_batch` holds the time of a whole batch of each size; `without` the candidate without a suspect.
    """

    ratio: float  # time of the candidate over time of the reference
    low: float  # its 95 % interval
    high: float
    latency_ms: tuple[float, float]
    by_batch: tuple[dict[int, float], dict[int, float]]
    without: dict[str, float]
    operators_ms: dict[str, float]
    reading_ms: float
    padded_macs: int
    reference: Reference
    busy: bool


def run(
    before: Subject,
    after: Subject,
    parts: tuple[anatomy.Anatomy, anatomy.Anatomy],
    image: np.ndarray | None = None,
    *,
    limit: compare.Limits | None = None,
    seed: int = 0,
) -> Found:
    """Time a pair and everything that could tell why, in turn.

    Args:
        before: the reference.
        after: the candidate that should be faster.
        parts: their anatomies.
        image: one image (1, …); None takes a random one.
        limit: how much evidence.
        seed: of the random orders.

    Raises:
        InputError: a pipeline around a Keras file, or a wrong input shape.
        EdgelabError: an artefact can't be loaded.
    """
    subjects = (before, after)
    apart = [s for s in subjects if s.in_tensorflow]
    if apart and any(s.pipeline for s in subjects):
        raise InputError(
            f"{apart[0].name!r} runs in TensorFlow, in a process of its own, where Python code of "
            "this notebook can't be timed. Convert it to .tflite or .onnx, or explain it without "
            "the pipeline."
        )
    with ExitStack() as stack, machine.exclusive():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        trials, padded = trials_of(subjects, parts, folder, batches=not apart)
        evidence, busy = _timed(trials, image, limit, seed, apart=bool(apart))
        times = {key: _ms(samples) for key, samples in zip(trials, evidence.samples, strict=True)}
        logs = compare.interval(evidence.estimates[1], _LEVEL)
        operators: dict[str, dict[str, float]] = {key: {} for key in SIDES}
        if not apart:
            for key, subject in zip(SIDES, subjects, strict=True):
                # Shares of the latency of the same rounds: another load has another speed.
                shares, alone = operator_shares(subject.candidate, image), _alone(times, key)
                operators[key] = {kind: share * alone for kind, share in shares.items()}
        reading = {key: reading_ms(p.weight_bytes) for key, p in zip(SIDES, parts, strict=True)}
    return Found(
        ratio=math.exp(logs[0]),
        low=math.exp(logs[1]),
        high=math.exp(logs[2]),
        latency_ms=(times["before"], times["after"]),
        by_batch=(_batches(times, "before"), _batches(times, "after")),
        without=_without(times, "after"),
        operators_ms=operators["after"],
        reading_ms=reading["after"],
        padded_macs=padded.get("after", 0),
        reference=Reference(
            without=_without(times, "before"),
            operators_ms=operators["before"],
            reading_ms=reading["before"],
            padded_macs=padded.get("before", 0),
        ),
        busy=busy,
    )


def reading_ms(count_bytes: float) -> float:
    """Return the milliseconds that one thread needs only to read this many bytes.

    Wherever that many bytes lie between two inferences: in a cache when they fit, else in memory.
    """
    from threadpoolctl import threadpool_limits

    values = np.ones(max(1, int(count_bytes) // 4), np.float32)
    times: list[float] = []
    end = time.perf_counter() + _READING_SECONDS
    with threadpool_limits(1):
        while len(times) < _READINGS or time.perf_counter() < end:
            begin = time.perf_counter()
            np.dot(values, values)
            times.append(time.perf_counter() - begin)
    return min(times) * 1e3


def _timed(
    trials: Mapping[str, Trial],
    image: np.ndarray | None,
    limit: compare.Limits | None,
    seed: int,
    *,
    apart: bool,
) -> tuple[compare.Evidence, bool]:
    chosen = limit or LIMITS[workspace.profile()]
    with progress.bar(total=chosen.max_rounds, description="Explaining", unit="round") as bar:
        if apart:
            return machine.quietly(
                lambda: _in_child(trials, image, chosen, seed, bar.update), attempts=1
            )
        loaders = [_loader(trial, image) for trial in trials.values()]
        return machine.quietly(
            lambda: compare.rounds(loaders, chosen, seed, bar.update), attempts=1
        )


def _loader(trial: Trial, image: np.ndarray | None) -> compare.Loader:
    return lambda: trial.load(image)


def _in_child(
    trials: Mapping[str, Trial],
    image: np.ndarray | None,
    limit: compare.Limits,
    seed: int,
    tick: Callable[[], object],
) -> compare.Evidence:
    """Time the trials in a process of their own, where TensorFlow has the candidate's threads."""
    values = child.run(
        "edgelab.measuring.in_turn:in_child",
        threads=trials["after"].candidate.threads,
        tick=tick,
        candidates={
            key: asdict(t.candidate) | {"path": str(t.candidate.path)} for key, t in trials.items()
        },
        images=None if image is None else image.tolist(),
        limit=asdict(limit),
        seed=seed,
    )
    return compare.Evidence(**values)


def _ms(rounds: Sequence[Sequence[int]]) -> float:
    """Return the undisturbed time of one inference: the median over the rounds' fast tenths."""
    return float(np.median([compare.fast(samples) for samples in rounds])) / 1e6


def _without(times: Mapping[str, float], key: str) -> dict[str, float]:
    start = f"{key} without "
    return {k.removeprefix(start): t for k, t in times.items() if k.startswith(start)}


def _alone(times: Mapping[str, float], key: str) -> float:
    """Return the time of the network alone, Python code and a slow call around it left out."""
    found = _without(times, key)
    return found.get("python", found.get("call", times[key]))


def _batches(times: Mapping[str, float], key: str) -> dict[int, float]:
    more = {size: times[f"{key} x{size}"] for size in BATCHES if f"{key} x{size}" in times}
    return {1: _alone(times, key), **more}
