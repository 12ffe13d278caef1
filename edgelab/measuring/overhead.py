"""The price of a call: models that do nothing, sent through the same path as every artefact.

    overhead.measure()        # microseconds: "harness", and an identity model for each runtime

Lesson 10 splits the naive latency of a network into this and the computing.
"""

from __future__ import annotations

import time
from pathlib import Path

from edgelab import keras, runtimes, workspace
from edgelab.measuring import machine, timing

CODE = "identity-1"


def measure(runs: int = 20_000) -> dict[str, float]:
    """Measure what one inference costs without any model: the harness, and each runtime's call.

    Args:
        runs: empty inferences to time.

    Returns:
        Microseconds: "harness" (the timed loop around nothing), and for each runtime that is
        installed an identity model through the same path.
    """
    limits = timing.Budget(min_runs=runs // 10, min_seconds=0.2, max_seconds=3.0)
    with machine.exclusive(), timing.collector_off():
        nothing = _nothing
        alone = min(_loop_seconds(nothing, runs, timed=False) for _ in range(5))
        timed = min(_loop_seconds(nothing, runs, timed=True) for _ in range(5))
        found = {"harness": (timed - alone) / runs * 1e6}
        for path in artefacts():
            with runtimes.load(path) as runner:
                inference = runner.prepare(runtimes.example(runner))
                found[runner.runtime] = timing.sample(inference, limits).median_ms * 1e3
    return found


def artefacts() -> list[Path]:
    """Return an identity model for each runtime that is installed (one float in, the same out)."""
    makers = {"litert": (_tflite, ".tflite"), "onnxruntime": (_onnx, ".onnx")}
    installed = runtimes.available()
    return [
        workspace.cached({"make": CODE, "runtime": name}, make, suffix)
        for name, (make, suffix) in makers.items()
        if name in installed
    ]


def _tflite(path: Path) -> None:
    tf, k = keras.tf(), keras.keras()
    image = k.Input((1,))
    # A reshape to the same shape: the converter refuses a graph without any operation.
    model = k.Model(image, k.layers.Reshape((1,))(image))
    with keras.quiet():
        path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _onnx(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    def port(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1])

    node = helper.make_node("Identity", ["input"], ["output"])
    graph = helper.make_graph([node], "identity", [port("input")], [port("output")])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


def _nothing() -> None:
    """Stand in for an inference that takes no time."""


def _loop_seconds(inference: runtimes.Inference, runs: int, *, timed: bool) -> float:
    begin = time.perf_counter()
    if timed:
        timing.block(inference, runs)
    else:
        for _ in range(runs):
            inference()
    return time.perf_counter() - begin
