"""From logits to what they say about a text: log-probabilities in float64, a few rows at a time.

    scores.surprise(logits, ids)                     # -log p of every token after the first, in nats
    scores.divergence(reference, logits)             # KL(reference || model) after every token, in nats

A vocabulary of 49,152 times 512 positions is 100 MB in float32; in float64, all at once, it would be four times
that and more. Lesson 31.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_ROWS = 64  # at a time


def surprise(logits: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each token but the first.

    Args:
        logits: float32 (n, vocabulary) after each token.
        ids: (n,) tokens.

    Returns:
        float64 (n - 1,) in nats.
    """
    targets = np.asarray(ids)[1:]
    found = np.empty(len(targets))
    for rows in _blocks(len(targets)):
        block = logits[rows].astype(np.float64)
        picked = block[np.arange(len(block)), targets[rows]]
        found[rows] = _log_sum_exp(block)[:, 0] - picked
    return found


def divergence(reference: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the Kullback-Leibler divergence of a model's next-token distribution from a reference's.

    Args:
        reference: float32 (n, vocabulary) logits of the reference.
        logits: the model's, same shape.

    Returns:
        float64 (n,) in nats: the sum of p (log p - log q), where p is the reference's distribution.
    """
    found = np.empty(len(logits))
    for rows in _blocks(len(logits)):
        p, q = reference[rows].astype(np.float64), logits[rows].astype(np.float64)
        log_p, log_q = p - _log_sum_exp(p), q - _log_sum_exp(q)
        found[rows] = (np.exp(log_p) * (log_p - log_q)).sum(axis=1)
    return found


def _log_sum_exp(block: np.ndarray) -> np.ndarray:
    highest = block.max(axis=1, keepdims=True)
    total: np.ndarray = np.exp(block - highest).sum(axis=1, keepdims=True)
    result: np.ndarray = highest + np.log(total)
    return result


def _blocks(rows: int) -> Iterator[slice]:
    for begin in range(0, rows, _ROWS):
        yield slice(begin, min(begin + _ROWS, rows))
