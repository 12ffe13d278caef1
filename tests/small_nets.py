"""Small networks of every shape that pruning meets, and a data set that they learn in a second."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgelab import keras
from edgelab.images.splits import Dataset

CLASSES = ("left", "right", "both")


def dataset(n: int = 192) -> Dataset:
    """Return images of 8 × 8 with a bright left half, right half, or both."""
    random = np.random.default_rng(3)
    labels = np.arange(n) % 3
    images = random.random((n, 8, 8, 1)).astype(np.float32) * 0.3
    images[labels != 1, :, :4] += 0.6
    images[labels != 0, :, 4:] += 0.6
    sizes = {"train": n // 2, "calibration": n // 8, "validation": n // 8, "test": n // 4}
    ends = np.cumsum(list(sizes.values()))
    rows = {
        role: slice(end - size, end) for (role, size), end in zip(sizes.items(), ends, strict=True)
    }
    readers = {role: (lambda r=r: (images[r], labels[r])) for role, r in rows.items()}
    return Dataset("halves", CLASSES, "made up", readers)


def chain(seed: int = 1) -> Any:
    """Return convolution, normalisation, pooling, flattening, two dense layers; weights not trivial."""
    k = _seeded(seed)
    image = k.Input((8, 8, 1), name="image")
    x = k.layers.Conv2D(8, 3, use_bias=False, name="conv1")(image)
    x = k.layers.BatchNormalization(momentum=0.8, name="norm1")(x)
    x = k.layers.ReLU(name="relu1")(x)
    x = k.layers.MaxPooling2D(name="pool1")(x)
    x = k.layers.Conv2D(8, 2, bias_initializer="random_normal", name="conv2")(x)
    x = k.layers.BatchNormalization(momentum=0.8, name="norm2")(x)
    x = k.layers.ReLU(name="relu2")(x)
    x = k.layers.Flatten(name="flatten")(x)
    x = k.layers.Dense(12, activation="relu", bias_initializer="random_normal", name="hidden")(x)
    return _shaken(k.Model(image, k.layers.Dense(3, name="logits")(x), name="chain"))


def dense(seed: int = 1) -> Any:
    """Return two dense layers, where the kind of a layer does not matter: a third of the work."""
    k = _seeded(seed)
    image = k.Input((8, 8, 1), name="image")
    x = k.layers.Flatten(name="flatten")(image)
    x = k.layers.Dense(12, activation="relu", bias_initializer="random_normal", name="hidden")(x)
    return k.Model(image, k.layers.Dense(3, name="logits")(x), name="dense")


def residual(seed: int = 1) -> Any:
    """Return a network with an identity shortcut, one with a convolution, and a pooled answer."""
    k = _seeded(seed)
    image = k.Input((8, 8, 1), name="image")
    x = stem = k.layers.Conv2D(6, 3, padding="same", name="stem")(image)
    x = k.layers.Conv2D(5, 3, padding="same", name="a1")(x)
    x = k.layers.ReLU(name="a_relu")(x)
    x = k.layers.Conv2D(6, 3, padding="same", name="a2")(x)
    x = k.layers.BatchNormalization(name="a_norm")(x)
    x = k.layers.Add(name="a_add")([stem, x])
    y = k.layers.Conv2D(4, 3, strides=2, padding="same", name="b1")(x)
    short = k.layers.Conv2D(4, 1, strides=2, padding="same", name="b_short")(x)
    x = k.layers.Add(name="b_add")([short, y])
    x = k.layers.GlobalAveragePooling2D(name="average")(x)
    return _shaken(k.Model(image, k.layers.Dense(3, name="logits")(x), name="residual"))


def branches(seed: int = 1) -> Any:
    """Return a network with a depthwise convolution and two branches that are concatenated."""
    k = _seeded(seed)
    image = k.Input((8, 8, 1), name="image")
    x = k.layers.Conv2D(6, 3, padding="same", name="stem")(image)
    x = k.layers.DepthwiseConv2D(
        3, padding="same", depth_multiplier=2, bias_initializer="random_normal", name="depthwise"
    )(x)
    x = k.layers.BatchNormalization(name="norm")(x)
    x = k.layers.Activation("relu6", name="relu")(x)
    a = k.layers.Conv2D(4, 1, name="left")(x)
    b = k.layers.Conv2D(6, 1, name="right")(x)
    x = k.layers.Concatenate(name="join")([a, b])
    x = k.layers.Flatten(name="flatten")(x)
    return _shaken(k.Model(image, k.layers.Dense(3, name="logits")(x), name="branches"))


def _seeded(seed: int) -> Any:
    k = keras.keras()
    k.utils.set_random_seed(seed)
    return k


def _shaken(model: Any) -> Any:
    """Give batch normalisation statistics of its own: fresh ones hide a wrong channel."""
    random = np.random.default_rng(5)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model
