"""What kind of language model lies at a path: one file, or a folder that its content gives away.

    artefact.kind("stdlib-4m-f16.gguf")      # "gguf"
    artefact.kind("stdlib-4m-int4")          # "openvino", "onnx", "mlx" or "huggingface"

Lesson 30 opens one of each.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

from edgelab import workspace
from edgelab.errors import FormatError

KINDS = ("gguf", "openvino", "onnx", "mlx", "huggingface")
_GGUF = b"GGUF"
_LONGEST_HEADER = 100_000_000


def kind(path: str | Path) -> str:
    """Return which kind of language model lies at a path: one of `KINDS`.

    Args:
        path: a file or a folder; a bare name is looked for here and in the workspace.

    Raises:
        MissingFileError: there is nothing.
        FormatError: it is none of the kinds.
    """
    source = workspace.existing(path)
    if source.is_dir():
        return _folder(source)
    with source.open("rb") as stream:
        start = stream.read(len(_GGUF))
    if start == _GGUF:
        return "gguf"
    size = source.stat().st_size
    raise FormatError(
        f"{source.name} is no GGUF file: its {size} bytes start with {start!r}, not with {_GGUF!r}. "
        "A language model is a .gguf file or a folder of OpenVINO, ONNX, MLX or Hugging Face."
    )


def _folder(source: Path) -> str:
    if (source / "openvino_model.xml").is_file():
        return "openvino"
    if (source / "genai_config.json").is_file():
        return "onnx"
    weights = sorted(source.glob("*.safetensors"))
    if weights and (source / "config.json").is_file():
        return "mlx" if _metadata(weights[0]).get("format") == "mlx" else "huggingface"
    there = ", ".join(sorted(p.name for p in source.iterdir())[:6]) or "nothing"
    raise FormatError(
        f"{source.name} is no folder of a language model: it holds {there}. It needs "
        "openvino_model.xml, genai_config.json, or config.json beside .safetensors files."
    )


def _metadata(weights: Path) -> dict[str, str]:
    """Return the metadata in the header of a .safetensors file."""
    try:
        with weights.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            # Of a file that is none, the length is any number.
            header = json.loads(stream.read(min(length, _LONGEST_HEADER)))
        found: dict[str, str] = header.get("__metadata__") or {}
    except (struct.error, ValueError, AttributeError) as error:
        raise FormatError(
            f"{weights} is no whole .safetensors file ({error}): copy or make it again."
        ) from error
    return found
