"""What an explanation times: both sides, and each of them without one suspect.

    trials, padded = subjects.trials((before, after), parts, folder, batches=True)
    trials["after without zeros"]          # the candidate's file, its zeros filled

A suspicion is worth little; the same file without the suspect is worth a lot. Each trial changes one thing:
the call, the threads, the kernels, the zeros, thin layers, the width of stored weights, the Python code
before it, the batch. `edgelab.explaining.experiments` times them in turn. Lesson 25 makes three of them by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import runtimes
from edgelab.explaining import anatomy, filled, rewritten
from edgelab.measuring import compare, machine, timing
from edgelab.runtimes import Candidate

BATCHES = (2, 4)  # beside 1: what a second image costs tells what the first one paid for the call
# Above this a fixed cost of some microseconds is no suspect, and a batch takes too long.
BATCH_BELOW_MS = 15.0
FEW_ZEROS = 0.3  # a share of zeros below this was not planned by anybody
FEW_LANES = 0.2  # of the multipliers idle, beyond the reference's: fewer are no suspect
FEW_DYNAMIC = 0.3  # the same for the multiplications that are quantized on the way
_PYTHON_CALLS = ("keras-predict", "keras-eager")
SIDES = ("before", "after")


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
class Trial:
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
        one = runtimes.example(runner) if image is None else image
        return runner.prepare(np.repeat(one, self.batch, axis=0)), runner.close


def trials(
    subjects: Sequence[Subject],
    parts: Sequence[anatomy.Anatomy],
    folder: Path,
    *,
    batches: bool,
) -> tuple[dict[str, Trial], dict[str, int]]:
    """Return everything that is timed in turn, the pair first, and the products of padded files.

    The reference loses the same suspects as the candidate: what it pays as well is no cause.
    """
    sides = list(zip(SIDES, subjects, strict=True))
    found = {key: Trial(s.candidate, pipeline=s.pipeline) for key, s in sides}
    padded: dict[str, int] = {}
    for key, subject in sides:
        if subject.pipeline is not None:
            found[f"{key} without python"] = Trial(subject.candidate)
        if batches and _takes_batches(subject.candidate):
            for size in BATCHES:
                found[f"{key} x{size}"] = Trial(subject.candidate, size)
        for suspect, other in _runs_otherwise(subject, batches=batches).items():
            found[f"{key} without {suspect}"] = Trial(other)
        for suspect, file in _files_without(key, subject, parts, folder).items():
            found[f"{key} without {suspect}"] = Trial(replace(subject.candidate, path=file))
            if suspect == "narrow":
                padded[key] = anatomy.of(file, subject.candidate.runtime).macs
    before, after = subjects
    if _can_be_static(subjects, parts):
        static = _static(before.candidate.path, folder / "static.onnx")
        found["after without dynamic"] = Trial(replace(after.candidate, path=static))
    return found, padded


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
    part, path = parts[SIDES.index(key)], subject.candidate.path
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
    from edgelab.quantizing import onnx_quantize

    with runtimes.load(path) as runner:
        images = runtimes.example(runner)
    return onnx_quantize.onnx_static(path, images, target)


def _takes_batches(candidate: Candidate) -> bool:
    """Tell whether a candidate can run several images at once, and quickly enough to try."""
    if candidate.threads > 1:
        return False  # threads share out a batch and an image differently
    with candidate.load() as runner:
        if runner.input_spec.shape[0] is not None:
            return False
        inference = runner.prepare(runtimes.example(runner))
        return min(timing.block(inference, 3)) < BATCH_BELOW_MS * 1e6
