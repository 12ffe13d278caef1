"""Parameters and multiply-accumulates of a network, layer by layer.

    counts.of(model).macs            # a Keras model, a .tflite or an .onnx file

A multiply-accumulate (MAC) is one multiplication and one addition; pooling, activations and additions
are not counted, as is usual. An operator that holds weights and whose work is not known here is an error:
a sum without it would look right and be wrong. Lesson 10 counts a convolution by hand first.
"""

from __future__ import annotations

from typing import Any

from edgelab import keras, workspace
from edgelab.errors import InputError
from edgelab.files import keras_counts, lite_counts, onnx_counts
from edgelab.files.counted import Counts


def of(model: Any) -> Counts:
    """Count a Keras model in memory, or a `.keras`, `.tflite` or `.onnx` artefact.

    In a `.tflite` or `.onnx` file only the operators that multiply by weights or matrices are layers, and
    their parameters are those that the operator itself holds.

    Raises:
        InputError: another kind of file.
        UncountableError: an operator with weights whose work is not known here, or whose shape is not fixed.
        MissingFileError: there is no such file.
    """
    if keras.is_model(model):
        return keras_counts.of(model)
    path = workspace.existing(model)
    counters = {
        ".keras": lambda: keras_counts.of(keras.load(path)),
        ".tflite": lambda: lite_counts.of(path),
        ".onnx": lambda: onnx_counts.of(path),
    }
    if path.suffix not in counters:
        raise InputError(f"{path.name}: counting works on {', '.join(counters)} and Keras models.")
    return counters[path.suffix]()
