"""What the lower layers of a network make of images: computed once, kept on disk in pieces.

Layers that don't change give the same output for the same image every time. A training that repeats them in every
epoch spends most of its time on what it knows already. `transfer` asks here instead; an interruption loses one piece.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, progress, workspace

PIECE = 200  # images
_BATCH = 50
_VERSION = 1


def outputs(lower: Any, images: np.ndarray, identity: list[Any], what: str) -> np.ndarray:
    """Return what a network makes of images, from the disk where they were looked at before.

    Args:
        lower: a Keras model that does not change.
        images: float32 (n, height, width, channels).
        identity: JSON values that name the network; its weights among them, by their hash.
        what: the images are, for the progress bar.

    Returns:
        float32 (n, …).
    """
    # Layers of one name may be cut elsewhere another time: the shape and the layers tell.
    layers = hashlib.sha256("|".join(layer.name for layer in lower.layers).encode()).hexdigest()
    key = {"what": "lower layers", "version": _VERSION, "network": identity, "layers": layers}
    key["versions"] = workspace.versions("tensorflow", "tf-keras", "numpy")
    starts = range(0, len(images), PIECE)
    found = []
    for start in progress.bar(starts, f"Looking at the {what} images once", unit="piece"):
        piece = np.ascontiguousarray(images[start : start + PIECE])

        def make(target: Path, piece: np.ndarray = piece) -> None:
            np.save(target, lower.predict(piece, batch_size=_BATCH, verbose=0))

        named = {**key, "images": artefacts.array_hash(piece)}
        found.append(np.load(workspace.cached(named, make, "-layers.npy")))
    return np.concatenate(found)
