from __future__ import annotations

from typing import Any

import pytest

from edgelab.errors import InputError
from edgelab.explaining import causes, diagnosis
from edgelab.explaining.diagnosis import Diagnosis, Reference, diagnose, fixed_and_each
from tests.evidence_made import evidence, explanation, part, side

INT8: dict[str, Any] = {"bits": 8, "arithmetic": "integer"}
AVX2 = ("AVX2",)


def half() -> diagnosis.Side:
    """Return a candidate with half the products that takes as long as the reference."""
    return side("half", 1.0, part(5_000_000))


def test_a_pair_that_keeps_its_promise_has_no_cause() -> None:
    found = diagnose(evidence(side("half", 0.55, part(5_000_000))))
    assert (found.promise, found.kept, found.cause, found.findings) == (2.0, True, None, ())


def test_the_same_file_promises_nothing() -> None:
    found = diagnose(evidence(side("again", 1.02)))
    assert found.promise == 1
    assert found.cause is None


def test_what_no_cause_accounts_for_stays_unexplained() -> None:
    found = diagnose(evidence(half()))
    assert (found.kept, found.cause) == (False, None)
    assert found.unexplained_ms == pytest.approx(found.excess_ms) == pytest.approx(0.5)


def test_what_both_sides_pay_is_no_cause() -> None:
    # A millisecond of Python in front of nine of network, before and after; half the products.
    before = side("whole", 10.0, by_batch={1: 9.0})
    after = side("half", 10.0, part(5_000_000), by_batch={1: 9.0})
    found = explanation(
        after, before, without={"python": 9.0}, reference=Reference(without={"python": 9.0})
    )
    assert found.cause is None
    assert found.diagnosis.excess_ms == pytest.approx(5)
    assert found.diagnosis.unexplained_ms == pytest.approx(5)
    assert "no known cause" in found.verdict


def test_of_what_both_sides_pay_the_promised_part_is_not_claimed() -> None:
    before = side("whole", 10.0, by_batch={1: 2.0})
    after = side("half", 10.0, part(5_000_000), by_batch={1: 2.0})
    reference = Reference(without={"python": 2.0})
    found = diagnose(evidence(after, before, without={"python": 2.0}, reference=reference))
    assert found.cause == "python"
    assert found.findings[0].lost_ms == pytest.approx(8 - 8 / 2)


def test_a_small_cost_is_told_and_not_blamed() -> None:
    after = side("half", 1.0, part(5_000_000), by_batch={1: 0.8})
    found = explanation(after, without={"python": 0.8})
    assert found.findings[0].lost_ms == pytest.approx(0.2)
    assert found.cause is None
    assert found.verdict.startswith("No cause found: of 500 µs more than promised 300 µs")
    assert "Largest known: Python code" in found.verdict


def test_a_wide_interval_leaves_open_if_a_promise_is_kept() -> None:
    after = side("half", 1.0, part(5_000_000), by_batch={1: 0.2})
    found = explanation(after, low=0.6, high=1.6, without={"python": 0.2})
    assert found.diagnosis.unsure
    assert not found.diagnosis.kept
    assert (found.cause, found.findings) == (None, ())
    assert "nobody can tell" in found.verdict
    sure = explanation(after, low=0.7, high=1.6, without={"python": 0.2})
    assert (sure.diagnosis.unsure, sure.cause) == (False, "python")


def test_the_promise_counts_products_bits_zeros_and_threads() -> None:
    a = side()
    assert diagnosis.promise(a, side("b", 1, part(5_000_000)), 2) == pytest.approx(2)
    assert diagnosis.promise(a, side("b", 1, part(**INT8)), 2) == pytest.approx(4)
    assert diagnosis.promise(a, side("b", 1, part(zeros=0.9)), 2) == pytest.approx(10)
    assert diagnosis.promise(a, side("b", 1, threads=16), 2) == pytest.approx(2)


