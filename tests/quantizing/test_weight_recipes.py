from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import evaluate, quantize
from edgelab.errors import FormatError, InputError, MissingFileError, MissingRuntimeError
from edgelab.files import tflite
from edgelab.quantizing import affine, sensitivity, weight_recipes


def bits_of(file: Path) -> dict[str, int]:
    return {layer.name: layer.bits for layer in tflite.layers(tflite.read(file))}


def test_every_layer_gets_the_bits_of_the_recipe(tiny_files: dict[str, Path]) -> None:
    recipe = {"first": 8, "depthwise": 32}
    file = quantize.weights(tiny_files["m.tflite"], "w.tflite", bits=4, recipe=recipe)
    assert bits_of(file) == {"first": 8, "depthwise": 32, "last": 4}


def test_four_bit_weights_are_those_of_affine_quantization_by_hand(
    tiny_files: dict[str, Path], tiny_model: Any
) -> None:
    file = quantize.mixed(tiny_files["m.tflite"], "m.tflite", {"last": 4}, others=32)
    kernel = tiny_model.get_layer("last").get_weights()[0].T
    stored = next(t for t in tflite.read(file).tensors if t.dtype == "int4")
    grid = affine.fit(kernel, 4, axis=0)
    np.testing.assert_allclose(stored.scales, grid.scale, rtol=1e-6)
    np.testing.assert_array_equal(stored.codes(), affine.quantize(kernel, grid))


def test_the_runtime_computes_with_the_rounded_weights(
    tiny_files: dict[str, Path], tiny_model: Any, tiny_images: np.ndarray
) -> None:
    from edgelab import keras

    rounded = keras.clone(tiny_model)
    kernel, bias = rounded.get_layer("last").get_weights()
    grid = affine.fit(kernel, 4, axis=1)
    rounded.get_layer("last").set_weights([affine.round_trip(kernel, grid), bias])
    file = quantize.mixed(tiny_files["m.tflite"], "m.tflite", {"last": 4}, others=32)
    np.testing.assert_allclose(
        evaluate.predict(file, tiny_images), np.asarray(rounded(tiny_images)), atol=1e-4
    )


def test_a_keras_model_will_do(tiny_model: Any) -> None:
    assert set(bits_of(quantize.weights(tiny_model, "w.tflite", bits=8)).values()) == {8}


def test_two_bits_compute_in_integers(tiny_files: dict[str, Path]) -> None:
    file = quantize.weights(
        tiny_files["m.tflite"], "w.tflite", 2, {"first|depthwise": 8}, compute="int8"
    )
    assert bits_of(file) == {"first": 8, "depthwise": 8, "last": 2}


def test_a_convolution_of_two_bits_is_refused(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"no 2-bit kernel for CONV_2D.*can have 4, 8, 32"):
        quantize.weights(tiny_files["m.tflite"], "w.tflite", 8, {"first": 2}, compute="int8")


def test_thirty_two_bits_everywhere_change_nothing(tiny_files: dict[str, Path]) -> None:
    file = quantize.weights(tiny_files["m.tflite"], "w.tflite", bits=32)
    assert file.read_bytes() == tiny_files["m.tflite"].read_bytes()


def test_an_exact_name_wins_over_a_pattern(tiny_files: dict[str, Path]) -> None:
    found = tflite.layers(tflite.read(tiny_files["m.tflite"]))
    chosen = weight_recipes.resolve(found, {"first": 32, ".*": 8}, 4)
    assert chosen == {"first": 32, "depthwise": 8, "last": 8}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"frist": 8}, "no layer is called so. The layers are first, depthwise, last"),
        ({"first": 5}, "layer 'first' is 5; use 2, 4, 8"),
        ({"first|last": 8, "la.*": 4}, "Name the layer itself"),
        ({"(": 8}, "nor a regular expression"),
        ({}, "The recipe is empty"),
    ],
)
def test_a_recipe_with_a_mistake_is_refused(
    tiny_files: dict[str, Path], recipe: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        quantize.mixed(tiny_files["m.tflite"], "m.tflite", recipe)


def test_a_width_without_a_kernel_is_refused_with_the_way_out(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="'depthwise' and 0 more of its kind can have 8, 32 bits"):
        quantize.weights(tiny_files["m.tflite"], "w.tflite", bits=4)
    with pytest.raises(InputError, match="no 2-bit kernel for CONV_2D with compute='float32'"):
        quantize.weights(tiny_files["m.tflite"], "w.tflite", 2, {"depthwise": 8})
    with pytest.raises(InputError, match="compute is 'int4'; use one of float32, int8"):
        quantize.weights(tiny_files["m.tflite"], "w.tflite", 8, compute="int4")


def test_a_quantized_file_is_not_rounded_again(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(FormatError, match="quantized already"):
        quantize.weights(tiny_files["int8.tflite"], "w.tflite", bits=8)


def test_files_that_are_no_float_tflite_are_refused(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match="is neither"):
        quantize.weights(tiny_files["m.onnx"], "w.tflite")
    with pytest.raises(MissingFileError):
        quantize.weights("gone.tflite", "w.tflite")
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(tiny_files["m.tflite"].read_bytes()[:4000])
    with pytest.raises(FormatError, match="truncated"):
        quantize.weights(cut, "w.tflite")


def test_a_missing_library_is_named(
    tiny_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "litert_quantizer", None)
    with pytest.raises(MissingRuntimeError, match="pip install litert-quantizer"):
        quantize.weights(tiny_files["m.tflite"], "other.tflite", 8, {"last": 32})


def test_layers_are_listed_by_the_names_that_a_recipe_takes(tiny_files: dict[str, Path]) -> None:
    assert sensitivity.layers(tiny_files["m.tflite"]) == ("first", "depthwise", "last")
