from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, benchmark, convert, keras, models
from edgelab.errors import InputError
from edgelab.pruning import structured
from tests.small_nets import branches, chain, dataset, residual

IMAGES = dataset().test.x
NETWORKS = pytest.mark.parametrize("build", [chain, residual, branches])


def outputs(model: Any) -> np.ndarray:
    return np.asarray(model(IMAGES))


@NETWORKS
def test_removing_nothing_reproduces_the_network(build: Any) -> None:
    model = build()
    before = artefacts.model_hash(model)
    same = structured.filters(model, 0)
    np.testing.assert_allclose(outputs(same), outputs(model), atol=1e-6)
    assert artefacts.model_hash(model) == before


@NETWORKS
def test_removing_filters_that_do_nothing_changes_no_answer(build: Any) -> None:
    """Zero whole channels by hand, in every layer that touches them; then cut exactly these."""
    model = build()
    for group in structured.groups(model):
        for name in group.layers:
            silence(model, name, group.filters // 2)
    small = structured.filters(model, 0.5)
    np.testing.assert_allclose(outputs(small), outputs(model), atol=1e-5)
    assert small.count_params() < 0.6 * model.count_params()


def silence(model: Any, name: str, count: int) -> None:
    """Make the first filters of a layer give 0, also after the normalisation behind it."""
    layer = model.get_layer(name)
    weights = layer.get_weights()
    for weight in weights:
        weight[..., :count] = 0
    layer.set_weights(weights)
    node = layer.outbound_nodes[0].outbound_layer
    if type(node).__name__ == "DepthwiseConv2D":
        kernel, bias = node.get_weights()
        bias[: count * 2] = 0
        node.set_weights([kernel, bias])
        node, count = node.outbound_nodes[0].outbound_layer, count * 2
    if type(node).__name__ == "BatchNormalization":
        gamma, beta, mean, variance = node.get_weights()
        beta[:count], mean[:count] = 0, 0
        node.set_weights([gamma, beta, mean, variance])


def test_the_groups_of_a_chain_are_its_layers() -> None:
    found = structured.groups(chain())
    assert [(g.name, g.layers, g.filters) for g in found] == [
        ("conv1", ("conv1",), 8),
        ("conv2", ("conv2",), 8),
        ("hidden", ("hidden",), 12),
    ]


def test_channels_that_are_added_go_together() -> None:
    found = structured.groups(residual())
    assert [g.layers for g in found] == [("stem", "a2"), ("a1",), ("b_short", "b1")] or [
        set(g.layers) for g in found
    ] == [{"stem", "a2"}, {"a1"}, {"b1", "b_short"}]
    small = structured.filters(residual(), {"a2": 0.5})
    assert [small.get_layer(n).filters for n in ("stem", "a2", "a1", "b1")] == [3, 3, 5, 4]


def test_resnet8_gets_smaller_in_every_stage_and_converts() -> None:
    network = models.resnet8()
    found = {g.name: set(g.layers) for g in structured.groups(network)}
    assert found["stem_conv"] == {"stem_conv", "stage1_conv2"}
    assert {"stage2_conv2", "stage2_shortcut"} in found.values()
    small = structured.filters(network, 0.5)
    assert benchmark.counts(small).macs < 0.3 * benchmark.counts(network).macs
    file = convert.to_tflite(small, "small.tflite")
    assert file.stat().st_size < 0.4 * convert.to_tflite(network, "whole.tflite").stat().st_size


def test_the_filters_with_the_largest_weights_stay() -> None:
    model = chain()
    kernel = model.get_layer("conv1").get_weights()[0]
    order = np.argsort(np.abs(kernel).sum(axis=(0, 1, 2)))
    small = structured.filters(model, {"conv1": 0.5})
    np.testing.assert_array_equal(
        small.get_layer("conv1").get_weights()[0], kernel[..., np.sort(order[4:])]
    )


def test_another_importance_chooses_others() -> None:
    model = chain()
    small = structured.filters(
        model, {"conv1": 0.5}, importance=lambda kernel: -structured.l1_norm(kernel)
    )
    kernel = model.get_layer("conv1").get_weights()[0]
    weak = np.sort(np.argsort(structured.l1_norm(kernel))[:4])
    np.testing.assert_array_equal(small.get_layer("conv1").get_weights()[0], kernel[..., weak])
    with pytest.raises(InputError, match="one for each filter"):
        structured.filters(model, 0.5, importance=lambda kernel: np.abs(kernel).sum(axis=-1))


@pytest.mark.parametrize(("share", "multiple", "left"), [(0.5, 1, 4), (0.4, 4, 4), (0.9, 4, 4),
                                                         (0.99, 1, 1), (0.1, 4, 8)])  # fmt: skip
def test_as_many_filters_stay_as_were_asked_for(share: float, multiple: int, left: int) -> None:
    small = structured.filters(chain(), {"conv1": share}, multiple=multiple)
    assert small.get_layer("conv1").filters == left


def test_a_sequential_network_is_handled() -> None:
    k = keras.keras()
    k.utils.set_random_seed(2)
    model = k.Sequential(
        [
            k.layers.Conv2D(6, 3, activation="relu", input_shape=(8, 8, 1), name="conv"),
            k.layers.GlobalMaxPooling2D(),
            k.layers.Dense(3, name="logits"),
        ]
    )
    small = structured.filters(model, 0.5)
    assert small.get_layer("conv").filters == 3
    assert outputs(small).shape == (48, 3)


def refusals() -> dict[str, Any]:
    k = keras.keras()
    image = k.Input((8, 8, 4))
    dense = k.layers.Dense(3)

    def network(x: Any) -> Any:
        return k.Model(image, dense.__class__(3)(k.layers.Flatten()(x)))

    conv = k.layers.Conv2D(4, 3, padding="same", name="shared")
    inner = k.Sequential([k.layers.Conv2D(4, 3, input_shape=(8, 8, 4))], name="inner")
    return {
        "'grouped' is a convolution in 2 groups": network(
            k.layers.Conv2D(4, 3, groups=2, name="grouped")(image)
        ),
        "'shared' is used more than once": network(conv(conv(image))),
        "'inner' is a network inside": network(inner(image)),
        "'odd' is a LayerNormalization": network(k.layers.LayerNormalization(name="odd")(image)),
        "'turned' is a Permute": network(k.layers.Permute((3, 1, 2), name="turned")(image)),
    }


def test_a_network_that_cannot_be_handled_is_refused_with_the_reason() -> None:
    for reason, model in refusals().items():
        with pytest.raises(InputError, match=reason):
            structured.filters(model, 0.5)


def test_a_softmax_inside_keeps_its_channels() -> None:
    k = keras.keras()
    image = k.Input((8, 8, 1))
    x = k.layers.Conv2D(4, 3, activation="softmax", name="attention")(image)
    x = k.layers.Conv2D(4, 3, name="free")(x)
    model = k.Model(image, k.layers.Dense(3)(k.layers.Flatten()(x)))
    assert [g.name for g in structured.groups(model)] == ["free"]


def test_bad_input_is_refused() -> None:
    model = residual()
    for wrong in (1, -0.5, 50, float("nan")):
        with pytest.raises(InputError, match="below 1"):
            structured.filters(model, wrong)
    with pytest.raises(InputError, match="'conv9' is not in the network"):
        structured.filters(model, {"conv9": 0.5})
    with pytest.raises(InputError, match="'logits' has no filters that can go"):
        structured.filters(model, {"logits": 0.5})
    with pytest.raises(InputError, match="go together"):
        structured.filters(model, {"stem": 0.5, "a2": 0.2})
    with pytest.raises(InputError, match="multiple is 0"):
        structured.filters(model, 0.5, multiple=0)