def test_a_network_without_weights_promises_nothing() -> None:
    assert diagnosis.promise(side("a", 1, part(0, weights=0)), side(), 2) == 1


def test_python_code_around_the_network_is_named() -> None:
    found = diagnose(evidence(half(), without={"python": 0.4}))
    assert found.cause == "python"
    assert found.findings[0].lost_ms == pytest.approx(0.5)  # capped at the excess
    assert found.findings[0].measured


def test_the_call_is_named() -> None:
    after = side("small", 40.0, part(1_000_000), runtime="keras-predict")
    before = side("large", 45.0, part(10_000_000), runtime="keras-predict")
    found = diagnose(evidence(after, before, without={"call": 0.5}))
    assert found.cause == "call"
    assert found.unexplained_ms == 0


def test_threads_are_named_with_the_number_that_was_best() -> None:
    after = side("many", 3.0, threads=16)
    found = diagnose(evidence(after, without={"threads 1": 1.0, "threads 2": 0.6}))
    assert found.cause == "threads"
    assert "2 threads: 600 µs" in found.findings[0].seen[0]


def test_threads_answer_for_what_no_number_of_them_delivers() -> None:
    # Two cores promise half a millisecond; with one thread it takes one, however many there are.
    found = diagnose(evidence(side("many", 1.2, threads=16), without={"threads 1": 1.0}))
    assert found.cause == "threads"
    assert found.findings[0].lost_ms == pytest.approx(1.2 - 1.0 / 2)


def test_threads_do_not_answer_for_what_one_thread_takes_too_long() -> None:
    found = diagnose(evidence(side("slow", 1.6, threads=16), without={"threads 1": 3.0}))
    assert (found.cause, found.findings) == (None, ())


def test_a_call_that_costs_more_than_its_images_is_overhead() -> None:
    after = side("tiny", 1.0, part(10_000), by_batch={1: 1.0, 2: 1.05, 4: 1.15})
    found = diagnose(evidence(after))
    assert found.cause == "overhead"
    assert "paid once a call" in found.findings[0].seen[0]


def test_the_reference_s_own_overhead_is_no_cause() -> None:
    times = {1: 1.0, 2: 1.05, 4: 1.15}
    both = side("before", 1.0, by_batch=times), side("after", 1.0, part(5_000_000), by_batch=times)
    found = diagnose(evidence(both[1], both[0]))
    assert found.findings[0].lost_ms == pytest.approx(0.95 - 0.95 / 2)


def matrix() -> diagnosis.Side:
    """Return a network with weights of 16 MB that takes as long for four images as for one."""
    flat = {1: 1.0, 2: 1.0, 4: 1.02}
    return side("matrix", 1.0, part(1_000_000, weights=4_000_000), by_batch=flat)


def test_reading_weights_is_claimed_as_memory_and_the_rest_as_overhead() -> None:
    found = diagnose(evidence(matrix(), reading_ms=0.7, cache_bytes=1_000_000))
    assert [f.cause for f in found.findings] == ["memory", "overhead"]
    assert found.findings[0].lost_ms == pytest.approx(0.7)
    assert not found.findings[0].measured
    assert "16.0 MB" in found.findings[0].seen[0]
    assert "own cache holds 1.0 MB" in found.findings[0].seen[0]


def test_a_cache_that_nobody_tells_is_said_to_be_assumed() -> None:
    found = diagnose(evidence(matrix(), reading_ms=0.7))
    assert "is taken to hold 0.5 MB" in found.findings[0].seen[0]


def test_weights_that_fit_a_cache_are_not_blamed_on_memory() -> None:
    found = diagnose(evidence(matrix(), reading_ms=0.7, cache_bytes=32_000_000))
    assert [f.cause for f in found.findings] == ["overhead"]


def test_products_without_a_fast_kernel_are_named() -> None:
    after = side("int16", 30.0, part(bits=8, arithmetic="int16", fast=False))
    found = diagnose(evidence(after))
    assert found.cause == "kernels"
    assert not found.findings[0].measured
    assert "100%" in found.findings[0].seen[0]


