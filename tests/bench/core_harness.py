"""What the harness itself costs, and whether its numbers agree with somebody else's tool."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from edgelab import benchmark, runtimes, workspace
from edgelab.measuring import machine, timing
from tests.bench import planted
from tests.bench.figure import Figure, at_most, reported

HEAVY = [
    "tensorflow",
    "torch",
    "openvino",
    "onnxruntime",
    "onnx",
    "matplotlib",
    "sklearn",
    "scipy",
    "pandas",
    "ipywidgets",
    "ai_edge_litert",
    "litert_quantizer",
    "mlx",
    "llama_cpp",
    "IPython",
]
REPEATS = 5


def figures() -> Iterator[Figure]:
    """Measure overhead, import time, and agreement with an independent tool."""
    cost = benchmark.overhead()
    yield at_most("harness overhead an inference", cost.pop("harness"), "us", 2)
    for name, value in cost.items():
        yield reported(f"identity model in {name}", value, "us")
    seconds, loaded = import_time()
    yield at_most("import edgelab", seconds, "s", 0.3)
    note = ", ".join(loaded)
    yield at_most("heavy packages after import edgelab", len(loaded), "packages", 0, note=note)
    yield agreement()


def import_time() -> tuple[float, list[str]]:
    """Return the median seconds of `import edgelab` in fresh processes, and what heavy came along."""
    code = (
        "import sys, time; t = time.perf_counter(); import edgelab; "
        f"print(time.perf_counter() - t, *[h for h in {HEAVY!r} if h in sys.modules])"
    )
    times, heavy = [], []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        seconds, *heavy = done.stdout.split()
        times.append(float(seconds))
    return statistics.median(times), heavy


def agreement() -> Figure:
    """Compare our median with OpenVINO's own benchmark tool, in turn, on one thread."""
    name = "disagreement with OpenVINO's benchmark_app"
    if "openvino" not in runtimes.available():
        return Figure(name, float("nan"), "%", "at most 5 %", False, note="openvino not installed")
    path = openvino_stack()
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(own_median(path))
        theirs.append(tool_median(path))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    difference = 100 * abs(statistics.median(ratios) - 1)
    note = (
        f"ours {statistics.median(ours):.3f} ms, theirs {statistics.median(theirs):.3f} ms; ratios "
        + ", ".join(f"{ratio:.3f}" for ratio in sorted(ratios))
    )
    return at_most(name, difference, "%", 5, note=note)


def openvino_stack() -> Path:
    """Return a stack of convolutions as OpenVINO IR, some milliseconds long."""
    source = planted.convolution_stack(20, channels=16, size=32)
    target = workspace.artefact_path("stack.xml")
    import openvino

    model = openvino.convert_model(str(source))
    model.reshape([1, 32, 32, 16])  # the tool wants a fixed batch
    openvino.save_model(model, target, compress_to_fp16=False)
    return target


def own_median(path: Path) -> float:
    """Return our median in milliseconds over some three seconds."""
    limits = timing.Budget(min_runs=500, min_seconds=3.0, max_seconds=10.0)
    with machine.exclusive(), runtimes.load(path) as runner:
        return timing.sample(runner.prepare(runtimes.example(runner)), limits).median_ms


def tool_median(path: Path) -> float:
    """Return what OpenVINO's benchmark_app reports for the same file."""
    tool = Path(sys.executable).with_name("benchmark_app")
    settings = [
        "-hint",
        "none",
        "-nstreams",
        "1",
        "-nthreads",
        "1",
        "-api",
        "sync",
        "-infer_precision",
        "f32",
        "-t",
        "3",
    ]
    time.sleep(0.2)
    done = subprocess.run(
        [str(tool), "-m", str(path), *settings], capture_output=True, text=True, check=True
    )
    match = re.search(r"Median:\s+([\d.]+) ms", done.stdout)
    if match is None:
        raise RuntimeError(f"benchmark_app printed no median:\n{done.stdout[-500:]}")
    return float(match.group(1))
