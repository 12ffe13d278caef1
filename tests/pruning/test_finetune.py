from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, evaluate, models
from edgelab.errors import InputError
from edgelab.pruning import finetune
from tests.small_nets import chain, dataset

DATA = dataset()


@pytest.fixture(scope="module")
def trained() -> Any:
    return finetune.train(chain(), DATA, epochs=6, batch=16, rate=5e-3)


def test_a_copy_learns_and_the_original_stays(trained: Any) -> None:
    start = chain()
    assert artefacts.model_hash(start) == artefacts.model_hash(chain())
    assert evaluate.accuracy(trained, DATA.test).value > evaluate.accuracy(start, DATA.test).value
    assert models.info(trained).weights == "trained"


def test_the_same_training_is_read_from_the_cache(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "train", lambda *_, **__: pytest.fail("trained again"))
    again = finetune.train(chain(), DATA, epochs=6, batch=16, rate=5e-3)
    assert artefacts.model_hash(again) == artefacts.model_hash(trained)


@pytest.mark.parametrize("change", [{"seed": 1}, {"epochs": 7}, {"rate": 1e-4}, {"batch": 8}])
def test_another_option_is_another_training(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise InputError("trains")

    monkeypatch.setattr(models, "train", stop)
    with pytest.raises(InputError, match="trains"):
        finetune.train(chain(), DATA, **{"epochs": 6, "batch": 16, "rate": 5e-3, **change})


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="epochs is 0"):
        finetune.train(chain(), DATA, epochs=0)
    with pytest.raises(InputError, match="data set with its splits"):
        finetune.train(chain(), np.zeros((4, 8, 8, 1)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="Keras model"):
        finetune.train(3, DATA)
