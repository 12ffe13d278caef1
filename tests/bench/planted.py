"""Pairs of models whose true difference is known: B does a stated share more work than A.

Each is a stack of equal layers, so a stack of 42 layers does 5 % more than one of 40. The weights
are small random numbers that keep the activations finite; nothing is learnt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgelab import keras, workspace

CODE = "planted-1"


def matmul_stack(layers: int, width: int = 160) -> Path:
    """Return an ONNX file of `layers` dense layers, each `width` by `width`."""

    def make(path: Path) -> None:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        rng = np.random.default_rng(0)
        nodes, weights, last = [], [], "input"
        for i in range(layers):
            kernel = rng.normal(0, width**-0.5, (width, width)).astype(np.float32)
            weights.append(numpy_helper.from_array(kernel, f"w{i}"))
            nodes.append(helper.make_node("MatMul", [last, f"w{i}"], [f"m{i}"]))
            nodes.append(helper.make_node("Relu", [f"m{i}"], [f"r{i}"]))
            last = f"r{i}"
        shape = [1, width]
        graph = helper.make_graph(
            nodes,
            "stack",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, shape)],
            weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, path)

    return workspace.cached({"make": CODE, "matmul": layers, "width": width}, make, ".onnx")


def convolution_stack(layers: int, channels: int = 16, size: int = 16) -> Path:
    """Return a float TFLite file of `layers` 3×3 convolutions on a small image."""

    def make(path: Path) -> None:
        tf, k = keras.tf(), keras.keras()
        k.utils.set_random_seed(0)
        image = k.Input((size, size, channels))
        x = image
        for _ in range(layers):
            x = k.layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        with keras.quiet():
            path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(k.Model(image, x)).convert())

    key = {"make": CODE, "convolution": layers, "channels": channels, "size": size}
    return workspace.cached(key, make, ".tflite")
