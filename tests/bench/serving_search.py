"""Which library finds the nearest neighbours? Recall, time, memory: exact NumPy beside every index that is installed.

The vectors are real: what the served embedding makes of CIFAR-10. Where there are fewer images than vectors, further
views of them (mirrored, shifted) stand in. Each library builds in one fresh process and searches in another, which
shows that its file is enough. Its search effort is the smallest of a few that reaches the recall on some queries;
what is reported comes from other queries.
"""

from __future__ import annotations

import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress, workspace
from edgelab.images import cifar
from edgelab.latency import Distribution
from edgelab.measuring import child, machine, memory
from edgelab.serving import embedding, exact, graph
from tests.bench.figure import Figure, at_least, reported

SIZES = (1_000, 100_000)
K, RECALL = 10, 0.95
TUNING, QUERIES = 200, 1_000
EFFORTS = (16, 32, 64, 128, 256, 512)
NEIGHBOURS, BUILD_EFFORT = 16, 200


class Library(ABC):
    """One way to search: built from vectors, written to a file, read from it."""

    package = ""
    efforts: tuple[int, ...] = EFFORTS

    @abstractmethod
    def build(self, vectors: np.ndarray, file: Path) -> None:
        """Build the index and write it."""

    @abstractmethod
    def load(self, file: Path) -> None:
        """Read it."""

    @abstractmethod
    def search(self, query: np.ndarray, effort: int) -> np.ndarray:
        """Return the rows of the nearest, one query on one thread."""


class NumPy(Library):
    """Every vector compared."""

    efforts = (0,)

    def build(self, vectors: np.ndarray, file: Path) -> None:
        with file.open("wb") as stream:
            np.save(stream, vectors)

    def load(self, file: Path) -> None:
        self.vectors = np.load(file)

    def search(self, query: np.ndarray, effort: int) -> np.ndarray:  # noqa: ARG002
        return exact.nearest(self.vectors, query, K)[0]


class Voyager(Library):
    """HNSW by Spotify, through the course's own module."""

    package = graph.PACKAGE

    def build(self, vectors: np.ndarray, file: Path) -> None:
        graph.build(vectors, file)

    def load(self, file: Path) -> None:
        self.graph = graph.Graph(file)

    def search(self, query: np.ndarray, effort: int) -> np.ndarray:
        return self.graph.nearest(query, K, effort)[0]


class Usearch(Library):
    """HNSW by Unum."""

    package = "usearch"

    def build(self, vectors: np.ndarray, file: Path) -> None:
        from usearch.index import Index

        index = Index(
            ndim=vectors.shape[1],
            metric="ip",
            dtype="f32",
            connectivity=NEIGHBOURS,
            expansion_add=BUILD_EFFORT,
        )
        index.add(np.arange(len(vectors)), vectors, threads=machine.cores())
        index.save(str(file))

    def load(self, file: Path) -> None:
        from usearch.index import Index

        self.index = Index.restore(str(file), view=False)

    def search(self, query: np.ndarray, effort: int) -> np.ndarray:
        if self.index.expansion_search != effort:
            self.index.expansion_search = effort
        return np.asarray(self.index.search(query, K, threads=1).keys)


