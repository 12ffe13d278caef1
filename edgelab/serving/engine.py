"""A loaded model: pixels in, probabilities out, from many threads at once.

Two practices live here. **The model is loaded once**, when the server starts: reading the file,
checking it and laying out its memory takes longer than an inference. **One interpreter per worker**: an
interpreter keeps the values between two layers in memory of its own, so two threads in one interpreter
would overwrite each other's. It is lent to one thread at a time; with as many interpreters as workers,
no worker waits for another's.

Off: the file is loaded for every request; all workers share one interpreter and take turns. Lesson 43.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgelab import runtimes, workspace
from edgelab.errors import FormatError, InputError
from edgelab.runtimes import Runner
from edgelab.serving import configuration, default_model, labels


class Engine:
    """One version of a model, ready to answer.

    Args:
        model: what to load.
        workers: threads that run it at the same time.
        one_load: load it now, and not for every request.
        interpreter_per_worker: give every worker an interpreter of its own.

    Raises:
        MissingFileError, FormatError: the file is not there or damaged.
        InputError: it does not take square pictures in three colours, or has another number of classes.
    """

    def __init__(
        self,
        model: configuration.Model,
        workers: int,
        *,
        one_load: bool = True,
        interpreter_per_worker: bool = True,
    ) -> None:
        self.path = Path(model.path) if model.path else default_model.path()
        self.name, self.version = model.name, model.version
        self.classes = model.classes or labels.CIFAR10
        self.sha256 = workspace.file_hash(self.path)
        low, high = model.input_range
        self._scale, self._shift = np.float32((high - low) / 255), np.float32(low)
        self._one_load = one_load
        first = self._load()
        try:
            self.runtime = first.runtime
            self.size = _side(first)
            self._try(first)
        except BaseException:
            first.close()
            raise
        self._free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
        if one_load:
            self._free.put(first)
            for _ in range((workers if interpreter_per_worker else 1) - 1):
                self._free.put(self._load())
        else:
            first.close()

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """Return how likely every class is.

        Args:
            pixels: uint8 (n, size, size, 3).

        Returns:
            float32 (n, classes); every row adds up to 1.
        """
        batch = pixels.astype(np.float32) * self._scale + self._shift
        with self._lent() as runner:
            logits = runner.run(batch)
        return softmax(logits)

    def close(self) -> None:
        """Release the interpreters."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()

    @contextlib.contextmanager
    def _lent(self) -> Iterator[Runner]:
        """Lend an interpreter to this thread, or load one for it alone."""
        if not self._one_load:
            with self._load() as runner:
                yield runner
            return
        runner = self._free.get()
        try:
            yield runner
        finally:
            self._free.put(runner)

    def _load(self) -> Runner:
        # One thread an inference: the workers share the cores, and more threads would wait for each other.
        return runtimes.load(self.path, threads=1)

    def _try(self, runner: Runner) -> None:
        """Run once, so that what is wrong with a model is said at the start and not to a client."""
        outputs = runner.run(np.zeros((1, self.size, self.size, 3), np.float32)).shape
        if outputs != (1, len(self.classes)):
            raise InputError(
                f"{self.path.name} answers with shape {outputs}, and there are {len(self.classes)} names "
                "of classes. Give the names under `classes`, in the order of its outputs."
            )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities, float32 (n, classes), from a network's outputs."""
    if not np.isfinite(logits).all():
        raise FormatError("The network answered with NaN or infinity: its file is damaged.")
    # The largest is taken off first: exp(800) is more than a float can hold.
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def _side(runner: Runner) -> int:
    shape = runner.input_spec.shape
    if len(shape) != 4 or shape[3] != 3 or shape[1] is None or shape[1] != shape[2]:
        raise InputError(
            f"{runner.path.name} takes {shape}; the application serves networks that take square "
            "pictures in three colours, (n, size, size, 3)."
        )
    return shape[1]
