"""SqueezeNet 1.1: how few weights are enough, if weights are what you save.

    from edgelab import models
    model = models.squeezenet(weights=None)

Its building block squeezes the channels with a 1×1 convolution, then widens them again with a 1×1 and
a 3×3 convolution side by side; there is no dense layer at the end. So it has few weights, and uses
each of them at many positions. Lesson 23 measures what that does to its time.
"""

from __future__ import annotations

from typing import Any

from edgelab.keras import keras

SIZE = 224
CLASSES = 1000
_STEM_FILTERS = 64
# Filters of the squeezing convolution, and of each of the two that widen; "pool" halves the image.
_STAGES: tuple[tuple[int, int] | str, ...] = (
    "pool", (16, 64), (16, 64),
    "pool", (32, 128), (32, 128),
    "pool", (48, 192), (48, 192), (64, 256), (64, 256),
)  # fmt: skip


def network() -> Any:
    """Return the network, untrained (1,235,496 parameters).

    Returns:
        A functional Keras model: (n, 224, 224, 3) float32, scaled as in Caffe (blue first, the mean
        colour taken away), → logits (n, 1000), none of them negative: the last layer is a mean of
        what a ReLU let through.

    Source: Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", section
        3; version 1.1 of its authors' repository, with 2.4 times less computation at as many weights.
        Their dropout only matters in training and is left out.
    """
    layers = keras().layers

    def convolution(x: Any, filters: int, size: int, name: str, **options: Any) -> Any:
        # The name is the one of the published network.
        return layers.Conv2D(filters, size, activation="relu", name=name, **options)(x)

    image = layers.Input((SIZE, SIZE, 3), name="image")
    x = convolution(image, _STEM_FILTERS, 3, "conv1", strides=2)
    fire, pools = 1, 0
    for stage in _STAGES:
        if isinstance(stage, str):
            pools += 1
            x = layers.MaxPooling2D(3, 2, name=f"pool{pools}")(x)
            continue
        fire += 1
        squeezed, widened = stage
        x = convolution(x, squeezed, 1, f"fire{fire}_squeeze1x1")
        narrow = convolution(x, widened, 1, f"fire{fire}_expand1x1")
        wide = convolution(x, widened, 3, f"fire{fire}_expand3x3", padding="same")
        x = layers.Concatenate(name=f"fire{fire}_concat")([narrow, wide])
    x = convolution(x, CLASSES, 1, "conv10")
    logits = layers.GlobalAveragePooling2D(name="logits")(x)
    return keras().Model(image, logits, name="squeezenet")
