"""Retraining learns, learns from a teacher, and goes on after an interruption as if nothing had been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, cifar, keras, models, retrain, structured, training
from edgelab.errors import InputError, MissingDataError


def pixels(n: int, seed: int) -> cifar.Pixels:
    labels = np.random.default_rng(seed).integers(0, 10, n)
    images = np.random.default_rng(seed + 1).integers(0, 64, (n, 32, 32, 3))
    return cifar.Pixels((images + 19 * labels[:, None, None, None]).astype(np.uint8), labels)


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, cifar.Pixels]:
    made = {"train": pixels(512, 0), "validation": pixels(100, 2)}
    monkeypatch.setattr(cifar, "full_source", lambda: tmp_path)
    monkeypatch.setattr(cifar, "read_full", lambda _: {k: (lambda v=v: v) for k, v in made.items()})
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    return made


def network(seed: int = 0) -> Any:
    k = keras.keras()
    k.utils.set_random_seed(seed)
    # Names of our own: Keras counts its own up, and the same network would not be recognised.
    image = k.Input((32, 32, 3), name="image")
    x = k.layers.AveragePooling2D(8, name="pool")(image)
    x = k.layers.Conv2D(8, 1, activation="relu", name="conv")(x)
    x = k.layers.BatchNormalization(momentum=0.5, name="norm")(x)
    x = k.layers.Flatten(name="flatten")(x)
    return k.Model(image, k.layers.Dense(10, name="logits")(x), name="tiny")


def correct(model: Any, part: cifar.Pixels) -> float:
    return training._correct(model, part) / len(part.labels)


def test_a_cut_network_learns_and_the_original_stays(parts: dict[str, cifar.Pixels]) -> None:
    small = structured.filters(network(), {"conv": 0.5})
    before = artefacts.model_hash(small)
    trained = retrain.cifar10(small, epochs=8)
    assert artefacts.model_hash(small) == before
    assert correct(trained, parts["validation"]) > correct(small, parts["validation"]) + 0.1
    assert models.info(trained).accuracy == pytest.approx(correct(trained, parts["validation"]))


def test_the_loss_is_labels_and_teacher_in_their_shares() -> None:
    random = np.random.default_rng(0)
    logits, wanted = random.normal(size=(2, 6, 10)).astype(np.float32)
    labels = np.arange(6, dtype=np.float32)
    target = np.concatenate([labels[:, None], wanted], axis=1)

    def log_softmax(values: np.ndarray) -> np.ndarray:
        return values - np.log(np.exp(values).sum(axis=1, keepdims=True))

    hard = -log_softmax(logits)[np.arange(6), labels.astype(int)]
    t = retrain.TEMPERATURE
    soft = -(np.exp(log_softmax(wanted / t)) * log_softmax(logits / t)).sum(axis=1) * t**2
    expected = retrain.LABELS_SHARE * hard + (1 - retrain.LABELS_SHARE) * soft
    np.testing.assert_allclose(retrain._loss(True)(target, logits), expected, rtol=1e-4)
    np.testing.assert_allclose(retrain._loss(False)(labels[:, None], logits), hard, rtol=1e-4)


def test_batches_carry_the_teachers_logits() -> None:
    part = pixels(256, 0)
    teacher = network(5)
    images, target = retrain._taught(training._augmented(part, 2, 0, 0), teacher)[1]
    np.testing.assert_allclose(target[:, 1:], teacher.predict_on_batch(images), rtol=1e-5)
    plain, labels = training._augmented(part, 2, 0, 0)[1]
    np.testing.assert_array_equal(images, plain)
    np.testing.assert_array_equal(target[:, 0], labels)


def test_an_interrupted_training_goes_on_to_the_same_weights(
    parts: dict[str, cifar.Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = retrain.cifar10(network(), epochs=3, teacher=network(5)).get_weights()
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "another"))
    keep = training._Run.keep

    def interrupted(self: Any, epoch: int, accuracy: float) -> None:
        if epoch == 2:
            raise KeyboardInterrupt
        keep(self, epoch, accuracy)

    monkeypatch.setattr(training._Run, "keep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        retrain.cifar10(network(), epochs=3, teacher=network(5))
    monkeypatch.setattr(training._Run, "keep", keep)
    trained: list[int] = []
    augmented = training._augmented
    monkeypatch.setattr(
        training, "_augmented", lambda *a: (trained.append(a[-1]), augmented(*a))[1]
    )
    got = retrain.cifar10(network(), epochs=3, teacher=network(5)).get_weights()
    assert trained == [1, 2]
    for value, wanted in zip(got, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-3, atol=1e-4)


def test_bad_input_is_refused(
    parts: dict[str, cifar.Pixels],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InputError, match="epochs is 0"):
        retrain.cifar10(network(), epochs=0)
    with pytest.raises(InputError, match=r"takes \(28, 28, 1\)"):
        retrain.cifar10(network(), epochs=1, teacher=models.digits_cnn())
    monkeypatch.setattr(cifar, "full_source", lambda: None)
    with pytest.raises(MissingDataError, match="EDGELAB_DATA is not set"):
        retrain.cifar10(network(), epochs=1)
