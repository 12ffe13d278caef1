"""The next token: the one with the highest score, or one that is drawn; and the text that comes of it.

    sampler = Sampler(temperature=0.8, seed=1)
    sampler.choose(logits)                       # a token

The same for every engine, so that two engines with the same logits write the same text. Lesson 31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.errors import InputError

if TYPE_CHECKING:
    from edgelab.slm.model import LanguageModel

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# A character has at most four bytes, so three of them can be there while it is not complete.
_LONGEST_UNFINISHED = 3


class Sampler:
    """Chooses tokens from logits.

    Args:
        temperature: 0 takes the highest score; above, softmax(logits / temperature) are the chances.
        seed: of the drawing.

    Raises:
        InputError: a temperature below 0 or no number.
    """

    def __init__(self, temperature: float = 0.0, seed: int = 0) -> None:
        if not 0 <= temperature < float("inf"):
            raise InputError(f"temperature is {temperature}; it is 0 or a number above.")
        self.temperature = temperature
        self._random = np.random.default_rng(seed)

    def choose(self, logits: np.ndarray) -> int:
        """Return a token for logits (vocabulary,)."""
        if self.temperature == 0:
            return int(logits.argmax())
        scaled = (logits.astype(np.float64) - float(logits.max())) / self.temperature
        cumulated = np.exp(scaled).cumsum()
        # One random number a token, whatever the vocabulary: a small difference of the logits between two
        # engines then rarely changes the choice.
        drawn = self._random.random() * cumulated[-1]
        return int(np.searchsorted(cumulated, drawn, side="right").clip(0, len(logits) - 1))


def pieces(
    model: LanguageModel, ids: Sequence[int] | np.ndarray, tokens: int, sampler: Sampler
) -> Iterator[str]:
    """Yield the text of a continuation as it comes, without its special tokens.

    Args:
        model: computes the logits; another call to it ends this stream's right to go on.
        ids: the prompt.
        tokens: at most this many.
        sampler: chooses.

    Raises:
        InputError: the model was used for something else between two pieces.
    """
    text = Pieces(model)
    scores = model._begin(ids)
    run = model.run
    for count in range(tokens):
        token = sampler.choose(scores)
        if token in model.ends:
            break
        if piece := text.add(token):
            yield piece
        if count + 1 < tokens:
            if model.run != run:
                raise InputError(
                    f"{model.name} was used for something else while it was streaming. Read a stream to its "
                    "end or close it first, or load the model twice."
                )
            scores = model._go_on(token)
    if piece := text.rest():
        yield piece


class Pieces:
    """Turns tokens into text that never ends within a character."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._waiting: list[int] = []
        self._given = 0  # characters of the waiting tokens' text that were given out already

    def add(self, token: int) -> str:
        """Take one token more; return the text that is complete now, perhaps none."""
        self._waiting.append(token)
        text = self._model.decode(self._waiting)
        if not text.endswith(_REPLACEMENT):
            piece = text[self._given :]
            self._waiting, self._given = [], 0
            return piece
        # What missing bytes leave behind stands at the end; what stands before it is settled.
        whole = self._whole(text)
        piece, self._given = whole[self._given :], max(self._given, len(whole))
        return piece

    def rest(self) -> str:
        """Return what waited for more bytes, when none will come.

        A character that was cut off is left out.
        """
        text = self._whole(self._model.decode(self._waiting))[self._given :]
        self._waiting, self._given = [], 0
        return text

    def _whole(self, text: str) -> str:
        """Return a text without what may be the beginning of a character at its end."""
        unfinished = len(text) - len(text.rstrip(_REPLACEMENT))
        return text[: len(text) - min(unfinished, _LONGEST_UNFINISHED)]
