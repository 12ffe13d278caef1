"""Quantize an image network for OpenVINO with NNCF: int8 from calibration images, and under a bound on accuracy.

    quantize.openvino_static("float32.xml", digits.calibration, "int8.xml")
    quantize.openvino_controlled("float32.xml", digits.calibration, digits.validation, "safe.xml", max_drop=0.01)
    openvino_quantize.layers("safe.xml")            # {"conv1": True, …, "dense": False}: which ones are integers

Rounding moves the mean of what a layer gives; NNCF adds that back to its bias. The fast way estimates it once for the
float network, which on small networks can cost two points of accuracy; the exact way goes through the layers in order,
each after those before it were rounded. Lesson 33.

Source: NNCF documentation, "Post-training quantization" and "Quantization with accuracy control"; Nagel et al.,
"Data-free quantization through weight equalization and bias correction", ICCV 2019.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, convert, keras, workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.images.splits import Split

_SUFFIXES = (".xml", ".onnx", ".tflite")
_LAYERS = ("Convolution", "GroupConvolution", "MatMul")
# Between the numbers that were rounded and the layer that takes them.
_PASS_ON = (
    "Reshape",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "MaxPool",
    "Pad",
    "Convert",
    "Multiply",
    "Subtract",
)


def openvino_static(
    model: Any,
    calibration: Any,
    path: str | os.PathLike[str],
    fast_bias_correction: bool = False,
    mixed: bool = False,
) -> Path:
    """Make weights and activations 8-bit integers, with ranges from calibration images.

    Args:
        model: an OpenVINO `.xml`, a float `.onnx` or `.tflite` file, or a Keras model.
        calibration: the calibration split, or float32 images (n, …) in the model's input range.
        path: of the `.xml` file; its weights go to a `.bin` beside it.
        fast_bias_correction: NNCF's default, quicker and here less exact; try both.
        mixed: activations get a zero point, weights none; otherwise neither has one.

    Returns:
        The path of the `.xml` file.

    Raises:
        SplitError: the test split was given for calibration.
        InputError: empty calibration, NaN, another shape; a network without one input; NNCF refused it.
        FormatError: no such kind of file, or damaged.
        MissingRuntimeError: nncf or openvino is not installed.
        StorageError: the file could not be written.
    """
    source, images = _inputs(model, calibration)

    def made(graph: Any) -> Any:
        nncf = library()
        preset = nncf.QuantizationPreset.MIXED if mixed else nncf.QuantizationPreset.PERFORMANCE
        return nncf.quantize(
            graph,
            nncf.Dataset(list(images), _one),
            preset=preset,
            subset_size=len(images),
            fast_bias_correction=fast_bias_correction,
        )

    key = {
        "verb": "openvino_static",
        "calibration": artefacts.array_hash(images),
        "fast": fast_bias_correction,
        "mixed": mixed,
    }
    return _written(source, path, "Quantizing to int8 (NNCF)", key, made)


def openvino_controlled(
    model: Any,
    calibration: Any,
    validation: Split,
    path: str | os.PathLike[str],
    *,
    max_drop: float = 0.01,
    fast_bias_correction: bool = False,
) -> Path:
    """Make a network int8 as far as its accuracy allows: layers that cost most go back to float.

    One layer after another is given back, the most harmful first, until the accuracy on the validation images is
    at most `max_drop` below that of the float network. On few images it follows their chance.

    Args:
        model: as `openvino_static`.
        calibration: as `openvino_static`.
        validation: labelled images on which the accuracy is looked at.
        path: as `openvino_static`.
        max_drop: share of the images (0.01 is one point).
        fast_bias_correction: as `openvino_static`.

    Returns:
        The path of the `.xml` file; `layers` tells what became of each layer.

    Raises:
        SplitError: the test split was given for calibration or validation.
        InputError: validation images without labels, max_drop outside of 0 to 1, or as `openvino_static`.
        FormatError, MissingRuntimeError, StorageError: as `openvino_static`.
    """
    if not isinstance(validation, Split):
        raise InputError(
            "validation must be a split with labels (digits.validation): the accuracy is measured on it."
        )
    validation.require_selection()
    if not validation.labelled:
        raise InputError(f"{validation!r} has no labels, so there is no accuracy to look at.")
    if not 0 <= max_drop < 1:
        raise InputError(
            f"max_drop is {max_drop}; it is a share of the images, as 0.01 for one point."
        )
    source, images = _inputs(model, calibration)
    pairs = list(zip(validation.x, validation.y, strict=True))

    def accuracy(compiled: Any, data: Iterable[Any]) -> tuple[float, list[float]]:
        right = [float(np.argmax(compiled(_one(x))[0]) == y) for x, y in data]
        return float(np.mean(right)), right

    def made(graph: Any) -> Any:
        nncf = library()
        return nncf.quantize_with_accuracy_control(
            graph,
            nncf.Dataset(list(images), _one),
            nncf.Dataset(pairs, lambda pair: pair),
            validation_fn=accuracy,
            max_drop=max_drop,
            subset_size=len(images),
            fast_bias_correction=fast_bias_correction,
        )

    key = {
        "verb": "openvino_controlled",
        "calibration": artefacts.array_hash(images),
        "validation": validation.hash,
        "max_drop": max_drop,
        "fast": fast_bias_correction,
    }
    return _written(source, path, "Quantizing under a bound on accuracy (NNCF)", key, made)


def layers(path: str | os.PathLike[str]) -> dict[str, bool]:
    """Return for each convolution and matrix product of an OpenVINO file whether it computes with integers.

    Raises:
        MissingFileError: there is no such file.
        FormatError: no OpenVINO file, or damaged.
        MissingRuntimeError: openvino is not installed.
    """
    graph = _read(workspace.existing(path))
    return {
        node.get_friendly_name(): _rounded(node.input_value(0))
        for node in graph.get_ordered_ops()
        if node.get_type_name() in _LAYERS
    }


def library() -> Any:
    """Return the module nncf, quiet, and told to send nothing to its makers.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    before = os.environ.get("NNCF_CI")
    os.environ["NNCF_CI"] = "1"  # read once, when it is imported
    try:
        import nncf
    except ImportError as error:
        raise MissingRuntimeError(
            "This needs the package nncf, which is not installed here: `pip install nncf -c constraints.txt`, "
            "or all with `make lab`."
        ) from error
    finally:
        if before is None:
            del os.environ["NNCF_CI"]
        else:
            os.environ["NNCF_CI"] = before
    nncf.set_log_level(logging.ERROR)
    return nncf


