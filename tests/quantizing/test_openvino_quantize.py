from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, evaluate, quantize, runtimes
from edgelab.errors import FormatError, InputError, MissingRuntimeError, SplitError
from edgelab.quantizing import openvino_quantize

pytest.importorskip("openvino", reason="openvino is not installed")
pytest.importorskip("nncf", reason="nncf is not installed")


@pytest.fixture(scope="session")
def whole(tiny_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return `tiny_model` as an OpenVINO file."""
    return convert.to_openvino(tiny_model, tmp_path_factory.mktemp("ir") / "whole.xml")


def test_every_layer_becomes_integers_and_the_answers_stay(
    whole: Path, tiny_split: Any, tiny_model: Any
) -> None:
    assert set(openvino_quantize.layers(whole).values()) == {False}
    file = quantize.openvino_static(whole, tiny_split("calibration"), "int8.xml")
    assert list(openvino_quantize.layers(file).values()) == [True, True, True]
    assert file.with_suffix(".bin").stat().st_size < whole.with_suffix(".bin").stat().st_size / 2
    images = tiny_split("validation").x
    expected = np.asarray(tiny_model(images))
    with runtimes.load(file) as runner:
        got = np.concatenate([runner.run(image[None]) for image in images])
    assert 0 < np.abs(got - expected).mean() < 0.03 * np.ptp(expected)


@pytest.mark.parametrize("fast", [True, False])
def test_biases_and_zero_points_are_treated_as_asked(
    whole: Path, tiny_images: np.ndarray, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    seen = {}
    nncf = openvino_quantize.library()
    quantize_with = nncf.quantize

    def watched(*given: Any, **options: Any) -> Any:
        seen.update(options)
        return quantize_with(*given, **options)

    monkeypatch.setattr(nncf, "quantize", watched)
    few = tiny_images[: 3 + fast]  # not calibrated on before, so not taken from the cache
    quantize.openvino_static(whole, few, "q.xml", fast_bias_correction=fast, mixed=fast)
    assert seen["fast_bias_correction"] is fast
    assert seen["preset"].value == ("mixed" if fast else "performance")
    assert seen["subset_size"] == len(few)


def test_an_onnx_file_and_a_keras_model_are_taken_too(
    tiny_files: dict[str, Path], tiny_model: Any, tiny_split: Any
) -> None:
    calibration = tiny_split("calibration")
    for source in (tiny_files["m.onnx"], tiny_model):
        file = quantize.openvino_static(source, calibration, "q.xml")
        assert all(openvino_quantize.layers(file).values())


def test_under_a_bound_layers_go_back_to_float_until_the_accuracy_is_kept(
    whole: Path, tiny_split: Any
) -> None:
    calibration, validation = tiny_split("calibration"), tiny_split("validation")
    # What is calibrated on black images clips every activation, so integers answer wrongly.
    black = np.zeros_like(calibration.x)
    wrong = quantize.openvino_static(whole, black, "wrong.xml")
    before = evaluate.accuracy(wrong, validation).value
    safe = quantize.openvino_controlled(whole, black, validation, "safe.xml", max_drop=0.01)
    assert before < 0.9
    assert evaluate.accuracy(safe, validation).value >= 0.99
    assert not all(openvino_quantize.layers(safe).values())


def test_the_splits_are_watched_and_bad_input_is_refused(
    whole: Path, tiny_split: Any, tiny_images: np.ndarray, tmp_path: Path
) -> None:
    calibration, validation = tiny_split("calibration"), tiny_split("validation")
    with pytest.raises(SplitError, match="test images"):
        quantize.openvino_static(whole, tiny_split("test"), "q.xml")
    with pytest.raises(SplitError, match="test images"):
        quantize.openvino_controlled(whole, calibration, tiny_split("test"), "q.xml")
    with pytest.raises(InputError, match="a split with labels"):
        quantize.openvino_controlled(whole, calibration, tiny_images, "q.xml")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="max_drop is 5"):
        quantize.openvino_controlled(whole, calibration, validation, "q.xml", max_drop=5)
    with pytest.raises(InputError, match=r"\(n, 8, 8, 1\)"):
        quantize.openvino_static(whole, tiny_images[:, :4], "q.xml")
    with pytest.raises(FormatError, match="nor a Keras model"):
        quantize.openvino_static(tmp_path / "m.pt", tiny_images, "q.xml")
    lonely = tmp_path / "lonely.xml"
    lonely.write_bytes(whole.read_bytes()[:500])
    with pytest.raises(FormatError, match="can't read lonely"):
        quantize.openvino_static(lonely, tiny_images, "q.xml")


def test_a_missing_package_is_named(
    whole: Path, tiny_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(MissingRuntimeError, match="pip install nncf"):
        quantize.openvino_static(whole, tiny_images, "q.xml")
