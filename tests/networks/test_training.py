"""Training learns, and refuses bad input."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import models
from edgelab.errors import InputError
from edgelab.images.splits import Dataset
from edgelab.keras import keras


def bright_or_dark(n, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    return random.random((n, 8, 8, 1), np.float32) * 0.5 + labels[:, None, None, None] * 0.3, labels


@pytest.fixture
def easy():
    readers = {
        "train": lambda: bright_or_dark(400, 0),
        "validation": lambda: bright_or_dark(100, 1),
    }
    return Dataset("easy", ("dark", "bright"), "made up", readers)


@pytest.fixture
def small():
    layers = keras().layers
    image = keras().Input((8, 8, 1))
    x = layers.Conv2D(
        4, 3, activation="relu", kernel_initializer=keras().initializers.GlorotUniform(1)
    )(image)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(2, kernel_initializer=keras().initializers.GlorotUniform(2))(x)
    return keras().Model(image, x, name="small")


def test_training_learns_and_keeps_a_history(easy, small):
    assert models.train(small, easy, epochs=8, rate=0.02) is small
    history = small.history.history
    assert len(history["loss"]) == 8
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 0.9


def test_training_says_afterwards_that_the_weights_are_trained(easy, small):
    assert models.info(small).weights == "none"
    models.train(small, easy, epochs=1)
    assert models.info(small).weights == "trained"
    assert "100 validation images" in models.info(small).note


def test_the_validation_accuracy_is_that_of_the_final_weights(easy, small):
    models.train(small, easy, epochs=2)
    answers = small.predict(easy.validation.x, verbose=0).argmax(axis=1)
    assert models.info(small).accuracy == pytest.approx((answers == easy.validation.y).mean())


def test_images_that_are_no_numbers_are_refused(small):
    def broken():
        images, labels = bright_or_dark(20, 0)
        images[4] = np.nan
        return images, labels

    dataset = Dataset("broken", ("a", "b"), "made up", {"train": broken, "validation": broken})
    with pytest.raises(InputError, match=r"20 images given for training hold NaN.*number 4"):
        models.train(small, dataset, epochs=1)


def test_no_epoch_is_refused(easy, small):
    with pytest.raises(InputError, match="epochs is 0"):
        models.train(small, easy, epochs=0)


def test_a_training_that_diverges_is_an_error(easy, small):
    with pytest.raises(InputError, match=r"diverged.*Lower the rate"):
        models.train(small, easy, epochs=3, rate=1e30)
