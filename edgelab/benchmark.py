"""Measure artefacts, and compare them so that the answer can be trusted.

    result = benchmark.compare({"float32": float32, "int8": int8}, on=digits.test)
    result                      # its repr is the report, doubts included
    benchmark.measure(int8, on=digits.test, memory=True)
    benchmark.explain(float32, int8)        # why it is not faster (lesson 25)

Comparing takes files, not loaded models: every candidate is loaded afresh several times, since
loading alone moves a latency. Lesson 10 teaches it.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import evaluate, keras, progress, records, runtimes, size, workspace
from edgelab.errors import InputError, UncountableError
from edgelab.explaining.explain import Explanation, Pipeline, explain
from edgelab.files import counts as _counts
from edgelab.files.counted import Counts
from edgelab.measuring import (
    alone,
    child,
    compare as _compare,
    cpu as _cpu,
    machine,
    memory as _memory,
    overhead as _overhead,
    roofline as _roofline,
    timing,
)
from edgelab.networks.imagenet import tagged
from edgelab.records import Comparison, Measurement
from edgelab.runtimes import Candidate

__all__ = [
    "Artefact",
    "Explanation",
    "Images",
    "Pipeline",
    "compare",
    "counts",
    "cpu_use",
    "environment",
    "explain",
    "footprint",
    "measure",
    "noise_floor",
    "overhead",
    "roofline",
    "throughput",
]

Artefact = Any  # a path, a Candidate, or a Keras model in memory
Images = Any  # a Split, an array (n, …), or None

PACKAGES = ("ai-edge-litert", "onnxruntime", "tensorflow", "tf-keras", "openvino", "numpy")


def compare(
    candidates: Mapping[str, Artefact],
    on: Images = None,
    *,
    accuracy: bool = True,
    sizes: bool = True,
    memory: bool | Collection[str] = False,
    seed: int = 0,
    limits: _compare.Limits | None = None,
) -> Comparison:
    """Measure several artefacts in turn and say which are faster than the first.

    Args:
        candidates: name → artefact: a path, a `Candidate` (which names runtime and threads), or a
            Keras model in memory (saved and run through `predict`; one with masked or clustered
            weights is recorded as simulated). The first is the reference.
        on: labelled images (a `Split`) for the accuracy, the first of which is the input that is
            timed; an array of images times only; None times a random image.
        accuracy: whether to count right answers where `on` has labels.
        sizes: whether to weigh the files and count parameters and multiply-accumulates, which takes
            seconds for a hundred megabytes.
        memory: whether to measure each one's peak memory in a fresh process, or the names of those
            for which to.
        seed: of the random orders.
        limits: how much evidence to gather; None takes the profile's.

    Returns:
        The comparison: a measurement for each candidate, and its latency ratio to the reference
        with interval and verdict. It is published to the history, and so to the journal.

    Raises:
        InputError: fewer than two candidates, different thread counts, or a wrong input shape.
        EdgelabError: an artefact can't be loaded.
    """
    chosen = {name: _candidate(name, artefact) for name, artefact in candidates.items()}
    _check(chosen)
    images = _images(on)
    limit = limits or _compare.limits()
    evidence, busy = _time(chosen, images, limit, seed)
    ratios = _compare.verdict(evidence, list(chosen))
    peaks = _peaks(chosen, list(chosen) if memory is True else memory or ())
    measurements = []
    for index, (name, candidate) in enumerate(chosen.items()):
        samples = evidence.samples[index]
        spent = sum(map(sum, samples)) / 1e9
        latency = timing.summarize(samples, spent, evidence.warmed[index])
        millijoules, source = alone.energy_of(candidate, images, latency.median_ms)
        measurements.append(
            replace(
                _describe(name, candidate, on if accuracy else None, memory=False, sizes=sizes),
                latency=latency,
                memory_bytes=peaks.get(name),
                instance_spread=_spread(samples),
                load_ms=statistics.median(evidence.load_ns[index]) / 1e6,
                first_ms=statistics.median(evidence.first_ns[index]) / 1e6,
                energy_mj=millijoules,
                energy_source=source,
                busy=busy,
                seed=seed,
            )
        )
    result = Comparison(
        measurements=tuple(measurements),
        ratios=ratios,
        seconds=evidence.seconds,
        busy=busy,
        seed=seed,
        profile=workspace.profile(),
        machine=machine.describe(),
    )
    records.publish("comparison", " / ".join(result.names), result)
    return result


def measure(
    artefact: Artefact,
    on: Images = None,
    *,
    name: str | None = None,
    accuracy: bool = True,
    memory: bool = True,
    limits: timing.Budget | None = None,
) -> Measurement:
    """Measure one artefact: latency, four sizes, memory, accuracy.

    A single measurement is of one load, and another load may differ by more than its runs do: it says nothing
    about which of two artefacts is faster. Use `compare` for that.

    Args:
        artefact: a path, a `Candidate` or a Keras model in memory.
        on: as for `compare`.
        name: label; None takes the file's name.
        accuracy: whether to count right answers where `on` has labels.
        memory: whether to measure peak memory in a fresh process.
        limits: minimum and maximum of runs and seconds; None takes the profile's.

    Returns:
        The measurement, published to the history.
    """
    candidate = _candidate(name or "model", artefact)
    label = name or candidate.path.stem
    timed = alone.timed(candidate, _images(on), limits)
    result = replace(
        _describe(label, candidate, on if accuracy else None, memory, sizes=True),
        latency=timed.latency,
        energy_mj=timed.energy_mj,
        energy_source=timed.energy_source,
        busy=timed.busy,
    )
    records.publish("measurement", label, result)
    return result


def noise_floor(artefact: Artefact, on: Images = None, *, seed: int = 0) -> records.Ratio:
    """Compare an artefact with itself: what a difference must exceed to mean something here.

    Args:
        artefact: a path or a `Candidate`.
        on: images to take the timed input from.
        seed: of the random orders.

    Returns:
        The ratio of two sets of fresh loads of the same file: its interval is the noise floor.
    """
    candidate = _candidate("A", artefact)
    chosen = {"A": candidate, "A again": candidate}
    evidence, _ = _time(chosen, _images(on), _compare.limits(), seed)
    return _compare.verdict(evidence, list(chosen))[1]


def throughput(
    artefact: Artefact, batches: Sequence[int] = (1, 2, 4, 8, 16, 32)
) -> dict[int, float]:
    """Measure how many images a second an artefact takes at each batch size.

    Args:
        artefact: a path or a `Candidate` whose format allows a free batch size.
        batches: batch sizes.

    Returns:
        Batch size → images per second (from the median time of a batch).
    """
    candidate = _candidate("model", artefact)
    limits = timing.Budget(min_runs=10, min_seconds=0.15, max_seconds=3.0)
    with progress.bar(total=len(batches), description="Throughput", unit="batch size") as bar:
        latencies = alone.batches(candidate, batches, limits, bar.update)
    result = {
        batch: batch / latency.median_ms * 1e3
        for batch, latency in zip(batches, latencies, strict=True)
    }
    payload = {"images_per_second": result, "artefact": workspace.file_hash(candidate.path)}
    records.publish("throughput", candidate.path.stem, payload)
    return result


def footprint(artefact: Artefact) -> _memory.Footprint:
    """Measure peak memory and cold start of an artefact in a fresh process."""
    candidate = _candidate("model", artefact)
    found = _memory.measure(candidate)
    payload = asdict(found) | {"artefact": workspace.file_hash(candidate.path)}
    records.publish("footprint", candidate.path.stem, payload)
    return found


def cpu_use(artefact: Artefact, threads: int | None = None) -> _cpu.Use:
    """Measure how many cores an artefact keeps busy while it runs one image after the other.

    Args:
        artefact: a path, a `Candidate`, or a Keras model in memory.
        threads: that one inference may use; None takes the candidate's, which is 1 for a path.

    Returns:
        The use, published to the history.
    """
    candidate = _candidate("model", artefact)
    if threads is not None:
        candidate = replace(candidate, threads=threads)
    found = _cpu.measure(candidate)
    payload = asdict(found) | {
        "share": found.share,
        "artefact": workspace.file_hash(candidate.path),
    }
    records.publish("cpu", candidate.path.stem, payload)
    return found


def counts(model: Artefact) -> Counts:
    """Count parameters and multiply-accumulates of a Keras model or an artefact."""
    return _counts.of(model)


def roofline(threads: int = 1) -> _roofline.Roof:
    """Measure what this machine can do at most: arithmetic and memory traffic."""
    return _roofline.measure(threads)


def environment() -> dict[str, Any]:
    """Return the record of this machine that every measurement carries."""
    return machine.describe()


def overhead(runs: int = 20_000) -> dict[str, float]:
    """Measure what one inference costs without any model, in microseconds (see `edgelab.measuring.overhead`)."""
    found = _overhead.measure(runs)
    records.publish("overhead", "identity", found)
    return found


def in_child(
    candidates: dict[str, dict[str, Any]],
    images: list[Any] | None,
    limit: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Gather a comparison's evidence in this process; runs in the child (see `edgelab.measuring.child`)."""
    chosen = [Candidate(**(c | {"path": Path(c["path"])})) for c in candidates.values()]
    image = None if images is None else np.asarray(images, np.float32)
    loaders = [_loader(c, image) for c in chosen]
    return asdict(_compare.rounds(loaders, _compare.Limits(**limit), seed, child.tick))


