from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from edgelab import evaluate, records, workspace
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.measuring import compare
from edgelab.records import Accuracy
from edgelab.reporting import claims
from tests.records_made import accuracy, comparison, float_and_int8, measurement, ratio

SHIPPED = yaml.safe_load((workspace.data_dir() / "claims.yaml").read_text(encoding="utf-8"))


def written(tmp_path: Path, *entries: Any) -> Path:
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(list(entries)), encoding="utf-8")
    return path


def entry(**changes: Any) -> dict[str, Any]:
    return SHIPPED[0] | changes


def judged(name: str, *args: Any) -> list[str]:
    return [pair.verdict for pair in claims.evidence(claims.find(name), *args)]


def test_the_shipped_claims_are_all_valid_and_in_both_languages() -> None:
    for claim in claims.load().values():
        assert claim.said("en") != claim.said("fr")


def test_the_claims_of_the_lessons_are_there() -> None:
    wanted = {"int8-size", "int8-accuracy", "int8-speed", "float16-size", "dynamic-speed"}
    assert wanted | {"workshop-speed", "workshop-size"} <= set(claims.load())


def test_an_unknown_claim_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no claim 'int9'; there are int8-size"):
        claims.find("int9")


def test_the_interval_decides_and_not_the_point() -> None:
    claim = claims.find("int8-size")  # 3.5 to 4.5
    assert claim.judge(3.9, 4.1) == "holds"
    assert claim.judge(3.4, 4.4) == "cannot tell here"
    assert claim.judge(3.0, 3.4) == "does not hold"
    assert claim.judge(5.0, 5.0) == "does not hold"


OPEN_ENDED = ("at least", "at the least", "more", "or better", "sooner")


def test_a_claim_without_an_upper_end_says_at_least_or_more() -> None:
    for claim in claims.load().values():
        if claim.low is not None and claim.high is None:
            assert any(word in claim.said("en") for word in OPEN_ENDED), claim.id


def test_an_open_end_has_no_limit() -> None:
    assert claims.find("int8-speed").judge(50.0, 60.0) == "holds"


def test_four_times_smaller_holds_for_a_quarter_of_the_bytes() -> None:
    assert judged("int8-size", float_and_int8()) == ["holds"]


def test_three_times_faster_does_not_hold_for_twice_as_fast() -> None:
    pair = claims.evidence(claims.find("int8-speed"), float_and_int8())[0]
    assert pair.verdict == "does not hold"
    assert pair.low < 2.0 < pair.high


def test_a_wide_interval_cannot_tell() -> None:
    result = comparison(measurement("float32", 1.0), measurement("int8", 0.34), half=0.08)
    assert judged("int8-speed", result) == ["cannot tell here"]


def test_a_model_is_paired_with_its_own_float_variant() -> None:
    result = comparison(
        measurement("ResNet50", 30.0, 100_000_000),
        measurement("ResNet50 int8", 8.0, 25_000_000),
        measurement("MobileNetV2", 5.0, 14_000_000),
        measurement("MobileNetV2 int8", 3.0, 4_000_000),
    )
    found = claims.evidence(claims.find("int8-size"), result)
    assert [(p.candidate, p.reference) for p in found] == [
        ("ResNet50 int8", "ResNet50"),
        ("MobileNetV2 int8", "MobileNetV2"),
    ]


def test_a_claim_about_models_pairs_those_models() -> None:
    result = comparison(
        measurement("ResNet50", 30.0, 100_000_000), measurement("MobileNetV2 int8", 2.0, 4_000_000)
    )
    assert judged("workshop-speed", result) == ["holds"]
    assert judged("workshop-size", result) == ["holds"]
    assert judged("int8-size", result) == []


def test_a_gain_between_two_candidates_is_taken_round_by_round() -> None:
    # Both candidates drift together, so their ratio is known better than either's to the reference.
    drift = [0.9, 0.95, 1.0, 1.05, 1.1]
    base, a, b = measurement("x"), measurement("ResNet50", 2.0), measurement("ResNet50 int8", 0.5)
    result = comparison(base, a, b)
    ratios = (
        result.ratios[0],
        ratio("ResNet50", 2.0, 0.3, "x", [2.0 * d for d in drift]),
        ratio("ResNet50 int8", 0.5, 0.1, "x", [0.5 * d for d in drift]),
    )
    exact = claims.evidence(claims.find("int8-speed"), replace(result, ratios=ratios))[0]
    assert exact.value == pytest.approx(4.0)
    assert exact.high - exact.low < 1e-6
    blunt = tuple(replace(r, estimates=()) for r in ratios)
    wide = claims.evidence(claims.find("int8-speed"), replace(result, ratios=blunt))[0]
    assert (wide.low, wide.high) == (pytest.approx(1.7 / 0.6), pytest.approx(2.3 / 0.4))


@pytest.mark.parametrize("unfit", [{"simulated": True}, {"measured_here": False}, {"size": None}])
def test_models_that_say_nothing_about_a_size_are_left_out(unfit: dict[str, Any]) -> None:
    assert judged("int8-size", float_and_int8(**unfit)) == []


def test_untrained_models_say_nothing_about_accuracy() -> None:
    assert judged("int8-accuracy", float_and_int8(weights="none")) == []


