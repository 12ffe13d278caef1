from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, benchmark, convert, evaluate, keras, models, prune, report, size
from edgelab.errors import InputError
from edgelab.files import tflite
from edgelab.pruning import finetune, masks
from tests.small_nets import chain, dataset

DATA = dataset()


@pytest.fixture(scope="module")
def model() -> Any:
    return finetune.train(chain(), DATA, epochs=6, batch=16, rate=5e-3)


@pytest.fixture(scope="module")
def sparse(model: Any) -> Any:
    before = artefacts.model_hash(model)
    result = prune.gradually(model, DATA, 0.6, epochs=8, batch=8)
    assert artefacts.model_hash(model) == before, "pruning changed the model that it was given"
    return result


def test_by_magnitude_masks_each_layer_alone(model: Any) -> None:
    masked = prune.by_magnitude(model, 0.75)
    for name in prune.layers(model):
        whole, left = (m.get_layer(name).kernel.numpy() for m in (model, masked))
        np.testing.assert_array_equal(left, whole * masks.largest(whole, 0.75))


def test_a_sparsity_for_each_layer_leaves_the_others_whole(model: Any) -> None:
    found = prune.sparsity(prune.by_magnitude(model, {"hidden": 0.9, "conv2": 0.5}))
    assert found["conv1"] == found["logits"] == 0
    assert found["conv2"] == 0.5
    assert found["hidden"] == pytest.approx(0.9, abs=0.01)


def test_no_sparsity_changes_nothing(model: Any) -> None:
    assert artefacts.model_hash(prune.by_magnitude(model, 0)) == artefacts.model_hash(model)


def test_gradual_pruning_reaches_its_sparsity_in_every_layer(sparse: Any) -> None:
    for name, share in prune.sparsity(sparse).items():
        assert share == pytest.approx(0.6, abs=0.03), name


def test_gradual_pruning_gives_a_plain_network_that_still_answers(sparse: Any, model: Any) -> None:
    assert [type(layer).__name__ for layer in sparse.layers] == [
        type(layer).__name__ for layer in model.layers
    ]
    assert evaluate.accuracy(model, DATA.validation).value > 0.9
    assert evaluate.accuracy(sparse, DATA.validation).value > 0.7


def test_the_cubic_curve_is_the_one_that_tfmot_follows() -> None:
    schedule = keras.tfmot().sparsity.keras.PolynomialDecay(0.2, 0.9, 0, 60, frequency=20)
    for step in (0, 1, 20, 59, 60, 90):
        expected = float(schedule(np.int64(step))[1])
        assert prune.cubic(step, 60, 0.9, start=0.2) == pytest.approx(expected, abs=1e-6)


def test_a_short_run_still_reaches_its_sparsity(model: Any) -> None:
    quick = prune.gradually(model, DATA, {"hidden": 0.9}, epochs=1, batch=96, ramp=0.1)
    assert prune.sparsity(quick)["hidden"] == pytest.approx(0.9, abs=0.01)
    assert prune.sparsity(quick)["conv2"] == 0


