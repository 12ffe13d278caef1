from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, evaluate, keras, prune
from edgelab.errors import InputError, SplitError
from edgelab.pruning import finetune
from edgelab.quantizing import sensitivity
from tests.small_nets import chain, dataset

DATA = dataset()


@pytest.fixture(scope="module")
def model() -> Any:
    return finetune.train(chain(), DATA, epochs=6, batch=16, rate=5e-3)


@pytest.fixture(scope="module")
def found(model: Any) -> prune.PruningScan:
    return prune.scan(model, DATA.validation, (0.5, 0.9))


def test_each_point_is_the_network_with_that_layer_alone_pruned(
    found: prune.PruningScan, model: Any
) -> None:
    assert [entry.layer for entry in found] == ["conv1", "conv2", "hidden", "logits"]
    expected = evaluate.predict(model, DATA.validation.x)
    for name in ("conv1", "hidden"):
        alone = evaluate.predict(prune.by_magnitude(model, {name: 0.9}), DATA.validation.x)
        point = found[name].at(0.9)
        assert point.kl == pytest.approx(sensitivity.divergence(expected, alone), rel=1e-3)
        assert point.accuracy.correct == (alone.argmax(axis=1) == DATA.validation.y).sum()
    assert found["hidden"].at(0.5).removed == found["hidden"].weights // 2


def test_scanning_leaves_the_model_as_it_was(model: Any) -> None:
    before = artefacts.model_hash(model)
    prune.scan(model, DATA.validation, (0.5,))
    assert artefacts.model_hash(model) == before


def test_a_layer_that_lives_from_small_weights_is_found(model: Any) -> None:
    fragile = keras.clone(model)
    kernel = fragile.get_layer("conv2").kernel
    # One filter of huge weights that never fires takes the whole threshold for itself.
    values = kernel.numpy()
    values[..., 0] = -100.0
    kernel.assign(values)
    whole, scan = (prune.scan(m, DATA.validation, (0.85,)) for m in (model, fragile))
    assert scan["conv2"].at(0.85).kl > 2 * whole["conv2"].at(0.85).kl
    harms = [entry.at(0.85).kl for entry in scan.ranked]
    assert harms == sorted(harms, reverse=True)
    assert repr(scan).splitlines()[2].strip().startswith(scan.ranked[0].layer)


def test_a_proposal_reaches_the_whole_and_spares_the_sensitive(
    found: prune.PruningScan, model: Any
) -> None:
    shares = prune.propose(found, 0.6)
    assert set(shares) == {entry.layer for entry in found}
    assert prune.sparsity(prune.by_magnitude(model, shares))["all"] >= 0.6 - 0.01
    alike = sum(entry.at(0.9).kl for entry in found)
    assert sum(entry.at(shares[entry.layer]).kl for entry in found if shares[entry.layer]) < alike
    assert prune.propose(found, 0) == dict.fromkeys(shares, 0.0)


def test_more_zeros_than_were_scanned_are_refused(found: prune.PruningScan) -> None:
    with pytest.raises(InputError, match=r"every layer at 0\.9"):
        prune.propose(found, 0.95)


def test_bad_input_is_refused(model: Any, found: prune.PruningScan) -> None:
    with pytest.raises(SplitError):
        prune.scan(model, DATA.test)
    with pytest.raises(InputError, match="must be a split"):
        prune.scan(model, DATA.validation.x)
    with pytest.raises(InputError, match="no sparsity"):
        prune.scan(model, DATA.validation, ())
    with pytest.raises(InputError, match="below 1"):
        prune.scan(model, DATA.validation, (0.5, 50))
    with pytest.raises(InputError, match=r"NaN"):
        prune.scan(model, DATA.validation.map(lambda x: x * np.nan))
    with pytest.raises(InputError, match="no layer 'conv7'"):
        found["conv7"]
    with pytest.raises(InputError, match=r"tried at 0\.5, 0\.9"):
        found["conv1"].at(0.7)
