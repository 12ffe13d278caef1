"""What waitress leaves open: slow clients, its own refusals, and an orderly end.

waitress receives whole requests in one thread and hands each to a worker, so a client that sends a byte
a second holds no worker. Some things it does not do, and this module adds:

- a request that takes too long *to arrive* is refused (408): a thousand such clients would hold every
  connection that there is ("slowloris");
- what waitress refuses itself (too large, no HTTP) is refused in the form and the language of `errors`;
- at the end, nobody new is let in, and who is being served gets the whole answer. waitress 3.0 drops
  answers that are under way.

It is written for waitress 3.0: `tests/serving/test_server.py` tells when another one does not fit.
Lesson 43.
"""

from __future__ import annotations

import json
import time
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest

from edgelab.serving import language, logs
from edgelab.serving.errors import RefusedError

_CODES = {408: "too_slow", 413: "body_too_large", 431: "headers_too_large"}


class _TooSlow(BadRequest):
    code = 408
    reason = "Request Timeout"


class _Answering(WSGITask):
    def build_response_header(self) -> bytes:
        if self.channel.server.ending:
            self.set_close_on_finish()  # tells the client to take another connection next time
        header: bytes = super().build_response_header()
        return header


class _Refusing(ErrorTask):
    def execute(self) -> None:
        error, headers = self.request.error, self.request.headers
        limits = self.channel.server.limits
        limit = limits.seconds if error.code == _TooSlow.code else limits.body_bytes
        refusal = RefusedError(
            _CODES.get(error.code, "bad_request"),
            limit=limit,
            seconds=f"{limits.seconds:g}",
        )
        number = logs.request_id(headers.get("X_REQUEST_ID"))
        with language.speaking(language.chosen(headers.get("ACCEPT_LANGUAGE", ""))):
            body = json.dumps(refusal.body(number)).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.channel.server.refused(number, error.code, refusal.code)
        self.write(body)


class Channel(HTTPChannel):
    """One connection."""

    task_class = _Answering
    error_task_class = _Refusing
    request: Any  # what has arrived of the next request
    _arriving_since: float | None = None

    def received(self, data: bytes) -> Any:
        """Take what a client sent, and note when an unfinished request began."""
        result = super().received(data)
        if self.request is None:
            self._arriving_since = None
        elif self._arriving_since is None:
            self._arriving_since = time.monotonic()
        return result

    def send_continue(self) -> None:
        """Tell a client that asks first to go on, unless its request is refused already."""
        # waitress forgets here that it has refused, and takes a body of any announced size.
        if self.request.error is None:
            super().send_continue()
        else:
            self.request.expect_continue = False

    def refuse_if_slow(self, seconds: float) -> None:
        """Refuse a request that has been arriving for longer than this."""
        with self.requests_lock:
            since, late = self._arriving_since, self.request
            if late is None or since is None or time.monotonic() - since < seconds:
                return
            self._arriving_since = self.request = None
            late.error, late.completed = _TooSlow("too slow"), True
            self.requests.append(late)
            if len(self.requests) == 1:
                self.server.add_task(self)

    @property
    def idle(self) -> bool:
        """Tell whether nobody waits for anything on this connection."""
        return not (self.requests or self.request or self.total_outbufs_len)


class Listener(TcpWSGIServer):
    """waitress's server with these additions."""

    channel_class = Channel
    ending = False
    limits: Any  # of the configuration
    refused: Any  # is told the number of a request, the status and the code

    def maintenance(self, now: float) -> None:
        """Close connections that nobody uses, and refuse requests that don't end."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            channel.refuse_if_slow(self.limits.seconds)

    def turn(self, seconds: float) -> None:
        """Wait for the network at most this long, and do what it brought."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def end(self) -> None:
        """Let nobody in any more; those who are in stay."""
        if not self.ending:
            self.ending = True
            wasyncore.dispatcher.close(self)  # the listening socket alone

    def close_idle(self) -> bool:
        """Close the connections on which nothing happens; returns whether none is left."""
        for channel in list(self.active_channels.values()):
            if channel.idle:
                channel.handle_close()
        return not self.active_channels

    def close_all(self) -> None:
        """End the threads and close whatever is open."""
        self.task_dispatcher.shutdown(timeout=0.1)
        wasyncore.close_all(self._map, ignore_all=True)
