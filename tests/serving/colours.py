"""A network that embeds a picture as its mean colour, so that neighbours can be told by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgelab.serving import embedding
from tests.serving import made


def use(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Let "resnet8" be that network; returns its file."""
    file = made.network(folder / "colours.onnx")
    source = embedding._Source(
        made.SIZE,
        lambda: file,
        lambda: None,
        lambda: np.empty(0),
        lambda rgb: rgb / np.float32(255),
    )
    monkeypatch.setattr(embedding, "_sources", lambda: {"resnet8": source})
    monkeypatch.setattr(embedding, "file", lambda _name: file)
    return file


def picture(path: Path, colour: str | tuple[int, int, int], side: int = 12) -> Path:
    """Write a picture of one colour, its folders as well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side), colour).save(path)
    return path
