"""Which share of the time each kind of operator takes inside ONNX Runtime.

    profiling.operator_shares(Candidate(Path("dynamic.onnx")))    # {"ConvInteger": 0.62, …}

ONNX Runtime can write down when each operator began and how long it took. Writing costs time itself, and
another loaded instance has another speed, so only the shares are kept: times come from multiplying them
with a latency that was measured without the profile. The operators are those that are executed, after the
runtime has fused and replaced what it can. Lesson 25.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np

from edgelab import runtimes
from edgelab.runtimes import Candidate

_RUNS = 30
_SKIPPED = 5  # the first runs find cold caches


def operator_shares(candidate: Candidate, image: np.ndarray | None = None) -> dict[str, float]:
    """Return the share of an inference that each kind of operator takes, the largest first.

    Args:
        candidate: an `.onnx` file; anything else has no profile here and gives an empty dictionary.
        image: one image (1, …); None takes a random one.

    Raises:
        EdgelabError: the file can't be loaded.
    """
    if candidate.path.suffix != ".onnx":
        return {}
    with candidate.load() as runner:
        one = runtimes.example(runner) if image is None else image
        name, dtype = runner.input_spec.name, runner.input_spec.dtype
    return _shares(candidate, {name: np.ascontiguousarray(one, dtype)})


def _shares(candidate: Candidate, feed: dict[str, np.ndarray]) -> dict[str, float]:
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = candidate.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(
            str(candidate.path), options, providers=["CPUExecutionProvider"]
        )
        for _ in range(_RUNS):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    runs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            runs[event["args"]["op_name"], event["name"]].append(event["dur"])
    kinds: dict[str, float] = defaultdict(float)
    for (kind, _), durations in runs.items():
        kinds[kind] += median(durations[_SKIPPED:] or durations)
    total = sum(kinds.values())
    ordered = sorted(kinds.items(), key=lambda item: -item[1])
    return {kind: value / total for kind, value in ordered} if total else {}
