"""A network that is absent or silent costs seconds, never minutes, and never a traceback."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from edgelab import downloads
from edgelab.errors import MissingDataError


@pytest.fixture(autouse=True)
def may_ask(monkeypatch):
    monkeypatch.setenv("EDGELAB_PROFILE", "class")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def silent_host():
    """Listen, accept, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def answering_host():
    class NotFound(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(404)

        def log_message(self, *_):
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), NotFound)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_silent_host_is_given_up_within_the_limit(silent_host, monkeypatch):
    monkeypatch.setattr(downloads, "_ANSWER_SECONDS", 0.3)
    begin = time.perf_counter()
    assert not downloads.reachable(silent_host)
    assert time.perf_counter() - begin < 5


def test_any_answer_counts(answering_host):
    assert downloads.reachable(answering_host)


def test_nobody_listening_is_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert not downloads.reachable(address)


def test_the_ci_profile_never_asks(answering_host, monkeypatch):
    monkeypatch.setenv("EDGELAB_PROFILE", "ci")
    assert not downloads.reachable(answering_host)
    with (
        pytest.raises(
            MissingDataError, match=r"weights must be downloaded once.*ci uses no network"
        ),
        downloads.bounded(answering_host, "The weights"),
    ):
        pytest.fail("the download must not start")


def test_a_download_that_breaks_off_is_told_and_the_time_limit_is_taken_back(answering_host):
    with (
        pytest.raises(MissingDataError, match=r"weights.*broke off \(Exception: URL fetch failure"),
        downloads.bounded(answering_host, "the weights"),
    ):
        assert socket.getdefaulttimeout() is not None
        raise Exception("URL fetch failure")  # noqa: TRY002 - what Keras raises
    assert socket.getdefaulttimeout() is None
