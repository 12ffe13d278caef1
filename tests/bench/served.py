"""What the figures of the web application share: requests to send, servers, and the interpreter without one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgelab import runtimes
from edgelab.measuring import child
from edgelab.serving import configuration, default_model, load_payloads, preprocessing
from edgelab.serving.background import Background
from edgelab.serving.configuration import Settings
from edgelab.serving.load_payloads import Payload

SIZE = 32
# Without the cache: every image is to be computed.
PLAIN = configuration.load(changes=["port=0", "practices.answer_cache=false"])


def requests(
    images: int, count: int = 50, form: Callable[..., Payload] = load_payloads.base64_json
) -> list[Payload]:
    """Return requests of so many images each: PNG files of 32 × 32 pixels, of CIFAR-10's test part."""
    files = load_payloads.sample(200)
    return [
        form([files[(start * images + n) % len(files)] for n in range(images)])
        for start in range(count)
    ]


def naive() -> Background:
    """Return the naive application, to be started with `with`."""
    return Background(command=[sys.executable, "-m", "edgelab.serving.naive", "--port", "0"])


def server(settings: Settings = PLAIN) -> Background:
    """Return the application, to be started with `with`; its model is made before."""
    default_model.path()
    return Background(settings)


def bare_throughput(workers: int, seconds: float) -> float:
    """Return images a second of the interpreter alone, in threads of another process: decoding included."""
    rate: float = child.run(
        "tests.bench.served:bare",
        path=str(default_model.path()),
        workers=workers,
        seconds=seconds,
    )
    return rate


def bare(path: str, workers: int, seconds: float) -> float:
    """Decode and run one image after the other in every thread; return images a second of all."""
    files = [content for _, content in load_payloads.sample(200)]
    preprocessing.load_readers()
    runners = [runtimes.load(Path(path)) for _ in range(workers)]
    counts = [0] * workers
    begin = time.perf_counter()

    def work(number: int) -> None:
        runner = runners[number]
        while time.perf_counter() - begin < seconds:
            for content in files:
                pixels = preprocessing.pixels(content, SIZE, 10**6)
                runner.run(pixels[None].astype(np.float32) / np.float32(255))
            counts[number] += len(files)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begin)


def ratio(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the ratio of measurements taken in turn, with its 95 % interval over the rounds."""
    from scipy import stats

    logs = np.log([ours / theirs for ours, theirs in pairs])
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    mean, low, high = (
        float(np.exp(x)) for x in (logs.mean(), logs.mean() - half, logs.mean() + half)
    )
    return mean, low, high