def _time(
    chosen: dict[str, Candidate], images: np.ndarray | None, limit: _compare.Limits, seed: int
) -> tuple[_compare.Evidence, bool]:
    image = None if images is None else images[:1]
    apart = any(alone.apart(c) for c in chosen.values())
    _shape_error_early(chosen, image, apart)
    with (
        machine.exclusive(),
        progress.bar(total=limit.max_rounds, description="Comparing", unit="round") as bar,
    ):
        if not apart:
            loaders = [_loader(c, image) for c in chosen.values()]
            return machine.quietly(
                lambda: _compare.rounds(loaders, limit, seed, bar.update), attempts=1
            )

        def over_there() -> _compare.Evidence:
            values = child.run(
                "edgelab.benchmark:in_child",
                threads=next(iter(chosen.values())).threads,
                tick=bar.update,
                candidates={n: asdict(c) | {"path": str(c.path)} for n, c in chosen.items()},
                images=None if image is None else image.tolist(),
                limit=asdict(limit),
                seed=seed,
            )
            return _compare.Evidence(**values)

        return machine.quietly(over_there, attempts=1)


def _shape_error_early(chosen: dict[str, Candidate], image: np.ndarray | None, apart: bool) -> None:
    """Load each artefact once, so that a broken one is named before anything is timed."""
    if apart:
        return  # the child process reports it; loading Keras models twice takes too long
    for candidate in chosen.values():
        with candidate.load() as runner:
            runner.prepare(alone.one(runner, image))