def test_the_second_time_it_comes_from_the_cache(
    sparse: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgelab.models.train", lambda *_, **__: pytest.fail("trained again"))
    again = prune.gradually(model, DATA, 0.6, epochs=8, batch=8)
    assert artefacts.model_hash(again) == artefacts.model_hash(sparse)


def test_two_of_four_holds_after_training(model: Any) -> None:
    for result in (prune.two_of_four(model), prune.two_of_four(model, DATA, epochs=1, batch=16)):
        for name in prune.layers(result):
            assert masks.is_two_of_four(result.get_layer(name).kernel.numpy()), name
        # One input channel has no group of four to choose from.
        assert prune.sparsity(result)["conv1"] == 0
        assert prune.sparsity(result)["hidden"] == pytest.approx(0.5, abs=0.01)


def test_a_masked_network_is_simulated_until_it_is_a_file(sparse: Any, model: Any) -> None:
    masked = prune.by_magnitude(model, 0.5)
    for made in (masked, sparse, prune.two_of_four(model)):
        assert models.info(made).simulated
        assert models.info(made).weights == "trained"
    # Training on fills the zeros again, and taking filters out makes a smaller network.
    for real in (model, finetune.train(masked, DATA, epochs=1), prune.filters(model, 0.5)):
        assert not models.info(real).simulated


@pytest.mark.usefixtures("one_child")
def test_a_masked_network_enters_no_chart_of_size_or_speed(model: Any) -> None:
    masked = prune.by_magnitude(model, 0.9)
    found = benchmark.measure(masked, on=DATA.test, name="masked", memory=False)
    assert found.simulated
    assert "simulated" in repr(found)
    with pytest.raises(InputError, match="'masked' is simulated"):
        report.bars(found, by="size_file_bytes")
    assert "simulated" in repr(report.bars(found, by="accuracy"))
    file = prune.to_sparse_tflite(masked, "real.tflite")
    assert not benchmark.measure(file, memory=False).simulated


def test_sparing_the_ends_names_all_layers_between(model: Any) -> None:
    assert prune.sparing_ends(model, 0.9) == {"conv2": 0.9, "hidden": 0.9}


def test_zeros_shrink_the_download_and_nothing_else(model: Any) -> None:
    whole = size.of(convert.to_tflite(model, "whole.tflite"))
    masked = size.of(convert.to_tflite(prune.by_magnitude(model, 0.9), "masked.tflite"))
    assert masked.nominal_bytes == whole.nominal_bytes
    assert masked.memory_bytes == whole.memory_bytes
    assert masked.file_bytes == pytest.approx(whole.file_bytes, rel=0.02)
    assert masked.gzip_bytes < 0.7 * whole.gzip_bytes


def test_a_sparse_file_is_smaller_and_answers_alike(model: Any) -> None:
    masked = prune.by_magnitude(model, {"hidden": 0.95})
    dense = convert.to_tflite(masked, "dense.tflite")
    few = prune.to_sparse_tflite(masked, "few.tflite")
    assert size.of(few).file_bytes < size.of(dense).file_bytes
    np.testing.assert_allclose(
        evaluate.predict(few, DATA.test.x), evaluate.predict(dense, DATA.test.x), atol=1e-4
    )


def test_only_what_no_kernel_reads_sparse_is_unpacked_in_memory(model: Any) -> None:
    masked = prune.by_magnitude(model, {"conv2": 0.95, "hidden": 0.99})
    file = prune.to_sparse_tflite(masked, "few.tflite")
    graph = tflite.read(file)
    kinds = [operator.kind for operator in graph.operators]
    unpacked = {graph.tensors[op.inputs[0]].name for op in graph.operators if op.kind == "DENSIFY"}
    sparse = [t for t in size.tensors(file) if t.value_bytes * 8 < t.count * t.bits]
    assert {t.name in unpacked for t in sparse} == {True, False}, kinds
    for tensor in sparse:
        if tensor.name in unpacked:
            assert tensor.memory_bytes == tensor.count * 4
        else:
            assert tensor.memory_bytes == tensor.value_bytes + tensor.extra_bytes
    dense = size.of(convert.to_tflite(masked, "dense.tflite"))
    assert size.of(file).nominal_bytes < dense.nominal_bytes
    assert size.of(file).memory_bytes < dense.memory_bytes


def test_bad_input_is_refused(model: Any) -> None:
    with pytest.raises(InputError, match=r"'conv9' is not in the network.*conv1, conv2"):
        prune.by_magnitude(model, {"conv9": 0.5})
    with pytest.raises(InputError, match="'norm1' has no kernel"):
        prune.gradually(model, DATA, {"norm1": 0.5})
    for wrong in (1.0, -0.1, 80, float("nan")):
        with pytest.raises(InputError, match="below 1"):
            prune.gradually(model, DATA, wrong)
    with pytest.raises(InputError, match="sparsity of hidden"):
        prune.by_magnitude(model, {"hidden": 1.2})
    with pytest.raises(InputError, match="ramp"):
        prune.gradually(model, DATA, 0.5, ramp=0)
    with pytest.raises(InputError, match="epochs is 0"):
        prune.gradually(model, DATA, 0.5, epochs=0)
    with pytest.raises(InputError, match="data set with its splits"):
        prune.gradually(model, DATA.train, 0.5)


def test_a_network_of_two_layers_has_nothing_between_its_ends() -> None:
    k = keras.keras()
    short = k.Sequential([k.layers.Dense(4, input_shape=(3,)), k.layers.Dense(2)])
    with pytest.raises(InputError, match="nothing is left to prune"):
        prune.sparing_ends(short, 0.5)
