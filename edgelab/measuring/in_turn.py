"""Candidates timed in turn, here or in a child process, with the machine to themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress, runtimes
from edgelab.measuring import alone, child, compare, machine
from edgelab.runtimes import Candidate


def in_child(
    candidates: dict[str, dict[str, Any]],
    images: list[Any] | None,
    limit: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Gather a comparison's evidence in this process; runs in the child (see `edgelab.measuring.child`)."""
    chosen = [Candidate(**(c | {"path": Path(c["path"])})) for c in candidates.values()]
    image = None if images is None else np.asarray(images, np.float32)
    loaders = [_loader(c, image) for c in chosen]
    return asdict(compare.rounds(loaders, compare.Limits(**limit), seed, child.tick))


def time(
    chosen: dict[str, Candidate], images: np.ndarray | None, limit: compare.Limits, seed: int
) -> tuple[compare.Evidence, bool]:
    """Gather a comparison's evidence.

    Args:
        chosen: the candidates; with a Keras model among them a child process does the work, because
            TensorFlow fixes its threads for the life of a process.
        images: the first is timed; None takes random numbers.
        limit: how much evidence.
        seed: of the random orders.

    Returns:
        The evidence, and whether other programs were busy meanwhile.

    Raises:
        EdgelabError: an artefact can't be loaded, or takes other images.
    """
    image = None if images is None else images[:1]
    apart = any(alone.apart(c) for c in chosen.values())
    _shape_error_early(chosen, image, apart)
    with (
        machine.exclusive(),
        progress.bar(total=limit.max_rounds, description="Comparing", unit="round") as bar,
    ):
        if not apart:
            loaders = [_loader(c, image) for c in chosen.values()]
            return machine.quietly(
                lambda: compare.rounds(loaders, limit, seed, bar.update), attempts=1
            )

        def over_there() -> compare.Evidence:
            values = child.run(
                "edgelab.measuring.in_turn:in_child",
                threads=next(iter(chosen.values())).threads,
                tick=bar.update,
                candidates={n: asdict(c) | {"path": str(c.path)} for n, c in chosen.items()},
                images=None if image is None else image.tolist(),
                limit=asdict(limit),
                seed=seed,
            )
            return compare.Evidence(**values)

        return machine.quietly(over_there, attempts=1)


def _shape_error_early(chosen: dict[str, Candidate], image: np.ndarray | None, apart: bool) -> None:
    """Load each artefact once, so that a broken one is named before anything is timed."""
    if apart:
        return  # the child process reports it; loading Keras models twice takes too long
    for candidate in chosen.values():
        with candidate.load() as runner:
            runner.prepare(alone.one(runner, image))


def _loader(candidate: Candidate, image: np.ndarray | None) -> compare.Loader:
    def load() -> tuple[runtimes.Inference, Callable[[], None]]:
        runner = candidate.load()
        return runner.prepare(alone.one(runner, image)), runner.close

    return load
