from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, keras, quantize
from edgelab.errors import FormatError, InputError, MissingFileError, ParityError


def shifted(model: Any, by: float) -> Any:
    copy = keras.clone(model)
    kernel, bias = copy.get_layer("last").get_weights()
    bias[3] += by
    copy.get_layer("last").set_weights([kernel, bias])
    return copy


def test_a_true_conversion_agrees_to_rounding(
    tiny_model: Any, tiny_files: dict[str, Path], tiny_images: np.ndarray
) -> None:
    for name in ("m.tflite", "m.onnx", "m.keras"):
        found = convert.parity(tiny_model, tiny_files[name], tiny_images)
        assert found.kind == "float32"
        assert found.images == 32
        assert found.max_abs < found.tolerance
        assert found.tolerance == pytest.approx(1e-4 * found.output_range)
        assert found.top1_agreement == 1
        assert not found.says_nothing


def test_the_figures_are_numpys(tiny_model: Any, tiny_images: np.ndarray) -> None:
    file = convert.to_tflite(tiny_model, "m.tflite")
    other = shifted(tiny_model, 0.25)
    found = convert.parity(other, file, tiny_images, tolerance=1.0)
    expected, got = np.asarray(other(tiny_images)), np.asarray(tiny_model(tiny_images))
    assert found.max_abs == pytest.approx(0.25, rel=1e-3)
    assert found.mean_abs == pytest.approx(0.025, rel=1e-2)
    assert found.where[1] == 3
    assert found.output_range == pytest.approx(np.ptp(expected))
    assert found.top1_agreement == np.mean(expected.argmax(1) == got.argmax(1))


def test_a_disagreement_names_where_how_much_and_what_to_do(
    tiny_model: Any, tiny_files: dict[str, Path], tiny_images: np.ndarray
) -> None:
    with pytest.raises(ParityError) as caught:
        convert.parity(shifted(tiny_model, 0.25), tiny_files["m.onnx"], tiny_images)
    message = str(caught.value)
    for part in (
        "m.onnx",
        "output 3 of image",
        "off by 0.25",
        "allowed is",
        "Look for an operator",
    ):
        assert part in message


def test_the_tolerance_can_be_stated(tiny_model: Any, tiny_files: dict[str, Path]) -> None:
    with pytest.raises(ParityError):
        convert.parity(tiny_model, tiny_files["m.onnx"], tolerance=1e-12)


def test_integers_are_judged_by_agreement_and_told(
    tiny_model: Any, tiny_files: dict[str, Path], tiny_images: np.ndarray
) -> None:
    found = convert.parity(tiny_model, tiny_files["int8.tflite"], tiny_images)
    assert (found.kind, found.tolerance) == ("integer", None)
    assert f"{found.top1_agreement:.1%}" in repr(found)
    with pytest.raises(ParityError, match="allowed is"):
        convert.parity(tiny_model, tiny_files["int8.tflite"], tiny_images, tolerance=1e-4)
    with pytest.raises(ParityError, match=r"at least 50% was asked"):
        convert.parity(shifted(tiny_model, 50), tiny_files["int8.tflite"], tiny_images)


def test_float16_has_a_bound_of_its_own(tiny_model: Any, tiny_images: np.ndarray) -> None:
    found = convert.parity(tiny_model, quantize.float16(tiny_model, "h.tflite"), tiny_images)
    assert found.kind == "float16"
    assert 0 < found.max_abs < found.tolerance


def test_two_files_can_be_compared(tiny_files: dict[str, Path], tiny_images: np.ndarray) -> None:
    found = convert.parity(tiny_files["m.onnx"], tiny_files["m.tflite"], tiny_images)
    assert found.reference == "m.onnx"


def test_equal_outputs_say_nothing_and_it_is_said(tiny_model: Any) -> None:
    flat = keras.clone(tiny_model)
    flat.set_weights([w * 0 for w in tiny_model.get_weights()])
    file = convert.to_tflite(flat, "flat.tflite")
    found = convert.parity(flat, file)
    assert found.says_nothing
    assert "says nothing" in repr(found)
    with pytest.raises(ParityError):  # but a converted model that is not flat is still wrong
        convert.parity(flat, convert.to_tflite(tiny_model, "m.tflite"))


def test_nan_is_never_agreement(tiny_model: Any, tiny_images: np.ndarray) -> None:
    file = convert.to_tflite(tiny_model, "m.tflite")
    broken = keras.clone(tiny_model)
    broken.set_weights([w * np.nan for w in tiny_model.get_weights()])
    with pytest.raises(ParityError, match="itself gives NaN"):
        convert.parity(broken, file, tiny_images)
    with pytest.raises(ParityError, match="gives NaN or infinity at output"):
        convert.parity(tiny_model, keras.save(broken, "broken.keras"), tiny_images)


def test_models_of_different_outputs_are_no_versions_of_each_other(
    tiny_files: dict[str, Path],
) -> None:
    k = keras.keras()
    other = k.Sequential([k.Input((8, 8, 1)), k.layers.Flatten(), k.layers.Dense(3)])
    with pytest.raises(InputError, match="not versions of one model"):
        convert.parity(other, tiny_files["m.tflite"])


def test_bad_samples_and_files_are_refused(
    tiny_model: Any, tiny_files: dict[str, Path], tiny_images: np.ndarray, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no images for the parity check"):
        convert.parity(tiny_model, tiny_files["m.onnx"], tiny_images[:0])
    with pytest.raises(InputError, match=r"images of shape \(n, 8, 8, 1\)"):
        convert.parity(tiny_model, tiny_files["m.onnx"], tiny_images[..., 0])
    with pytest.raises(MissingFileError):
        convert.parity(tiny_model, "gone.onnx")
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(tiny_files["m.tflite"].read_bytes()[:5000])
    with pytest.raises(FormatError):
        convert.parity(tiny_model, cut)
