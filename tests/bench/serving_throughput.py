"""What the web application costs: beside the interpreter alone, and beside the naive application.

The bar is held against requests of 32 images, a page of thumbnails. Of one image a request the share
is reported too: there most of the time goes into HTTP, in any application.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelab.latency import RUNS_FOR_P99
from edgelab.measuring import machine
from edgelab.serving import load_client, load_payloads
from edgelab.serving.load_client import LoadResult
from tests.bench import served
from tests.bench.figure import Figure, at_least, reported

BAR_IMAGES = 32
IMAGES = (1, 8, BAR_IMAGES)
ROUNDS, SECONDS, WARM_UP = 6, 5.0, 1.0
SHARE_PERCENT, TIMES_NAIVE = 80.0, 3.0


def figures() -> Iterator[Figure]:
    """Measure everything in turn, on one worker for each core."""
    yield from beside_the_interpreter()
    yield from beside_the_naive_application()


def beside_the_interpreter() -> Iterator[Figure]:
    """Yield the share of the bare interpreter's throughput that the application reaches."""
    workers = served.PLAIN.workers
    requests = {images: served.requests(images) for images in IMAGES}
    pairs: dict[int, list[tuple[float, float]]] = {images: [] for images in IMAGES}
    last: dict[int, LoadResult] = {}
    with machine.exclusive(), served.server() as server, machine.watch() as beside:
        for _ in range(ROUNDS):
            bare = served.bare_throughput(workers, SECONDS)
            for images in IMAGES:
                result = last[images] = asked(server.url, requests[images], 2 * workers)
                pairs[images].append((images * result.throughput, bare))
    for images in IMAGES:
        share, low, high = (100 * x for x in served.ratio(pairs[images]))
        name = (
            f"throughput beside the bare interpreter, {images} image{'s' * (images > 1)} a request"
        )
        note = (
            f"{workers} workers, {pairs[images][-1][0]:.0f} of {pairs[images][-1][1]:.0f} images/s in "
            f"the last round; client {last[images].client_cores:.2f} cores; everything on this machine "
            f"took {beside.others:.2f} cores"
        )
        interval = {"low": low, "high": high, "note": note}
        if images == BAR_IMAGES:
            yield at_least(name, share, "%", SHARE_PERCENT, **interval)
        else:
            yield reported(name, share, "%", **interval)


def beside_the_naive_application() -> Iterator[Figure]:
    """Yield how many times as many requests are answered as by the naive application, and the p99."""
    one = served.requests(1, 200, load_payloads.multipart)
    pairs, latest = [], None
    with machine.exclusive(), served.server() as ours, served.naive() as theirs:
        clients = 2 * served.PLAIN.workers
        for _ in range(ROUNDS):
            naive = asked(theirs.url, one, clients)
            latest = asked(ours.url, one, clients)
            pairs.append((latest.throughput, naive.throughput))
        full = load_client.run(
            f"{ours.url}/predict", one, clients=clients, seconds=4 * SECONDS, warm_up=WARM_UP
        )
    times, low, high = served.ratio(pairs)
    note = f"one image a request: {pairs[-1][0]:.0f} beside {pairs[-1][1]:.1f} requests/s"
    yield at_least(
        "requests beside the naive application",
        times,
        "times",
        TIMES_NAIVE,
        low=low,
        high=high,
        note=note,
    )
    count = full.accepted.runs if full.accepted else 0
    p99 = full.accepted.p99_ms if full.accepted else None
    yield at_least(
        "answers that the p99 is taken from",
        count,
        "answers",
        RUNS_FOR_P99,
        note="p99 withheld" if p99 is None else f"p99 {p99:.2f} ms with {clients} clients",
    )


def asked(url: str, requests: list[load_payloads.Payload], clients: int) -> LoadResult:
    """Return what a closed loop found; an application that refuses makes no figure."""
    result = load_client.run(
        f"{url}/predict", requests, clients=clients, seconds=SECONDS, warm_up=WARM_UP
    )
    wrong = {s: n for s, n in result.statuses.items() if s != "200"} | result.failures
    if wrong:
        raise RuntimeError(f"The application did not answer everything: {wrong}.")
    return result
