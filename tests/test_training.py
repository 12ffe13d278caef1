"""Training learns, refuses bad input, and goes on after an interruption as if nothing had happened."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgelab import architectures, cifar, models, training
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.keras import keras
from edgelab.splits import Dataset


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


def test_weights_come_back_from_their_file(tmp_path):
    written = architectures.resnet8(seed=3)
    path = training.write_weights(written, tmp_path / "r.npz", {"epochs": 1})
    read = architectures.resnet8(seed=4)
    assert models.read_weights(read, path)["epochs"] == 1
    for a, b in zip(written.get_weights(), read.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_weights_that_are_not_those_of_the_record_are_refused(tmp_path):
    model = architectures.resnet8()
    path = training.write_weights(model, tmp_path / "r.npz", {})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FormatError, match="not the file that its record describes"):
        models.read_weights(model, path)


def test_weights_of_another_network_are_refused(tmp_path, small):
    path = training.write_weights(small, tmp_path / "r.npz", {})
    with pytest.raises(FormatError, match="don't fit resnet8"):
        models.read_weights(architectures.resnet8(), path)


@pytest.mark.parametrize("missing", ["r.npz", "r.json"])
def test_missing_weights_or_record_are_told(tmp_path, small, missing):
    path = training.write_weights(small, tmp_path / "r.npz", {})
    (tmp_path / missing).unlink()
    with pytest.raises(MissingDataError, match=missing):
        models.read_weights(small, path)


def test_a_damaged_record_is_told(tmp_path, small):
    path = training.write_weights(small, tmp_path / "r.npz", {})
    path.with_suffix(".json").write_text("{")
    with pytest.raises(FormatError, match=r"r\.json is damaged"):
        models.read_weights(small, path)


def test_the_long_training_needs_the_whole_of_cifar(monkeypatch, capsys):
    monkeypatch.delenv("EDGELAB_DATA", raising=False)
    assert training.main(["resnet8", "--epochs", "1"]) == 1
    assert "EDGELAB_DATA is not set" in capsys.readouterr().out


def test_augmented_batches_are_shifted_and_mirrored_originals_with_their_labels():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (200, 32, 32, 3), np.uint8)
    part = cifar.Pixels(images, np.arange(200))
    batch, labels = training._augmented(part, 1, seed=0, epoch=0)[0]
    assert batch.shape == (128, 32, 32, 3)
    assert len(set(labels)) == 128
    for got, label in zip(np.rint(batch * 255).astype(np.uint8)[:20], labels, strict=False):
        middle = got[12:20, 12:20]
        found = [
            np.array_equal(source[12 + dy : 20 + dy, 12 + dx : 20 + dx], middle)
            for source in (images[label], images[label][:, ::-1])
            for dy in range(-4, 5)
            for dx in range(-4, 5)
        ]
        assert sum(found) == 1


def test_an_epoch_is_augmented_the_same_way_again_and_another_one_differently():
    part = cifar.Pixels(
        np.random.default_rng(0).integers(0, 256, (128, 32, 32, 3), np.uint8), np.arange(128)
    )
    a, b, c = (training._augmented(part, 1, seed=0, epoch=epoch)[0][0] for epoch in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.fixture
def tiny_cifar(tmp_path, monkeypatch):
    """Train on a few images and a network of a few weights, through the real command."""

    def pixels(n, seed):
        labels = np.random.default_rng(seed).integers(0, 10, n)
        images = np.random.default_rng(seed + 1).integers(0, 64, (n, 32, 32, 3))
        return cifar.Pixels((images + 19 * labels[:, None, None, None]).astype(np.uint8), labels)

    def network(seed):
        image = keras().Input((32, 32, 3))
        x = keras().layers.AveragePooling2D(8)(image)
        x = keras().layers.Flatten()(x)
        x = keras().layers.BatchNormalization()(x)
        x = keras().layers.Dense(10, kernel_initializer=keras().initializers.HeNormal(seed))(x)
        return keras().Model(image, x, name="resnet8")

    parts = {"train": pixels(512, 0), "validation": pixels(100, 2), "test": pixels(200, 4)}
    monkeypatch.setattr(cifar, "full_source", lambda: tmp_path)
    monkeypatch.setattr(
        cifar, "read_full", lambda _: {k: (lambda v=v: v) for k, v in parts.items()}
    )
    monkeypatch.setattr(architectures, "resnet8", network)
    return parts


def test_an_interrupted_training_goes_on_to_the_same_weights(tiny_cifar, tmp_path, monkeypatch):
    def run(name):
        monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / name))
        return training.train_resnet8(epochs=3, target=tmp_path / name / "w.npz")

    with np.load(run("at once")) as stored:
        expected = dict(stored)
    keep = training._Run.keep

    def interrupted(self, epoch, accuracy):
        if epoch == 2:
            raise KeyboardInterrupt
        keep(self, epoch, accuracy)

    monkeypatch.setattr(training._Run, "keep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("in two parts")
    assert not (tmp_path / "in two parts" / "w.npz").exists()
    monkeypatch.setattr(training._Run, "keep", keep)
    with np.load(run("in two parts")) as stored:
        assert stored.files == list(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(stored[key], value, rtol=1e-4, atol=1e-5)


def test_the_record_states_what_was_measured_and_the_checkpoint_is_chosen_on_validation(
    tiny_cifar, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "w.npz"
    assert training.main(["resnet8", "--epochs", "3", "--out", str(path)]) == 0
    record = json.loads(path.with_suffix(".json").read_text())
    model = architectures.resnet8(seed=9)
    models.read_weights(model, path)

    def accuracy(part):
        logits = model.predict(part.images.astype(np.float32) / 255, verbose=0)
        return (logits.argmax(axis=1) == part.labels).mean()

    assert record["test_accuracy"] == pytest.approx(accuracy(tiny_cifar["test"]))
    assert record["validation_accuracy"] == pytest.approx(accuracy(tiny_cifar["validation"]))
    assert record["chosen_on"] == "validation"
    assert "resnet8 --epochs 3" in record["command"]
    assert "200 test images" in capsys.readouterr().out
