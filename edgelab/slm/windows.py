"""A text cut into windows of equal length, the same for every model that is asked to predict it.

    cut = windows.cut("held-out modules", model.encode(text), window=512, count=16)
    cut.ids.shape                            # (16, 512)

A model predicts better the more it has read, so a perplexity means nothing without the length of its windows.
Lesson 31 shows one text with two lengths.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.errors import InputError


@dataclass(frozen=True, eq=False)
class Windows:
    """Tokens of one text in windows of equal length.

    Attributes:
        name: of the text.
        ids: int32 (windows, tokens). A window's first token is given, the others are predicted.
    """

    name: str
    ids: np.ndarray

    def __post_init__(self) -> None:
        ids = np.asarray(self.ids)
        if ids.ndim != 2 or ids.dtype.kind not in "iu" or not len(ids) or ids.shape[1] < 2:
            raise InputError(
                f"Windows are whole numbers (windows, tokens), two tokens each at least; this has dtype "
                f"{ids.dtype} and shape {ids.shape}."
            )
        object.__setattr__(self, "ids", np.ascontiguousarray(ids, np.int32))
        self.ids.setflags(write=False)

    @property
    def window(self) -> int:
        """Return the tokens of one window."""
        return int(self.ids.shape[1])

    @property
    def scored(self) -> int:
        """Return how many tokens are predicted, in all windows together."""
        return len(self.ids) * (self.window - 1)

    @property
    def hash(self) -> str:
        """Return 16 hex digits that name these tokens."""
        shape = f"{self.ids.shape}".encode()
        return hashlib.sha256(shape + self.ids.tobytes()).hexdigest()[:16]

    def __repr__(self) -> str:
        return (
            f"{self.name}: {len(self.ids)} windows of {self.window} tokens, {self.scored} predicted"
        )


def cut(name: str, ids: Sequence[int], window: int = 512, count: int | None = None) -> Windows:
    """Cut the tokens of a text into windows.

    Args:
        name: of the text.
        ids: its tokens.
        window: tokens of one window.
        count: how many, spread evenly from the beginning to the end (they overlap where the text is short); None
            takes as many as fit one after the other.

    Raises:
        InputError: a text shorter than one window, a window below 2 tokens, a count below 1.
    """
    tokens = np.asarray(ids, np.int64)
    if window < 2 or (count is not None and count < 1):
        raise InputError(
            f"A window has 2 tokens or more, and count is at least 1; got {window}, {count}."
        )
    if len(tokens) < window:
        raise InputError(
            f"{name} has {len(tokens)} tokens, fewer than one window of {window}. Give a longer text or a "
            "shorter window."
        )
    last = len(tokens) - window
    if count is None:
        starts = np.arange(0, last + 1, window)
    else:
        starts = np.linspace(0, last, count).astype(int)
    return Windows(name, np.stack([tokens[start : start + window] for start in starts]))
