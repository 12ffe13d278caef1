"""Tokens per second, in the two phases that every answer has: reading the prompt, and writing token by token.

    speed.prompt(model, tokens=256)         # many tokens at once: arithmetic decides
    speed.generation(model, tokens=64)      # one after the other: reading the weights decides

Engines keep the beginning of the last prompt, and a prompt that is sent twice is not read again: such a
"measurement" once gave 48,000 tokens per second. Here every prompt is another one from its first token on, and
`LanguageModel.start` empties the cache. Lesson 31 shows the trap.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelab import history, medians, progress, workspace
from edgelab.errors import InputError
from edgelab.measuring import machine, timing
from edgelab.measuring.timing import Budget
from edgelab.records import SPREAD_DOUBTFUL
from edgelab.slm import record
from edgelab.slm.model import LanguageModel
from edgelab.slm.record import LanguageRecord

KIND = "language-speed"
# Tokens in the cache before generation is timed: an answer never starts from nothing.
BEFORE = 16
# One repeat takes from a tenth of a second to some seconds, so the runs are fewer than for images.
BUDGETS = {
    "ci": Budget(min_runs=3, min_seconds=0.2, max_seconds=3.0),
    "class": Budget(min_runs=7, min_seconds=1.0, max_seconds=10.0),
    "full": Budget(min_runs=21, min_seconds=3.0, max_seconds=60.0),
}
_RUNS_FOR_LEVEL = 6  # below, the fastest and slowest repeat bound the median with less than 95 %
_FEWEST_RUNS = 3  # a median needs them, however slow the model
_ATTEMPTS = {"ci": 1, "class": 2, "full": 3}


@dataclass(frozen=True, kw_only=True)
class Speed(LanguageRecord):
    """Tokens per second of one phase: the median of several repeats of one load."""

    phase: str  # "prompt" or "generation"
    tokens: int  # of one repeat
    before: int  # tokens in the cache when the timing starts
    seconds: tuple[float, ...]  # of each repeat, in their order
    low_seconds: float  # bounds of the median, see `bounds`
    high_seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Return the tokens of a repeat over the median of its seconds."""
        return self.tokens / statistics.median(self.seconds)

    @property
    def low(self) -> float:
        """Return the lower bound of the tokens per second."""
        return self.tokens / self.high_seconds

    @property
    def high(self) -> float:
        """Return the upper bound of the tokens per second."""
        return self.tokens / self.low_seconds

    @property
    def bounds(self) -> str:
        """Return what `low` and `high` are, in words."""
        count = len(self.seconds)
        if count < _RUNS_FOR_LEVEL:
            return f"fastest and slowest of {count} repeats"
        return f"95 % interval of the median over {count} repeats of one load"

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what makes this figure doubtful, each with its remedy; empty when sound."""
        found = []
        low, middle, high = np.quantile(self.seconds, (0.25, 0.5, 0.75))
        if high - low > SPREAD_DOUBTFUL * middle:
            found.append(
                f"the middle half of the repeats spreads over {(high - low) / middle:.0%} of the median: "
                "close other programs and measure again"
            )
        if self.busy:
            found.append("machine busy: other processes were running; stop them and measure again")
        return tuple(found)

    def __repr__(self) -> str:
        line = (
            f"{self.model}: {self.phase} {self.tokens_per_second:.4g} tokens/s [{self.low:.4g}, "
            f"{self.high:.4g}], {len(self.seconds)} repeats of {self.tokens} tokens, {self.threads} thread"
            + ("s" if self.threads != 1 else "")
        )
        return "\n".join([line, *(f"  doubtful: {doubt}" for doubt in self.doubts)])


def prompt(
    model: LanguageModel, tokens: int = 256, limits: Budget | None = None, seed: int = 0
) -> Speed:
    """Measure how fast a model reads a prompt, and publish it.

    Args:
        model: the model.
        tokens: of the prompt; they are random, which costs the same as any others.
        limits: repeats and seconds; None takes the profile's.
        seed: of the tokens.

    Raises:
        InputError: fewer than 1 token, or more than the context holds.
    """
    if not 1 <= tokens <= model.context:
        raise InputError(
            f"A prompt of {tokens} tokens can't be timed: the context of {model.name} holds 1 to "
            f"{model.context}. Choose another length, or load the model with a larger context."
        )
    prompts = Prompts(model, tokens, seed)

    def once() -> float:
        ids = prompts.next()
        begin = time.perf_counter()
        model.start(ids)
        return time.perf_counter() - begin

    return _measure(model, once, limits, phase="prompt", tokens=tokens, before=0)


def generation(
    model: LanguageModel,
    tokens: int = 64,
    before: int = BEFORE,
    limits: Budget | None = None,
    seed: int = 0,
) -> Speed:
    """Measure how fast a model writes, and publish it.

    Args:
        model: the model.
        tokens: that are written in one repeat, each the one with the highest score; the end of a text is
            written over.
        before: tokens of the prompt, which is not timed.
        limits: repeats and seconds; None takes the profile's.
        seed: of the prompt.

    Raises:
        InputError: fewer than 1 token in prompt or answer, or more together than the context holds.
    """
    if tokens < 1 or before < 1 or before + tokens > model.context:
        raise InputError(
            f"{tokens} tokens after a prompt of {before} can't be timed: each needs at least 1, and the context "
            f"of {model.name} holds {model.context} together."
        )
    prompts = Prompts(model, before, seed)

    def once() -> float:
        token = model.start(prompts.next())
        step = model.step
        begin = time.perf_counter()
        for _ in range(tokens):
            token = step(token)
        return time.perf_counter() - begin

    return _measure(model, once, limits, phase="generation", tokens=tokens, before=before)


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


def _measure(
    model: LanguageModel,
    once: Callable[[], float],
    limits: Budget | None,
    *,
    phase: str,
    tokens: int,
    before: int,
) -> Speed:
    profile = workspace.profile()
    budget = limits or BUDGETS[profile]
    with (
        machine.exclusive(),
        progress.task(f"{model.name}, {phase} of {tokens} tokens"),
        timing.collector_off(),
    ):
        once()  # the first run fills caches and allocates
        seconds, busy = machine.quietly(lambda: _repeat(once, budget), _ATTEMPTS[profile])
    low, high = medians.by_rank(seconds)
    result = Speed(
        **(record.facts(model) | {"busy": busy}),
        phase=phase,
        tokens=tokens,
        before=before,
        seconds=tuple(seconds),
        low_seconds=low,
        high_seconds=high,
    )
    history.publish(KIND, f"{result.model}, {phase}", result)
    return result


def _repeat(once: Callable[[], float], budget: Budget) -> list[float]:
    found: list[float] = []
    begin = time.perf_counter()
    while True:
        spent = time.perf_counter() - begin
        enough = len(found) >= budget.min_runs and spent >= budget.min_seconds
        if len(found) >= min(_FEWEST_RUNS, budget.min_runs) and (
            enough or spent >= budget.max_seconds
        ):
            return found
        found.append(once())
