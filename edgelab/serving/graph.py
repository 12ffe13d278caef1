"""Nearest neighbours in a graph, for many vectors: a few hundred comparisons instead of a hundred thousand.

    graph.build(vectors, Path("graph.voyager"))
    graph.Graph(Path("graph.voyager")).nearest(query, 10)

Every vector is joined to some that are close. A search walks from neighbour to neighbour, always closer to the query,
first over long edges between few, then over short ones (HNSW). It may miss a neighbour now and then: how many it
finds is its *recall*, which is measured against `exact`, and more effort buys more of it.

The graph is one file, written once and loaded as it is. The library is Spotify's voyager; no other module knows it.
`make bench AREA=serving` compares it with NumPy and, where they are installed, with usearch and faiss. Lesson 43.

Source: Malkov and Yashunin 2020, "Efficient and robust approximate nearest neighbor search using Hierarchical
    Navigable Small World graphs", IEEE Transactions on Pattern Analysis and Machine Intelligence 42.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from edgelab.errors import FormatError, InputError, MissingRuntimeError

PACKAGE = "voyager"
WORTH_IT = (
    10_000  # vectors; below, comparing all of them takes less than a millisecond and never errs
)
EFFORT = 64  # how many candidates a search keeps; at least k
_NEIGHBOURS = 16
_BUILD_EFFORT = 200


def build(vectors: np.ndarray, file: Path) -> None:
    """Build the graph and write it.

    Args:
        vectors: float32 (n, d) of length 1.
        file: where to.

    Raises:
        MissingRuntimeError: voyager is not installed.
    """
    voyager = _voyager()
    # Of vectors of length 1 the closest are those with the largest cosine, and distances are cheaper.
    index = voyager.Index(
        voyager.Space.Euclidean,
        vectors.shape[1],
        M=_NEIGHBOURS,
        ef_construction=_BUILD_EFFORT,
        max_elements=len(vectors),
    )
    index.add_items(vectors, list(range(len(vectors))))
    index.save(str(file))


class Graph:
    """A graph that was built before; many threads may search it at once.

    Args:
        file: what `build` wrote.

    Raises:
        MissingRuntimeError: voyager is not installed.
        FormatError: the file is damaged.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._index = _voyager().Index.load(str(file))
        except (RuntimeError, ValueError, OSError) as error:
            raise FormatError(
                f"{file} is no graph that can be read ({error}). Make the index again with `edgelab index`."
            ) from error

    def __len__(self) -> int:
        return len(self._index)

    def nearest(
        self, query: np.ndarray, k: int, effort: int = EFFORT
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that are most similar to a query, the most similar first.

        Args:
            query: float32 (d,) of length 1.
            k: how many; all where there are fewer.
            effort: how many candidates are kept on the way: more find more, and take longer.

        Returns:
            Row numbers int64 (k,) and similarities float32 (k,), -1 to 1.

        Raises:
            InputError: another number of dimensions, or k below 1.
        """
        if query.shape != (self._index.num_dimensions,) or k < 1:
            raise InputError(
                f"A search takes a vector of {self._index.num_dimensions} numbers and k of at least 1; got "
                f"shape {query.shape} and k = {k}."
            )
        count = min(k, len(self))
        rows, squares = self._index.query(
            query, count, num_threads=1, query_ef=min(max(effort, count), len(self))
        )
        # |a - b|² = 2 - 2 cos for vectors of length 1
        return rows.astype(np.int64), np.clip(1 - squares / 2, -1, 1)


def _voyager() -> ModuleType:
    try:
        import voyager
    except ImportError as error:
        raise MissingRuntimeError(
            f"An index of {WORTH_IT:,} images or more needs the package {PACKAGE!r}, which is not installed "
            f"here. Install it with `pip install {PACKAGE} -c constraints.txt`."
        ) from error
    module: ModuleType = voyager
    return module
