from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from edgelab import workshop
from edgelab.errors import InputError
from tests.classroom.workshop_made import made
from tests.records_made import comparison, measurement


def test_a_gain_is_how_many_times_less() -> None:
    assert workshop.gain(200, 50) == 4
    assert workshop.gain(10, 40) == 0.25


def test_nothing_is_gained_from_or_to_nothing() -> None:
    with pytest.raises(InputError, match="two positive numbers; got 0 and 3"):
        workshop.gain(0, 3)


def test_factors_multiply_to_the_whole_gain() -> None:
    values = [120.0, 90.0, 60.0, 75.0, 15.0]
    steps = workshop.factors(values)
    assert len(steps) == 4
    assert math.prod(steps) == pytest.approx(120 / 15)
    assert steps[2] < 1  # a loss stays visible


def test_agreement_counts_equal_top_classes_with_a_wilson_interval() -> None:
    a = np.eye(10)[np.arange(10)]
    b = a.copy()
    b[:3] = b[:3, ::-1]
    found = workshop.agreement(a, 5 * b + 1)
    bounds = stats.binomtest(7, 10).proportion_ci(method="wilson")
    assert (found.same, found.total, found.share) == (7, 10, 0.7)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert "7 of 10 images: 70%" in repr(found)


def test_outputs_for_other_images_are_refused() -> None:
    with pytest.raises(InputError, match="for the same images"):
        workshop.agreement(np.zeros((3, 2)), np.zeros((4, 2)))


def test_photographs_as_they_are_keep_their_range() -> None:
    photos = np.full((1, 2, 2, 3), 200.0)
    given, reason = workshop.unprepared(photos)
    assert (given.max(), given.dtype, reason) == (200, np.float32, "b")


def test_the_choice_is_the_fastest_that_fits_and_was_trained() -> None:
    # Compressed, each takes half of its file.
    result = comparison(
        measurement("large", 9.0, 100_000),
        measurement("untrained", 1.0, 1_000, weights="none"),
        measurement("slow", 8.0, 2_000),
        measurement("quick", 4.0, 20_000),
        measurement("quicker, too large", 2.0, 20_004),
    )
    assert [name for name, _, _ in workshop.fitting(result, 10_000)] == ["quick", "slow"]
    name, download_mb, latency_ms, reason = workshop.choose(result, 10_000)
    assert (name, download_mb, latency_ms) == ("quick", 0.01, pytest.approx(4.0, rel=0.01))
    assert "lowest latency" in reason


def test_nothing_fits() -> None:
    result = comparison(measurement("float32"), measurement("int8", 0.5, 25_000))
    with pytest.raises(InputError, match=r"at most 0\.001 MB.*float32, int8"):
        workshop.choose(result, 1000)


def test_a_rival_is_faster_takes_no_more_and_costs_no_answers() -> None:
    result = made(untrained=False)
    assert workshop.rivals(result, "EfficientNet-Lite0 int8", 20e6) == ["MobileNetV2 int8"]
    # An int8 file is no rival of a float one.
    assert workshop.rivals(result, "MobileNetV2 float32", 20e6) == []
    assert workshop.rivals(result, "EfficientNet-Lite0 float32", 20e6) == ["MobileNetV2 float32"]
    untrained = made()
    assert workshop.rivals(untrained, "EfficientNet-Lite0 int8", 20e6) == []
