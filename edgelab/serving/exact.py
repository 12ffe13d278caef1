"""Nearest neighbours without any index: every vector is compared, in one matrix product.

    exact.nearest(vectors, query, 10)        # rows of the ten most similar, and their similarities

Two images resemble each other if their vectors point the same way, so the similarity is the cosine of the angle
between them: 1 the same, 0 unrelated. Every vector is brought to length 1 beforehand, and then the cosine is one
product and one sum. For a thousand images nothing is faster, and it never errs: it is the yardstick for every index
that saves work. Its time grows with the number of images. Lesson 43.
"""

from __future__ import annotations

import numpy as np

from edgelab.errors import InputError


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1, float32 (n, d); a vector of zeros stays one.

    Args:
        vectors: numbers (n, d).

    Raises:
        InputError: NaN or infinity.
    """
    values = np.asarray(vectors, np.float32)
    if not np.isfinite(values).all():
        raise InputError("A vector holds NaN or infinity: the network's file may be damaged.")
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    result: np.ndarray = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return result


def nearest(vectors: np.ndarray, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that are most similar to a query, the most similar first.

    Args:
        vectors: float32 (n, d) of length 1.
        query: float32 (d,) of length 1.
        k: how many; all where there are fewer.

    Returns:
        Row numbers int64 (k,) and similarities float32 (k,), -1 to 1. Of two rows that are equally similar
        the lower number comes first.

    Raises:
        InputError: another number of dimensions, or k below 1.
    """
    if query.shape != vectors.shape[1:] or k < 1:
        raise InputError(
            f"A search takes a vector of {vectors.shape[1]} numbers and k of at least 1; got shape "
            f"{query.shape} and k = {k}."
        )
    similarities = vectors @ query
    count = min(k, len(vectors))
    # Only the best are sorted; to sort a hundred thousand takes longer than to compare them.
    limit = np.partition(similarities, len(vectors) - count)[len(vectors) - count]
    candidates = np.flatnonzero(similarities >= limit)
    order = np.argsort(-similarities[candidates], kind="stable")[:count]
    rows = candidates[order].astype(np.int64)
    return rows, np.clip(similarities[rows], -1, 1)
