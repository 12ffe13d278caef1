"""Four sizes of an artefact: "how large is it?" has four honest answers.

- nominal: parameters times bits, with scales, zero points, codebooks and sparse indices counted;
- memory: the weights in the type in which the runtime computes with them (calculated from the file, not
  measured; `benchmark.footprint` measures what the whole process takes);
- file: bytes on disk, all files of a folder together;
- gzip: what a download would take, level 9, no time stamp, so the same file gives the same number.

    size.of("int8.tflite").file_bytes
    size.tensors("int8.tflite")[0]          # name, shape, dtype, bits, bytes

A ratio between two artefacts means something only within one column and one file format. Lesson 10
introduces the four, lesson 20 compares them.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

from edgelab import keras, progress, workspace
from edgelab.files import stored
from edgelab.files.stored import TensorSize, tensors
from edgelab.records import Size

__all__ = ["Size", "TensorSize", "of", "tensors"]

_BLOCK_BYTES = 1 << 20
_GZIP = 31  # zlib's word for: a gzip header with an empty time, and the largest window


def of(artefact: Any) -> Size:
    """Return the four sizes of an artefact.

    Args:
        artefact: a path (.tflite, .onnx, .keras, .xml with its .bin, a SavedModel folder), or a Keras
            model in memory, whose file is its `.keras` file without optimizer state (its gzip size
            varies by a few bytes: the archive carries its date).

    Raises:
        MissingFileError: there is no such file.
        FormatError: an unknown suffix, or a truncated file.
        MissingRuntimeError: the package that reads this format is not installed.
    """
    if keras.is_model(artefact):
        with tempfile.TemporaryDirectory() as folder:
            file = keras.save(artefact, Path(folder) / "model.keras")
            file_bytes, gzip_bytes = file.stat().st_size, _gzip_bytes([file])
    else:
        files = stored.files(stored.existing(artefact))
        file_bytes, gzip_bytes = sum(f.stat().st_size for f in files), _known_gzip_bytes(files)
    found = tensors(artefact)
    return Size(
        nominal_bytes=sum(t.bytes for t in found),
        memory_bytes=sum(t.memory_bytes for t in found),
        file_bytes=file_bytes,
        gzip_bytes=gzip_bytes,
    )


def _gzip_bytes(files: list[Path]) -> int:
    total = 0
    for file in files:
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                total += len(packer.compress(block))
        total += len(packer.flush())
    return total


def _known_gzip_bytes(files: list[Path]) -> int:
    """Return the compressed size, kept by content: a hundred megabytes take five seconds."""

    def write(result: Path) -> None:
        with progress.task(f"Compressing {files[0].name} to see its gzip size"):
            result.write_text(json.dumps(_gzip_bytes(files)))

    key = {"gzip": [workspace.file_hash(f) for f in files], "zlib": zlib.ZLIB_RUNTIME_VERSION}
    return int(json.loads(workspace.cached(key, write, ".json").read_text()))
