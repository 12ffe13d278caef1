"""A prompt that was processed once need not be processed again: the prompt cache, and what it saves.

    with prompt_cache.Session("model.gguf", context=1024) as session:
        session.process(session.encode("Once upon a time"))      # Processed(reused=0, …)
        session.process(session.encode("Once upon a hill"))      # Processed(reused=3, …)
    prompt_cache.first_token("model.gguf", text, endings=("Why?", "When?"))

The keys and values of a token depend on the tokens before it and on nothing after. So two prompts with the same
beginning share it, and a chat, whose every turn repeats the whole conversation, pays only for what is new. The same
effect spoils a benchmark that repeats its prompt: from the second time on it measures this cache. Lesson 31.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from edgelab import progress
from edgelab.errors import InputError
from edgelab.measuring import machine
from edgelab.serialize import Serializable
from edgelab.slm import llama_library

CASES = ("cold", "same prompt", "same beginning", "after another prompt")


@dataclass(frozen=True)
class Processed:
    """What processing a prompt gave."""

    logits: np.ndarray  # float32 (vocabulary,): the scores of the first new token
    tokens: int  # of the prompt
    reused: int  # of them were still in the cache
    ms: float  # until the logits were there


@dataclass(frozen=True)
class FirstToken(Serializable):
    """How long a first token took in one of the `CASES`."""

    case: str
    prompt_tokens: int
    reused_tokens: int  # in the cache when it began
    samples_ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """Return the median time to the first token."""
        return statistics.median(self.samples_ms)


class Session:
    """An open context of llama.cpp that keeps what it has processed. Close it, or use it in a `with`.

    Not safe to share between threads: two at once end the whole process.

    Args:
        gguf: the model.
        context: tokens that all prompts and answers may have together.
        threads: that compute.

    Raises:
        As `llama_library.open_model`.
    """

    def __init__(
        self, gguf: str | os.PathLike[str], *, context: int = 512, threads: int = 1
    ) -> None:
        self.path = Path(gguf)
        self._llama = llama_library.open_model(gguf, context=context, threads=threads)
        self.context = int(self._llama.n_ctx())

    @property
    def llama(self) -> Any:
        """Return the open `llama_cpp.Llama`.

        Raises:
            InputError: the session is closed.
        """
        if self._llama is None:
            raise InputError(f"The session with {self.path.name} is closed; open a new one.")
        return self._llama

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Return the tokens of a text; with `special`, control tokens that it spells out become themselves."""
        return [int(t) for t in self.llama.tokenize(text.encode(), add_bos=False, special=special)]

    def decode(self, token: int) -> bytes:
        """Return the bytes of one token, which may be half a character; a control token has none."""
        return bytes(self.llama.detokenize([token], prev_tokens=[0]))

    def is_end(self, token: int) -> bool:
        """Tell whether a token ends the text."""
        vocabulary = self.llama._model.vocab
        return bool(llama_library.package().llama_vocab_is_eog(vocabulary, token))

    def process(self, ids: Sequence[int]) -> Processed:
        """Process a prompt; what the cache holds of its beginning is used again.

        Raises:
            InputError: no token, or more than the context holds.
        """
        self.checked(ids, 0)
        begin = time.perf_counter()
        llama = self.llama
        held = llama.input_ids[: llama.n_tokens]
        same = 0
        # The last token is processed in any case: its scores are what is asked for.
        for old, new in zip(held, ids[:-1], strict=False):
            if old != new:
                break
            same += 1
        if not llama._ctx.kv_cache_seq_rm(-1, same, -1):
            same = 0  # a network that can't forget its last tokens begins again
            llama.reset()
        llama.n_tokens = same
        llama.eval(list(ids[same:]))
        return Processed(self._scores(), len(ids), same, 1e3 * (time.perf_counter() - begin))

    def go_on(self, token: int) -> np.ndarray:
        """Process one token more and return the scores of the next: float32 (vocabulary,)."""
        self.llama.eval([token])
        return self._scores()

    def forget(self) -> None:
        """Empty the cache: the next prompt is processed from its first token."""
        self.llama.reset()

    def checked(self, ids: Sequence[int], answer: int) -> None:
        """Refuse a prompt that has no place in the context with an answer of so many tokens.

        Raises:
            InputError: no token, or too many; the message has both numbers.
        """
        if not ids:
            raise InputError("The prompt has no token; a language model goes on from something.")
        if len(ids) + answer > self.context:
            raise InputError(
                f"A prompt of {len(ids)} tokens and an answer of {answer} are {len(ids) + answer} together, and "
                f"the context holds {self.context}. Shorten one, or open the model with a larger context."
            )

    def close(self) -> None:
        """Release model and context; closing twice is no error."""
        if self._llama is not None:
            self._llama.close()
            self._llama = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _scores(self) -> np.ndarray:
        pointer, size = self.llama._ctx.get_logits(), self.llama.n_vocab()
        # A copy: the library writes the next scores into the same place.
        return np.array(np.ctypeslib.as_array(pointer, (size,)), np.float32)


def first_token(
    gguf: str | os.PathLike[str],
    beginning: str,
    endings: tuple[str, str] = ("", "."),
    *,
    threads: int = 1,
    repeats: int = 3,
) -> tuple[FirstToken, ...]:
    """Time the first token of a long prompt: cold, and in three situations of the prompt cache.

    Args:
        gguf: the model.
        beginning: the long part: instructions, a document, the conversation so far.
        endings: two different texts that follow it.
        threads: that compute.
        repeats: of the whole round; medians are robust against a busy moment.

    Returns:
        One record for each of `CASES`.

    Raises:
        InputError: the two prompts have the same tokens, fewer than 8, or fewer repeats than 1.
        As `Session`.
    """
    if repeats < 1:
        raise InputError(f"repeats is {repeats}; measure at least once.")
    context = 64 + sum(
        len((beginning + ending).encode()) for ending in endings
    )  # a byte a token, at most
    samples: dict[str, list[Processed]] = {case: [] for case in CASES}
    with Session(gguf, context=context, threads=threads) as session, machine.exclusive():
        first, second = (session.encode(beginning + ending) for ending in endings)
        if first == second or min(len(first), len(second)) < 8:
            raise InputError(
                "The two prompts must differ and have 8 tokens or more; they have "
                f"{len(first)} and {len(second)}."
            )
        other = first[:0:-1][:8]  # short, and it begins with another token
        session.process(other)  # the first prompt of all also fetches the weights from the disk
        with progress.bar(range(repeats), "Time to the first token", unit="rounds") as rounds:
            for _ in rounds:
                session.forget()
                found = [session.process(ids) for ids in (first, first, second)]
                session.process(other)
                found.append(session.process(first))
                for case, result in zip(CASES, found, strict=True):
                    samples[case].append(result)
    return tuple(
        FirstToken(case, got[0].tokens, got[0].reused, tuple(each.ms for each in got))
        for case, got in samples.items()
    )
