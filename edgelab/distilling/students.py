"""The students of digits: networks with far fewer parameters than their teacher."""

from __future__ import annotations

from typing import Any

from edgelab.keras import keras

_DIGITS = 10


def tiny(seed: int = 0) -> Any:
    """Return the smallest student of digits, untrained (3,262 parameters)."""
    return _student("tiny", (4, 8), seed)


def small(seed: int = 0) -> Any:
    """Return a student of digits with a fifth of the teacher's parameters, untrained (10,578)."""
    return _student("small", (8, 24), seed)


def _student(name: str, filters: tuple[int, int], seed: int) -> Any:
    """Return a network that halves the picture while it convolves, where its teacher pools."""
    layers = keras().layers
    image = layers.Input((28, 28, 1), name="image")
    x = image
    for number, width in enumerate(filters, 1):
        start = keras().initializers.GlorotUniform(seed=1000 * seed + number)
        x = layers.Conv2D(
            width, 3, strides=2, use_bias=False, kernel_initializer=start, name=f"conv{number}"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    start = keras().initializers.GlorotUniform(seed=1000 * seed)
    x = layers.Flatten(name="flatten")(x)
    logits = layers.Dense(_DIGITS, kernel_initializer=start, name="logits")(x)
    return keras().Model(image, logits, name=f"{name}_student")
