"""Which of many texts are near-identical, in seconds for a thousand.

    near(texts, 85)         # {(3, 17): 96.2, …}: places in `texts`, percent of likeness

Every pair letter by letter takes half a minute a question. So each text is held first against all others by its
runs of four letters, rare ones counting more (tf-idf, the product of a sparse matrix with itself), and only
against those that come nearest letter by letter (rapidfuzz). A letter changed in every third word leaves most
runs of four letters as they are; of runs of words it would leave none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RUN = 4  # letters
_NEAREST = 8  # other texts that each is compared with letter by letter
_LEAST = 0.12  # cosine below which two texts have nothing in common
# Runs in more texts than this are common words; leaving them out bounds the work for ten thousand texts.
_MOST_HAVING = 250
_BINS = 1 << 20
_BLOCK = 256
_AT_ONCE = 10_000  # pairs of texts that are compared letter by letter in one call
_PRIME = np.uint64(1_000_003)


def near(texts: Sequence[str], limit: float) -> dict[tuple[int, int], float]:
    """Return the pairs of texts that are alike, with their likeness in percent.

    Args:
        texts: no two of them the same.
        limit: percent from which two count as near-identical.
    """
    from rapidfuzz import fuzz, process

    found: dict[tuple[int, int], float] = {}
    pairs = sorted(set(_candidates(texts, limit)))
    for begin in range(0, len(pairs), _AT_ONCE):
        some = pairs[begin : begin + _AT_ONCE]
        left, right = ([texts[i] for i in column] for column in zip(*some, strict=True))
        ratios = process.cpdist(left, right, scorer=fuzz.ratio, score_cutoff=limit, workers=-1)
        found |= {some[at]: float(ratios[at]) for at in np.flatnonzero(ratios)}
    return found


def _candidates(texts: Sequence[str], limit: float) -> Iterator[tuple[int, int]]:
    """Yield for each text the few others that its rarer runs of letters come nearest to."""
    if len(texts) < 2:
        return
    table = _table(texts)
    lengths = np.array([len(text) for text in texts], np.float32)
    # A ratio of r needs lengths whose smaller is r / (2 - r) of the larger.
    closest = (limit / 100) / (2 - limit / 100)
    for begin in range(0, len(texts), _BLOCK):
        likeness = (table[begin : begin + _BLOCK] @ table.T).toarray()
        own = lengths[begin : begin + _BLOCK, None]
        likeness[np.minimum(own, lengths) < closest * np.maximum(own, lengths)] = 0
        rows = np.arange(len(likeness))
        likeness[rows, begin + rows] = 0
        count = min(_NEAREST, len(texts) - 1)
        nearest = np.argpartition(likeness, -count, axis=1)[:, -count:]
        for row, column in zip(
            *np.nonzero(np.take_along_axis(likeness, nearest, 1) > _LEAST), strict=True
        ):
            one, other = begin + int(row), int(nearest[row, column])
            yield min(one, other), max(one, other)


def _table(texts: Sequence[str]) -> Any:
    """Return a row a text, a column a run of letters, weighted by how rare it is; rows of length 1."""
    from scipy import sparse

    runs = [_runs(text) for text in texts]
    rows = np.repeat(np.arange(len(texts)), [len(own) for own in runs])
    columns = np.concatenate(runs)
    having = np.bincount(columns, minlength=_BINS)
    kept = having[columns] <= _MOST_HAVING
    rows, columns = rows[kept], columns[kept]
    weights = np.log1p(len(texts) / having[columns]).astype(np.float32)
    squares = np.bincount(rows, weights**2, minlength=len(texts))
    weights /= np.sqrt(squares[rows]).astype(np.float32)
    return sparse.csr_matrix((weights, (rows, columns)), (len(texts), _BINS))


def _runs(text: str) -> NDArray[np.int64]:
    """Return the different runs of letters of a text, each as a number."""
    letters = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    count = max(0, len(letters) - _RUN + 1)
    numbers = np.zeros(count, np.uint64)
    for at in range(_RUN):
        numbers = numbers * _PRIME + letters[at : at + count]
    return np.unique((numbers >> np.uint64(7)) % np.uint64(_BINS)).astype(np.int64)
