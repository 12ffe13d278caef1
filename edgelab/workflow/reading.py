"""Read the contents of an artefact of any format of the course.

reading.read(Path("model.onnx")).weights[0]     # name, shape, type, bits, role
"""

from __future__ import annotations

from pathlib import Path

from edgelab import keras
from edgelab.errors import FormatError
from edgelab.slm import artefact
from edgelab.workflow import language_files, network_files
from edgelab.workflow.contents import Contents

FORMATS = (".keras", ".tflite", ".onnx", ".xml", ".gguf", "the folder of a language model")


def read(path: Path) -> Contents:
    """Read an artefact without running it.

    Raises:
        FormatError: it is of no kind that the course knows, or truncated.
        MissingRuntimeError: the package that reads this format is not installed.
    """
    if path.is_dir():
        return _folder(path)
    readers = {
        ".keras": lambda file: network_files.of_keras(
            keras.load(file), file.name, file.stat().st_size
        ),
        ".tflite": network_files.of_tflite,
        ".onnx": network_files.of_onnx,
        ".xml": network_files.of_openvino,
        ".gguf": language_files.of_gguf,
    }
    if path.suffix not in readers:
        raise FormatError(f"{path} is of no kind that can be assessed: {', '.join(FORMATS)}.")
    return readers[path.suffix](path)


def _folder(path: Path) -> Contents:
    form = artefact.kind(path)
    if form == "openvino":
        return network_files.of_openvino(path / "openvino_model.xml", folder=path)
    if form == "onnx":
        (file,) = sorted(path.glob("*.onnx"))[:1] or [path / "model.onnx"]
        return network_files.of_onnx(file, folder=path)
    return language_files.of_folder(path, form)