def test_fast_kernels_that_are_switched_off_are_named_by_experiment() -> None:
    slow = part(fast=False)
    found = diagnose(evidence(side("builtin", 3.0, slow), without={"kernels": 1.0}))
    assert found.cause == "kernels"
    assert found.findings[0].measured


def test_zeros_that_save_nothing_are_named() -> None:
    found = diagnose(evidence(side("pruned", 1.0, part(zeros=0.9)), without={"zeros": 1.0}))
    assert found.cause == "zeros"
    assert found.findings[0].lost_ms == pytest.approx(0.9)


def test_zeros_that_the_runtime_skips_are_not_blamed() -> None:
    found = diagnose(evidence(side("pruned", 0.5, part(zeros=0.9)), without={"zeros": 1.0}))
    assert found.cause is None
    assert found.unexplained_ms > 0


def test_zeros_are_not_blamed_for_operators_that_do_not_multiply() -> None:
    # The same products take the reference a millisecond: two of three are something else.
    found = diagnose(evidence(side("pruned", 3.0, part(zeros=0.9)), without={"zeros": 3.0}))
    assert found.findings[0].lost_ms == pytest.approx(0.9)
    assert found.cause is None


HALF_BITS: dict[str, Any] = {"bits": 16, "arithmetic": "widened"}


def test_widened_weights_are_named_when_floats_take_as_long() -> None:
    found = diagnose(evidence(side("float16", 1.0, part(**HALF_BITS)), without={"widened": 1.0}))
    assert found.cause == "widened"
    assert found.findings[0].lost_ms == pytest.approx(0.5)
    assert "16 bits" in found.findings[0].seen[0]


def test_without_an_experiment_widened_weights_are_not_blamed() -> None:
    found = diagnose(evidence(side("float16", 1.0, part(**HALF_BITS))))
    assert found.cause is None


def test_narrow_weights_that_save_what_they_should_are_not_blamed() -> None:
    # It would take twice as long with floats; what is slow is something else.
    found = diagnose(evidence(side("float16", 1.0, part(**HALF_BITS)), without={"widened": 2.0}))
    assert found.cause is None


def test_float_layers_of_a_quantized_file_are_named() -> None:
    parts = part(weights=1000), part(1000, weights=99_000, **INT8)
    found = diagnose(evidence(side("partly", 1.0, *parts)))
    assert found.cause == "float"
    assert "1 of 2 layers with 100%" in found.findings[0].seen[0]


def test_int8_without_instructions_is_named_only_on_such_a_processor() -> None:
    after = side("int8", 1.1, part(**INT8))
    assert diagnose(evidence(after, int8=AVX2)).cause == "instructions"
    assert diagnose(evidence(after)).cause is None
    assert diagnose(evidence(after, int8=("NEON dot product",))).cause is None


def test_dynamic_convolutions_are_named_by_their_time() -> None:
    after = side("dynamic", 8.0, part(bits=8, arithmetic="dynamic"), runtime="onnxruntime")
    times = {"ConvInteger": 7.0, "DynamicQuantizeLinear": 0.5, "Add": 0.5}
    found = diagnose(evidence(after, operators_ms=times, int8=AVX2))
    assert found.cause == "dynamic"


def test_a_static_file_says_what_quantizing_on_the_way_costs() -> None:
    after = side("dynamic", 1.2, part(bits=8, arithmetic="dynamic"), runtime="onnxruntime")
    found = diagnose(
        evidence(after, operators_ms={"ConvInteger": 1.0, "Mul": 0.2}, without={"dynamic": 0.5})
    )
    assert found.cause == "dynamic"
    assert found.findings[0].lost_ms == pytest.approx(0.7)
    assert found.findings[0].measured


