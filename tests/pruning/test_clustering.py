from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, convert, evaluate, models, prune, size
from edgelab.errors import InputError
from edgelab.pruning import clustering, finetune
from tests.small_nets import chain, dataset

DATA = dataset()
VALUES = np.random.default_rng(0).normal(size=(20, 30))


@pytest.fixture(scope="module")
def model() -> Any:
    return finetune.train(chain(), DATA, epochs=6, batch=16, rate=5e-3)


def test_every_weight_moves_to_its_nearest_value() -> None:
    codes, codebook = clustering.by_kmeans(VALUES, clusters=8)
    assert codes.shape == VALUES.shape
    assert len(codebook) == 8
    assert (np.diff(codebook) > 0).all()
    nearest = np.abs(VALUES[..., None] - codebook).argmin(axis=-1)
    assert (codes == nearest).mean() > 0.99  # k-means ends a step before the last borders move


def test_more_clusters_lie_closer() -> None:
    errors = [
        np.abs(codebook[codes] - VALUES).mean()
        for codes, codebook in (clustering.by_kmeans(VALUES, n) for n in (2, 4, 16, 64))
    ]
    assert errors == sorted(errors, reverse=True)


def test_fewer_different_weights_than_clusters_are_all_kept() -> None:
    codes, codebook = clustering.by_kmeans([1.0, 2.0, 2.0, 5.0], clusters=16)
    np.testing.assert_allclose(codebook[codes], [1, 2, 2, 5])


def test_at_once_leaves_few_values_in_every_kernel(model: Any) -> None:
    shared = clustering.at_once(model, clusters=4)
    assert set(clustering.distinct(shared).values()) == {4}
    assert models.info(shared).simulated


def test_trained_clusters_stay_few_and_the_network_still_answers(model: Any) -> None:
    before = artefacts.model_hash(model)
    shared = clustering.cluster(model, DATA, clusters=8, epochs=1, batch=16)
    assert artefacts.model_hash(model) == before, "clustering changed the model that it was given"
    assert max(clustering.distinct(shared).values()) <= 8
    assert models.info(shared).simulated
    assert evaluate.accuracy(shared, DATA.validation).value > 0.8
    whole, few = (convert.to_tflite(m, "m.tflite") for m in (model, shared))
    assert size.of(few).file_bytes == size.of(whole).file_bytes
    assert size.of(few).gzip_bytes < 0.8 * size.of(convert.to_tflite(model, "w.tflite")).gzip_bytes


def test_zeros_are_kept_where_asked(model: Any) -> None:
    pruned = prune.by_magnitude(model, {"hidden": 0.8})
    shared = clustering.cluster(
        pruned, DATA, clusters=8, epochs=1, batch=16, keep_zeros=True, only=["hidden"]
    )
    zeros = pruned.get_layer("hidden").kernel.numpy() == 0
    assert not shared.get_layer("hidden").kernel.numpy()[zeros].any()
    assert clustering.distinct(shared)["hidden"] <= 8
    assert clustering.distinct(shared)["conv2"] > 8


def test_a_codebook_counts_codes_and_values() -> None:
    assert clustering.codebook_bytes(1000, 16) == 500 + 64
    assert clustering.codebook_bytes(1000, 2) == 125 + 8


def test_bad_input_is_refused(model: Any) -> None:
    for wrong in (1, 0, 2.5, True):
        with pytest.raises(InputError, match="at least 2 different values"):
            clustering.by_kmeans(VALUES, wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="zero being one"):
        clustering.cluster(model, DATA, clusters=2, keep_zeros=True)
    with pytest.raises(InputError, match="'conv9' is none of them"):
        clustering.cluster(model, DATA, only=["conv9"])
    with pytest.raises(InputError, match="no layer was named"):
        clustering.cluster(model, DATA, only=[])
    with pytest.raises(InputError, match="nothing to cluster"):
        clustering.by_kmeans([np.nan, 1.0])
