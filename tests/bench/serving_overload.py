"""Four times what the application can carry: accepted requests stay quick, the rest get 503, memory stays.

The *unloaded bound* is what an idle server needs for a full request (32 images): the p90 of a single
client. A request may then wait a quarter of that for its turn (`queue.wait_ms`): its own work takes longer
than on an idle server, since every core is busy, and both together stay within twice the bound. For ten minutes requests come four times as fast as a closed loop could
bring them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from edgelab.measuring import machine
from edgelab.serving import configuration, load_client
from edgelab.serving.background import Background
from edgelab.serving.load_client import LoadResult
from tests.bench import served
from tests.bench.figure import Figure, at_most, reported

IMAGES = 32
MINUTES = 10.0
TIMES_CAPACITY, TIMES_BOUND = 4.0, 2.0
GROWTH_PERCENT = 2.0
SETTLE_SECONDS = 60.0  # of full load, before memory is first looked at


def figures() -> Iterator[Figure]:
    """Find the bound and the capacity, then overload a server that promises twice the bound."""
    requests = served.requests(IMAGES)
    workers = served.PLAIN.workers
    with machine.exclusive(), machine.watch() as beside:
        with served.server() as idle:
            address = f"{idle.url}/predict"
            single = load_client.run(address, requests, clients=1, seconds=20, warm_up=3)
            carried = load_client.run(address, requests, clients=workers, seconds=10, warm_up=2)
        bound, capacity = p90(single), carried.throughput
        settings = configuration.checked(
            served.PLAIN.model_dump()
            | {
                "practices": served.PLAIN.practices.model_dump()
                | {"queue": {"length": workers, "wait_ms": bound / 4}}
            }
        )
        with served.server(settings) as server:
            memory: list[int] = []
            watcher = threading.Thread(target=watch_memory, args=(server, memory), daemon=True)
            watcher.start()
            result = load_client.run(
                f"{server.url}/predict",
                requests,
                mode="open",
                rate=TIMES_CAPACITY * capacity,
                seconds=60 * MINUTES,
                in_flight=64,
            )
            alive = server.running
            last = server.memory_bytes()
    yield from judged(result, bound, capacity, f"others took {beside.others:.2f} cores")
    yield at_most("crashes under overload", 0.0 if alive else 1.0, "crashes", 0)
    growth = 100 * (last / memory[0] - 1) if memory else float("nan")
    yield at_most(
        f"memory growth under overload, {MINUTES:g} minutes",
        growth,
        "%",
        GROWTH_PERCENT,
        note=f"from {memory[0] / 2**20:.1f} to {last / 2**20:.1f} MiB resident" if memory else "",
    )


def judged(result: LoadResult, bound: float, capacity: float, beside: str) -> Iterator[Figure]:
    """Yield what the answers say."""
    answered = sum(result.statuses.values())
    refused = result.statuses.get("503", 0)
    note = (
        f"bound {bound:.1f} ms for {IMAGES} images, capacity {capacity:.1f} requests/s, "
        f"{result.sent} sent, {result.unsent} not sent, {len(result.accepted_ms)} accepted; {beside}"
    )
    yield at_most("p90 of accepted requests", p90(result) / bound, "times", TIMES_BOUND, note=note)
    other = answered - refused - result.statuses.get("200", 0) + sum(result.failures.values())
    yield at_most("answers other than 200 and 503", other, "answers", 0, note=str(result.failures))
    yield reported("refused with 503", 100 * refused / max(1, answered), "%")


def p90(result: LoadResult) -> float:
    """Return the p90 of accepted requests in milliseconds; NaN where they are too few."""
    if result.accepted is None or result.accepted.p90_ms is None:
        return float("nan")
    return result.accepted.p90_ms


def watch_memory(server: Background, found: list[int]) -> None:
    """Note the memory once the load has settled."""
    time.sleep(min(SETTLE_SECONDS, 60 * MINUTES / 4))
    found.append(server.memory_bytes())
