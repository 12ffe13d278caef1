"""Admission: a bounded queue before the work, and an honest 503 when it is full.

    admission = Admission(turns=2, queue=Queue(length=16, wait_ms=500, retry_after_s=1))
    with admission.turn() as waited_s:
        ...                                  # at most two threads are here at once

When more comes than can be done, something has to give. Without a bound it is everybody: the queue
grows, each request waits longer than the one before, and in the end all are answered after their
clients gave up. With a bound, those who are let in are served in the usual time, and the rest are told
at once, with the number of seconds after which to try again (the header Retry-After).

Two bounds: how many may wait, and for how long. The first protects memory, the second the promise.
Off: requests pile up in the web server, without an end. Lesson 43.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator

from edgelab.serving.configuration import Queue
from edgelab.serving.errors import RefusedError


class Admission:
    """Lets requests in, in the order in which they came.

    Args:
        turns: requests that are at work at once.
        queue: the bounds on those that wait; where it is off, all are let in.
    """

    def __init__(self, turns: int, queue: Queue) -> None:
        self._turns, self._queue = turns, queue
        self._lock = threading.Lock()
        self._working = 0
        self._line: deque[threading.Event] = deque()
        self.stopping = False

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their turn."""
        return len(self._line)

    @property
    def working(self) -> int:
        """Return how many requests are at work."""
        return self._working

    @contextlib.contextmanager
    def turn(self) -> Iterator[float]:
        """Wait for a turn, and give it back at the end; yields the seconds waited.

        Raises:
            RefusedError: the server is stopping, too many wait, or the wait became too long.
        """
        if self.stopping:
            raise RefusedError("stopping", retry_after_s=5, seconds=5)
        begin = time.perf_counter()
        self._enter()
        try:
            yield time.perf_counter() - begin
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._working < self._turns or not self._queue.enabled:
                self._working += 1
                return
            if len(self._line) >= self._queue.length:
                raise self._overloaded()
            called = threading.Event()
            self._line.append(called)
        if called.wait(self._queue.wait_ms / 1000):
            return
        with self._lock:
            if called.is_set():  # between the end of the wait and this line
                return
            self._line.remove(called)
        raise self._overloaded()

    def _leave(self) -> None:
        with self._lock:
            if self._line:
                # The turn is handed over, not put back: nobody who comes now can jump the queue.
                self._line.popleft().set()
            else:
                self._working -= 1

    def _overloaded(self) -> RefusedError:
        seconds = self._queue.retry_after_s
        return RefusedError("overloaded", retry_after_s=seconds, seconds=seconds)
