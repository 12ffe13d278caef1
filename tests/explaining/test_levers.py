from __future__ import annotations

import math
from pathlib import Path

import pytest

from edgelab.errors import InputError
from edgelab.explaining import levers
from edgelab.measuring import machine
from tests.evidence_made import explanation, part, side


def test_the_whole_wins_less_than_the_part() -> None:
    assert levers.whole_gain(0.5, 2) == pytest.approx(4 / 3)
    assert levers.whole_gain(1, 7) == pytest.approx(7)
    assert levers.whole_gain(0, 7) == 1


def test_a_part_that_vanishes_leaves_the_rest() -> None:
    assert levers.whole_gain(0.9, math.inf) == pytest.approx(10)
    assert levers.whole_gain(1, math.inf) == math.inf


@pytest.mark.parametrize(("share", "factor"), [(-0.1, 2), (1.1, 2), (0.5, 0), (0.5, -1)])
def test_an_impossible_share_or_factor_is_refused(share: float, factor: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        levers.whole_gain(share, factor)


def test_the_offer_is_answered_with_the_network_s_share() -> None:
    found = explanation(
        side("half", 2.0, part(5_000_000), by_batch={1: 0.4}),
        side("float32", 2.4),
        without={"python": 0.4},
    )
    gain, cause, reason = levers.choose(found)
    assert gain == pytest.approx(levers.whole_gain(0.2, levers.FACTOR))
    assert (cause, reason) == ("python", levers.REASON)


def test_an_explanation_without_python_code_has_no_share() -> None:
    with pytest.raises(InputError, match=r"benchmark\.Pipeline"):
        levers.network_share(explanation(side("b", 0.5)))


def test_without_a_cause_there_is_no_lever() -> None:
    with pytest.raises(InputError, match="no lever"):
        levers.choose(explanation(side("same", 1.0), without={"python": 0.9}))


def test_the_spoiled_candidate_asks_for_more_threads_than_cores() -> None:
    candidate, letter = levers.spoiled(Path("m.tflite"))
    assert (candidate.path, letter) == (Path("m.tflite"), "a")
    assert candidate.threads > machine.cores()
