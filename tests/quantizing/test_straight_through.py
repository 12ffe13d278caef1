from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import data, evaluate, keras, models, quantize
from edgelab.errors import InputError, SplitError
from edgelab.files import tflite
from edgelab.images.splits import Split
from edgelab.quantizing import affine, straight_through

FEW = {"first": 4, "last": 2}


@pytest.fixture(scope="module")
def small_digits() -> Split:
    split = data.digits().train.take(64)
    return replace(split, x=split.x[:, ::4, ::4][:, :8, :8])


@pytest.fixture(scope="module")
def tiny(small_digits: Split) -> Any:
    k = keras.keras()
    k.utils.set_random_seed(3)
    image = k.Input(small_digits.x.shape[1:], name="image")
    x = k.layers.Conv2D(4, 3, activation="relu", name="first")(image)
    x = k.layers.BatchNormalization(name="norm")(x)
    x = k.layers.Flatten()(x)
    return k.Model(image, k.layers.Dense(10, name="last")(x), name="tiny")


def test_rounded_kernels_lie_on_the_grid_and_the_model_is_left_alone(tiny: Any) -> None:
    before = tiny.get_layer("last").kernel.numpy()
    rounded = straight_through.rounded(tiny, FEW)
    assert models.info(rounded).simulated
    found = rounded.get_layer("last").kernel.numpy()
    assert all(len(np.unique(channel)) <= 3 for channel in found.T)
    np.testing.assert_array_equal(tiny.get_layer("last").kernel.numpy(), before)


def test_one_grid_for_a_kernel_when_asked(tiny: Any) -> None:
    found = straight_through.rounded(tiny, 3, per_channel=False).get_layer("last").kernel.numpy()
    assert len(np.unique(found)) <= 7


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_training_rounds_as_affine_does(bits: int) -> None:
    kernel = np.random.default_rng(bits).normal(size=(3, 3, 2, 5)).astype(np.float32)
    kernel[..., 1] = 0
    found = straight_through._rounding(bits)(keras.tf().constant(kernel)).numpy()
    grid = affine.fit(kernel[..., [0, 2, 3, 4]], bits, axis=-1)
    expected = affine.round_trip(kernel[..., [0, 2, 3, 4]], grid)
    np.testing.assert_allclose(found[..., [0, 2, 3, 4]], expected, atol=1e-6)
    np.testing.assert_array_equal(found[..., 1], 0)


def test_training_helps_the_rounded_network(tiny: Any, small_digits: Split) -> None:
    adapted = straight_through.train(tiny, small_digits, FEW, epochs=12, learning_rate=1e-2)
    before, after = (
        evaluate.accuracy(straight_through.rounded(model, FEW), small_digits).value
        for model in (tiny, adapted)
    )
    assert after > before + 0.2


def test_the_file_holds_the_weights_that_the_training_stood_on(
    tiny: Any, small_digits: Split, tmp_path: Path
) -> None:
    adapted = straight_through.train(tiny, small_digits, {"last": 2}, epochs=1)
    recipe = {"first": 8, "last": 2}
    file = quantize.weights(adapted, tmp_path / "few.tflite", recipe=recipe, compute="int8")
    stored = next(t for t in tflite.read(file).tensors if t.bits == 2).values()
    expected = straight_through.rounded(adapted, {"last": 2}).get_layer("last").kernel.numpy()
    np.testing.assert_allclose(stored.T, expected, atol=1e-6)


def test_layers_that_are_not_there_are_named(tiny: Any, small_digits: Split) -> None:
    with pytest.raises(InputError, match=r"'lost' is none of first, last"):
        straight_through.train(tiny, small_digits, {"lost": 2})
    with pytest.raises(InputError, match="no layer was named"):
        straight_through.rounded(tiny, {})


def test_wrong_numbers_are_refused(tiny: Any, small_digits: Split) -> None:
    with pytest.raises(InputError, match="bits is 9"):
        straight_through.rounded(tiny, 9)
    with pytest.raises(InputError, match="epochs is 0"):
        straight_through.train(tiny, small_digits, FEW, epochs=0)
    with pytest.raises(InputError, match="diverged"):
        straight_through.train(tiny, small_digits, FEW, epochs=4, learning_rate=1e38)


def test_the_test_images_teach_nothing(tiny: Any, small_digits: Split) -> None:
    with pytest.raises(SplitError):
        straight_through.train(tiny, replace(small_digits, name="test"), FEW)
