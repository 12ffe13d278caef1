"""Visual search: which images of an index resemble this one?

    look_alikes = Search(indexing.default(), workers=2)
    answer = look_alikes.similar(lambda: upload, k=10, limits=settings.bounds)
    answer.found[0].name, answer.milliseconds["embed"]

Three steps, timed apart, because they grow with different things: *decode* with the size of the file, *embed* with
the network, *search* with the number of images. The network is the one that made the index. There is no HTTP in
this module; `search_routes` has the addresses. Lesson 43 draws this path and asks where its bottleneck is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgelab.serving import preprocessing
from edgelab.serving.configuration import Limits
from edgelab.serving.embedding import Embedding
from edgelab.serving.errors import ImageError, ImageFault, RefusedError
from edgelab.serving.index import Found, Index
from edgelab.serving.payloads import Upload


@dataclass(frozen=True)
class Similar:
    """What resembles one image."""

    found: list[Found]
    milliseconds: dict[str, float]  # decode, embed, search, total


class Search:
    """An index and the network that made it, loaded once.

    Args:
        folder: of the index.
        workers: threads that search at the same time; each is lent an interpreter.

    Raises:
        MissingFileError, FormatError: the index is not there, or damaged.
        InputError: another version of the network made it.
        MissingDataError: the network's weights are not on this machine.
    """

    def __init__(self, folder: Path, workers: int = 1) -> None:
        self.index = Index(folder)
        self.network = Embedding(self.index.network, workers)
        # A picture takes most memory while it unpacks, so only as many do at once as there are workers.
        self._unpacking = threading.BoundedSemaphore(workers)
        try:
            self.index.require_network(self.network.sha256)
        except BaseException:
            self.close()
            raise

    def similar(self, read: Callable[[], Upload], k: int, limits: Limits) -> Similar:
        """Return the images that resemble an upload most, the most similar first.

        Args:
            read: returns the image of the request.
            k: how many.
            limits: of what one image may be.

        Raises:
            RefusedError: the image can't be used; its code says why.
        """
        begin = time.perf_counter()
        upload = read()
        try:
            with self._unpacking:
                pixels = preprocessing.pixels(upload.bytes(), self.network.size, limits.pixels)
        except ImageError as fault:
            faults = (ImageFault(0, upload.name, fault.code, fault.details),)
            raise RefusedError("bad_images", faults, count=1, total=1) from fault
        decoded = time.perf_counter()
        vector = self.network.vectors(pixels[None])[0]
        embedded = time.perf_counter()
        found = self.index.search(vector, k)
        end = time.perf_counter()
        seconds = {
            "decode": decoded - begin,
            "embed": embedded - decoded,
            "search": end - embedded,
            "total": end - begin,
        }
        return Similar(found, {name: 1000 * value for name, value in seconds.items()})

    def close(self) -> None:
        """Release the interpreters."""
        self.network.close()