class Faiss(Library):
    """HNSW by Meta."""

    package = "faiss"

    def build(self, vectors: np.ndarray, file: Path) -> None:
        import faiss

        index = faiss.IndexHNSWFlat(vectors.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = BUILD_EFFORT
        faiss.omp_set_num_threads(machine.cores())
        index.add(vectors)
        faiss.write_index(index, str(file))

    def load(self, file: Path) -> None:
        import faiss

        self.index = faiss.read_index(str(file))
        faiss.omp_set_num_threads(1)

    def search(self, query: np.ndarray, effort: int) -> np.ndarray:
        self.index.hnsw.efSearch = effort
        rows: np.ndarray = self.index.search(query[None], K)[1][0]
        return rows


LIBRARIES: dict[str, type[Library]] = {
    "numpy": NumPy,
    "voyager": Voyager,
    "usearch": Usearch,
    "faiss": Faiss,
}


def figures() -> Iterator[Figure]:
    """Compare every library that is installed, at both sizes."""
    found, note = vectors(max(SIZES) + TUNING + QUERIES)
    folder = workspace.workspace() / "bench-search"
    folder.mkdir(parents=True, exist_ok=True)
    questions = found[-TUNING - QUERIES :]
    np.save(folder / "queries.npy", questions)
    for size in SIZES:
        kept = np.ascontiguousarray(found[:size])
        np.save(folder / "vectors.npy", kept)
        truth = [set(exact.nearest(kept, query, K)[0].tolist()) for query in questions]
        for name, library in LIBRARIES.items():
            if library.package and util.find_spec(library.package) is None:
                continue
            yield from of_library(name, size, folder, truth, note)


def of_library(
    name: str, size: int, folder: Path, truth: list[set[int]], note: str
) -> Iterator[Figure]:
    """Yield what one library needs for so many vectors."""
    common = {"name": name, "folder": str(folder)}
    with machine.exclusive(), machine.watch() as load:
        built = child.run("tests.bench.serving_search:building", threads=machine.cores(), **common)
        asked = child.run("tests.bench.serving_search:searching", **common)
    best = next(
        (e for e in asked["efforts"] if recall(e, truth, 0) >= RECALL), asked["efforts"][-1]
    )
    times = Distribution.of([1e3 * s for s in best["seconds"][TUNING:]])
    if load.busy:
        note += f", machine busy, {load.others:.1f} cores"
    what = f"search, {name}, {size:,} vectors"
    effort = f"effort {best['effort']}, {note}" if best["effort"] else note
    hit = recall(best, truth, TUNING)
    yield reported(f"{what}, recall at {K}", hit, "", note=effort)
    yield reported(f"{what}, p50", times.median_ms, "ms")
    yield reported(f"{what}, p90", times.p90_ms or float("nan"), "ms")
    yield reported(f"{what}, build", built["seconds"], "s")
    yield reported(f"{what}, load", 1e3 * asked["load_seconds"], "ms")
    yield reported(f"{what}, memory", asked["memory_bytes"] / 2**20, "MiB")
    yield reported(f"{what}, file", built["file_bytes"] / 2**20, "MiB")
    if name == ("numpy" if size < graph.WORTH_IT else graph.PACKAGE):
        yield from as_served(size, asked["efforts"], truth)


def as_served(size: int, efforts: list[dict[str, Any]], truth: list[set[int]]) -> Iterator[Figure]:
    """Yield what the application reaches with so many vectors, with the effort that it uses."""
    used = next(e for e in efforts if e["effort"] in (0, graph.EFFORT))
    times = Distribution.of([1e3 * s for s in used["seconds"]])
    what = f"search as served, {size:,} vectors"
    yield at_least(f"{what}, recall at {K}", recall(used, truth, TUNING), "", RECALL)
    yield reported(f"{what}, p90", times.p90_ms or float("nan"), "ms")


def recall(found: dict[str, Any], truth: list[set[int]], first: int) -> float:
    """Return which share of the true neighbours was found: of the tuning queries, or of the others."""
    last = TUNING if first == 0 else None
    pairs = zip(found["rows"][first:last], truth[first:last], strict=True)
    return statistics.fmean(len(set(rows) & true) / K for rows, true in pairs)


def building(name: str, folder: str) -> dict[str, float]:
    """Build an index of the vectors in a folder; runs in a process of its own."""
    library, file = LIBRARIES[name](), Path(folder) / f"{name}.index"
    kept = np.load(Path(folder) / "vectors.npy")
    if library.package:
        __import__(library.package)
    begin = time.perf_counter()
    library.build(kept, file)
    return {"seconds": time.perf_counter() - begin, "file_bytes": file.stat().st_size}


def searching(name: str, folder: str) -> dict[str, Any]:
    """Load that index and ask it; runs in another process."""
    library, file = LIBRARIES[name](), Path(folder) / f"{name}.index"
    queries = np.load(Path(folder) / "queries.npy")
    if library.package:
        __import__(library.package)
    before, begin = memory.resident(), time.perf_counter()
    library.load(file)
    load_seconds = time.perf_counter() - begin
    efforts = []
    for effort in library.efforts:
        rows, seconds = [], []
        for query in queries:
            begin = time.perf_counter()
            found = library.search(query, effort)
            seconds.append(time.perf_counter() - begin)
            rows.append(found.tolist())
        efforts.append({"effort": effort, "rows": rows, "seconds": seconds})
    used = memory.resident() - before
    return {"load_seconds": load_seconds, "memory_bytes": used, "efforts": efforts}


def vectors(count: int) -> tuple[np.ndarray, str]:
    """Return so many unit vectors of real images, and a note about them."""
    source = cifar.full_source()
    parts = cifar.read_full(source) if source else cifar.read_sample()
    images = np.concatenate([part().images for part in parts.values()])
    key = {
        "what": "vectors for the search bench",
        "images": workspace.file_hash(source) if source and source.is_file() else len(images),
        "network": embedding.sha256(embedding.DEFAULT),
        "count": count,
        "version": 1,
    }
    stored = workspace.cached(key, lambda file: np.save(file, _embedded(images, count)), ".npy")
    note = f"of {len(images):,} images"
    return np.load(stored), note + (" and views of them" if count > len(images) else "")


def _embedded(images: np.ndarray, count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    order = np.concatenate(
        [random.permutation(len(images)) for _ in range(-(-count // len(images)))]
    )
    with embedding.Embedding(embedding.DEFAULT) as network:
        found = []
        for first in progress.bar(range(0, count, 100), "Embedding", unit="batch"):
            rows = order[first : first + 100]
            batch = images[rows]
            if first >= len(images):  # seen before: another view of it
                turn = 1 + first // len(images)
                batch = np.roll(batch[:, :, ::-1], turn - 1, axis=2)
            found.append(network.vectors(batch))
    return np.concatenate(found)[:count]
