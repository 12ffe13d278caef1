"""Put a web application under load, from another process, and say what its answers took.

    from edgelab.serving import load_client, load_payloads
    cat = load_payloads.multipart([("cat.png", content)])
    load_client.run("http://127.0.0.1:8000/predict", [cat], clients=4, seconds=10)
    load_client.run("http://127.0.0.1:8000/predict", [cat], mode="open", rate=200, seconds=10)

*Closed loop*: a fixed number of clients, each of which waits for its answer before it asks again. It finds what
the server can carry; it can never ask for more than that. *Open loop*: requests come when they come, at a given
rate, whether or not earlier ones are answered, as visitors do. It shows what happens past the limit.

In the open loop a latency begins when the request was *due*. Counted from its sending, a server that stops
for a second would spoil one request and hide the hundred that had to wait behind it (coordinated omission; Tene
2013). What was due and never sent is counted as well.

The requests come from another process, so the server's memory and its Python lock are its own. Only this
machine can be asked. `edgelab load` is this on the command line; lesson 43 uses both.
"""

from __future__ import annotations

import base64
import ipaddress
import math
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from edgelab.errors import InputError
from edgelab.latency import RUNS_FOR_P90, RUNS_FOR_P99, Distribution
from edgelab.measuring import child
from edgelab.serialize import Serializable
from edgelab.serving.load_payloads import Payload

MODES = ("closed", "open")
# Bounds of one run: this is a tool to measure one's own server with, not to wear a machine down.
MOST_SECONDS = 3600.0
MOST_IN_FLIGHT = 512
MOST_REQUESTS = 1_000_000


@dataclass(frozen=True)
class LoadResult(Serializable):
    """What a run sent, and what came back.

    Attributes:
        url: that was asked.
        mode: "closed" or "open".
        in_flight: requests that could be under way at once.
        rate: requests due per second (open loop).
        seconds: from the first request that counts to the last answer.
        statuses: HTTP status → number of answers.
        failures: reason → number of requests without an answer ("timeout", "refused", "closed").
        unsent: requests that were due and could not be sent before the time was over (open loop).
        accepted: latency of the answers 200 to 299; in the open loop from when they were due.
        rejected: latency of all other answers.
        late: how far behind its time a request was sent (open loop).
        accepted_ms: latency of each accepted request, in the order in which they ended.
        client_cores: what this client took itself: it shares the machine with the server.
    """

    url: str
    mode: str
    in_flight: int
    rate: float | None
    seconds: float
    statuses: dict[str, int]
    failures: dict[str, int]
    unsent: int
    accepted: Distribution | None
    rejected: Distribution | None
    late: Distribution | None
    accepted_ms: tuple[float, ...]
    client_cores: float

    @property
    def sent(self) -> int:
        """Return how many requests were sent."""
        return sum(self.statuses.values()) + sum(self.failures.values())

    @property
    def throughput(self) -> float:
        """Return accepted requests per second."""
        return len(self.accepted_ms) / self.seconds if self.seconds else 0.0

    def __repr__(self) -> str:
        asked = f"{self.in_flight} clients" if self.mode == "closed" else f"{self.rate:g} due per s"
        lines = [
            f"{self.url}: {self.mode} loop, {asked}, {self.seconds:.1f} s",
            f"  {self.sent} sent, {len(self.accepted_ms)} accepted: {self.throughput:.1f} per s",
        ]
        lines += [f"  accepted: {_said(self.accepted)}"] if self.accepted else []
        lines += [f"  rejected: {_said(self.rejected)}"] if self.rejected else []
        other = {k: n for k, n in self.statuses.items() if not k.startswith("2")} | self.failures
        lines += [f"  {n} × {what}" for what, n in sorted(other.items())]
        if self.unsent:
            lines.append(
                f"  {self.unsent} were due and never sent: all {self.in_flight} were waiting"
            )
        lines.append(f"  the client itself took {self.client_cores:.2f} cores")
        return "\n".join(lines)


