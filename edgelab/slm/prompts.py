"""Prompts to time: random tokens, and never the same beginning twice.

    prompts = Prompts(model, tokens=256)
    model.start(prompts.next())

An engine that keeps the beginning of the last prompt finds nothing that it could use again. Lesson 31 shows what a
repeated prompt seems to cost.
"""

from __future__ import annotations

import numpy as np

from edgelab.slm.model import LanguageModel


class Prompts:
    """Random prompts of one length; none starts with the same token as one of the last thousands."""

    def __init__(self, model: LanguageModel, tokens: int, seed: int = 0) -> None:
        self._vocabulary, self._tokens = model.vocabulary, tokens
        self._random = np.random.default_rng(seed)
        self._first: list[int] = []

    def next(self) -> np.ndarray:
        """Return int32 (tokens,)."""
        if not self._first:
            self._first = self._random.permutation(self._vocabulary).tolist()
        ids = self._random.integers(0, self._vocabulary, self._tokens, np.int32)
        ids[0] = self._first.pop()
        return ids
