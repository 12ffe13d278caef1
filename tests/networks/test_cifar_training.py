"""The long training goes on after an interruption, augments as it says, and writes what it measured."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgelab.errors import InputError, MissingDataError
from edgelab.images import cifar
from edgelab.keras import keras
from edgelab.networks import architectures, cifar_training, long_training, resumable, weights


def test_the_long_training_needs_the_whole_of_cifar(monkeypatch, capsys):
    monkeypatch.delenv("EDGELAB_DATA", raising=False)
    assert cifar_training.main(["resnet8", "--epochs", "1"]) == 1
    assert "EDGELAB_DATA is not set" in capsys.readouterr().out


def test_augmented_batches_are_shifted_and_mirrored_originals_with_their_labels():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (200, 32, 32, 3), np.uint8)
    part = cifar.Pixels(images, np.arange(200))
    rows = np.arange(150)[::-1]
    batches = long_training._batches(long_training._Views(part).view(0, 0), part.labels, rows)
    (batch, labels), (rest, _) = batches[0], batches[1]
    assert (batch.shape, len(rest)) == ((128, 32, 32, 3), 22)
    assert np.array_equal(labels, rows[:128])
    for got, label in zip(np.rint(batch * 255).astype(np.uint8)[:20], labels, strict=False):
        middle = got[12:20, 12:20]
        found = [
            np.array_equal(source[12 + dy : 20 + dy, 12 + dx : 20 + dx], middle)
            for source in (images[label], images[label][:, ::-1])
            for dy in range(-4, 5)
            for dx in range(-4, 5)
        ]
        assert sum(found) == 1


def test_a_view_is_the_same_again_and_another_one_differs():
    part = cifar.Pixels(
        np.random.default_rng(0).integers(0, 256, (128, 32, 32, 3), np.uint8), np.arange(128)
    )
    views = long_training._Views(part)
    a, b, c = (views.view(0, number)(np.arange(128)) for number in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.fixture
def tiny_cifar(tmp_path, monkeypatch):
    """Train on a few images and a network of a few weights, through the real command."""

    def pixels(n, seed):
        labels = np.random.default_rng(seed).integers(0, 10, n)
        images = np.random.default_rng(seed + 1).integers(0, 64, (n, 32, 32, 3))
        return cifar.Pixels((images + 19 * labels[:, None, None, None]).astype(np.uint8), labels)

    def network(seed, width=16):
        # Names of our own: Keras counts its own up, and a second one would not be recognised.
        image = keras().Input((32, 32, 3), name="image")
        x = keras().layers.AveragePooling2D(8, name="pool")(image)
        x = keras().layers.Flatten(name="flatten")(x)
        x = keras().layers.BatchNormalization(name="norm")(x)
        start = keras().initializers.HeNormal(seed)
        x = keras().layers.Dense(10, kernel_initializer=start, name="logits")(x)
        return keras().Model(image, x, name="resnet8")

    parts = {"train": pixels(512, 0), "validation": pixels(100, 2), "test": pixels(200, 4)}
    monkeypatch.setattr(cifar, "full_source", lambda: tmp_path)
    monkeypatch.setattr(
        cifar, "read_full", lambda _: {k: (lambda v=v: v) for k, v in parts.items()}
    )
    monkeypatch.setattr(architectures, "resnet8", network)
    return parts


def test_a_student_learns_from_what_the_teacher_says_of_the_same_view(
    tiny_cifar, tmp_path, monkeypatch
):
    with pytest.raises(MissingDataError, match="resnet8_wide"):
        cifar_training.train("resnet8", epochs=1, teacher="resnet8_wide")
    cifar_training.train("resnet8_wide", epochs=2, seed=1)
    asked = []
    answers = long_training._logits
    monkeypatch.setattr(long_training, "_logits", lambda *a: (asked.append(a[2]), answers(*a))[1])
    monkeypatch.setattr(long_training, "_VIEWS", 2)
    path = cifar_training.train("resnet8", epochs=3, teacher="resnet8_wide")
    assert asked.count(512) == 2  # two views of the 512 images, each only once
    record = json.loads(path.with_suffix(".json").read_text())
    teacher = json.loads(
        cifar_training.weights_file("resnet8_wide").with_suffix(".json").read_text()
    )
    assert record["teacher"]["sha256"] == teacher["sha256"]
    assert record["command"].endswith("resnet8 --epochs 3 --teacher resnet8_wide")


def test_the_distillation_loss_is_that_of_hinton():
    random = np.random.default_rng(0)
    labels, soft, logits = (
        random.integers(0, 10, 4),
        random.normal(size=(4, 10)),
        random.normal(size=(4, 10)),
    )

    def probabilities(values):
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    hard = -np.log(probabilities(logits)[np.arange(4), labels])
    likened = -(probabilities(soft / 4) * np.log(probabilities(logits / 4))).sum(axis=1)
    targets = np.column_stack([labels, soft]).astype(np.float32)
    got = long_training._distillation_loss(targets, logits.astype(np.float32))
    np.testing.assert_allclose(got, 0.1 * hard + 0.9 * 16 * likened, rtol=1e-4)


def test_an_unknown_network_is_refused():
    with pytest.raises(InputError, match="no network 'vgg'"):
        cifar_training.network("vgg")


def test_an_interrupted_training_goes_on_to_the_same_weights(tiny_cifar, tmp_path, monkeypatch):
    def run(name):
        monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / name))
        return cifar_training.train("resnet8", epochs=3, target=tmp_path / name / "w.npz")

    with np.load(run("at once")) as stored:
        expected = dict(stored)
    keep = resumable.Run.keep

    def interrupted(self, epoch, accuracy):
        if epoch == 2:
            raise KeyboardInterrupt
        keep(self, epoch, accuracy)

    monkeypatch.setattr(resumable.Run, "keep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("in two parts")
    assert not (tmp_path / "in two parts" / "w.npz").exists()
    done = []
    monkeypatch.setattr(
        resumable.Run,
        "keep",
        lambda self, epoch, accuracy: (done.append(epoch), keep(self, epoch, accuracy)),
    )
    with np.load(run("in two parts")) as stored:
        assert stored.files == list(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(stored[key], value, rtol=1e-4, atol=1e-5)
    assert done == [2, 3]  # the first epoch was not trained again


def test_all_epochs_read_from_one_copy_of_the_images(tiny_cifar, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path))
    copies = []
    pad = np.pad
    monkeypatch.setattr(np, "pad", lambda *a, **b: (copies.append(1), pad(*a, **b))[1])
    long_training.fit(cifar_training.network("resnet8"), tiny_cifar, {}, epochs=3)
    assert len(copies) == 1


def test_a_training_that_diverges_says_so_and_keeps_its_epochs(tiny_cifar, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path))
    model = cifar_training.network("resnet8")
    with pytest.raises(InputError, match=r"nan in epoch 1: .* lower rate"):
        long_training.fit(model, tiny_cifar, {}, epochs=1, rate=float("nan"), warm_up=0.0)


def test_another_recipe_goes_on_from_nothing(tiny_cifar, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path))
    long_training.fit(cifar_training.network("resnet8"), tiny_cifar, {}, epochs=1)
    changed = tiny_cifar | {"validation": tiny_cifar["test"]}
    done = []
    keep = resumable.Run.keep
    monkeypatch.setattr(
        resumable.Run, "keep", lambda self, *at: (done.append(at[0]), keep(self, *at))
    )
    long_training.fit(cifar_training.network("resnet8"), tiny_cifar, {}, epochs=1)
    assert done == []
    long_training.fit(cifar_training.network("resnet8"), changed, {}, epochs=1)
    monkeypatch.setattr(long_training, "RECIPE", "another")
    long_training.fit(cifar_training.network("resnet8"), changed, {}, epochs=1)
    assert done == [1, 1]


def test_the_record_states_what_was_measured_and_the_checkpoint_is_chosen_on_validation(
    tiny_cifar, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "w.npz"
    assert cifar_training.main(["resnet8", "--epochs", "3", "--out", str(path)]) == 0
    record = json.loads(path.with_suffix(".json").read_text())
    model = architectures.resnet8(seed=9)
    weights.read(model, path)

    def accuracy(part):
        logits = model.predict(part.images.astype(np.float32) / 255, verbose=0)
        return (logits.argmax(axis=1) == part.labels).mean()

    assert record["test_accuracy"] == pytest.approx(accuracy(tiny_cifar["test"]))
    assert record["validation_accuracy"] == pytest.approx(accuracy(tiny_cifar["validation"]))
    assert record["chosen_on"] == "validation"
    assert "resnet8 --epochs 3" in record["command"]
    assert "200 test images" in capsys.readouterr().out
