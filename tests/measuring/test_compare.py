from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

import numpy as np
import pytest

from edgelab.measuring import compare
from edgelab.measuring.compare import Evidence, Limits

LIMITS = Limits(min_rounds=3, max_rounds=5, pairs=3, seconds=30)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace the clock by one that only inferences move, so that no test depends on the machine."""
    now = [0]
    monkeypatch.setattr(time, "perf_counter_ns", lambda: now[0])
    return now


def waiting(
    clock: list[int], milliseconds: float, loads: list[int] | None = None
) -> compare.Loader:
    """Return a loader of an inference that takes this long, counting its loads and closes."""
    noise = random.Random(1)

    def load() -> tuple[Callable[[], None], Callable[[], None]]:
        if loads is not None:
            loads[0] += 1
        instance = noise.gauss(1, 0.01)  # each load keeps a speed of its own

        def inference() -> None:
            clock[0] += int(milliseconds * 1e6 * instance * (1 + 0.01 * noise.random()))

        def close() -> None:
            if loads is not None:
                loads[1] += 1

        return inference, close

    return load


def evidence(estimates: list[float]) -> Evidence:
    return Evidence([[0.0] * len(estimates), estimates], [[], []], [[], []], [[], []])


def word(estimates: list[float]) -> str:
    return compare.verdict(evidence(estimates), ["a", "b"])[1].verdict


def test_every_round_loads_afresh_and_closes(clock: list[int]) -> None:
    loads = [0, 0]
    found = compare.rounds([waiting(clock, 0.1), waiting(clock, 0.1, loads)], LIMITS, seed=0)
    done = len(found.estimates[1])
    assert loads == [done, done]
    assert LIMITS.min_rounds <= done <= LIMITS.max_rounds


def test_each_candidate_counts_its_own_warm_up_the_first_run_included(clock: list[int]) -> None:
    calls = [0, 0]

    def counting(which: int, milliseconds: float) -> compare.Loader:
        load = waiting(clock, milliseconds)

        def loaded() -> compare.Loaded:
            inference, close = load()

            def counted() -> None:
                calls[which] += 1
                inference()

            return counted, close

        return loaded

    found = compare.rounds([counting(0, 0.1), counting(1, 2.0)], LIMITS, seed=0)
    timed = [sum(map(len, samples)) for samples in found.samples]
    assert found.warmed == [calls[i] - timed[i] for i in (0, 1)]
    assert found.warmed[0] > found.warmed[1]


def test_the_ratios_carry_the_level_of_their_interval() -> None:
    assert all(r.level == compare.LEVEL for r in compare.verdict(evidence([0.1, 0.2]), ["a", "b"]))


def test_twice_the_work_is_slower_and_half_is_faster(clock: list[int]) -> None:
    found = compare.rounds(
        [waiting(clock, 0.2), waiting(clock, 0.4), waiting(clock, 0.1)], LIMITS, seed=0
    )
    ratios = compare.verdict(found, ["a", "double", "half"])
    assert [r.verdict for r in ratios] == ["reference", "slower", "faster"]


def test_a_candidate_is_closed_when_another_cannot_be_loaded(clock: list[int]) -> None:
    loads = [0, 0]

    def broken() -> compare.Loaded:
        raise OSError("no such model")

    for seed in range(8):  # whichever order the shuffle gives
        with pytest.raises(OSError, match="no such model"):
            compare.rounds([waiting(clock, 0.1, loads), broken], LIMITS, seed=seed)
    assert loads[0] == loads[1]


def test_a_sure_difference_below_the_smallest_effect_is_none() -> None:
    assert word([0.003, 0.0031, 0.0029, 0.003, 0.003]) == "cannot tell"
    assert word([0.030, 0.031, 0.029, 0.030, 0.030]) == "slower"


def test_an_interval_that_holds_zero_cannot_tell() -> None:
    assert word([0.05, -0.05, 0.06, -0.04, 0.03]) == "cannot tell"


def test_one_wild_round_does_not_change_the_verdict() -> None:
    estimates = [0.05, 0.051, 0.049, 0.05, 0.052, 0.048, 0.05, 0.05, 0.051, 0.05] * 2
    estimates[12] = 1.5
    assert word(estimates) == "slower"
    assert compare.interval(estimates)[0] == pytest.approx(0.05, abs=0.001)


def test_the_trimmed_interval_agrees_with_scipys_trimmed_statistics() -> None:
    from scipy import stats

    values = np.random.default_rng(0).normal(0.02, 0.01, 32)
    mean, low, high = compare.interval(list(values), 0.95)
    pairs = (values[::2] + values[1::2]) / 2
    assert mean == pytest.approx(stats.trim_mean(pairs, 0.125))
    # Yuen's one-sample statistic, from SciPy's winsorized values.
    winsorized = stats.mstats.winsorize(pairs, (0.125, 0.125)).std(ddof=1)
    half = stats.t.ppf(0.975, 11) * winsorized / (0.75 * math.sqrt(16))
    assert high - low == pytest.approx(2 * half, rel=1e-6)


def test_what_the_order_of_loading_does_cancels() -> None:
    order = [0.02, -0.02] * 5  # loaded second, B is faster; loaded first, slower
    noise = np.random.default_rng(0).normal(0.0, 0.001, 10)
    assert word([*(0.01 + noise + order)]) == "slower"
    _, low, high = compare.interval([*(noise + order)])
    assert high - low < 0.005
    assert word([*(noise + order)]) == "cannot tell"


def test_a_few_rounds_count_one_by_one_and_an_odd_last_one_not_at_all() -> None:
    assert compare.interval([0.0, 0.02, 0.04])[0] == pytest.approx(0.02)
    nine = [0.01, 0.03] * 4
    assert compare.interval([*nine, 5.0]) == compare.interval(nine)


def test_every_second_round_loads_in_the_mirrored_order(clock: list[int]) -> None:
    for seed in range(4):
        loaded: list[str] = []

        def named(name: str, loaded: list[str] = loaded) -> compare.Loader:
            def load() -> compare.Loaded:
                loaded.append(name)
                return waiting(clock, 0.1)()

            return load

        compare.rounds([named(n) for n in "abc"], Limits(4, 4, 2, 30), seed=seed)
        for first in (0, 6):
            assert loaded[first + 3 : first + 6] == loaded[first : first + 3][::-1]


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        _, low, high = compare.interval(list(rng.normal(0.01, 0.02, 20)), 0.95)
        hits += low <= 0.01 <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_one_round_alone_cannot_tell() -> None:
    assert word([0.5]) == "cannot tell"


def test_the_same_seed_gives_the_same_order(clock: list[int]) -> None:
    orders: list[list[int]] = []
    for _ in range(2):
        seen: list[int] = []

        def make(i: int, seen: list[int] = seen) -> compare.Loader:
            def load() -> compare.Loaded:
                seen.append(i)
                return waiting(clock, 1.0)()

            return load

        compare.rounds([make(0), make(1), make(2)], Limits(3, 3, 2, 9), seed=7)
        orders.append(seen)
    assert orders[0] == orders[1]


def test_a_restless_machine_gets_more_rounds_and_a_calm_one_does_not(clock: list[int]) -> None:
    limits = Limits(min_rounds=4, max_rounds=8, pairs=2, seconds=30, most_rounds=16)

    def restless(spread: float, seed: int) -> compare.Loader:
        noise = random.Random(seed)

        def load() -> compare.Loaded:
            factor = 1 + spread * noise.random()
            return (lambda: clock.__setitem__(0, clock[0] + int(1e5 * factor))), lambda: None

        return load

    rounds = [
        len(compare.rounds([restless(s, 1), restless(s, 2)], limits, seed=0).estimates[1])
        for s in (0.001, 0.3)
    ]
    assert rounds == [8, 16]
