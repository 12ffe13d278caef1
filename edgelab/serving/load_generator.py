"""The other side of `load_client`: what runs in the process that sends.

Some threads share a plan, which says when the next request is due, and a stack of open connections. The bytes of
every request are made before the clock starts and an answer is read with as little work as HTTP allows: what the
client computes is taken from the server, which runs on the same cores.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from edgelab.errors import ServerError
from edgelab.latency import Distribution
from edgelab.serving.load_client import MOST_REQUESTS

# A connection that lay idle for longer may have been closed by the server: a new one is opened.
_IDLE_SECONDS = 1.0
# After a failure, so that a server that is gone is not asked ten thousand times a second.
_PAUSE_SECONDS = 0.05


class Event(NamedTuple):
    """One request: when it was due, sent and ended (seconds), and its status or what went wrong."""

    due: float
    sent: float
    ended: float
    outcome: int | str


class Plan:
    """Which request is next, and when it is due; shared by the threads."""

    def __init__(self, rate: float | None, seconds: float, seed: int) -> None:
        self._rate, self._seconds = rate, seconds
        self._lock, self._count = threading.Lock(), 0
        self._arrivals = _arrivals(rate, seconds, seed) if rate else []
        self.begin = time.perf_counter()

    def next(self) -> tuple[int, float] | None:
        """Return the number of the next request and the moment when it is due; None at the end."""
        with self._lock:
            now, number = time.perf_counter() - self.begin, self._count
            if self._rate is None:
                if now >= self._seconds or number >= MOST_REQUESTS:
                    return None
                due = now
            else:
                # Past the end what is still due stays unsent: the server had its time.
                if number >= len(self._arrivals) or now >= self._seconds:
                    return None
                due = self._arrivals[number]
            self._count += 1
            return number, self.begin + due

    @property
    def unsent(self) -> int:
        """Return how many requests were due and never taken."""
        return len(self._arrivals) - self._count if self._rate else 0


class Connection:
    """A connection that is kept open from request to request."""

    def __init__(self, address: tuple[str, int], timeout: float) -> None:
        self._socket = socket.create_connection(address, timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self.used = time.perf_counter()

    def ask(self, request: bytes) -> tuple[int, bool]:
        """Send a request and read its answer; return the status, and whether the server keeps the line."""
        # A server may refuse a body before it has read all of it: then its answer is already there.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(request)
        status = 100
        while 100 <= status < 200:  # "100 Continue" is no answer yet
            status, headers, kept = self._head()
        length = headers.get(b"content-length")
        if length is not None:
            body = self._answers.read(int(length))
            complete = len(body) == int(length)
        elif headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            complete = self._chunks()
        else:
            self._answers.read()
            return status, False
        if not complete:
            raise ConnectionError("the answer ended too early")
        self.used = time.perf_counter()
        return status, kept

    def close(self) -> None:
        """Close it."""
        self._answers.close()
        self._socket.close()

    def _head(self) -> tuple[int, dict[bytes, bytes], bool]:
        first = self._answers.readline()
        if not first.startswith(b"HTTP/1."):
            raise ConnectionError("no HTTP answer" if first else "closed without an answer")
        headers = {}
        while (line := self._answers.readline()) not in (b"\r\n", b"\n"):
            if not line:
                raise ConnectionError("the answer ended too early")
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        version, status = first.split()[:2]
        line = headers.get(b"connection", b"").lower()
        kept = line == b"keep-alive" if version == b"HTTP/1.0" else line != b"close"
        return int(status), headers, kept

    def _chunks(self) -> bool:
        while size := int(self._answers.readline().split(b";")[0] or b"0", 16):
            if len(self._answers.read(size + 2)) != size + 2:
                return False
        return self._answers.readline() in (b"\r\n", b"\n")


class Sender:
    """What the threads share: the plan, the requests, the open connections, and what happened."""

    def __init__(
        self, address: tuple[str, int], requests: Sequence[bytes], plan: Plan, timeout: float
    ) -> None:
        self._address, self._timeout = address, timeout
        self._requests, self._plan = requests, plan
        self._idle: list[Connection] = []
        self.events: list[Event] = []

    def work(self) -> None:
        """Send what is due until the plan is over (one thread)."""
        while (chosen := self._plan.next()) is not None:
            number, due = chosen
            if (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            sent = time.perf_counter()
            outcome = self._ask(self._requests[number % len(self._requests)])
            self.events.append(Event(due, sent, time.perf_counter(), outcome))
            if isinstance(outcome, str):
                time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            connection.close()

    def _ask(self, request: bytes) -> int | str:
        connection = None
        try:
            connection = self._connection()
            status, kept = connection.ask(request)
        except TimeoutError:
            outcome: int | str = "timeout"
        except ConnectionRefusedError:
            outcome = "refused"
        except (OSError, ValueError):
            outcome = "closed"
        else:
            if kept:
                self._idle.append(connection)
                return status
            outcome = status
        if connection is not None:
            connection.close()
        return outcome

    def _connection(self) -> Connection:
        # The one that was used last, so that only as many are open as are needed at once.
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took it
                break
            if time.perf_counter() - connection.used < _IDLE_SECONDS:
                return connection
            connection.close()
        return Connection(self._address, self._timeout)


def generate(
    *,
    host: str,
    port: int,
    requests: list[str],
    in_flight: int,
    rate: float | None,
    seconds: float,
    warm_up: float,
    timeout: float,
    seed: int,
) -> dict[str, Any]:
    """Send requests and return the fields of a `LoadResult`; runs in the other process.

    Raises:
        ServerError: nobody listens there.
    """
    try:
        Connection((host, port), timeout).close()
    except OSError as error:
        raise ServerError(
            f"Nobody answers at {host}:{port} ({error}). Start the application with `edgelab serve`."
        ) from error
    plan = Plan(rate, warm_up + seconds, seed)
    sender = Sender((host, port), [base64.b64decode(r) for r in requests], plan, timeout)
    threads = [threading.Thread(target=sender.work) for _ in range(in_flight)]
    cpu = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu, whole = time.process_time() - cpu, time.perf_counter() - plan.begin
    sender.close()
    start = plan.begin + warm_up
    counted = [event for event in sender.events if event.due >= start]
    return {
        "in_flight": in_flight,
        "rate": rate,
        "seconds": max([e.ended for e in counted], default=start) - start,
        "statuses": _counts(e.outcome for e in counted if isinstance(e.outcome, int)),
        "failures": _counts(e.outcome for e in counted if isinstance(e.outcome, str)),
        "unsent": plan.unsent,
        **_latencies(counted, rate is not None),
        "client_cores": cpu / whole,
    }


def _latencies(events: Sequence[Event], scheduled: bool) -> dict[str, Any]:
    """Return how long the answers took, in milliseconds, accepted and rejected ones apart."""
    accepted: list[float] = []
    rejected: list[float] = []
    for event in events:
        if isinstance(event.outcome, int):
            good = 200 <= event.outcome < 300
            (accepted if good else rejected).append(1e3 * (event.ended - event.due))
    late = [1e3 * (event.sent - event.due) for event in events] if scheduled else []
    of = {"accepted": accepted, "rejected": rejected, "late": late}
    told = {name: Distribution.of(t).to_dict() if t else None for name, t in of.items()}
    return {**told, "accepted_ms": [round(t, 4) for t in accepted]}


def _counts(outcomes: Iterable[int | str]) -> dict[str, int]:
    return dict(Counter(str(outcome) for outcome in outcomes))


def _arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Return the moments of a Poisson process: visitors who know nothing of each other."""
    import numpy as np

    random = np.random.default_rng(seed)
    # More than enough gaps, then those that fall into the time.
    expected = rate * seconds
    gaps = random.exponential(1 / rate, int(expected + 10 * expected**0.5 + 20))
    moments = np.cumsum(gaps)
    return [float(moment) for moment in moments[moments < seconds]]
