"""Measure artefacts, and compare them so that the answer can be trusted.

    result = benchmark.compare({"float32": float32, "int8": int8}, on=digits.test)
    result                      # its repr is the report, doubts included
    benchmark.measure(int8, on=digits.test, memory=True)
    benchmark.explain(float32, int8)        # why it is not faster (lesson 25)

Comparing takes files, not loaded models: every candidate is loaded afresh several times, since
loading alone moves a latency. Lesson 10 teaches it.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from edgelab import progress, records, workspace
from edgelab.explaining.explain import Explanation, Pipeline, explain
from edgelab.files import counts as _counts
from edgelab.files.counted import Counts
from edgelab.measuring import (
    alone,
    candidates as _candidates,
    compare as _compare,
    cpu as _cpu,
    facts,
    in_turn,
    machine,
    memory as _memory,
    overhead as _overhead,
    roofline as _roofline,
    timing,
)
from edgelab.measuring.candidates import Artefact, Images
from edgelab.records import Comparison, Measurement

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
    chosen = {name: _candidates.of(name, artefact) for name, artefact in candidates.items()}
    _candidates.check(chosen)
    images = _candidates.images(on)
    limit = limits or _compare.limits()
    evidence, busy = in_turn.time(chosen, images, limit, seed)
    ratios = _compare.verdict(evidence, list(chosen))
    peaks = facts.peaks(chosen, list(chosen) if memory is True else memory or ())
    measurements = []
    for index, (name, candidate) in enumerate(chosen.items()):
        samples = evidence.samples[index]
        spent = sum(map(sum, samples)) / 1e9
        latency = timing.summarize(samples, spent, evidence.warmed[index])
        millijoules, source = alone.energy_of(candidate, images, latency.median_ms)
        measurements.append(
            replace(
                facts.describe(
                    name, candidate, on if accuracy else None, memory=False, sizes=sizes
                ),
                latency=latency,
                memory_bytes=peaks.get(name),
                instance_spread=facts.spread(samples),
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
    candidate = _candidates.of(name or "model", artefact)
    label = name or candidate.path.stem
    timed = alone.timed(candidate, _candidates.images(on), limits)
    result = replace(
        facts.describe(label, candidate, on if accuracy else None, memory, sizes=True),
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
    candidate = _candidates.of("A", artefact)
    chosen = {"A": candidate, "A again": candidate}
    evidence, _ = in_turn.time(chosen, _candidates.images(on), _compare.limits(), seed)
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
    candidate = _candidates.of("model", artefact)
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
    candidate = _candidates.of("model", artefact)
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
    candidate = _candidates.of("model", artefact)
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
