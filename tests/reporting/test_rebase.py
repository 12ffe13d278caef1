from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from edgelab import records
from edgelab.errors import InputError
from edgelab.measuring import compare
from edgelab.reporting import rebase
from tests.records_made import comparison, measurement, ratio

ROUNDS = {"fast": (0.50, 0.52, 0.49, 0.51), "faster": (0.24, 0.27, 0.25, 0.26)}


def of_three() -> records.Comparison:
    """Return a comparison of "naive", "fast" and "faster" with four rounds each."""
    result = comparison(measurement("naive", 8), measurement("fast", 4), measurement("faster", 2))
    ratios = [ratio(name, 0.5, reference="naive", estimates=e) for name, e in ROUNDS.items()]
    return replace(result, ratios=(result.ratios[0], *ratios))


def test_the_new_reference_comes_first_with_ratio_one() -> None:
    seen = rebase.seen_from("fast", of_three())
    assert seen.names == ("fast", "naive", "faster")
    assert (seen.ratio("fast").value, seen.ratio("fast").verdict) == (1.0, "reference")


def test_the_ratio_and_its_interval_are_those_of_the_single_rounds() -> None:
    seen = rebase.seen_from("fast", of_three()).ratio("faster")
    logs = np.log(np.array(ROUNDS["faster"]) / np.array(ROUNDS["fast"]))
    middle, low, high = (math.exp(v) for v in compare.interval(list(logs)))
    assert (seen.value, seen.low, seen.high) == pytest.approx((middle, low, high))
    assert seen.estimates == pytest.approx(tuple(np.exp(logs)))
    assert seen.instances == 4


def test_a_slower_candidate_is_called_slower_from_the_other_side() -> None:
    assert of_three().ratio("fast").verdict == "faster"
    assert rebase.seen_from("fast", of_three()).ratio("naive").verdict == "slower"


def test_candidates_can_be_left_out() -> None:
    seen = rebase.seen_from("naive", of_three(), ["naive", "faster"])
    assert seen.names == ("naive", "faster")
    assert seen["faster"] == of_three()["faster"]


def test_the_steps_multiply_to_the_whole_way() -> None:
    way = rebase.steps(of_three(), ["naive", "fast", "faster"])
    whole = rebase.steps(of_three(), ["naive", "faster"])[0]
    assert [step.reference for step in way] == ["naive", "fast"]
    assert math.prod(step.value for step in way) == pytest.approx(whole.value)


def test_what_was_not_compared_is_named() -> None:
    with pytest.raises(InputError, match="'slow' was not compared"):
        rebase.seen_from("slow", of_three())


def test_a_record_without_rounds_says_so() -> None:
    with pytest.raises(InputError, match="no single rounds"):
        rebase.seen_from("int8", comparison(measurement("float32"), measurement("int8")))


def test_one_name_is_no_way() -> None:
    with pytest.raises(InputError, match="two ends"):
        rebase.steps(of_three(), ["naive"])
