"""Trained weights that the course ships: an `.npz` file, and beside it a record with its hash.

weights.write(model, Path("resnet8_cifar10.npz"), {"command": "edgelab train resnet8", "epochs": 20})
weights.read(model, Path("resnet8_cifar10.npz"))["epochs"]
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, MissingDataError


def write(model: Any, target: Path, facts: dict[str, Any]) -> Path:
    """Write a model's weights as `.npz`, and their hash and the facts about them as `.json` beside it."""
    buffer = io.BytesIO()
    np.savez(buffer, **{f"w{i:03d}": value for i, value in enumerate(model.get_weights())})
    content = buffer.getvalue()
    signed = {"sha256": hashlib.sha256(content).hexdigest(), **facts}
    workspace.atomic_write(target, content)
    workspace.atomic_write(target.with_suffix(".json"), json.dumps(signed, indent=2) + "\n")
    return target


def read(model: Any, path: Path) -> dict[str, Any]:
    """Give a network the weights of an `.npz` file, whose hash must be the one in its `.json`.

    Args:
        model: a Keras model of the same architecture; changed in place.
        path: as written by `write`.

    Returns:
        The record of how the weights were made.

    Raises:
        MissingDataError: one of the two files is not there.
        FormatError: the hash differs, or the weights don't fit.
    """
    facts = record(path)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != facts.get("sha256"):
        raise FormatError(
            f"{path} is not the file that its record describes: its SHA-256 is {found[:12]}…, the "
            f"record says {str(facts.get('sha256'))[:12]}…. Restore both files with git, or train again."
        )
    try:
        with np.load(io.BytesIO(content)) as stored:
            model.set_weights([stored[key] for key in sorted(stored.files)])
    except (ValueError, zipfile.BadZipFile) as error:
        raise FormatError(f"The weights in {path} don't fit {model.name}: {error}") from error
    return facts


def record(path: Path) -> dict[str, Any]:
    """Return how the weights of a file were made, as the `.json` beside it tells.

    Raises:
        MissingDataError: one of the two files is not there.
        FormatError: the record is damaged.
    """
    sidecar = path.with_suffix(".json")
    for file in (path, sidecar):
        if not file.exists():
            raise MissingDataError(
                f"{file} is not here. It is part of the repository: restore it with git, or train "
                "the network again with `edgelab train resnet8`."
            )
    try:
        facts: dict[str, Any] = json.loads(sidecar.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{sidecar} is damaged ({error}). Restore it with git.") from error
    return facts
