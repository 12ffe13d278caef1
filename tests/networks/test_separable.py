"""The definitions agree with Keras' layers, and the counts with its kernels."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import InputError
from edgelab.files import counts
from edgelab.keras import keras
from edgelab.networks import architectures, separable


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(size=(6, 8, 4)).astype(np.float32)


def run(layer, image, *weights):
    layer.build((None, *image.shape))
    layer.set_weights(list(weights))
    return layer(image[None]).numpy()[0]


def test_one_position_after_another_a_depthwise_layer_comes_out(image):
    kernel = np.random.default_rng(1).normal(size=(3, 3, 4)).astype(np.float32)
    layer = keras().layers.DepthwiseConv2D(3, use_bias=False)
    mine = separable.slide(separable.depthwise_at, image, kernel)
    np.testing.assert_allclose(mine, run(layer, image, kernel[..., None]), atol=1e-5)


def test_one_position_after_another_a_standard_layer_comes_out(image):
    kernel = np.random.default_rng(1).normal(size=(3, 3, 4, 5)).astype(np.float32)
    layer = keras().layers.Conv2D(5, 3, use_bias=False)
    mine = separable.slide(separable.standard_at, image, kernel)
    np.testing.assert_allclose(mine, run(layer, image, kernel), atol=1e-5)


def test_both_halves_are_the_separable_layer_and_a_standard_one_with_a_product_for_kernel(image):
    random = np.random.default_rng(1)
    window, mixing = random.normal(size=(3, 3, 4)), random.normal(size=(4, 5))
    halves = separable.pointwise(separable.slide(separable.depthwise_at, image, window), mixing)
    layer = keras().layers.SeparableConv2D(5, 3, use_bias=False)
    theirs = run(layer, image, window[..., None], mixing[None, None])
    np.testing.assert_allclose(halves, theirs, atol=1e-4)
    product = window[..., None] * mixing
    standard = separable.slide(separable.standard_at, image, product)
    np.testing.assert_allclose(halves, standard, atol=1e-10)


def test_a_kernel_larger_than_the_image_is_refused(image):
    with pytest.raises(InputError, match="7 × 7 does not fit into an image of 6 × 8"):
        separable.slide(separable.depthwise_at, image, np.ones((7, 7, 4)))


def test_the_counts_are_those_of_the_layers():
    layers = keras().layers
    entry = layers.Input((10, 12, 8))
    standard = keras().Model(entry, layers.Conv2D(6, 3)(entry))
    split = keras().Model(entry, layers.Conv2D(6, 1)(layers.DepthwiseConv2D(3)(entry)))
    assert counts.of(standard).macs == separable.standard_macs(8, 10, 8, 6)
    assert counts.of(split).macs == separable.separable_macs(8, 10, 8, 6)


def test_the_weights_of_a_block_are_those_of_mobilenet():
    network = keras().applications.MobileNetV2(weights=None, input_shape=(96, 96, 3))
    found = [
        network.get_layer(f"block_3_{part}").count_params()
        for part in ("expand", "depthwise", "project")
    ]
    assert tuple(found) == separable.block_weights(24, 6, 32)


def test_the_split_digits_network_has_the_same_shapes_inside_and_less_work():
    whole, split = architectures.digits_cnn(), separable.digits_separable()
    for name in ("relu1", "pool2", "hidden", "logits"):
        assert whole.get_layer(name).output_shape == split.get_layer(name).output_shape
    assert counts.of(split).macs < counts.of(whole).macs / 3
