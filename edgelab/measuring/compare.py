"""Is B slower than A? A paired comparison that may answer *cannot tell*.

Loading the same file again moves its latency by up to two percent for as long as it stays loaded, so
runs of one loaded instance are no evidence about the file, however many there are. Therefore every
candidate is loaded afresh in each of several *rounds*, all are warmed up equally, and short blocks
of runs are taken in random order. Other processes only ever add time, so a round compares the mean of
the fastest tenth of each candidate's runs; that gives one ratio a round.

What is loaded second finds another memory than what is loaded first, and keeps an advantage: two
percent were seen with ONNX Runtime. So every second round loads in the mirrored order, a round and its
mirror give one estimate, and the interval is over these, the extreme ones trimmed.

    ratios = compare.rounds([load_a, load_b], limits)

Lesson 10 shows what goes wrong without it.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgelab import medians, records, workspace
from edgelab.measuring import timing
from edgelab.runtimes import Inference

# A load gives the inference and what closes it again.
Loaded = tuple[Inference, Callable[[], None]]
Loader = Callable[[], Loaded]

# Changes whenever figures come about in another way; worked notebooks are then executed again.
METHOD = 3
# Block length: long against the clock and a switch of candidates, short against a machine's moods.
BLOCK_NS = 3_000_000
# Within a round, the mean of this share of the runs is compared, the fastest: what the model takes when
# nobody disturbs it. A mean or a median of all moves with every burst of another process.
FASTEST = 0.1
# From here on a round and its mirror count as one. With fewer rounds too few pairs would be left, and
# the rounds count one by one: still without bias, but with the order in their scatter.
MIRRORED = 8
TRIM = 0.125  # share of estimates trimmed at both ends
# A difference below this share is never called one, however sure: it has no practical meaning, and
# what is left of a systematic error lives down there.
SMALLEST_EFFECT = 0.005
# Stricter than the usual 95 %: with that, one equal pair in twenty would be called different before
# the smallest effect is asked for, and a table compares several.
LEVEL = records.RATIO_LEVEL
# Looking at the data early and often makes chance findings likely, so an early stop needs this much
# more certainty, which leaves the final look's error almost unchanged (Haybittle 1971; Peto et al.
# 1976, British Journal of Cancer 34, p. 593).
EARLY_LEVEL = 0.999
# An interval wider than this to either side asks for more rounds: another program moved the machine
# from one speed to another meanwhile. Stopping by the width alone leaves the interval's error as it is
# where rounds are many (Chow and Robbins 1965, Annals of Mathematical Statistics 36, p. 457), and may
# double it where they are few: another reason for LEVEL.
WIDE = 0.02


@dataclass(frozen=True)
class Limits:
    """How much evidence to gather."""

    min_rounds: int
    max_rounds: int
    pairs: int  # blocks of each candidate in one round
    seconds: float  # no further round starts after this time, once there are min_rounds
    most_rounds: int = 0  # on a restless machine go on after max_rounds, to this many


LIMITS = {
    "ci": Limits(min_rounds=3, max_rounds=6, pairs=6, seconds=1.0),
    "class": Limits(min_rounds=6, max_rounds=28, pairs=5, seconds=20.0, most_rounds=48),
    "full": Limits(min_rounds=8, max_rounds=64, pairs=10, seconds=120.0, most_rounds=96),
}


def limits() -> Limits:
    """Return the profile's limits."""
    return LIMITS[workspace.profile()]


@dataclass
class Evidence:
    """What the rounds gave for each candidate, in the order of the loaders."""

    estimates: list[list[float]]  # log ratio to the first candidate, one for each round
    samples: list[list[list[int]]]  # nanoseconds of single runs, by candidate and round
    load_ns: list[list[int]]
    first_ns: list[list[int]]
    seconds: float = 0.0
    warmed: list[int] = field(
        default_factory=list
    )  # runs before the timed ones, the first included
    looks: list[int] = field(default_factory=list)


def rounds(
    loaders: Sequence[Loader],
    limit: Limits | None = None,
    seed: int | None = None,
    tick: Callable[[], object] = lambda: None,
) -> Evidence:
    """Load all candidates afresh in each round, and time them in turn.

    Args:
        loaders: each loads one candidate and returns its inference and its closer; the first is
            the reference.
        limit: how much evidence; None takes the profile's.
        seed: of the random orders; None takes another one each time.
        tick: called after each round, for a progress bar.

    Returns:
        The evidence; give it to `verdict`.
    """
    limit = limit or limits()
    rng = random.Random(seed)  # noqa: S311 - shuffles measurements, guards no secret
    count = len(loaders)
    evidence = Evidence(
        estimates=[[] for _ in range(count)],
        samples=[[] for _ in range(count)],
        load_ns=[[] for _ in range(count)],
        first_ns=[[] for _ in range(count)],
        warmed=[0] * count,
    )
    begin = time.perf_counter()
    order = list(range(count))
    done = 0
    with timing.collector_off():
        while done < max(limit.max_rounds, limit.most_rounds):
            if done % 2:
                order.reverse()
            else:
                rng.shuffle(order)
            _round(loaders, order, limit.pairs, rng, evidence)
            tick()
            done += 1
            evidence.seconds = time.perf_counter() - begin
            if done < limit.min_rounds:
                continue
            if evidence.seconds > limit.seconds or _enough(evidence, done, limit):
                break
    return evidence


