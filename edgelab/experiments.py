"""Take one suspect away and time what is left: the experiments behind `benchmark.explain`.

    found = experiments.run(before, after)
    found.without["call"]          # ms of the same network, called without the suspect

A suspicion is worth little; the same file without the suspect is worth a lot. Each experiment changes one
thing (the call, the threads, the kernels, the zeros, thin layers, the width of stored weights, the Python
code before it, the batch) of the candidate, and of the reference where it has the same, and all of them run
in turn, in the same rounds as the pair itself (see `edgelab.compare`). What can't be taken away is measured
on its own: the share of each operator in ONNX Runtime, and how long it takes only to read that many bytes of
weights. Lesson 25 makes three of them by hand.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import (
    anatomy,
    child,
    compare,
    filled,
    machine,
    memory,
    progress,
    rewritten,
    runtimes,
    timing,
    workspace,
)
from edgelab.errors import InputError
from edgelab.evidence import Reference
from edgelab.profiling import operator_shares
from edgelab.runtimes import Candidate

# Evidence enough for a cause that costs a fifth of the time; a fair pair of 1 % needs `compare`.
LIMITS = {
    "ci": compare.Limits(min_rounds=3, max_rounds=4, pairs=4, seconds=1.5),
    "class": compare.Limits(min_rounds=4, max_rounds=8, pairs=5, seconds=4.0),
    "full": compare.Limits(min_rounds=8, max_rounds=16, pairs=8, seconds=20.0),
}
BATCHES = (2, 4)  # beside 1: what a second image costs tells what the first one paid for the call
# Above this a fixed cost of some microseconds is no suspect, and a batch takes too long.
BATCH_BELOW_MS = 15.0
FEW_ZEROS = 0.3  # a share of zeros below this was not planned by anybody
FEW_LANES = 0.2  # of the multipliers idle, beyond the reference's: fewer are no suspect
FEW_DYNAMIC = 0.3  # the same for the multiplications that are quantized on the way
_PYTHON_CALLS = ("keras-predict", "keras-eager")
_SIDES = ("before", "after")
_LEVEL = 0.95
_READING_SECONDS = 0.05
_READINGS = 10  # at least, however busy the machine is


@dataclass(frozen=True)
class Pipeline:
    """A file together with the Python code that an application runs before each inference.

    Attributes:
        artefact: a path or a `Candidate`.
        prepare: turns one picture into the network's input, a batch of one.
        picture: what `prepare` is given.
    """

    artefact: Any
    prepare: Callable[[Any], np.ndarray]
    picture: Any

    def once(self, runner: runtimes.Runner) -> None:
        """Prepare the picture and run the network, as the application does for every picture."""
        runner.run(self.prepare(self.picture))


@dataclass(frozen=True)
class Subject:
    """One side of an explanation: what is timed, and how."""

    name: str
    candidate: Candidate
    pipeline: Pipeline | None = None

    @property
    def runtime(self) -> str:
        """Return the name of the runtime that runs it."""
        return self.candidate.runtime or runtimes.runner_class(self.candidate.path).runtime

    @property
    def in_tensorflow(self) -> bool:
        """Tell whether its threads are fixed when its package is imported (Keras files)."""
        kind = runtimes.runner_class(self.candidate.path, self.candidate.runtime)
        return kind.threads_fixed_at_import


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
        trials, padded = _trials(subjects, parts, folder, batches=not apart)
        evidence, busy = _timed(trials, image, limit, seed, apart=bool(apart))
        times = {key: _ms(samples) for key, samples in zip(trials, evidence.samples, strict=True)}
        logs = compare.interval(evidence.estimates[1], _LEVEL)
        operators: dict[str, dict[str, float]] = {key: {} for key in _SIDES}
        if not apart:
            for key, subject in zip(_SIDES, subjects, strict=True):
                # Shares of the latency of the same rounds: another load has another speed.
                shares, alone = operator_shares(subject.candidate, image), _alone(times, key)
                operators[key] = {kind: share * alone for kind, share in shares.items()}
        reading = {key: reading_ms(p.weight_bytes) for key, p in zip(_SIDES, parts, strict=True)}
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


@dataclass(frozen=True)
class _Trial:
    """One thing to time: a candidate, the images in its batch, the Python code around it."""

    candidate: Candidate
    batch: int = 1
    pipeline: Pipeline | None = None

    def load(self, image: np.ndarray | None) -> compare.Loaded:
        """Load it afresh and return its inference and its closer."""
        runner = self.candidate.load()
        if self.pipeline is not None:
            pipeline = self.pipeline
            return (lambda: pipeline.once(runner)), runner.close
        one = memory.example(runner) if image is None else image
        return runner.prepare(np.repeat(one, self.batch, axis=0)), runner.close


def _trials(
    subjects: Sequence[Subject],
    parts: Sequence[anatomy.Anatomy],
    folder: Path,
    *,
    batches: bool,
) -> tuple[dict[str, _Trial], dict[str, int]]:
    """Return everything that is timed in turn, the pair first, and the products of padded files.

    The reference loses the same suspects as the candidate: what it pays as well is no cause.
    """
    sides = list(zip(_SIDES, subjects, strict=True))
    trials = {key: _Trial(s.candidate, pipeline=s.pipeline) for key, s in sides}
    padded: dict[str, int] = {}
    for key, subject in sides:
        if subject.pipeline is not None:
            trials[f"{key} without python"] = _Trial(subject.candidate)
        if batches and _takes_batches(subject.candidate):
            for size in BATCHES:
                trials[f"{key} x{size}"] = _Trial(subject.candidate, size)
        for suspect, other in _runs_otherwise(subject, batches=batches).items():
            trials[f"{key} without {suspect}"] = _Trial(other)
        for suspect, file in _files_without(key, subject, parts, folder).items():
            trials[f"{key} without {suspect}"] = _Trial(replace(subject.candidate, path=file))
            if suspect == "narrow":
                padded[key] = anatomy.of(file, subject.candidate.runtime).macs
    before, after = subjects
    if _can_be_static(subjects, parts):
        static = _static(before.candidate.path, folder / "static.onnx")
        trials["after without dynamic"] = _Trial(replace(after.candidate, path=static))
    return trials, padded


def _runs_otherwise(subject: Subject, *, batches: bool) -> dict[str, Candidate]:
    """Return other ways to run the same file, by the suspect that they lack."""
    candidate, found = subject.candidate, {}
    if subject.runtime in _PYTHON_CALLS:
        found["call"] = replace(candidate, runtime="keras-compiled")
    elif candidate.threads > 1 and batches:
        for threads in sorted({1, min(candidate.threads - 1, machine.cores())}):
            found[f"threads {threads}"] = replace(candidate, threads=threads)
    if subject.runtime == "litert-builtin":
        found["kernels"] = replace(candidate, runtime="litert")
    return found


def _files_without(
    key: str, subject: Subject, parts: Sequence[anatomy.Anatomy], folder: Path
) -> dict[str, Path]:
    """Write files that lack one suspect each, where the candidate gives reason to suspect it."""
    before, after = parts
    part, path = parts[_SIDES.index(key)], subject.candidate.path
    found: dict[str, Path] = {}
    if after.idle >= FEW_ZEROS and part.idle and filled.can_fill(path):
        found["zeros"] = filled.fill(path, folder / f"{key}-filled{path.suffix}")
    if after.idle_lanes - before.idle_lanes >= FEW_LANES and part.idle_lanes:
        padded = rewritten.pad(path, folder / f"{key}-padded{path.suffix}")
        found |= {"narrow": padded} if padded else {}
    if after.share(anatomy.WIDENED, fast=True) and part.share(anatomy.WIDENED, fast=True):
        floats = rewritten.widen(path, folder / f"{key}-floats{path.suffix}")
        found |= {"widened": floats} if floats else {}
    return found


def _can_be_static(subjects: Sequence[Subject], parts: Sequence[anatomy.Anatomy]) -> bool:
    """Tell whether a dynamically quantized network can be quantized statically instead."""
    files = all(s.candidate.path.suffix == ".onnx" for s in subjects)
    same = parts[0].macs == parts[1].macs and parts[0].share(anatomy.FLOAT) == 1
    return files and same and parts[1].share(anatomy.DYNAMIC) >= FEW_DYNAMIC


def _static(path: Path, target: Path) -> Path:
    """Quantize a float file with random images: its answers are poor, its time is the right one."""
    from edgelab import onnx_quantize

    with runtimes.load(path) as runner:
        images = memory.example(runner)
    return onnx_quantize.onnx_static(path, images, target)


def _takes_batches(candidate: Candidate) -> bool:
    """Tell whether a candidate can run several images at once, and quickly enough to try."""
    if candidate.threads > 1:
        return False  # threads share out a batch and an image differently
    with candidate.load() as runner:
        if runner.input_spec.shape[0] is not None:
            return False
        inference = runner.prepare(memory.example(runner))
        return min(timing.block(inference, 3)) < BATCH_BELOW_MS * 1e6


def _timed(
    trials: Mapping[str, _Trial],
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


def _loader(trial: _Trial, image: np.ndarray | None) -> compare.Loader:
    return lambda: trial.load(image)


def _in_child(
    trials: Mapping[str, _Trial],
    image: np.ndarray | None,
    limit: compare.Limits,
    seed: int,
    tick: Callable[[], object],
) -> compare.Evidence:
    """Time the trials in a process of their own, where TensorFlow has the candidate's threads."""
    values = child.run(
        "edgelab.benchmark:in_child",
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