def test_layers_that_leave_multipliers_idle_are_named() -> None:
    after = side("thin", 0.5, part(1_000_000, channels=1))
    found = diagnose(evidence(after, without={"narrow": 0.55}, padded_macs=8_000_000))
    assert found.cause == "narrow"
    assert found.findings[0].lost_ms == pytest.approx(0.4)  # capped at the excess
    assert "8.0 times as much and takes 550 µs" in found.findings[0].seen[1]


def test_thin_layers_that_would_take_longer_if_padded_are_not_blamed() -> None:
    after = side("thin", 0.5, part(1_000_000, channels=1))
    found = diagnose(evidence(after, without={"narrow": 4.0}, padded_macs=8_000_000))
    assert found.cause is None
    assert found.findings == ()


def test_thin_layers_that_nobody_padded_are_not_blamed() -> None:
    assert diagnose(evidence(side("thin", 0.5, part(1_000_000, channels=1)))).cause is None


def test_the_reference_s_own_conversions_are_no_cause() -> None:
    times = {"QuantizeLinear": 0.5, "QLinearConv": 0.5}
    found = diagnose(
        evidence(
            side("after", 1.0, part(5_000_000, **INT8), runtime="onnxruntime"),
            side("before", 1.0, part(**INT8), runtime="onnxruntime"),
            operators_ms=times,
            reference=Reference(operators_ms=times),
        )
    )
    assert found.findings[0].lost_ms == pytest.approx(0.25)


def test_conversions_are_named_by_their_time() -> None:
    after = side("islands", 1.2, part(**INT8), runtime="onnxruntime", converters=12)
    times = {"QuantizeLinear": 0.4, "DequantizeLinear": 0.4, "QLinearConv": 0.4}
    found = diagnose(evidence(after, operators_ms=times))
    assert found.cause == "converters"
    assert "12 converting operators take 800 µs" in found.findings[0].seen[0]


def test_the_costliest_cause_comes_first_and_no_time_is_claimed_twice() -> None:
    after = side("both", 10.0, part(zeros=0.9), by_batch={1: 2.0})
    found = diagnose(evidence(after, side("float32", 2.0), without={"python": 2.0, "zeros": 2.0}))
    assert [f.cause for f in found.findings] == ["python", "zeros"]
    assert sum(f.lost_ms for f in found.findings) + found.unexplained_ms == pytest.approx(
        found.excess_ms
    )


def test_a_cause_that_costs_little_is_not_named() -> None:
    after = side("small", 10.0, part(1_000_000), by_batch={1: 0.9})
    found = diagnose(evidence(after, without={"python": 0.9, "call": 9.95}))
    assert [f.cause for f in found.findings] == ["python"]


def test_a_line_through_the_times_gives_the_fixed_cost() -> None:
    assert fixed_and_each({1: 12.0, 2: 14.0, 4: 18.0}) == pytest.approx((10.0, 2.0))


def test_a_line_that_starts_below_zero_has_no_fixed_cost() -> None:
    assert fixed_and_each({1: 1.0, 2: 2.4, 4: 6.0})[0] == 0
    assert side("a", 1.0, by_batch={1: 1.0, 2: 2.4, 4: 6.0}).each_ms == 1.0


def test_a_flat_line_is_all_fixed_cost() -> None:
    flat = {1: 1.0, 2: 0.99, 4: 0.98}
    assert fixed_and_each(flat)[1] == 0
    one = side("a", 1.0, by_batch=flat)
    assert one.fixed_ms == pytest.approx(1.0, abs=0.02)
    assert one.each_ms > 0


def test_one_size_makes_no_line() -> None:
    with pytest.raises(InputError, match=r"got \[1\]"):
        fixed_and_each({1: 1.0})


def test_a_diagnosis_survives_the_journal() -> None:
    found = diagnose(evidence(half(), without={"python": 0.4}))
    assert Diagnosis.from_dict(found.to_dict()) == found


def test_every_cause_has_a_remedy() -> None:
    for key, cause in causes.CAUSES.items():
        assert cause.key == key
        assert not cause.title.endswith(".")
        assert cause.remedy.endswith(".")