def _round(
    loaders: Sequence[Loader], order: list[int], pairs: int, rng: random.Random, evidence: Evidence
) -> None:
    loaded: dict[int, Loaded] = {}
    try:
        for i in order:
            begin = time.perf_counter_ns()
            loaded[i] = loaders[i]()
            evidence.load_ns[i].append(time.perf_counter_ns() - begin)
        runs = _warm_up(loaded, order, evidence)
        samples = _interleave(loaded, runs, pairs, rng)
    finally:
        for _, close in loaded.values():
            close()
    for i in range(len(loaders)):
        evidence.samples[i].append(samples[i])
        ratio = fast(samples[i]) / fast(samples[0])
        evidence.estimates[i].append(math.log(ratio))


def _warm_up(loaded: dict[int, Loaded], order: list[int], evidence: Evidence) -> dict[int, int]:
    """Warm all candidates up equally, there and back again; return the runs of one block."""
    for i in order:
        evidence.first_ns[i].extend(timing.block(loaded[i][0], 1))
        evidence.warmed[i] += 1
    fastest: dict[int, int] = {}
    for i in (*order, *reversed(order)):
        warm_runs = max(2, min(10, BLOCK_NS // max(1, evidence.first_ns[i][-1])))
        samples = timing.block(loaded[i][0], warm_runs)
        evidence.warmed[i] += warm_runs
        fastest[i] = min(fastest.get(i, samples[0]), *samples)
    return {i: max(1, BLOCK_NS // max(1, t)) for i, t in fastest.items()}


def _interleave(
    loaded: dict[int, Loaded], runs: dict[int, int], pairs: int, rng: random.Random
) -> dict[int, list[int]]:
    order = list(loaded)
    samples: dict[int, list[int]] = {i: [] for i in order}
    for _ in range(pairs):
        rng.shuffle(order)
        for i in order:
            samples[i] += timing.block(loaded[i][0], runs[i])
    return samples


def fast(samples: Sequence[int]) -> float:
    """Return the mean of the fastest tenth of some runs, in their unit."""
    count = math.ceil(FASTEST * len(samples))
    return float(np.partition(samples, count - 1)[:count].mean())


def interval(estimates: Sequence[float], level: float = LEVEL) -> tuple[float, float, float]:
    """Return the trimmed mean of the rounds with its lower and upper bound.

    Args:
        estimates: one log ratio for each round, in the order of the rounds.
        level: the interval's confidence.

    Source: Yuen (1974), The two-sample trimmed t for unequal population variances, Biometrika 61,
        p. 165: a t interval of the trimmed mean, its variance from the winsorized values.
    """
    ordered = np.sort(_mirrored(np.asarray(estimates, np.float64)))
    n = len(ordered)
    cut = int(TRIM * n)
    mean = float(ordered[cut : n - cut].mean())
    if n < 2:
        return mean, -math.inf, math.inf
    winsorized = np.clip(ordered, ordered[cut], ordered[n - 1 - cut])
    error = winsorized.std(ddof=1) / ((1 - 2 * cut / n) * math.sqrt(n))
    half = float(medians.t_quantile(level, n - 2 * cut - 1) * error)
    return mean, mean - half, mean + half


def _mirrored(estimates: np.ndarray) -> np.ndarray:
    """Return the mean of each round and its mirror; a last round without a mirror is left out."""
    if len(estimates) < MIRRORED:
        return estimates
    pairs: np.ndarray = estimates[: len(estimates) // 2 * 2].reshape(-1, 2).mean(axis=1)
    return pairs


def verdict(evidence: Evidence, names: Sequence[str]) -> tuple[records.Ratio, ...]:
    """Turn evidence into ratios to the first candidate: faster, slower or cannot tell."""
    ratios = [records.Ratio(names[0], names[0], 1.0, 1.0, 1.0, "reference", 0, SMALLEST_EFFECT)]
    for name, estimates in zip(names[1:], evidence.estimates[1:], strict=True):
        mean, low, high = interval(estimates)
        word = "cannot tell"
        if abs(mean) >= math.log1p(SMALLEST_EFFECT) and (low > 0 or high < 0):
            word = "slower" if mean > 0 else "faster"
        ratios.append(
            records.Ratio(
                name=name,
                reference=names[0],
                value=math.exp(mean),
                low=math.exp(low),
                high=math.exp(high),
                verdict=word,
                instances=len(estimates),
                smallest_effect=SMALLEST_EFFECT,
                estimates=tuple(math.exp(e) for e in estimates),
                level=LEVEL,
            )
        )
    return tuple(ratios)


def _enough(evidence: Evidence, done: int, limit: Limits) -> bool:
    """Tell whether the rounds so far will do."""
    if done >= limit.max_rounds:
        # In whole pairs, or the last round would be measured for nothing.
        return done % 2 == 0 and all(_clear(e) or _narrow(e) for e in evidence.estimates[1:])
    looks = (limit.min_rounds, limit.max_rounds // 2)
    return done in looks and all(_clear(e) for e in evidence.estimates[1:])


def _clear(estimates: Sequence[float]) -> bool:
    """Tell whether a difference is certain enough to stop early."""
    mean, low, high = interval(estimates, EARLY_LEVEL)
    return abs(mean) >= 2 * SMALLEST_EFFECT and not low <= 0 <= high


def _narrow(estimates: Sequence[float]) -> bool:
    _, low, high = interval(estimates)
    return high - low <= 2 * WIDE
