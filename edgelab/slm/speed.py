"""Tokens per second, in the two phases that every answer has: reading the prompt, and writing token by token.

    speed.prompt(model, tokens=256)         # many tokens at once: arithmetic decides
    speed.generation(model, tokens=64)      # one after the other: reading the weights decides
    speed.in_turn([q8, q4], "generation")   # several models, each of them in every round

Engines keep the beginning of the last prompt, and a prompt that is sent twice is not read again: such a
"measurement" once gave 48,000 tokens per second. Here every prompt is another one from its first token on, and
`LanguageModel.start` empties the cache. Lesson 31 shows the trap.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab import history, medians, progress, workspace
from edgelab.errors import InputError
from edgelab.measuring import machine, timing
from edgelab.measuring.timing import Budget
from edgelab.records import SPREAD_DOUBTFUL
from edgelab.slm import record
from edgelab.slm.model import LanguageModel
from edgelab.slm.prompts import Prompts
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
# Every call draws other prompts, so that no engine can know one from an earlier call.
_seeds = itertools.count()
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
    model: LanguageModel, tokens: int = 256, limits: Budget | None = None, seed: int | None = None
) -> Speed:
    """Measure how fast a model reads a prompt, and publish it.

    Args:
        model: the model.
        tokens: of the prompt; they are random, which costs the same as any others.
        limits: repeats and seconds; None takes the profile's.
        seed: of the tokens; None takes others in every call.

    Raises:
        InputError: fewer than 1 token, or more than the context holds.
    """
    return in_turn([model], "prompt", tokens, limits=limits, seed=seed)[0]


def generation(
    model: LanguageModel,
    tokens: int = 64,
    before: int = BEFORE,
    limits: Budget | None = None,
    seed: int | None = None,
) -> Speed:
    """Measure how fast a model writes, and publish it.

    Args:
        model: the model.
        tokens: that are written in one repeat, each the one with the highest score; the end of a text is
            written over.
        before: tokens of the prompt, which is not timed.
        limits: repeats and seconds; None takes the profile's.
        seed: of the prompt; None takes another in every call.

    Raises:
        InputError: fewer than 1 token in prompt or answer, or more together than the context holds.
    """
    return in_turn([model], "generation", tokens, before, limits=limits, seed=seed)[0]


def in_turn(
    models: Sequence[LanguageModel],
    phase: str,
    tokens: int = 64,
    before: int = BEFORE,
    *,
    limits: Budget | None = None,
    seed: int | None = None,
) -> list[Speed]:
    """Measure one phase of several models, each once in every round, and publish it.

    What the machine does meanwhile then hits all of them alike, and their figures may be compared.

    Args:
        models: loaded ones; of any engine.
        phase: "prompt" or "generation".
        tokens: as `prompt` and `generation`.
        before: as `generation`.
        limits: repeats of each model and seconds for all of them together; None takes the profile's, as many times
            the seconds as there are models.
        seed: of the prompts; None takes others in every call.

    Returns:
        A record for each model, in their order.

    Raises:
        InputError: no model, another phase, or lengths that do not fit a model's context.
    """
    if phase not in ("prompt", "generation"):
        raise InputError(f"There is no phase {phase!r}: a model has 'prompt' and 'generation'.")
    if not models:
        raise InputError("There is no model to measure: the list is empty.")
    before = before if phase == "generation" else 0
    for model in models:
        _check(model, phase, tokens, before)
    repeats = [_repeat_of(model, phase, tokens, before, seed) for model in models]
    profile = workspace.profile()
    budget = limits or _for_all(BUDGETS[profile], len(models))
    names = ", ".join(model.name for model in models)
    with (
        machine.exclusive(),
        progress.task(f"{names}: {phase} of {tokens} tokens"),
        timing.collector_off(),
    ):
        for once in repeats:
            once()  # the first run fills caches and allocates
        seconds, busy = machine.quietly(lambda: _rounds(repeats, budget), _ATTEMPTS[profile])
    return [
        _published(model, phase, tokens, before, seconds=times, busy=busy)
        for model, times in zip(models, seconds, strict=True)
    ]


def _check(model: LanguageModel, phase: str, tokens: int, before: int) -> None:
    if tokens < 1 or tokens + before > model.context or (phase == "generation" and before < 1):
        after = f" after a prompt of {before}" if phase == "generation" else ""
        raise InputError(
            f"A {phase} of {tokens} tokens{after} can't be timed: each needs at least 1, and the context of "
            f"{model.name} holds {model.context}. Choose another length, or load the model with a larger context."
        )


def _repeat_of(
    model: LanguageModel, phase: str, tokens: int, before: int, seed: int | None
) -> Callable[[], float]:
    """Return what one repeat does; it returns its seconds."""
    prompts = Prompts(model, before or tokens, next(_seeds) if seed is None else seed)

    def read() -> float:
        ids = prompts.next()
        begin = time.perf_counter()
        model.start(ids)
        return time.perf_counter() - begin

    def write() -> float:
        token = model.start(prompts.next())
        step = model.step
        begin = time.perf_counter()
        for _ in range(tokens):
            token = step(token)
        return time.perf_counter() - begin

    return read if phase == "prompt" else write


def _rounds(repeats: Sequence[Callable[[], float]], budget: Budget) -> list[list[float]]:
    """Return the seconds of each repeat, for each model; who is first changes from round to round."""
    found: list[list[float]] = [[] for _ in repeats]
    order = list(range(len(repeats)))
    begin = time.perf_counter()
    while True:
        count, spent = len(found[0]), time.perf_counter() - begin
        enough = count >= budget.min_runs and spent >= budget.min_seconds
        if count >= min(_FEWEST_RUNS, budget.min_runs) and (enough or spent >= budget.max_seconds):
            return found
        for i in order:
            found[i].append(repeats[i]())
        order.append(order.pop(0))


def _for_all(budget: Budget, models: int) -> Budget:
    return Budget(budget.min_runs, budget.min_seconds * models, budget.max_seconds * models)


def _published(
    model: LanguageModel,
    phase: str,
    tokens: int,
    before: int,
    *,
    seconds: Sequence[float],
    busy: bool,
) -> Speed:
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
