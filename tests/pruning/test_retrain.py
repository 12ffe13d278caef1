"""Retraining learns, and refuses what it cannot train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, keras, models
from edgelab.errors import InputError, MissingDataError
from edgelab.images import cifar
from edgelab.networks import long_training
from edgelab.pruning import retrain, structured


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
    return long_training.correct(model, part) / len(part.labels)


def test_a_cut_network_learns_and_the_original_stays(parts: dict[str, cifar.Pixels]) -> None:
    small = structured.filters(network(), {"conv": 0.5})
    before = artefacts.model_hash(small)
    trained = retrain.cifar10(small, epochs=8)
    assert artefacts.model_hash(small) == before
    assert correct(trained, parts["validation"]) > correct(small, parts["validation"]) + 0.1
    assert models.info(trained).accuracy == pytest.approx(correct(trained, parts["validation"]))


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
