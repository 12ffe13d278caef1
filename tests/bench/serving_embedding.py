"""Which network embeds? Same-class neighbours among ten, time and size, on the course's sample of CIFAR-10."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from PIL import Image

from edgelab import data
from edgelab.errors import MissingDataError
from edgelab.latency import Distribution
from edgelab.measuring import machine
from edgelab.serving import embedding, exact
from edgelab.serving.embedding import Embedding
from tests.bench.figure import Figure, reported

K = 10


def figures() -> Iterator[Figure]:
    """Compare the networks on 1,000 images, each of which asks for its neighbours among the others."""
    test = data.cifar10(sample=True).test
    pixels = (test.x * 255).round().astype(np.uint8)
    for name in embedding.names():
        try:
            yield from of_network(name, pixels, test.y)
        except MissingDataError as error:
            yield Figure(f"embedding, {name}", float("nan"), "", "reported", True, note=str(error))


def of_network(name: str, pixels: np.ndarray, labels: np.ndarray) -> Iterator[Figure]:
    """Yield precision, time and size of one network."""
    seconds, found = [], []
    with Embedding(name) as network, machine.exclusive(), machine.watch() as load:
        for image in pixels:
            side = (network.size, network.size)
            enlarged = np.asarray(Image.fromarray(image).resize(side, Image.Resampling.BILINEAR))
            begin = time.perf_counter()
            found.append(network.vectors(enlarged[None])[0])
            seconds.append(time.perf_counter() - begin)
    vectors = np.stack(found)
    same = []
    for row, vector in enumerate(vectors):
        rows = exact.nearest(vectors, vector, K + 1)[0]
        same.append(np.mean(labels[rows[rows != row][:K]] == labels[row]))
    times = Distribution.of([1e3 * s for s in seconds])
    note = f"machine busy, {load.others:.1f} cores" if load.busy else ""
    what = f"embedding, {name}"
    yield reported(f"{what}, same class among {K}", 100 * float(np.mean(same)), "%")
    yield reported(f"{what}, p50", times.median_ms, "ms", note=note)
    yield reported(f"{what}, file", embedding.file(name).stat().st_size / 1e6, "MB")
