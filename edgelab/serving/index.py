"""An index: the vectors of a folder of images with their names and small pictures, in files that load in no time.

    pictures = index.Index(Path("holidays.index"))
    pictures.require_network(network.sha256)
    for found in pictures.search(vector, 10):
        found.name, found.similarity, pictures.thumbnail(found.id)

To embed a thousand photographs takes minutes, to read what came out of it milliseconds; so the two are apart, and
`indexing` does the first. An index is a folder that appears complete or not at all:

    index.json         how many, of which network, what could not be read, and the hash of the other files
    names.json         name and class of each image
    vectors.npy        float32 (n, d), each of length 1
    thumbnails.bin     the small pictures, one after the other; thumbnails.npy says where each ends
    graph.voyager      for many images only: see `graph`

A vector means nothing to another network, so an index that another network made is refused. A small picture is
asked for by its number and read from one file: no name that comes from outside ever becomes a path. Lesson 43.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.serving import exact, graph

VERSION = 1
FACTS, NAMES, VECTORS = "index.json", "names.json", "vectors.npy"
THUMBNAILS, ENDS, GRAPH = "thumbnails.bin", "thumbnails.npy", "graph.voyager"


@dataclass(frozen=True)
class Found:
    """An image that resembles the one that was asked about."""

    id: int
    name: str
    label: str | None  # its class, where it was in a folder of a class
    similarity: float  # cosine of the angle between the two vectors, -1 to 1


class Index:
    """An index that was made before; many threads may search it at once.

    Args:
        folder: what `indexing` wrote.

    Attributes:
        name: of the index.
        size: number of images.
        dimensions: numbers in a vector.
        network: name of the network that made it.
        left_out: file name → why it could not be read.

    Raises:
        MissingFileError: there is no such index.
        FormatError: it is damaged, or of another version of the course.
    """

    def __init__(self, folder: Path) -> None:
        facts = _facts(folder)
        self.folder = folder
        self.name, self.network = str(facts["name"]), str(facts["network"])
        self.network_sha256 = str(facts["network_sha256"])
        self.left_out: dict[str, str] = dict(facts["left_out"])
        try:
            self._read(folder)
        except (OSError, ValueError, KeyError) as error:
            raise _damaged(folder, str(error)) from error

    def _read(self, folder: Path) -> None:
        # Mapped, not read: what nobody asks for stays on the disk.
        self._vectors = np.load(folder / VECTORS, mmap_mode="r")
        self._ends = np.load(folder / ENDS)
        self._names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        self._thumbnails = np.memmap(folder / THUMBNAILS, np.uint8, "r")
        self.size, self.dimensions = self._vectors.shape
        if not len(self._names) == len(self._ends) == self.size:
            raise ValueError("its files hold different numbers of images")
        self._graph = graph.Graph(folder / GRAPH) if (folder / GRAPH).exists() else None

    def require_network(self, sha256: str) -> None:
        """Refuse to be searched with the vectors of another network.

        Raises:
            InputError: another network made this index.
        """
        if sha256 != self.network_sha256:
            raise InputError(
                f"The index {self.folder} was made by another network ({self.network}, "
                f"{self.network_sha256[:12]}…) than the one that reads the pictures now ({sha256[:12]}…): "
                "their vectors don't compare. Make it again with `edgelab index`."
            )

    @property
    def method(self) -> str:
        """Return how it searches: "exact" or "graph"."""
        return "graph" if self._graph else "exact"

    def search(self, vector: np.ndarray, k: int) -> list[Found]:
        """Return the images that resemble a vector most, the most similar first.

        Args:
            vector: float32 (dimensions,) of length 1, of the network that made the index.
            k: how many.

        Raises:
            InputError: another number of dimensions, or k below 1.
        """
        if self._graph is not None:
            rows, similarities = self._graph.nearest(vector, k)
        else:
            rows, similarities = exact.nearest(self._vectors, vector, k)
        return [
            Found(row, self._names[row][0], self._names[row][1], similarity)
            for row, similarity in zip(rows.tolist(), similarities.tolist(), strict=True)
        ]

    def thumbnail(self, number: int) -> bytes | None:
        """Return the small picture of an image as a JPEG file; None where there is no such number."""
        if not 0 <= number < self.size:
            return None
        start = int(self._ends[number - 1]) if number else 0
        return self._thumbnails[start : int(self._ends[number])].tobytes()


def write(
    folder: Path,
    facts: dict[str, Any],
    vectors: np.ndarray,
    names: list[tuple[str, str | None]],
    thumbnails: list[bytes],
) -> Path:
    """Write an index; it appears complete or not at all, and replaces an older one of its name.

    Args:
        folder: where to.
        facts: name, network, network_sha256 and left_out.
        vectors: float32 (n, d) of length 1.
        names: name and class of each image.
        thumbnails: a JPEG file of each.

    Raises:
        StorageError: the file system refused.
    """
    with workspace.storing(folder) as temporary:
        temporary.mkdir()
        np.save(temporary / VECTORS, vectors)
        np.save(temporary / ENDS, np.cumsum([len(picture) for picture in thumbnails]))
        (temporary / THUMBNAILS).write_bytes(b"".join(thumbnails))
        (temporary / NAMES).write_text(json.dumps(names), encoding="utf-8")
        if len(vectors) >= graph.WORTH_IT:
            graph.build(vectors, temporary / GRAPH)
        hashes = {file.name: workspace.file_hash(file) for file in sorted(temporary.iterdir())}
        whole = {"version": VERSION, **facts, "files": hashes}
        (temporary / FACTS).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return folder


def _facts(folder: Path) -> dict[str, Any]:
    """Return what an index says about itself, once its files are those that it lists."""
    if not (folder / FACTS).is_file():
        raise MissingFileError(
            f"There is no index at {folder}. Make one with `edgelab index FOLDER`."
        )
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        wrong = _wrong(folder, facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MissingFileError) as error:
        raise _damaged(folder, str(error)) from error
    if wrong:
        raise _damaged(folder, wrong)
    return facts


def _wrong(folder: Path, facts: dict[str, Any]) -> str | None:
    """Return what is wrong with an index, None where nothing is."""
    if facts["version"] != VERSION:
        return f"it is of version {facts['version']}, and this is version {VERSION}"
    if missing := {"name", "network", "network_sha256", "left_out"} - set(facts):
        return f"{FACTS} lacks {', '.join(sorted(missing))}"
    # A library that reads a damaged graph may crash, and the server with it.
    for name, digest in facts["files"].items():
        if workspace.file_hash(folder / Path(name).name) != digest:
            return f"{name} is not the file that was written"
    return None


def _damaged(folder: Path, reason: str) -> FormatError:
    return FormatError(
        f"The index {folder} is damaged ({reason}). Make it again with `edgelab index`."
    )