def run(
    url: str,
    payloads: Sequence[Payload],
    mode: str = "closed",
    *,
    clients: int = 4,
    rate: float | None = None,
    seconds: float = 10.0,
    in_flight: int = 64,
    warm_up: float = 0.0,
    timeout: float = 30.0,
    seed: int = 0,
) -> LoadResult:
    """Send requests to a server of this machine, from another process, and return what came back.

    Args:
        url: "http://127.0.0.1:8000/predict"; only this machine (loopback) is asked.
        payloads: what to send, one after the other, from the beginning again when all were sent.
        mode: "closed" (each client waits for its answer) or "open" (requests are due at a rate).
        clients: of the closed loop.
        rate: requests due per second in the open loop, at random moments (a Poisson process).
        seconds: how long to send.
        in_flight: of the open loop: how many may wait for an answer at once.
        warm_up: seconds before, whose requests are sent and not counted.
        timeout: seconds without any progress after which a request is given up.
        seed: of the random moments.

    Returns:
        Counts, latencies and throughput. A percentile is None where the answers are too few to carry it.

    Raises:
        InputError: another machine, or a value out of its bounds.
        ServerError: nobody answers there.

    Source: Schroeder, Wierman, Harchol-Balter (2006), "Open versus closed: a cautionary tale", NSDI.
    """
    host, port, target = _loopback(url)
    _require_bounds(mode, clients if mode == "closed" else in_flight, rate, seconds, warm_up)
    if not payloads:
        raise InputError("There is nothing to send: give at least one payload.")
    if timeout <= 0:
        raise InputError(f"timeout is {timeout}; a request needs some time for its answer.")
    values = child.run(
        "edgelab.serving.load_generator:generate",
        host=host,
        port=port,
        requests=[_text(_request(target, urlsplit(url).netloc, p)) for p in payloads],
        in_flight=clients if mode == "closed" else in_flight,
        rate=rate if mode == "open" else None,
        seconds=seconds,
        warm_up=warm_up,
        timeout=timeout,
        seed=seed,
    )
    return LoadResult.from_dict({"url": url, "mode": mode, **values})


def _request(target: str, host: str, payload: Payload) -> bytes:
    """Return the bytes of one HTTP/1.1 request."""
    headers = {"Host": host, "User-Agent": "edgelab-load", **payload.headers}
    if payload.body:
        headers |= {"Content-Type": payload.content_type, "Content-Length": str(len(payload.body))}
    lines = [f"{'POST' if payload.body else 'GET'} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise InputError("A header or the address holds a line break; that would be two requests.")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + payload.body


def _text(request: bytes) -> str:
    return base64.b64encode(request).decode()


def _loopback(url: str) -> tuple[str, int, str]:
    """Return the address, port and target of a URL on this machine.

    Raises:
        InputError: no http address, or one that leaves this machine.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or 80
    except ValueError as error:
        raise InputError(f"{url!r} is no address ({error}).") from error
    if parts.scheme != "http" or not host or parts.username is not None:
        raise InputError(f"Give an address like http://127.0.0.1:8000/predict; this is {url!r}.")
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port)}
    except (OSError, UnicodeError):
        found = set()
    if not found or not all(ipaddress.ip_address(address).is_loopback for address in found):
        raise InputError(
            f"{host!r} is not this machine. The load client asks only a server of its own machine "
            "(127.0.0.1 or localhost): nobody else agreed to be measured."
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = quote(target, safe="/?%:@!$&'()*+,;=~-._")
    return min(found), port, target


def _require_bounds(
    mode: str, in_flight: int, rate: float | None, seconds: float, warm_up: float
) -> None:
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}; use one of {', '.join(MODES)}.")
    if not 1 <= in_flight <= MOST_IN_FLIGHT:
        raise InputError(f"{in_flight} at once; choose from 1 to {MOST_IN_FLIGHT}.")
    if not 0 < seconds <= MOST_SECONDS or not 0 <= warm_up <= MOST_SECONDS:
        raise InputError(f"{seconds} s, warm-up {warm_up} s; a run takes up to {MOST_SECONDS:g} s.")
    if mode == "closed" and rate is not None:
        raise InputError("A closed loop has no rate: its clients ask again when they are answered.")
    if mode == "open" and (rate is None or not math.isfinite(rate) or rate <= 0):
        raise InputError(
            f"rate is {rate}; an open loop needs how many requests are due per second."
        )
    if rate is not None and rate * (seconds + warm_up) > MOST_REQUESTS:
        raise InputError(
            f"{rate:g} per second for {seconds + warm_up:g} s are more than {MOST_REQUESTS:,} requests."
        )


def _said(found: Distribution) -> str:
    p90 = f"{found.p90_ms:.2f}" if found.p90_ms is not None else f"(under {RUNS_FOR_P90} answers)"
    p99 = f"{found.p99_ms:.2f}" if found.p99_ms is not None else f"(under {RUNS_FOR_P99} answers)"
    return f"p50 {found.median_ms:.2f}, p90 {p90}, p99 {p99}, max {found.max_ms:.2f} ms"
