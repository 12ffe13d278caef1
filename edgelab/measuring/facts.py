"""What is known of a candidate beside its latency: sizes, counts, accuracy, peak memory, versions."""

from __future__ import annotations

import contextlib
import functools
import statistics
from collections.abc import Collection, Mapping
from pathlib import Path

from edgelab import evaluate, records, runtimes, size, workspace
from edgelab.errors import InputError, UncountableError
from edgelab.files import counts
from edgelab.files.counted import Counts
from edgelab.measuring import machine, memory as _memory
from edgelab.measuring.candidates import Images
from edgelab.records import Measurement
from edgelab.runtimes import Candidate

PACKAGES = ("ai-edge-litert", "onnxruntime", "tensorflow", "tf-keras", "openvino", "numpy")


def describe(name: str, candidate: Candidate, on: Images, memory: bool, sizes: bool) -> Measurement:
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


def peaks(chosen: Mapping[str, Candidate], names: Collection[str]) -> dict[str, int]:
    """Return the peak memory of those candidates whose names are given, in bytes.

    Raises:
        InputError: a name that is not compared.
    """
    if unknown := sorted(set(names) - set(chosen)):
        raise InputError(
            f"Memory is asked of {unknown[0]!r}, which is not compared; these are: {', '.join(chosen)}."
        )
    if not names:
        return {}
    footprints = _memory.measure_all([chosen[name] for name in names])
    return {name: found.peak_bytes for name, found in zip(names, footprints, strict=True)}


@functools.lru_cache(maxsize=32)
def _weighed(path: Path, _content: str) -> tuple[records.Size, Counts | None]:
    """Return sizes and counts of a file; one that is compared under two runtimes is read once.

    There are no counts of a network with an operator that `counts` refuses: it can be timed all the same.
    """
    found = None
    if path.suffix in (".keras", ".tflite", ".onnx"):
        with contextlib.suppress(UncountableError):
            found = counts.of(path)
    return size.of(path), found


def spread(instances: list[list[int]]) -> float | None:
    """Return by how much the medians of fresh loads scatter, relative to their mean; None for one load."""
    medians = [statistics.median(samples) for samples in instances]
    if len(medians) < 2:
        return None
    return statistics.stdev(medians) / statistics.fmean(medians)
