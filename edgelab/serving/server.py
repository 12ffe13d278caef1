"""The application on a port: started, and ended so that nobody loses an answer.

    server = Server(api.create(settings), settings)
    print(server.url)
    server.run()                       # until SIGTERM, Ctrl+C, or server.stop() from another thread

Flask's own server is for trying things out; waitress is made to be left alone, on Linux, macOS and
Windows. **Graceful shutdown**: when the process is asked to end, it stops listening, /readyz says so,
whoever is being served gets the whole answer, and after a bound it ends in any case. A new version can
then replace an old one without a single failed request. Off: it drops what it is doing. Lesson 43.
"""

from __future__ import annotations

import ctypes
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from edgelab.errors import InputError
from edgelab.serving import api, background, pages, search_routes
from edgelab.serving.application import Application
from edgelab.serving.configuration import Settings
from edgelab.serving.connections import Listener

FINISH_SECONDS = 10.0  # for those who are being served when the end comes
_SPARE_THREADS = 4  # to refuse, and for /healthz, while every other thread works or waits
_IDLE_SECONDS = 60  # an open connection without a request
_M_ARENA_MAX = -8  # of malloc.h
_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Ctrl+Break, on Windows


class Server:
    """An application that listens.

    Args:
        app: what `api.create` made.
        settings: the same as there.

    Raises:
        InputError: the address or the port can't be used.
    """

    def __init__(self, app: Application, settings: Settings) -> None:
        self.service = app.service
        self._stop = threading.Event()
        self._graceful = settings.practices.graceful_shutdown
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # we have a queue of our own
        _share_memory_pools(settings.workers)
        listening = _listening(settings.host, settings.port)
        threads = ThreadedTaskDispatcher()
        threads.set_thread_count(thread_count(settings))
        self._listener = Listener(
            app,
            {},
            dispatcher=threads,
            adj=_adjustments(settings),
            sockinfo=(listening.family, listening.type, 0, listening.getsockname()),
            _sock=listening,
            bind_socket=False,
        )
        self._listener.limits = settings.bounds
        self._listener.refused = app.refused_before
        self.port = int(self._listener.effective_port)
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.url = f"http://{shown}:{self.port}"

    def run(self) -> None:
        """Serve until `stop`, then finish what is under way, and close."""
        try:
            while not self._stop.is_set():
                self._listener.turn(1.0)
            if self._graceful:
                self._finish()
        finally:
            self._listener.close_all()
            self.service.close()

    def stop(self) -> None:
        """Ask `run` to end; from any thread, or from a signal."""
        self.service.admission.stopping = True
        self._stop.set()
        self._listener.pull_trigger()

    def on_signals(self) -> None:
        """End orderly when the process is told to, and at once when it is told twice."""

        def handle(number: int, _frame: Any) -> None:
            if self._stop.is_set():
                raise SystemExit(128 + number)
            self.stop()

        for name in _SIGNALS:
            if number := getattr(signal, name, None):
                signal.signal(number, handle)

    def _finish(self) -> None:
        self._listener.end()
        until = time.monotonic() + FINISH_SECONDS
        while not self._listener.close_idle() and time.monotonic() < until:
            self._listener.turn(0.05)


def whole(settings: Settings) -> Application:
    """Return the application with all its parts: prediction, visual search if it is on, and the page."""
    search = [search_routes.part(settings)] if settings.search.enabled else []
    return api.create(settings, parts=[*search, pages.add])


def run(settings: Settings, say: Callable[[str], object] = print, *, watched: bool = False) -> None:
    """Load the models, say where the application is, and serve until the process is told to end.

    Args:
        settings: what is served, and how.
        say: is given the line with the address.
        watched: end as well when the process that started this one ends.
    """
    server = Server(whole(settings), settings)
    server.on_signals()
    if watched:
        background.when_parent_ends(server.stop)
    names = ", ".join(f"{engine.name} {engine.version}" for engine in server.service.engines)
    say(f"{server.url} serves {names}; Ctrl+C ends it.")
    server.run()


def thread_count(settings: Settings) -> int:
    """Return the threads that talk to clients.

    One for everybody who is at work or waits, so that `admission` sees them all and decides; without a
    queue of our own, only for those at work, and waitress keeps the rest, without a bound.
    """
    queue = settings.practices.queue
    return settings.turns + (queue.length + _SPARE_THREADS if queue.enabled else 0)


def _adjustments(settings: Settings) -> Adjustments:
    limits = settings.bounds
    return Adjustments(
        # A little too much is still received, to be refused by the application with all it knows; what
        # is far too much is refused by its header alone.
        max_request_body_size=2 * limits.body_bytes,
        max_request_header_size=32 * 1024,
        connection_limit=limits.connections,
        channel_timeout=_IDLE_SECONDS,
        cleanup_interval=1,
        channel_request_lookahead=1,  # so that a client that leaves is noticed while it waits
        recv_bytes=64 * 1024,
        # While it arrives, a larger body lies in an unnamed temporary file: else two hundred slow clients
        # with large ones would fill the memory.
        inbuf_overflow=2**20,
        log_socket_errors=False,
        ident="edgelab",
    )


def _share_memory_pools(pools: int) -> None:
    """Let the threads share a few pools of memory, on Linux.

    The GNU C library gives every thread a pool of its own and keeps what was once used there. With
    twenty threads of which two work, memory grows for a long time before it stays.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if setting is not None:  # other C libraries have no such thing
        setting(_M_ARENA_MAX, max(2, pools))


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows would let two servers have one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"The server can't listen on {host}, port {port} ({error.strerror or error}): another program "
            "may have the port. Choose another with --port, or 0 for any free one."
        ) from error
    return listening
