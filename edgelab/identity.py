"""Models that do nothing: what they take is the price of a call.

`benchmark.overhead` sends them through the same path as every other artefact. Lesson 10.
"""

from __future__ import annotations

from pathlib import Path

from edgelab import keras, runtimes, workspace

CODE = "identity-1"


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
