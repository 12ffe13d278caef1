"""Quantize a model: the verbs, from float32 to 16, 8, 4 and 2 bits.

After training, on TensorFlow Lite (the calibration images show which values the activations take):

    float16 = quantize.float16(model, "float16.tflite")
    dynamic = quantize.dynamic_range(model, "dynamic.tflite")
    int8    = quantize.full_integer(model, digits.calibration, "int8.tflite")

Weights below 8 bits, and a recipe of one's own, on a float `.tflite` file:

    int4  = quantize.weights(float32, "int4.tflite", bits=4)
    mixed = quantize.mixed(float32, "mixed.tflite", {"conv2d": 8}, others=4)

On ONNX Runtime: `onnx_dynamic`, `onnx_static`; on OpenVINO: `openvino_static`, `openvino_controlled`. While training: `aware`, then `from_aware`. By hand, on
an array: `fit`, `scale`, `zero_point`, `dequantize` (`edgelab.quantizing.affine`). Results are kept by content, so
the same call is a copy the second time. Lesson 20.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, convert, keras
from edgelab.errors import InputError
from edgelab.quantizing.affine import (
    Affine,
    dequantize,
    error_by_bits,
    fit,
    outlier_effect,
    round_trip,
    scale,
    zero_point,
)
from edgelab.quantizing.aware import aware
from edgelab.quantizing.onnx_quantize import onnx_dynamic, onnx_static
from edgelab.quantizing.openvino_quantize import openvino_controlled, openvino_static
from edgelab.quantizing.weight_recipes import mixed, weights

__all__ = [
    "Affine",
    "aware",
    "dequantize",
    "dynamic_range",
    "error_by_bits",
    "fit",
    "float16",
    "from_aware",
    "full_integer",
    "int16_activations",
    "mixed",
    "onnx_dynamic",
    "onnx_static",
    "openvino_controlled",
    "openvino_static",
    "outlier_effect",
    "round_trip",
    "scale",
    "weights",
    "zero_point",
]

_IO = ("int8", "uint8", "float32")


def dynamic_range(model: Any, path: str | os.PathLike[str]) -> Path:
    """Store the weights with 8 bits; activations stay float and are rounded while the model runs.

    Needs no calibration. Tensors below 1,024 values stay float32 (the converter's own limit).

    Args:
        model: a Keras model, or the path of a `.keras` file.
        path: of the `.tflite` file; a bare name goes to the workspace's artefacts.

    Returns:
        The path.

    Raises:
        InputError: no Keras model with one input and one output, or the converter refused it.
        StorageError: the file could not be written.

    Source: TensorFlow Lite post-training quantization guide, "dynamic range quantization".
    """

    def configure(converter: Any) -> None:
        converter.optimizations = [keras.tf().lite.Optimize.DEFAULT]

    return _made(model, path, "Quantizing to dynamic range", {"verb": "dynamic_range"}, configure)


def float16(model: Any, path: str | os.PathLike[str]) -> Path:
    """Store the weights as 16-bit floats; a CPU widens them to float32 when it loads the file.

    Args, Returns, Raises: as `dynamic_range`.
    """

    def configure(converter: Any) -> None:
        tf = keras.tf()
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]

    return _made(model, path, "Quantizing to float16", {"verb": "float16"}, configure)


def full_integer(
    model: Any,
    calibration: Any,
    path: str | os.PathLike[str],
    io: str = "int8",
    per_channel: bool = True,
) -> Path:
    """Make weights, activations and all arithmetic 8-bit integers.

    Args:
        model: a Keras model, or the path of a `.keras` file.
        calibration: the calibration split (about 100 to 200 images), or float32 images (n, …) in the
            model's input range.
        path: of the `.tflite` file; a bare name goes to the workspace's artefacts.
        io: type of input and output: "int8", "uint8", or "float32" (converted inside the model).
        per_channel: a scale for each output channel of the weights; False takes one for a whole
            tensor, which ruins networks with depthwise convolutions: worth seeing once.

    Returns:
        The path.

    Raises:
        SplitError: the test split was given for calibration.
        InputError: empty calibration, NaN, another shape or dtype; no such io; the converter refused
            the model.
        StorageError: the file could not be written.

    Source: Jacob et al., CVPR 2018; Krishnamoorthi, "Quantizing deep convolutional networks for
        efficient inference", 2018, section 3 (per-channel weights).
    """
    if io not in _IO:
        raise InputError(f"io is {io!r}; use one of {', '.join(_IO)}.")
    source = artefacts.model_of(model)
    images = artefacts.images_of(calibration, source.input_shape, "calibration")

    def configure(converter: Any) -> None:
        tf = keras.tf()
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = _one_by_one(images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.as_dtype(io)
        converter.inference_output_type = tf.as_dtype(io)
        converter._experimental_disable_per_channel = not per_channel

    key = {
        "verb": "full_integer",
        "calibration": artefacts.array_hash(images),
        "io": io,
        "per_channel": per_channel,
    }
    return _made(source, path, "Quantizing to int8", key, configure)


def int16_activations(model: Any, calibration: Any, path: str | os.PathLike[str]) -> Path:
    """Make weights 8-bit and activations 16-bit integers; input and output stay float32.

    More exact than int8, and slow on a CPU: most operators have only reference kernels for it.

    Args, Returns, Raises: as `full_integer`.
    """
    source = artefacts.model_of(model)
    images = artefacts.images_of(calibration, source.input_shape, "calibration")

    def configure(converter: Any) -> None:
        lite = keras.tf().lite
        converter.optimizations = [lite.Optimize.DEFAULT]
        converter.representative_dataset = _one_by_one(images)
        converter.target_spec.supported_ops = [
            lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]

    key = {"verb": "int16_activations", "calibration": artefacts.array_hash(images)}
    return _made(source, path, "Quantizing to int8 with int16 activations", key, configure)


def from_aware(model: Any, path: str | os.PathLike[str], io: str = "int8") -> Path:
    """Turn a model that was trained with `aware` into 8-bit integers, with the ranges it learnt.

    Args:
        model: what `aware` returned.
        path: of the `.tflite` file.
        io: type of input and output: "int8", "uint8" or "float32".

    Returns, Raises: as `full_integer`; no calibration is needed.
    """
    if io not in _IO:
        raise InputError(f"io is {io!r}; use one of {', '.join(_IO)}.")
    source = artefacts.model_of(model)
    if not any("quantize" in type(layer).__name__.lower() for layer in source.layers):
        raise InputError(
            f"{source.name!r} holds no quantization-aware layer: train it with quantize.aware first, "
            "or use quantize.full_integer with calibration images."
        )

    def configure(converter: Any) -> None:
        tf = keras.tf()
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = tf.as_dtype(io)
        converter.inference_output_type = tf.as_dtype(io)

    text = "Quantizing what was trained for it"
    return _made(source, path, text, {"verb": "from_aware", "io": io}, configure)


def _one_by_one(images: np.ndarray) -> Callable[[], Iterator[list[np.ndarray]]]:
    """Return the representative data set that the converter asks for: one image at a time."""
    return lambda: ([image[None]] for image in images)


def _made(
    model: Any,
    path: str | os.PathLike[str],
    text: str,
    key: dict[str, Any],
    configure: Callable[[Any], None],
) -> Path:
    source = artefacts.model_of(model)
    return artefacts.make(
        path,
        ".tflite",
        text,
        {**key, "model": artefacts.model_hash(source)},
        lambda file: file.write_bytes(convert.tflite_bytes(source, configure)),
    )
