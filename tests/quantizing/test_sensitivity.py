from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, evaluate, keras, quantize
from edgelab.errors import FormatError, InputError, SplitError
from edgelab.quantizing import sensitivity


@pytest.fixture(scope="module")
def found(tiny_files: dict[str, Path], tiny_split: Any) -> sensitivity.Scan:
    return sensitivity.scan(tiny_files["m.tflite"], tiny_split("validation"))


@pytest.fixture(scope="module")
def fragile(tiny_model: Any) -> Any:
    """Return the tiny model with one huge weight in the last layer's every channel."""
    model = keras.clone(tiny_model)
    kernel, bias = model.get_layer("last").get_weights()
    # Two huge weights on the same input cancel between classes, but stretch every channel's grid.
    kernel[0] = 40.0
    model.get_layer("last").set_weights([kernel, bias])
    return model


def test_each_entry_is_the_file_with_that_layer_alone_at_few_bits(
    found: sensitivity.Scan, tiny_files: dict[str, Path], tiny_split: Any
) -> None:
    validation = tiny_split("validation")
    assert [entry.layer for entry in found] == ["first", "depthwise", "last"]
    expected = evaluate.predict(tiny_files["m.tflite"], validation.x)
    for name in ("first", "last"):
        alone = quantize.mixed(tiny_files["m.tflite"], "alone.tflite", {name: 4}, others=32)
        got = evaluate.predict(alone, validation.x)
        entry = found[name]
        assert entry.agreement == evaluate.agreement(expected, got)
        assert entry.accuracy.correct == round(
            entry.agreement * 32
        )  # labels are the model's answers
        assert entry.bytes_saved == found.float_bytes - alone.stat().st_size
        assert entry.kl == pytest.approx(sensitivity.divergence(expected, got))


def test_the_labels_baseline_is_the_float_models_own(found: sensitivity.Scan) -> None:
    assert found.baseline.value == 1
    assert found.images == 32


def test_a_depthwise_layer_is_tried_at_the_width_that_has_a_kernel(found: sensitivity.Scan) -> None:
    assert {entry.layer: entry.bits for entry in found} == {"first": 4, "depthwise": 8, "last": 4}


def test_the_layer_that_was_made_fragile_comes_first(fragile: Any, tiny_split: Any) -> None:
    scan = sensitivity.scan(fragile, tiny_split("validation"))
    assert scan.ranked[0].layer == "last"
    assert scan.ranked[0].kl > 5 * scan.ranked[1].kl
    assert "last" in repr(scan).splitlines()[1]


def test_divergence_is_the_textbooks() -> None:
    p, q = np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])
    by_hand = 0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
    assert sensitivity.divergence(p, q) == pytest.approx(by_hand, rel=1e-4)
    assert sensitivity.divergence(np.log(p), np.log(q)) == pytest.approx(by_hand, rel=1e-4)
    assert sensitivity.divergence(p, p) == 0


def test_divergence_survives_a_zero_probability() -> None:
    value = sensitivity.divergence(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert np.isfinite(value)
    assert value > 10


def test_a_proposed_recipe_keeps_the_budget_and_spends_it_on_the_worst(
    fragile: Any, tiny_split: Any
) -> None:
    file = convert.to_tflite(fragile, "f.tflite")
    scan = sensitivity.scan(file, tiny_split("validation"))
    frugal = sensitivity.propose(scan, scan.low_bytes)
    assert frugal == {"first": 4, "depthwise": 8, "last": 4}
    for budget in (scan.low_bytes + 100, scan.low_bytes + 1500):
        recipe = sensitivity.propose(scan, budget)
        assert quantize.mixed(file, "m.tflite", recipe).stat().st_size <= budget
    assert sensitivity.propose(scan, scan.low_bytes + 1500)["last"] == 8


def test_what_a_spared_layer_takes_is_not_understated(
    found: sensitivity.Scan, tiny_files: dict[str, Path]
) -> None:
    for entry in found:
        if entry.bits < 8:
            one = quantize.mixed(
                tiny_files["m.tflite"], "one.tflite", {entry.layer: 8, "depthwise": 8}, 4
            )
            growth = one.stat().st_size - found.low_bytes
            assert 0 < growth <= entry.extra_bytes()


def test_a_budget_that_cannot_be_met_is_an_error(found: sensitivity.Scan) -> None:
    with pytest.raises(InputError, match="can't be met"):
        sensitivity.propose(found, 100)
    with pytest.raises(InputError, match="high is 4"):
        sensitivity.propose(found, 10**6, high=4)


def test_choosing_on_the_test_images_is_refused(
    tiny_files: dict[str, Path], tiny_split: Any
) -> None:
    with pytest.raises(SplitError, match="validation"):
        sensitivity.scan(tiny_files["m.tflite"], tiny_split("test"))


def test_images_without_known_classes_give_agreement_only(
    tiny_files: dict[str, Path], tiny_split: Any
) -> None:
    validation = tiny_split("validation")
    scan = sensitivity.scan(tiny_files["m.tflite"], replace(validation, y=np.full(32, -1)), bits=8)
    assert scan.baseline is None
    assert all(entry.accuracy is None for entry in scan)
    assert "accuracy" not in repr(scan)


def test_bad_input_is_refused(tiny_files: dict[str, Path], tiny_split: Any) -> None:
    validation = tiny_split("validation")
    with pytest.raises(InputError, match="use 2, 4, 8"):
        sensitivity.scan(tiny_files["m.tflite"], validation, bits=3)
    with pytest.raises(InputError, match="must be a split"):
        sensitivity.scan(tiny_files["m.tflite"], validation.x)
    with pytest.raises(FormatError, match="quantized already"):
        sensitivity.scan(tiny_files["int8.tflite"], validation)
    with pytest.raises(InputError, match="no layer 'frist' in this scan"):
        sensitivity.scan(tiny_files["m.tflite"], validation, bits=8)["frist"]
    broken = validation.map(lambda x: np.where(x > 0.9, np.nan, x))
    with pytest.raises(InputError, match="NaN"):
        sensitivity.scan(tiny_files["m.tflite"], broken)