def test_what_is_no_comparison_is_refused() -> None:
    with pytest.raises(InputError, match="not by a Measurement"):
        claims.evidence(claims.find("int8-size"), measurement())  # type: ignore[arg-type]


def test_the_latest_comparison_of_the_history_that_speaks_is_taken() -> None:
    assert judged("int8-size") == []
    records.publish("comparison", "first", float_and_int8())
    records.publish("comparison", "second", comparison(measurement("a"), measurement("b")))
    assert judged("int8-size") == ["holds"]


def scored(wrong: range | list[int], total: int = 1000) -> Accuracy:
    """Return the accuracy of a model that is wrong on these images."""
    return accuracy(total - len(wrong), total, 0.02, wrong=tuple(wrong))


def test_a_gain_has_the_same_interval_in_a_claim_as_in_the_table() -> None:
    rounds = [2.0 * r for r in (0.97, 1.0, 1.02, 1.01, 0.99)]
    told = compare.verdict(
        compare.Evidence([[0.0] * 5, [-math.log(r) for r in rounds]], [], [], []),
        ("float32", "int8"),
    )
    result = replace(comparison(measurement("float32"), measurement("int8", 0.5)), ratios=told)
    (pair,) = claims.evidence(claims.find("int8-speed"), result)
    assert (1 / pair.high, 1 / pair.low) == pytest.approx((told[1].low, told[1].high))


def test_a_claim_knows_the_level_of_its_interval() -> None:
    assert claims.find("int8-speed").level == compare.LEVEL
    assert claims.find("int8-accuracy").level == 0.95
    assert claims.find("int8-size").level is None


def test_a_loss_on_the_same_images_has_a_narrow_interval() -> None:
    before, after = scored(range(100)), scored(range(102))
    loss, low, high = claims.loss_in_points(before, after)
    assert loss == pytest.approx(0.2)
    unpaired = claims.loss_in_points(replace(before, wrong=()), replace(after, wrong=()))
    assert high - low < 0.3 * (unpaired[2] - unpaired[1])


@pytest.mark.parametrize("only_before", range(7))
@pytest.mark.parametrize("only_after", range(7))
def test_a_loss_has_the_interval_of_a_paired_comparison(only_before: int, only_after: int) -> None:
    labels = np.zeros(1000, int)
    before = list(range(30, 50 + only_after))
    after = [*range(30, 50), *range(100, 100 + only_before)]
    ours = claims.loss_in_points(scored(before), scored(after))
    guesses = [tuple(int(i in wrong) for i in range(1000)) for wrong in (before, after)]
    theirs = evaluate.paired(
        *(replace(scored(w), predictions=g) for w, g in zip((before, after), guesses, strict=True)),
        labels,
    )
    assert (theirs.only_a, theirs.only_b) == (only_before, only_after)
    assert ours == pytest.approx(
        (-100 * theirs.difference, -100 * theirs.high, -100 * theirs.low), abs=1e-12
    )


def test_five_images_of_a_thousand_are_no_proof_of_a_loss() -> None:
    before, after = scored(range(30, 50)), scored(range(30, 55))
    loss, low, high = claims.loss_in_points(before, after)
    assert loss == pytest.approx(0.5)
    assert low < 0 < high
    assert evaluate.paired(before, after).verdict == "cannot tell"


def test_no_changed_image_still_leaves_some_doubt() -> None:
    loss, low, high = claims.loss_in_points(scored(range(10), 100), scored(range(10), 100))
    assert loss == 0
    assert low < 0 < high


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "blue"}, "unknown key 'colour'"),
        ({"source": "a friend"}, "source is one of"),
        ({"better": "candidate / reference"}, "better is"),
        ({"metric": "speed"}, "no figure 'speed'"),
        ({"metric": "accuracy"}, "a difference is claimed of the accuracy"),
        ({"wording": {"en": "x"}}, "in en and in fr"),
        ({"candidate": {"name": "int8"}}, "candidate chooses by"),
        ({"candidate": {"technique": "int9"}}, "no technique 'int9'"),
        ({"low": "four"}, "numbers or null"),
        ({"low": None, "high": None}, "a range that says something"),
        ({"low": 5.0, "high": 4.0}, "a range that says something"),
    ],
)
def test_a_wrong_entry_is_an_error(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        claims.load(written(tmp_path, entry(**changes)))


def test_a_missing_key_is_an_error(tmp_path: Path) -> None:
    incomplete = {key: value for key, value in SHIPPED[0].items() if key != "metric"}
    with pytest.raises(FormatError, match="lacks 'metric'"):
        claims.load(written(tmp_path, incomplete))


def test_two_claims_of_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="two claims called 'int8-size'"):
        claims.load(written(tmp_path, entry(), entry()))


def test_a_file_that_is_no_list_of_claims_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("int8: four times", encoding="utf-8")
    with pytest.raises(FormatError, match="a list of claims"):
        claims.load(path)
    with pytest.raises(FormatError, match="is no claim"):
        claims.load(written(tmp_path / "sub", "int8"))


def test_unreadable_yaml_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("- id: [", encoding="utf-8")
    with pytest.raises(FormatError, match="no readable YAML"):
        claims.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="nothing"):
        claims.load(tmp_path / "nothing.yaml")
