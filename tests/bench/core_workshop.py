"""The workshop's headline and what it is made of, in one run and with one thread.

The headline divides a float ResNet50 through `predict()` by the fastest quantized MobileNetV2. Beside
it stand the honest ratios, between equal runtimes, and the share of the call. Nothing is promised about
speed, since processors differ; everything is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgelab import benchmark, convert, data, keras, models, quantize
from edgelab.measuring import compare
from edgelab.records import Comparison, Ratio
from edgelab.reporting import rebase
from edgelab.runtimes import Candidate
from tests.bench.figure import Figure, reported

LIMITS = compare.Limits(min_rounds=6, max_rounds=6, pairs=6, seconds=300)
IMAGES = 16  # for calibration; they decide the answers, not the speed
RUNTIMES = {"LiteRT": "tflite", "ONNX Runtime": "onnx"}


def figures() -> Iterator[Figure]:
    """Measure all candidates in one comparison and report what follows from it."""
    result = benchmark.compare(candidates(), accuracy=False, limits=LIMITS)
    quantized = [name for name in result.names if name.startswith("MobileNetV2 int8")]
    best = min(quantized, key=lambda name: result.ratio(name).value)
    naive, compiled = result.names[:2]
    yield time_gain(f"headline: {naive} to quantized MobileNetV2", result, naive, best)
    yield size_gain(f"headline: {naive} to quantized MobileNetV2", result, naive, best)
    yield time_gain("of it the call: predict() to compiled call", result, naive, compiled)
    overhead_ms = milliseconds(result, naive) - milliseconds(result, compiled)
    yield reported("call overhead of predict(), ResNet50", overhead_ms, "ms")
    for runtime, suffix in RUNTIMES.items():
        large, small = f"ResNet50 float32, {suffix}", f"MobileNetV2 float32, {suffix}"
        int8 = f"MobileNetV2 int8, {suffix}"
        yield time_gain(f"of it the runtime: compiled call to {runtime}", result, compiled, large)
        yield time_gain(f"of it the architecture, {runtime}", result, large, small)
        yield time_gain(f"of it int8, {runtime}", result, small, int8)
        yield time_gain(f"honest: ResNet50 to MobileNetV2 int8, {runtime}", result, large, int8)
        yield size_gain(f"honest: ResNet50 to MobileNetV2 int8, {runtime}", result, large, int8)
        yield size_gain(f"of it int8, {runtime}", result, small, int8)


def candidates() -> dict[str, Candidate]:
    """Return the networks through every call and runtime, the naive one first; weights don't matter."""
    networks = {
        "ResNet50": (models.resnet50(weights=None), "resnet50"),
        "MobileNetV2": (models.mobilenet_v2(weights=None), "mobilenet_v2"),
    }
    file = keras.save(networks["ResNet50"][0], "bench-resnet50.keras")
    chosen = {
        "ResNet50 predict()": Candidate(file, "keras-predict", weights="none"),
        "ResNet50 compiled call": Candidate(file, "keras-compiled", weights="none"),
    }
    for name, (network, key) in networks.items():
        float_tflite = convert.to_tflite(network, f"bench-{key}.tflite")
        float_onnx = convert.to_onnx(network, f"bench-{key}.onnx")
        files = {f"{name} float32, tflite": float_tflite, f"{name} float32, onnx": float_onnx}
        if name == "MobileNetV2":
            files |= quantized_files(network, key, float_tflite, float_onnx)
        chosen |= {label: Candidate(path, weights="none") for label, path in files.items()}
    return chosen


def quantized_files(
    network: object, key: str, float_tflite: Path, float_onnx: Path
) -> dict[str, Path]:
    """Return MobileNetV2 quantized in every way that may be the fastest."""
    views = data.crops(n=IMAGES, role="calibration").map(models.preprocessor(key))
    full = quantize.full_integer(network, views, f"bench-{key}-int8.tflite")
    dynamic = quantize.weights(float_tflite, f"bench-{key}-dynamic.tflite", 8, compute="int8")
    static = quantize.onnx_static(float_onnx, views, f"bench-{key}-int8.onnx")
    return {
        "MobileNetV2 int8, tflite": full,
        "MobileNetV2 int8 dynamic, tflite": dynamic,
        "MobileNetV2 int8, onnx": static,
    }


def time_gain(label: str, result: Comparison, before: str, after: str) -> Figure:
    """Report how many times less time `after` takes, with the interval over the rounds."""
    (ratio,) = rebase.steps(result, [before, after])
    gain, low, high = 1 / ratio.value, 1 / ratio.high, 1 / ratio.low
    return reported(f"{label}, time", gain, "x", low=low, high=high, note=told(result, ratio))


def size_gain(label: str, result: Comparison, before: str, after: str) -> Figure:
    """Report how many times smaller the file of `after` is."""
    sizes = [result[name]["size_file_bytes"] for name in (before, after)]
    megabytes = " to ".join(f"{size / 1e6:.3g} MB" for size in sizes if size)
    return reported(f"{label}, file size", sizes[0] / sizes[1], "x", note=f"{after}: {megabytes}")


def told(result: Comparison, ratio: Ratio) -> str:
    """Return the verdict with both latencies."""
    ends = (milliseconds(result, name) for name in (ratio.reference, ratio.name))
    latencies = " to ".join(f"{ms:.3g} ms" for ms in ends)
    return f"{ratio.name}: {latencies}, {ratio.verdict}"


def milliseconds(result: Comparison, name: str) -> float:
    """Return a candidate's median latency."""
    found = result[name].latency
    assert found is not None
    return found.median_ms
