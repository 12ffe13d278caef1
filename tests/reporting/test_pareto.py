from __future__ import annotations

from dataclasses import replace

import pytest

from edgelab.errors import InputError, SplitError
from edgelab.records import Accuracy, Comparison
from edgelab.reporting import pareto
from tests.records_made import accuracy as accuracy_on, comparison, measurement


def accuracy(correct: int) -> Accuracy:
    """Return an accuracy that may be chosen by."""
    return accuracy_on(correct, split="validation")


def made() -> Comparison:
    """Return five models, judged on validation images; the compressed size is half of the file."""
    return comparison(
        measurement("float32", 1.0, 100_000, accuracy=accuracy(95)),
        measurement("int8", 0.5, 30_000, accuracy=accuracy(94)),
        measurement("pruned int8", 0.55, 12_000, accuracy=accuracy(91)),
        measurement("clumsy", 0.9, 60_000, accuracy=accuracy(90)),
        measurement("tiny", 0.1, 8_000, accuracy=accuracy(80)),
    )


def test_the_front_holds_what_no_other_beats() -> None:
    found = pareto.front(made(), ("size_gzip_bytes", "accuracy"))
    assert found == ("tiny", "pruned int8", "int8", "float32")
    assert pareto.front(made(), ("size_gzip_bytes", "latency_ms")) == ("tiny",)


def test_two_equal_models_do_not_beat_each_other() -> None:
    twins = comparison(measurement("a"), measurement("b"))
    assert pareto.front(twins, ("size_gzip_bytes", "latency_ms")) == ("a", "b")


def test_a_lead_that_cannot_be_told_from_none_puts_nobody_off_the_front() -> None:
    keys = ("size_gzip_bytes", "latency_ms")
    nearly = comparison(measurement("a", 1.0), measurement("b", 1.0001))
    assert pareto.front(nearly, keys) == ("a", "b")
    assert pareto.choose(nearly, "latency_ms").ties == ("b",)
    clearly = comparison(measurement("a", 1.0), measurement("b", 1.2))
    assert pareto.front(clearly, keys) == ("a",)
    smaller = comparison(measurement("a", 1.0, 90_000), measurement("b", 1.0001))
    assert pareto.front(smaller, keys) == ("a",), "its size is a lead for sure"


def test_rounds_decide_between_latencies_where_there_are_any() -> None:
    rounds = [1.0, 1.01, 0.99, 1.0, 1.002, 0.998]
    for factor, expected in ((1.0001, ("a", "b")), (1.2, ("a",))):
        pair = comparison(measurement("a", 1.0), measurement("b", factor))
        timed = replace(pair.ratios[1], estimates=tuple(factor * r for r in rounds))
        found = pareto.front(
            replace(pair, ratios=(pair.ratios[0], timed)), ("size_gzip_bytes", "latency_ms")
        )
        assert found == expected


def test_choosing_by_the_test_images_is_refused_and_explained() -> None:
    tested = comparison(
        measurement("a", accuracy=accuracy_on(90)), measurement("b", 0.5, accuracy=accuracy_on(80))
    )
    for choosing in (
        lambda: pareto.front(tested, ("size_gzip_bytes", "accuracy")),
        lambda: pareto.choose(tested, "accuracy"),
        lambda: pareto.choose(tested, "latency_ms", {"accuracy": 0.85}),
    ):
        with pytest.raises(SplitError, match=r"'a' is that on the test images.*validation split"):
            choosing()
    assert pareto.choose(tested, "latency_ms", {"size_gzip_bytes": 60_000}).name == "b"
    assert pareto.front(tested, ("size_gzip_bytes", "latency_ms")) == ("b",)


def test_an_untrained_model_has_no_test_accuracy_to_refuse() -> None:
    mixed = comparison(
        measurement("a", accuracy=accuracy(90)),
        measurement("b", accuracy=accuracy_on(20), weights="none"),
    )
    assert pareto.choose(mixed, "accuracy").name == "a"


def test_a_third_figure_brings_a_model_back() -> None:
    keys = ("size_gzip_bytes", "accuracy", "latency_ms")
    assert set(pareto.front(made(), keys)) == {"float32", "int8", "pruned int8", "tiny"}


def test_the_best_of_what_keeps_the_limits_is_chosen() -> None:
    found = pareto.choose(made(), "latency_ms", {"size_gzip_bytes": 20_000, "accuracy": 0.9})
    assert (found.name, found.satisfied, found.misses) == ("int8", True, {})
    assert found.fitting == ("int8", "pruned int8")
    assert "lowest latency of 2" in repr(found)


def test_without_limits_everything_fits() -> None:
    assert pareto.choose(made(), "accuracy").name == "float32"
    assert len(pareto.choose(made(), "accuracy").fitting) == 5


def test_where_nothing_fits_the_nearest_says_what_it_misses() -> None:
    found = pareto.choose(made(), "latency_ms", {"size_gzip_bytes": 5_500, "accuracy": 0.93})
    assert not found.satisfied
    assert found.name == "pruned int8"  # 9 % too large and 2 % too often wrong; tiny: 14 % wrong
    assert found.misses == pytest.approx({"size_gzip_bytes": 1 / 11, "accuracy": 2 / 93})
    assert "Nothing keeps all limits" in repr(found)
    assert "accuracy by 2.2%" in repr(found)


def test_what_cannot_be_told_apart_is_named() -> None:
    found = pareto.choose(made(), "latency_ms", {"accuracy": 0.9})
    assert found.name == "int8"
    assert found.ties == ()
    assert pareto.choose(made(), "accuracy").ties == ("int8", "pruned int8", "clumsy")


def test_a_model_without_the_figure_is_left_out_and_named() -> None:
    bare = comparison(measurement("a", accuracy=accuracy(90)), measurement("b"))
    found = pareto.choose(bare, "latency_ms", {"accuracy": 0.5})
    assert (found.name, found.left_out) == ("a", ("b",))


def test_untrained_weights_have_no_accuracy_to_choose_by() -> None:
    bare = comparison(
        measurement("a", accuracy=accuracy(90), weights="none"),
        measurement("b", accuracy=accuracy(20)),
    )
    assert pareto.choose(bare, "accuracy").name == "b"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("accuracy",), "needs 2"),
        (("accuracy", "accuracy"), "needs 2"),
        (("accuracy", "weights"), "can't be weighed"),
        (("accuracy", "time_gain"), "can't be weighed"),
        (("accuracy", "beauty"), "no quantity"),
        (("accuracy", "energy_mj"), "No model has all"),
    ],
)
def test_figures_that_make_no_front_are_refused(keys: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pareto.front(made(), keys)


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="must be above 0"):
        pareto.choose(made(), "accuracy", {"latency_ms": 0})


def test_a_simulated_model_has_no_size_to_choose_by() -> None:
    pretending = comparison(measurement("a"), measurement("b", simulated=True))
    with pytest.raises(InputError, match="simulated"):
        pareto.front(pretending, ("size_gzip_bytes", "latency_ms"))