def _rounded(value: Any) -> bool:
    """Tell whether a value comes from a FakeQuantize, directly or through layers that only move numbers."""
    node = value.get_node()
    while node.get_type_name() in _PASS_ON:
        node = node.input_value(0).get_node()
    return str(node.get_type_name()) == "FakeQuantize"


def _inputs(model: Any, calibration: Any) -> tuple[Path, np.ndarray]:
    """Return the float file and the calibration images, checked against its input."""
    if keras.is_model(model) or Path(model).suffix == ".keras":
        source = convert.kept_onnx(model)
    elif Path(model).suffix in _SUFFIXES:
        source = workspace.existing(model)
    else:
        raise FormatError(
            f"{model} is no {', '.join(_SUFFIXES)} or .keras file, nor a Keras model."
        )
    inputs = _read(source).inputs
    if len(inputs) != 1:
        raise InputError(
            f"{source.name} has {len(inputs)} inputs; a network with one is quantized here."
        )
    shape = inputs[0].get_partial_shape()
    sides = tuple(side.get_length() if side.is_static else None for side in shape)
    return source, artefacts.images_of(calibration, sides, "calibration")


def _read(source: Path) -> Any:
    try:
        import openvino
    except ImportError as error:
        raise MissingRuntimeError(
            "This needs the package openvino: `pip install openvino -c constraints.txt`, or all with `make lab`."
        ) from error
    try:
        return openvino.Core().read_model(source)
    except RuntimeError as error:
        raise FormatError(
            f"OpenVINO can't read {source.name}: it may be truncated, its .bin missing, or of another format."
        ) from error


def _one(image: np.ndarray) -> np.ndarray:
    return image[None]


def _written(
    source: Path,
    path: str | os.PathLike[str],
    text: str,
    key: dict[str, Any],
    made: Callable[[Any], Any],
) -> Path:
    target = artefacts.target_path(path, ".xml")
    weights = source.with_suffix(".bin")

    def write(folder: Path) -> None:
        import openvino

        folder.mkdir()
        openvino.save_model(made(_read(source)), folder / "model.xml", compress_to_fp16=False)

    whole = {
        **key,
        "artefact": workspace.file_hash(source),
        "weights": workspace.file_hash(weights) if source.suffix == ".xml" else None,
        "nncf": workspace.versions("nncf"),
        "verb_code": workspace.code_hashes("quantizing/openvino_quantize.py"),
    }
    library()
    kept = artefacts.kept(target.name, "", text, whole, write)
    # The weights first: an .xml without its .bin would be an artefact that can't be loaded.
    workspace.copy_to(kept / "model.bin", target.with_suffix(".bin"))
    return workspace.copy_to(kept / "model.xml", target)
