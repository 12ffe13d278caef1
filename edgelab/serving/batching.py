"""Micro-batching: wait a moment for the images of other requests, and run them together.

    batcher = Batcher(engine.run, images=16, wait_ms=2, threads=2)
    probabilities, waited_s = batcher.run(pixels)

A network that runs 16 images at once reads its weights once instead of 16 times; an accelerator with
a thousand arithmetic units is only busy then. The price is a wait: the first image of a batch waits
until the batch is full, but never longer than `wait_ms`. That bound is what makes it *micro*.

What it brings depends on the machine: much on a GPU, little on a processor with a small network, where
the wait may cost more than the batch saves. Off: every request runs its own images. Lesson 43.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np


@dataclass
class _Waiting:
    pixels: np.ndarray
    since: float = field(default_factory=time.perf_counter)
    answer: Future[tuple[np.ndarray, float]] = field(default_factory=Future)


class Batcher:
    """Collects the images of several threads and runs them together.

    Args:
        run: pixels (n, …) → one row for each image.
        images: in one batch, at most; a request that brings more than that runs alone.
        wait_ms: how long the first one waits for others, at most.
        threads: that run batches at the same time.
        seen: is told the size of every batch.
    """

    def __init__(
        self,
        run: Callable[[np.ndarray], np.ndarray],
        images: int,
        wait_ms: float,
        threads: int = 1,
        seen: Callable[[int], object] = lambda size: None,  # noqa: ARG005 - nobody asked to be told
    ) -> None:
        self._run, self._images, self._wait_s, self._seen = run, images, wait_ms / 1000, seen
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, pixels: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the rows of these images, and how many seconds they waited for their batch.

        Args:
            pixels: (n, …), at least one image.

        Raises:
            Whatever the network raised; all requests of a batch share its fate.
        """
        waiting = _Waiting(pixels)
        self._queue.put(waiting)
        return waiting.answer.result()

    def close(self) -> None:
        """Finish what waits, and end the threads."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        too_many: _Waiting | None = None  # what did not fit into the last batch begins the next
        while True:
            first = too_many or self._queue.get()
            if first is None:
                return
            batch, too_many, ends = self._gathered(first)
            self._answer(batch)
            if ends and too_many:
                self._answer([too_many])
            if ends:
                return

    def _gathered(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None, bool]:
        """Return a batch, what came and did not fit, and whether this thread is to end."""
        batch, size = [first], len(first.pixels)
        until = first.since + self._wait_s
        while size < self._images:
            try:
                following = self._queue.get(timeout=max(0.0, until - time.perf_counter()))
            except queue.Empty:
                break
            if following is None:
                return batch, None, True
            if size + len(following.pixels) > self._images:
                return batch, following, False
            batch.append(following)
            size += len(following.pixels)
        return batch, None, False

    def _answer(self, batch: list[_Waiting]) -> None:
        begin = time.perf_counter()
        try:
            rows = self._run(np.concatenate([one.pixels for one in batch]))
            parts = np.split(rows, np.cumsum([len(one.pixels) for one in batch])[:-1])
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for the answer
            for one in batch:
                one.answer.set_exception(error)
            return
        self._seen(len(rows))
        for one, part in zip(batch, parts, strict=True):
            one.answer.set_result((part, begin - one.since))
