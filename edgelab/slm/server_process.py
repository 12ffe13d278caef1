"""The process that serves a model: launched, waited for, and ended for certain.

Use `edgelab.slm.server`. This module is also what runs over there (`python -m edgelab.slm.server_process …`): it hands
its arguments to llama-cpp-python's server, and ends as soon as its standard input closes. The parent holds the other
end and never writes to it, so however the parent ends, by an error, an interrupt or a kill, the server ends too.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from importlib import util
from pathlib import Path

import edgelab
from edgelab.errors import InputError, MissingRuntimeError, ServerError
from edgelab.slm import llama_library

HOST = "127.0.0.1"  # never another: a model of a lesson is nobody else's business
LAST_LINES = 8
PACKAGES = ("uvicorn", "fastapi", "sse_starlette", "starlette_context", "pydantic_settings")
_END_SECONDS = 5.0  # to end by itself when asked to
_POLL_SECONDS = 0.05


class ServerProcess:
    """A running server.

    Args:
        name: of what is served, for messages.
        arguments: for `python -m llama_cpp.server`; "--port" is among them.
    """

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._folder = Path(tempfile.mkdtemp(prefix="edgelab-server-"))
        root = str(Path(edgelab.__file__).resolve().parents[1])
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
            "PYTHONUNBUFFERED": "1",
        }
        with (self._folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edgelab.slm.server_process", *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                # A group of its own: an interrupt in the terminal is for us, and what it starts ends with it.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Tell whether it is alive."""
        return self._process.poll() is None

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready.

        Args:
            ready: asks it.
            seconds: to wait at most.

        Raises:
            ServerError: it ended, or was not ready in time.
        """
        end = time.monotonic() + seconds
        while not (ready() and self.running):
            if not self.running:
                raise self.error("ended before it answered")
            if time.monotonic() > end:
                raise self.error(f"did not answer within {seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def log(self, lines: int = LAST_LINES) -> str:
        """Return the last lines that it wrote."""
        try:
            text = (self._folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def error(self, what: str) -> ServerError:
        """Return the error about what happened to it, with its last lines."""
        state = "its process still runs"
        with contextlib.suppress(subprocess.TimeoutExpired):
            state = f"its process ended with status {self._process.wait(timeout=1)}"
        return ServerError(
            f"The server of {self.name} {what} ({state}). Its last lines:\n{self.log() or '(none)'}"
        )

    def stop(self) -> None:
        """End it and what it started: asked first, then made to."""
        try:
            with contextlib.suppress(OSError):
                if self._process.stdin:
                    self._process.stdin.close()
            for harshly in (False, True):
                self._signal(harshly=harshly)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=_END_SECONDS)
                    break
        finally:
            if self.running:  # interrupted while we waited
                self._signal(harshly=True)
                self._process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, *, harshly: bool) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL if harshly else signal.SIGTERM)
            elif harshly:
                self._process.kill()
            else:
                self._process.terminate()


def require_packages() -> None:
    """Refuse to start where a package of the server is missing.

    Raises:
        MissingRuntimeError: with the command that installs it.
    """
    llama_library.package()
    missing = [name for name in PACKAGES if util.find_spec(name) is None]
    if missing:
        raise MissingRuntimeError(
            f"The server of llama-cpp-python needs {', '.join(missing)}, which are not installed here: "
            '`make lab`, or `pip install "llama-cpp-python[server]" -c constraints.txt`.'
        )


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Refuse a port that somebody listens on.

    Raises:
        InputError: it is taken, or not allowed.
    """
    with socket.socket() as probe:
        if os.name == "posix":  # a port that was closed a moment ago may be taken again
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InputError(
                f"Port {port} can't be used ({error.strerror}): another program, perhaps a server that was "
                "started before, listens there. Leave port out to take a free one."
            ) from error


def _serve() -> None:
    """Run the server in this very process until the parent closes our standard input."""

    def watch() -> None:
        # Not through sys.stdin: a thread that waits there when Python ends makes it crash.
        while os.read(0, 1):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    require_free(
        int(sys.argv[sys.argv.index("--port") + 1])
    )  # said now, not after seconds of imports
    # Its settings are also read from variables like HOST, PORT, SEED or MODEL, which other programs set.
    from llama_cpp.server.settings import Settings

    taken = {name.upper() for name in Settings.model_fields} | {"CONFIG_FILE"}
    for name in list(os.environ):
        if name.upper() in taken:
            del os.environ[name]
    runpy.run_module("llama_cpp.server", run_name="__main__")


if __name__ == "__main__":
    _serve()