def _loader(candidate: Candidate, image: np.ndarray | None) -> _compare.Loader:
    def load() -> tuple[runtimes.Inference, Callable[[], None]]:
        runner = candidate.load()
        return runner.prepare(alone.one(runner, image)), runner.close

    return load


def _candidate(name: str, artefact: Artefact) -> Candidate:
    if isinstance(artefact, Candidate):
        return replace(artefact, path=workspace.existing(artefact.path))
    if keras.is_model(artefact):
        safe = "".join(c if c.isalnum() else "_" for c in name)
        file = keras.save(artefact, f"{safe}.keras")
        return Candidate(file, simulated=tagged(artefact).simulated)
    if isinstance(artefact, str | Path):
        return Candidate(workspace.existing(artefact))
    raise InputError(
        f"{name!r} is a {type(artefact).__name__}; give the path of an artefact, a Candidate, or a "
        "Keras model."
    )


def _check(chosen: dict[str, Candidate]) -> None:
    if len(chosen) < 2:
        raise InputError(
            f"A comparison needs at least two artefacts; {len(chosen)} given. "
            "To look at one alone use benchmark.measure."
        )
    threads = {c.threads for c in chosen.values()}
    if len(threads) > 1:
        raise InputError(
            f"These artefacts would run with {sorted(threads)} threads; compare them under one "
            "thread count, or the difference is not theirs."
        )
    for candidate in chosen.values():
        runtimes.runner_class(candidate.path, candidate.runtime)


def _peaks(chosen: Mapping[str, Candidate], names: Collection[str]) -> dict[str, int]:
    if unknown := sorted(set(names) - set(chosen)):
        raise InputError(
            f"Memory is asked of {unknown[0]!r}, which is not compared; these are: {', '.join(chosen)}."
        )
    if not names:
        return {}
    footprints = _memory.measure_all([chosen[name] for name in names])
    return {name: found.peak_bytes for name, found in zip(names, footprints, strict=True)}


def _images(on: Images) -> np.ndarray | None:
    if on is None:
        return None
    images = np.asarray(getattr(on, "x", on))
    if len(images) == 0:
        raise InputError("There are no images to measure on; the split or array is empty.")
    return images


def _describe(
    name: str, candidate: Candidate, on: Images, memory: bool, sizes: bool
) -> Measurement:
    """Return everything about a candidate that is not a latency."""
    # Accuracy of a Keras file is the same however it is called; artefacts run as they are timed.
    labelled = getattr(on, "labelled", False) and candidate.weights != "none"
    measured = None
    if labelled:
        with candidate.load() as runner:
            measured = evaluate.accuracy(runner, on)
    content = workspace.file_hash(candidate.path)
    weight, network = _weighed(candidate.path, content) if sizes else (None, None)
    return Measurement(
        name=name,
        runtime=candidate.runtime or runtimes.runner_class(candidate.path).runtime,
        threads=candidate.threads,
        artefact_hash=content,
        size=weight,
        memory_bytes=_memory.measure(candidate).peak_bytes if memory else None,
        accuracy=measured,
        parameters=network.parameters if network else None,
        macs=network.macs if network else None,
        weights=candidate.weights,
        simulated=candidate.simulated,
        profile=workspace.profile(),
        machine=machine.describe(),
        versions=workspace.versions(*PACKAGES),
    )


@functools.lru_cache(maxsize=32)
def _weighed(path: Path, _content: str) -> tuple[records.Size, Counts | None]:
    """Return sizes and counts of a file; one that is compared under two runtimes is read once.

    There are no counts of a network with an operator that `counts` refuses: it can be timed all the same.
    """
    found = None
    if path.suffix in (".keras", ".tflite", ".onnx"):
        with contextlib.suppress(UncountableError):
            found = _counts.of(path)
    return size.of(path), found


def _spread(instances: list[list[int]]) -> float | None:
    medians = [statistics.median(samples) for samples in instances]
    if len(medians) < 2:
        return None
    return statistics.stdev(medians) / statistics.fmean(medians)
