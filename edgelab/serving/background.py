"""The application in another process, for a notebook, a test or a measurement.

    with background.Background(Settings(port=0)) as server:
        server.url, server.memory_bytes()

A server that is measured must not share its process with who measures: they would wait for each other.
It ends with the `with` block, and, since it watches who started it, with that process too, however that
ends. Lesson 43.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import edgelab
from edgelab.errors import InputError, ServerError
from edgelab.serving import configuration
from edgelab.serving.configuration import Settings

READY_SECONDS = 120.0  # the first start on a machine quantizes the default model
_POLL_SECONDS = 0.05
_END_SECONDS = 15.0  # more than the server takes to finish what is under way
_LAST_LINES = 8


class Background:
    """A running server in a process of its own.

    Args:
        settings: what it serves; port 0 takes a free one.
        command: what is started instead, for instance another application; it must print its address.

    Raises:
        ServerError: it did not come up; its last lines are in the message.
    """

    def __init__(self, settings: Settings | None = None, command: Sequence[str] = ()) -> None:
        self.settings = settings or Settings(port=0)
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._running().pid

    def memory_bytes(self) -> int:
        """Return the resident memory of the process."""
        import psutil

        return int(psutil.Process(self.pid).memory_info().rss)

    def log(self, lines: int = _LAST_LINES) -> str:
        """Return the last lines that it wrote."""
        text = (self._folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="edgelab-serving-"))
        config = self._folder / "settings.yaml"
        config.write_text(configuration.written(self.settings), encoding="utf-8")
        serve = [sys.executable, "-m", "edgelab.cli", "serve", "--config", str(config), "--watched"]
        root = str(Path(edgelab.__file__).resolve().parents[1])
        with (self._folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                self._command or serve,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ
                | {
                    "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
                    "PYTHONUNBUFFERED": "1",
                },
                start_new_session=True,  # Ctrl+C in the terminal is for us, not for it
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            with contextlib.suppress(OSError):
                if process.stdin:
                    process.stdin.close()  # our server ends by that, in good order, on Windows too
                if self._command:
                    process.terminate()
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Tell whether it is alive."""
        return self._running().poll() is None

    def signal(self, number: int) -> None:
        """Send a signal: SIGTERM asks it to end."""
        self._running().send_signal(number)

    def let_go(self) -> None:
        """Close its input, as happens when we end; it ends then too."""
        if pipe := self._running().stdin:
            pipe.close()

    def ended(self, seconds: float) -> int:
        """Wait until it has ended, and return its exit status.

        Raises:
            ServerError: it has not, in this time.
        """
        try:
            return self._running().wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise ServerError(
                f"The server still runs after {seconds:g} s:\n{self.log()}"
            ) from error

    def _wait(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while True:
            process = self._running()
            if process.poll() is not None:
                raise ServerError(f"The server ended before it answered:\n{self.log()}")
            if time.monotonic() > until:
                raise ServerError(
                    f"The server did not answer within {READY_SECONDS:g} s:\n{self.log()}"
                )
            words = self.log(10**6).split()
            self.url = next((word for word in words if word.startswith("http://")), "")
            if self.url and _answers(self.url):
                return
            time.sleep(_POLL_SECONDS)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise InputError("The server is not running: use it inside its `with` block.")
        return self._process


def get(url: str) -> dict[str, object]:
    """Return what an address of the application answers to GET, from JSON."""
    # Without a proxy: one that is set for the internet does not know this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as response:
        answer: dict[str, object] = json.loads(response.read())
        return answer


def when_parent_ends(stop: Callable[[], object]) -> None:
    """Call `stop` when the process that started this one has ended: its end of our input closes then."""

    def watch() -> None:
        while os.read(0, 1):  # nothing is ever written to it
            pass
        stop()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _answers(url: str) -> bool:
    try:
        get(f"{url}/readyz")
    except (urllib.error.HTTPError, ValueError):
        return True  # another application: it answers, though it has no such address
    except OSError:
        return False
    return True
