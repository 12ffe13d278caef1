"""What is measured: artefacts as candidates, and the images to measure them on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import keras, runtimes, workspace
from edgelab.errors import InputError
from edgelab.provenance import tagged
from edgelab.runtimes import Candidate

Artefact = Any  # a path, a Candidate, or a Keras model in memory
Images = Any  # a Split, an array (n, …), or None


def of(name: str, artefact: Artefact) -> Candidate:
    """Return an artefact as a candidate; a Keras model in memory is saved first.

    Raises:
        InputError: it is none of the three.
        MissingFileError: there is no such file.
    """
    if isinstance(artefact, Candidate):
        return replace(artefact, path=workspace.existing(artefact.path))
    if keras.is_model(artefact):
        safe = "".join(c if c.isalnum() else "_" for c in name)
        file = keras.save(artefact, f"{safe}.keras")
        return Candidate(file, simulated=tagged(artefact).simulated)
    if isinstance(artefact, str | Path):
        return Candidate(workspace.existing(artefact))
    raise InputError(
        f"{name!r} is a {type(artefact).__name__}; give the path of an artefact, a Candidate, or a "
        "Keras model."
    )


def check(chosen: dict[str, Candidate]) -> None:
    """Make sure that candidates can be compared.

    Raises:
        InputError: fewer than two, or different thread counts.
        FormatError: no runtime takes one of the files.
    """
    if len(chosen) < 2:
        raise InputError(
            f"A comparison needs at least two artefacts; {len(chosen)} given. "
            "To look at one alone use benchmark.measure."
        )
    threads = {c.threads for c in chosen.values()}
    if len(threads) > 1:
        raise InputError(
            f"These artefacts would run with {sorted(threads)} threads; compare them under one "
            "thread count, or the difference is not theirs."
        )
    for candidate in chosen.values():
        runtimes.runner_class(candidate.path, candidate.runtime)


def images(on: Images) -> np.ndarray | None:
    """Return the images of a split or an array, None where none are given.

    Raises:
        InputError: there are none in it.
    """
    if on is None:
        return None
    found = np.asarray(getattr(on, "x", on))
    if len(found) == 0:
        raise InputError("There are no images to measure on; the split or array is empty.")
    return found
