"""Quantize for ONNX Runtime: weights only, or weights and activations from calibration images.

    quantize.onnx_dynamic("float32.onnx", "dynamic.onnx")
    quantize.onnx_static("float32.onnx", digits.calibration, "static.onnx")

Static quantization writes QuantizeLinear and DequantizeLinear pairs (QDQ) around every operator; the
runtime fuses them into integer kernels when it loads the file. What such a file answers depends on the
processor: see `reduce_range`. Lessons 20 and 30.

Source: ONNX Runtime documentation, "Quantize ONNX models".
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, convert, keras, runtimes, workspace
from edgelab.errors import FormatError, MissingRuntimeError
from edgelab.measuring import machine


def onnx_dynamic(model: Any, path: str | os.PathLike[str]) -> Path:
    """Store the weights with 8 bits and round the activations while the model runs.

    Meant for matrix products; a convolution usually becomes several times *slower* this way.

    Args:
        model: an `.onnx` file, or a Keras model (it is converted first).
        path: of the new `.onnx` file; a bare name goes to the workspace's artefacts.

    Returns:
        The path.

    Raises:
        FormatError: no `.onnx` file, or truncated.
        InputError: ONNX Runtime refused the model.
        MissingRuntimeError: onnx or onnxruntime is not installed.
        StorageError: the file could not be written.
    """
    source = _float_file(model)

    def write(file: Path) -> None:
        tools = library()
        # Unsigned weights: the signed ones have no fast convolution kernel.
        tools.quantize_dynamic(str(source), str(file), weight_type=tools.QuantType.QUInt8)

    key = {"verb": "onnx_dynamic", "artefact": workspace.file_hash(source)}
    return artefacts.make(path, ".onnx", "Quantizing dynamically (ONNX)", key, _prepared(write))


def onnx_static(
    model: Any,
    calibration: Any,
    path: str | os.PathLike[str],
    per_channel: bool = True,
    reduce_range: bool | None = None,
) -> Path:
    """Make weights and activations 8-bit integers (QDQ), with ranges from calibration images.

    Activations are unsigned and weights signed, the pair for which x86 has fast kernels.

    Args:
        model: an `.onnx` file, or a Keras model (it is converted first).
        calibration: the calibration split, or float32 images (n, …) in the model's input range.
        path: of the new `.onnx` file; a bare name goes to the workspace's artefacts.
        per_channel: a scale for each output channel of the weights; False ruins networks with
            depthwise convolutions.
        reduce_range: use 7 of the weights' 8 bits. An x86 processor without VNNI adds two products of
            u8 × s8 in 16 bits, which saturates: the same file then gives worse answers than on a
            processor with VNNI. Half the range can't overflow, and costs a bit of precision where
            it is not needed. None looks at this machine (see `saturates`); compare both.

    Returns:
        The path.

    Raises:
        SplitError: the test split was given for calibration.
        InputError: empty calibration, NaN, another shape or dtype; ONNX Runtime refused the model.
        FormatError, MissingRuntimeError, StorageError: as `onnx_dynamic`.
    """
    source = _float_file(model)
    if reduce_range is None:
        here = machine.describe()
        reduce_range = saturates(here["int8"], here["system"])
    with runtimes.load(source) as runner:
        spec = runner.input_spec
    images = artefacts.images_of(calibration, spec.shape, "calibration")

    key = {
        "verb": "onnx_static",
        "artefact": workspace.file_hash(source),
        "calibration": artefacts.array_hash(images),
        "per_channel": per_channel,
        "reduce_range": reduce_range,
    }
    write = static_writer(
        source, spec.name, images, per_channel=per_channel, reduce_range=reduce_range
    )
    return artefacts.make(path, ".onnx", "Quantizing to int8 (ONNX)", key, write)


def static_writer(
    source: Path, name: str, images: np.ndarray, **options: Any
) -> Callable[[Path], None]:
    """Return a function that writes a file's static int8 version (QDQ, u8 activations, s8 weights).

    Args:
        source: a float `.onnx` file.
        name: of its input.
        images: float32 (n, …), calibrated on one at a time.
        options: of ONNX Runtime's `quantize_static`.

    Raises:
        MissingRuntimeError: onnx or onnxruntime is not installed.
    """
    tools = library()

    def write(file: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ready = str(Path(folder) / "prepared.onnx")
            # Folds BatchNormalization into the convolutions, or it would be rounded on its own.
            tools.shape_inference.quant_pre_process(str(source), ready, skip_symbolic_shape=True)
            tools.quantize_static(
                ready,
                str(file),
                _reader(name, images),
                quant_format=tools.QuantFormat.QDQ,
                activation_type=tools.QuantType.QUInt8,
                weight_type=tools.QuantType.QInt8,
                **options,
            )

    return _prepared(write)


def saturates(instructions: Sequence[str], system: str) -> bool:
    """Tell whether a processor's fast u8 × s8 products can overflow: x86 without VNNI or AMX.

    Args:
        instructions: the int8 instruction sets of `machine.describe()`.
        system: its operating system and architecture, as in "Linux x86_64".

    Source: Intel intrinsics guide, `_mm256_maddubs_epi16` (saturating) against `_mm256_dpbusd_epi32`.
    """
    x86 = system.lower().endswith(("x86_64", "amd64"))
    return x86 and not any("VNNI" in name or "AMX" in name for name in instructions)


def _float_file(model: Any) -> Path:
    if keras.is_model(model) or Path(model).suffix == ".keras":
        return convert.kept_onnx(model)
    if Path(model).suffix != ".onnx":
        raise FormatError(f"An .onnx file or a Keras model is needed; {model} is neither.")
    source = workspace.existing(model)
    runtimes.load(source).close()  # a damaged file stops here, with its own message
    return source


def library() -> Any:
    """Return ONNX Runtime's quantization tools.

    Raises:
        MissingRuntimeError: onnx or onnxruntime is not installed.
    """
    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise MissingRuntimeError(
            "Quantizing an ONNX model needs the packages 'onnx' and 'onnxruntime'. Install them with "
            "`pip install onnx onnxruntime -c constraints.txt`."
        ) from error
    return quantization


def _reader(name: str, images: np.ndarray) -> Any:
    """Return ONNX Runtime's iterator over calibration images, one at a time."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._feeds: Iterator[dict[str, np.ndarray]] = ({name: i[None]} for i in images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._feeds, None)

    return Reader()


def _prepared(write: Callable[[Path], None]) -> Callable[[Path], None]:
    """Keep ONNX Runtime's advice, which speaks of its command line, off the page."""

    def silent(file: Path) -> None:
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)
        try:
            write(file)
        finally:
            root.setLevel(level)

    return silent
