"""A network that can be recomputed by hand, pictures of every kind, and bodies to send."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = 8
CLASSES = ("red", "green", "blue", "dark")
# A class for each colour: how much of it the picture has; "dark" wins where there is none.
WEIGHTS = np.array([[9, -3, -3, -9], [-3, 9, -3, -9], [-3, -3, 9, -9]], np.float32)
BIAS = np.array([0, 0, 0, 3], np.float32)


def network(path: Path, scale: float = 1.0, size: tuple[int, int] = (SIZE, SIZE)) -> Path:
    """Write a network that looks at the mean colour of a picture.

    Args:
        path: ending in .onnx.
        scale: of its logits; another scale makes another model with the same winners.
        size: height and width of the pictures that it takes.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image", "axes"], ["mean"], keepdims=0),
            helper.make_node("Gemm", ["mean", "weights", "bias"], ["logits"]),
        ],
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", *size, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(CLASSES)])],
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(WEIGHTS * np.float32(scale), "weights"),
            numpy_helper.from_array(BIAS * np.float32(scale), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, path)
    return path


def by_hand(rgb: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Return the probabilities of one picture, uint8 (size, size, 3), without any runtime."""
    logits = scale * (rgb.reshape(-1, 3).mean(axis=0) / 255 @ WEIGHTS + BIAS)
    return np.exp(logits) / np.exp(logits).sum()


def settings(path: Path, **changes: Any) -> dict[str, Any]:
    """Return plain settings for this network, on any free port."""
    model = {"name": "colours", "path": str(path), "classes": list(CLASSES)}
    return {"port": 0, "workers": 2, "models": [model], "search": False, **changes}


def picture(colour: str = "red", size: tuple[int, int] = (SIZE, SIZE), mode: str = "RGB") -> Any:
    """Return a picture of one colour."""
    return Image.new("RGB", size, colour).convert(mode)


def file(image: Any, kind: str = "PNG", **options: Any) -> bytes:
    """Return the bytes of a picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(colour: str = "red", size: tuple[int, int] = (SIZE, SIZE)) -> bytes:
    """Return a PNG file of one colour."""
    return file(picture(colour, size))


def noise(seed: int, size: int = SIZE) -> np.ndarray:
    """Return a picture of its own, uint8 (size, size, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def form(*contents: bytes, name: str = "picture.png") -> dict[str, Any]:
    """Return what Flask's test client sends as a form with files."""
    return {"images": [(io.BytesIO(content), name) for content in contents]}


def encoded(*contents: bytes, name: str = "picture.png") -> dict[str, Any]:
    """Return the JSON body with these images."""
    return {
        "images": [
            {"name": name, "data": base64.b64encode(content).decode()} for content in contents
        ]
    }
