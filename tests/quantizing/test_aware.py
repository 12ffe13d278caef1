from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, evaluate, models, quantize
from edgelab.errors import InputError, SplitError
from edgelab.files import tflite
from edgelab.quantizing import aware


@pytest.fixture(scope="module")
def trained(tiny_model: Any, tiny_split: Any) -> Any:
    before = artefacts.model_hash(tiny_model)
    result = quantize.aware(tiny_model, tiny_split("train"), epochs=1, batch_size=16)
    assert artefacts.model_hash(tiny_model) == before, (
        "training changed the model that it was given"
    )
    return result


def test_training_moves_the_weights(trained: Any, tiny_model: Any) -> None:
    kernels = [m.layers[-1].get_weights() for m in (trained, tiny_model)]
    shape = (256, 10)
    moved, given = (next(w for w in layer if w.shape == shape) for layer in kernels)
    assert 0 < np.abs(moved - given).max() < 0.01
    assert models.info(trained).simulated


def test_training_stays_near_the_model_that_it_started_from(
    trained: Any, tiny_model: Any, tiny_images: np.ndarray
) -> None:
    expected = np.asarray(tiny_model(tiny_images))
    # The ranges of the activations start wide and are learnt, so this is loose.
    assert evaluate.agreement(np.asarray(trained(tiny_images)), expected) > 0.5


def test_the_trained_model_becomes_integers_that_do_what_it_did(
    trained: Any, tiny_images: np.ndarray
) -> None:
    file = quantize.from_aware(trained, "aware.tflite")
    assert {layer.bits for layer in tflite.layers(tflite.read(file))} == {8}
    simulated = np.asarray(trained(tiny_images))
    error = np.abs(evaluate.predict(file, tiny_images) - simulated)
    assert error.max() < 0.1 * np.ptp(simulated)


def test_a_model_that_was_not_trained_for_it_is_refused(tiny_model: Any) -> None:
    with pytest.raises(InputError, match=r"train it with quantize\.aware first"):
        quantize.from_aware(tiny_model, "a.tflite")


def test_bad_input_is_refused(tiny_model: Any, tiny_split: Any, trained: Any) -> None:
    train = tiny_split("train")
    with pytest.raises(SplitError):
        quantize.aware(tiny_model, tiny_split("test"))
    with pytest.raises(InputError, match="must be a split"):
        quantize.aware(tiny_model, train.x)
    with pytest.raises(InputError, match="epochs is 0"):
        quantize.aware(tiny_model, train, epochs=0)
    with pytest.raises(InputError, match="NaN"):
        quantize.aware(tiny_model, train.map(lambda x: x * np.nan))
    with pytest.raises(InputError, match="wrapped already"):
        quantize.aware(trained, train)
    with pytest.raises(InputError, match="io is 'float16'"):
        quantize.from_aware(trained, "a.tflite", io="float16")


def test_the_same_training_is_not_run_twice(
    trained: Any, tiny_model: Any, tiny_split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(aware, "_fit", refuse)
    again = quantize.aware(tiny_model, tiny_split("train"), epochs=1, batch_size=16)
    for got, expected in zip(again.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    with pytest.raises(AssertionError, match="trained again"):
        quantize.aware(tiny_model, tiny_split("train"), epochs=2, batch_size=16)
