"""One child process for many calls of `child.run`, because TensorFlow takes six seconds to import.

    with OneChild() as one:
        monkeypatch.setattr(child, "run", one.run)

It is started by the real `child.run`, with its threads, and a call goes through what `child.run` does
on both sides: JSON, the function by its name, the error by its kind. Only the process is shared.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from types import TracebackType
from typing import Any, Self

from edgelab.errors import EdgelabError
from edgelab.measuring import child

STARTED_SECONDS = 60


class OneChild:
    """A process that answers one call after the other."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self.calls: list[str] = []
        self._tick: Callable[[], object] = lambda: None
        self._listener = Listener()
        self._ended: list[BaseException] = []
        self._thread = threading.Thread(target=self._start, args=(child.run,), daemon=True)
        self._thread.start()
        self._line: Connection = self._listener.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line.send(None)
        self._thread.join(STARTED_SECONDS)
        self._listener.close()

    def run(
        self,
        function: str,
        *,
        threads: int = 1,
        tick: Callable[[], object] = lambda: None,
        **arguments: Any,
    ) -> Any:
        """Do what `child.run` does, in the one process."""
        assert threads == self.threads, "this process was started with other threads"
        self.calls.append(function)
        self._tick = tick
        self._line.send(json.dumps({"function": function, "arguments": arguments}))
        try:
            return child.value(json.loads(self._line.recv()))
        except EOFError:
            self._thread.join(STARTED_SECONDS)
            raise EdgelabError(f"the one process died in {function}: {self._ended}") from None

    def _ticked(self) -> None:
        self._tick()

    def _start(self, start: Callable[..., Any]) -> None:
        try:
            start(
                "tests.one_child:serve",
                threads=self.threads,
                tick=self._ticked,
                address=self._listener.address,
            )
        except EdgelabError as error:
            self._ended.append(error)


def serve(address: str) -> None:
    """Answer calls until there are no more; runs in the child."""
    with Client(address) as line:
        while (request := line.recv()) is not None:
            task = json.loads(request)
            line.send(json.dumps(child.answered(task["function"], task["arguments"])))
