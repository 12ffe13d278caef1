"""Everything that runs a language model is a `LanguageModel`, whatever engine computes it.

    with slm.load("stdlib-4m-f16.gguf") as model:
        print(model.generate("def read_file(path):", tokens=32))
        model.perplexity()            # Perplexity(value=…, …) on the shared text
        model.generation_speed()      # Speed(…): tokens per second

One class per engine, chosen by what the artefact is (see `artefact.kind`). An engine only turns tokens into
logits. **The next token is chosen here, by NumPy, for all of them**: every engine has a sampler of its own with
other defaults (a penalty for repetition, top-k, another random generator), and with those the same weights
would write different texts. So a difference between two engines is one of the logits, and can be looked at.

How an engine is found: `edgelab.slm.engines`. Lesson 31.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from edgelab.errors import InputError
from edgelab.slm import sampling

if TYPE_CHECKING:
    from edgelab.slm.memory import Footprint
    from edgelab.slm.perplexity import Perplexity
    from edgelab.slm.speed import Speed
    from edgelab.slm.windows import Windows

Tokens = Sequence[int] | np.ndarray


class LanguageModel(ABC):
    """A loaded language model. Close it, or use it in a `with` statement.

    Not safe to share between threads: load one for each thread, or lock it.

    An engine sets `context`, `vocabulary`, `ends` and `settings` in its constructor and writes the methods
    with an underscore; what users give is checked here.

    Attributes:
        path: the artefact's file or folder.
        name: of the artefact; records carry it.
        threads: how many threads the engine may use.
        context: tokens that prompt and answer may have together.
        vocabulary: number of tokens that there are.
        ends: tokens after which a text is over.
        settings: what decides the numbers beside the weights (cache type, precision), JSON values; recorded.
        bits_per_weight: over all weights, scales counted; None where an engine does not say.
        options: what `load` was given beside path, threads and context.
        position: tokens in the cache; None when `step` has nothing to go on from.
        run: counts how often the cache was emptied; a stream sees by it that something else came between.
    """

    engine: ClassVar[str]
    package: ClassVar[str]  # as pip names it
    modules: ClassVar[tuple[str, ...]]  # as Python imports them
    kinds: ClassVar[tuple[str, ...]]  # of artefacts; the first is the engine's own

    context: int
    vocabulary: int
    ends: frozenset[int]
    settings: dict[str, Any]
    bits_per_weight: float | None = None

    @classmethod
    def how_to_install(cls) -> str:
        """Return what installs the engine on this machine."""
        return f"Install everything with `make lab`, or this with `pip install {cls.package} -c constraints.txt`."

    def __init__(self, path: Path, threads: int, options: dict[str, Any]) -> None:
        self.path = path
        self.name = path.stem if path.is_file() else path.name
        self.threads = threads
        self.options = options
        self.position: int | None = None
        self.run = 0
        self.closed = False

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, with no special token added.

        Special tokens that the text spells out ("<|im_start|>") become that token.

        Raises:
            InputError: the model is closed, or this is no text.
        """
        self._open()
        if not isinstance(text, str):
            raise InputError(f"encode takes a text, not {type(text).__name__}.")
        return self._encode(text) if text else []

    def decode(self, ids: Tokens) -> str:
        """Return the text of tokens; special tokens have none, broken UTF-8 becomes U+FFFD.

        Raises:
            InputError: the model is closed, or a token is outside the vocabulary.
        """
        self._open()
        return self._decode(self._tokens(ids).tolist()) if len(ids) else ""

    def logits(self, ids: Tokens) -> np.ndarray:
        """Return the logits after every token, from an empty cache.

        Args:
            ids: tokens, 1 to `context` of them.

        Returns:
            float32 (n, vocabulary): row i scores what comes after token i.

        Raises:
            InputError: no token, more than the context holds, one outside the vocabulary, or a closed model.
        """
        tokens = self._prompt(ids)
        self.position, self.run = None, self.run + 1
        return np.asarray(self._logits(tokens), np.float32)

    def start(self, ids: Tokens) -> int:
        """Empty the cache, process a prompt, and return the token that comes next with highest score.

        Nothing of an earlier prompt is used again, even if it was the same: `prompt_speed` times this.

        Raises:
            InputError: as `logits`.
        """
        return int(self._begin(ids).argmax())

    def step(self, token: int) -> int:
        """Process one token more, and return the one that comes next with highest score.

        Raises:
            InputError: nothing was started, the context is full, the token is outside the vocabulary, or the
                model is closed.
        """
        return int(self._go_on(token).argmax())

    def stream(
        self, prompt: str, tokens: int = 64, temperature: float = 0.0, seed: int = 0
    ) -> Iterator[str]:
        """Yield the continuation of a prompt, piece by piece, until the text ends.

        A character whose bytes are spread over several tokens comes whole. The iterator may be closed early.

        Args:
            prompt: a text, as it is: no template, no special token is added.
            tokens: at most this many.
            temperature: 0 always takes the token with the highest score (the first of equal ones); above,
                tokens are drawn with the probabilities softmax(logits / temperature).
            seed: of the drawing.

        Raises:
            InputError: an empty prompt, no place for the answer in the context, a temperature below 0, or a
                closed model. Raised at once, not when the first piece is asked for.
        """
        ids = self.encode(prompt)
        if not ids:
            raise InputError(
                "The prompt is empty: a language model goes on from something. Give at least one word."
            )
        if tokens < 1:
            raise InputError(f"tokens is {tokens}; generate at least 1.")
        if len(ids) + tokens > self.context:
            raise InputError(
                f"A prompt of {len(ids)} tokens and an answer of {tokens} are {len(ids) + tokens} together, "
                f"and the context holds {self.context}. Shorten one, or load the model with a larger context."
            )
        return sampling.pieces(self, ids, tokens, sampling.Sampler(temperature, seed))

    def generate(
        self, prompt: str, tokens: int = 64, temperature: float = 0.0, seed: int = 0
    ) -> str:
        """Return the continuation of a prompt as one text (see `stream`).

        Raises:
            InputError: as `stream`.
        """
        return "".join(self.stream(prompt, tokens, temperature, seed))

    def perplexity(self, windows: Windows | None = None) -> Perplexity:
        """Return how well the model predicts a text (see `edgelab.slm.perplexity.measure`)."""
        from edgelab.slm import perplexity

        return perplexity.measure(self, windows)

    def prompt_speed(self, tokens: int = 256) -> Speed:
        """Return how many tokens of a prompt are processed in a second (see `edgelab.slm.speed`)."""
        from edgelab.slm import speed

        return speed.prompt(self, tokens)

    def generation_speed(self, tokens: int = 64) -> Speed:
        """Return how many tokens are generated in a second (see `edgelab.slm.speed`)."""
        from edgelab.slm import speed

        return speed.generation(self, tokens)

    def peak_memory(self) -> Footprint:
        """Return what a fresh process needs to load and run this artefact (see `edgelab.slm.memory`)."""
        from edgelab.slm import memory

        return memory.measure(self)

    def close(self) -> None:
        """Release what the engine holds; closing twice is no error."""
        if not self.closed:
            self.closed, self.position = True, None
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _encode(self, text: str) -> list[int]:
        """Return the tokens of a text that is not empty; spelled-out special tokens become themselves."""

    @abstractmethod
    def _decode(self, ids: list[int]) -> str:
        """Return the text of tokens, without special ones, with errors="replace"."""

    @abstractmethod
    def _logits(self, ids: np.ndarray) -> np.ndarray:
        """Return float32 (n, vocabulary) for int32 ids (n,), from an empty cache."""

    @abstractmethod
    def _start(self, ids: np.ndarray) -> np.ndarray:
        """Empty the cache, process int32 ids (n,), return the last one's logits: float32 (vocabulary,).

        The result is used before the next call, so it may be a view of the engine's memory.
        """

    @abstractmethod
    def _step(self, token: int) -> np.ndarray:
        """Process one token more and return its logits, as `_start`."""

    @abstractmethod
    def _close(self) -> None:
        """Release what the engine holds; called once."""

    def _begin(self, ids: Tokens) -> np.ndarray:
        tokens = self._prompt(ids)
        # An engine that stops half-way has no cache to go on from.
        self.position, self.run = None, self.run + 1
        scores = self._start(tokens)
        self.position = len(tokens)
        return scores

    def _go_on(self, token: int) -> np.ndarray:
        position = self.position
        if position is None:
            self._open()
            raise InputError(
                f"{self.name} has nothing to go on from: call start(ids) before step(token), and again after "
                "logits(ids)."
            )
        if position >= self.context:
            raise InputError(
                f"The context of {self.name} is full: it holds {self.context} tokens. Load the model with a "
                "larger context, or start again with a shorter prompt."
            )
        if not 0 <= token < self.vocabulary:
            raise InputError(self._outside(token))
        self.position = None
        scores = self._step(token)
        self.position = position + 1
        return scores

    def _prompt(self, ids: Tokens) -> np.ndarray:
        self._open()
        tokens = self._tokens(ids)
        if not tokens.size:
            raise InputError(f"{self.name} needs at least one token, and none was given.")
        if tokens.size > self.context:
            raise InputError(
                f"The text has {tokens.size} tokens, and the context of {self.name} holds {self.context}. "
                "Shorten it, or load the model with a larger context."
            )
        return tokens

    def _tokens(self, ids: Tokens) -> np.ndarray:
        tokens = np.asarray(ids)
        if tokens.ndim != 1 or (tokens.size and tokens.dtype.kind not in "iu"):
            raise InputError(
                f"Tokens are whole numbers in one row; this has dtype {tokens.dtype} and shape {tokens.shape}. "
                "A text becomes tokens with encode(text)."
            )
        if tokens.size and (tokens.min() < 0 or tokens.max() >= self.vocabulary):
            wrong = tokens[(tokens < 0) | (tokens >= self.vocabulary)]
            raise InputError(self._outside(int(wrong[0])))
        return np.ascontiguousarray(tokens, np.int32)

    def _outside(self, token: int) -> str:
        return (
            f"There is no token {token} in {self.name}: its vocabulary is 0 to {self.vocabulary - 1}. "
            "Encode the text with this model's own encode()."
        )

    def _open(self) -> None:
        if self.closed:
            raise InputError(
                f"{self.name} is closed; load it again with slm.load({str(self.path)!r})."
            )
