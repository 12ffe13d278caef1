"""One convolution split into two: first look around in each channel, then mix the channels.

    separable.standard_macs(56, 56, 128, 128)      # what a 3×3 convolution costs
    separable.separable_macs(56, 56, 128, 128)     # what its two halves cost together

A standard convolution does both at once: every output number depends on a window of *all* channels.
The *depthwise* half looks at a window of one channel, the *pointwise* half at one position of all
channels. The functions below are the definitions, written to be read; lesson 23 writes them by hand
and sets them beside Keras. `digits_separable` is the digits network with its convolutions split.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgelab.errors import InputError
from edgelab.keras import keras


def standard_at(window: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return what a standard convolution gives at one position.

    Args:
        window: (size, size, channels in), the part of the image below the kernel.
        kernel: (size, size, channels in, channels out).

    Returns:
        (channels out,): each the sum over the whole window, all channels included.
    """
    return np.asarray(np.tensordot(window, kernel, axes=3))


def depthwise_at(window: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return what a depthwise convolution gives at one position.

    Args:
        window: (size, size, channels).
        kernel: (size, size, channels), one filter a channel.

    Returns:
        (channels,): each the sum over its own channel of the window.
    """
    return np.asarray((window * kernel).sum(axis=(0, 1)))


def slide(at: Any, image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return a function of one position, applied at every position where the kernel fits.

    Args:
        at: `standard_at` or `depthwise_at`, or one's own.
        image: (height, width, channels in).
        kernel: what `at` takes, its first axis as long as the kernel's side.

    Returns:
        (height - size + 1, width - size + 1, channels out).

    Raises:
        InputError: the kernel is larger than the image.
    """
    size = len(kernel)
    height, width = image.shape[0] - size + 1, image.shape[1] - size + 1
    if height < 1 or width < 1:
        raise InputError(
            f"A kernel of {size} × {size} does not fit into an image of {image.shape[0]} × "
            f"{image.shape[1]}."
        )
    rows = [
        [at(image[y : y + size, x : x + size], kernel) for x in range(width)] for y in range(height)
    ]
    return np.array(rows)


def pointwise(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return a 1×1 convolution: the same mixture of channels at every position.

    Args:
        image: (height, width, channels in).
        kernel: (channels in, channels out).
    """
    return np.asarray(image @ kernel)


def standard_macs(
    height: int, width: int, channels_in: int, channels_out: int, size: int = 3
) -> int:
    """Return the multiply-accumulates of a standard convolution.

    Args:
        height: of the output.
        width: of the output.
        channels_in: of the image.
        channels_out: number of filters.
        size: side of the kernel.
    """
    return height * width * size * size * channels_in * channels_out


def separable_macs(
    height: int, width: int, channels_in: int, channels_out: int, size: int = 3
) -> int:
    """Return the multiply-accumulates of a depthwise and a pointwise convolution together.

    Args: as `standard_macs`.

    Source: Howard et al. 2017, "MobileNets", section 3.1.
    """
    return height * width * (size * size * channels_in + channels_in * channels_out)


def block_weights(
    channels_in: int, expansion: int, channels_out: int, size: int = 3
) -> tuple[int, int, int]:
    """Return the weights of an inverted residual block: expanding, depthwise, projecting.

    Args:
        channels_in: that enter the block.
        expansion: how many times more channels it works on inside.
        channels_out: that leave it.
        size: side of the depthwise kernel.

    Returns:
        Weights of the three convolutions, without what normalises between them.

    Source: Sandler et al. 2018, "MobileNetV2", table 1.
    """
    inside = channels_in * expansion
    return channels_in * inside, size * size * inside, inside * channels_out


def digits_separable(classes: int = 10, seed: int = 0) -> Any:
    """Return `architectures.digits_cnn` with each convolution split in two, untrained.

    The filters are as many, so the images inside have the same shapes. The dense layers are as they
    were.

    Args:
        classes: number of outputs.
        seed: of the first weights.

    Returns:
        A functional Keras model: images (n, 28, 28, 1) float32 in 0..1 → logits (n, classes).
    """
    layers = keras().layers
    count = 0

    def start() -> Any:
        nonlocal count
        count += 1
        return keras().initializers.GlorotUniform(seed=1000 * seed + count)

    image = layers.Input((28, 28, 1), name="image")
    x = image
    for number, width in enumerate((16, 32), 1):
        x = layers.DepthwiseConv2D(
            3, use_bias=False, depthwise_initializer=start(), name=f"depthwise{number}"
        )(x)
        x = layers.Conv2D(
            width, 1, use_bias=False, kernel_initializer=start(), name=f"pointwise{number}"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", kernel_initializer=start(), name="hidden")(x)
    logits = layers.Dense(classes, kernel_initializer=start(), name="logits")(x)
    return keras().Model(image, logits, name="digits_separable")
