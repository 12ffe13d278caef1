"""Islands of integers among floats: every shore costs a conversion.

    source = convert.to_onnx(islands.network(), "abs.onnx")
    islands.only(source, images, "islands.onnx", kinds=("Conv",))

A quantizer can be told to take some kinds of operators only, and it leaves those that it has no integer
kernel for. What it took are islands: numbers are quantized on the way in and dequantized on the way out, and
each of these conversions reads and writes every activation. Lesson 25 counts and times them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgelab import artefacts, keras, runtimes, workspace
from edgelab.errors import FormatError, InputError
from edgelab.quantizing import onnx_quantize


def network(size: int = 32, channels: int = 32, layers: int = 6) -> Any:
    """Return 1×1 convolutions with random weights, each followed by an absolute value.

    The absolute value has no integer kernel in ONNX Runtime, so a quantized convolution stands alone.

    Args:
        size: of the images in pixels.
        channels: of the images and of every convolution.
        layers: convolutions.
    """
    k, tf = keras.keras(), keras.tf()
    k.utils.set_random_seed(0)
    image = x = k.Input((size, size, channels), name="image")
    for _ in range(layers):
        x = tf.abs(k.layers.Conv2D(channels, 1, padding="same")(x))
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(image, k.layers.Dense(10)(x), name="islands")


def only(
    model: str | os.PathLike[str],
    calibration: Any,
    path: str | os.PathLike[str],
    kinds: Sequence[str] = ("Conv",),
) -> Path:
    """Make only these kinds of operators of a file integers, statically (QDQ); the rest stays float.

    Args:
        model: a float `.onnx` file.
        calibration: the calibration split, or float32 images (n, …) in the model's input range.
        path: of the new `.onnx` file; a bare name goes to the workspace's artefacts.
        kinds: ONNX operators, such as "Conv", "Gemm" or "MatMul".

    Returns:
        The path.

    Raises:
        SplitError: the test split was given for calibration.
        InputError: the file has none of these operators; empty calibration, NaN, another shape or
            dtype; ONNX Runtime refused the model.
        FormatError, MissingFileError: no `.onnx` file, truncated, or not there.
        MissingRuntimeError: onnx or onnxruntime is not installed.
        StorageError: the file could not be written.

    Source: ONNX Runtime documentation, "Quantize ONNX models", `op_types_to_quantize`.
    """
    if Path(model).suffix != ".onnx":
        raise FormatError(f"An .onnx file is needed; {model} is none. See convert.to_onnx.")
    source = workspace.existing(model)
    with runtimes.load(source) as runner:
        spec = runner.input_spec
    present = _kinds_in(source)
    if not set(kinds) & present:
        raise InputError(
            f"{source.name} has none of the operators {', '.join(kinds) or '(none given)'}; it has "
            f"{', '.join(sorted(present))}."
        )
    images = artefacts.images_of(calibration, spec.shape, "calibration")

    key = {
        "verb": "islands",
        "artefact": workspace.file_hash(source),
        "calibration": artefacts.array_hash(images),
        "kinds": list(kinds),
        "by": workspace.code_hashes("quantizing/islands.py"),
    }
    write = onnx_quantize.static_writer(
        source, spec.name, images, per_channel=True, op_types_to_quantize=list(kinds)
    )
    return artefacts.make(path, ".onnx", "Quantizing some operators (ONNX)", key, write)


def _kinds_in(source: Path) -> set[str]:
    onnx_quantize.library()  # or it says which package is missing
    import onnx

    return {node.op_type for node in onnx.load(source).graph.node}
