"""The small networks of the course, written so that they can be read.

    from edgelab import architectures
    model = architectures.digits_cnn(seed=0)

Every network of the course ends in *logits* (one number per class, any size), not in softmax
probabilities: a conversion that is slightly off shows in a logit, while softmax hides it under the
winner; and an integer softmax can name only 256 probabilities. The class with the largest logit is
the answer. Weights start from explicit seeds, so nothing depends on a global random state.
Lessons 10 and 20 take these networks apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgelab.keras import keras


def digits_cnn(
    classes: int = 10,
    seed: int = 0,
    filters: tuple[int, int] = (16, 32),
    hidden: int = 64,
    shape: tuple[int, int, int] = (28, 28, 1),
) -> Any:
    """Return a small convolutional network for digits, untrained (56,858 parameters).

    Args:
        classes: number of outputs.
        seed: of the first weights.
        filters: of the two convolutions.
        hidden: units of the dense layer between them and the answer.
        shape: of one image, height × width × channels, values in 0..1.

    Returns:
        A functional Keras model: images (n, *shape) float32 → logits (n, classes) float32.
    """
    layers = keras().layers
    start = _initializers("GlorotUniform", seed)
    image = layers.Input(shape, name="image")
    x = image
    for number, width in enumerate(filters, 1):
        # The normalisation that follows adds a shift of its own, so a bias here would do nothing.
        convolution = layers.Conv2D(
            width, 3, use_bias=False, kernel_initializer=start(), name=f"conv{number}"
        )
        x = convolution(x)
        # A training run here is a few hundred steps: with the usual momentum of 0.99 the moving
        # averages would still remember their start.
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(hidden, activation="relu", kernel_initializer=start(), name="hidden")(x)
    logits = layers.Dense(classes, kernel_initializer=start(), name="logits")(x)
    return keras().Model(image, logits, name="digits_cnn")


def resnet8(classes: int = 10, seed: int = 0, width: int = 16) -> Any:
    """Return the ResNet8 of MLPerf Tiny, untrained (78,666 parameters with 10 classes).

    Three stages of one residual block each, with 16, 32 and 64 filters (times width / 16); a 1×1
    convolution carries the shortcut where the size changes.

    Args:
        classes: number of outputs.
        seed: of the first weights.
        width: filters of the first stage.

    Returns:
        A functional Keras model: images (n, 32, 32, 3) float32 in 0..1 → logits (n, classes).

    Source:
        Banbury et al. 2021, "MLPerf Tiny Benchmark", section 4 (image classification); He et al.
        2016, "Deep residual learning for image recognition", section 4.2. The reference ends in a
        softmax and shrinks weights by an L2 term; here the optimiser does the latter.
    """
    layers = keras().layers
    start = _initializers("HeNormal", seed)

    def convolution(x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        return layers.Conv2D(
            filters, size, strides=stride, padding="same", kernel_initializer=start(), name=name
        )(x)

    image = layers.Input((32, 32, 3), name="image")
    x = convolution(image, width, 3, 1, "stem_conv")
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.ReLU(name="stem_relu")(x)
    for stage in (1, 2, 3):
        filters = width * 2 ** (stage - 1)
        stride = 1 if stage == 1 else 2
        shortcut = x
        x = convolution(x, filters, 3, stride, f"stage{stage}_conv1")
        x = layers.BatchNormalization(name=f"stage{stage}_norm1")(x)
        x = layers.ReLU(name=f"stage{stage}_relu1")(x)
        x = convolution(x, filters, 3, 1, f"stage{stage}_conv2")
        x = layers.BatchNormalization(name=f"stage{stage}_norm2")(x)
        if stride != 1:
            shortcut = convolution(shortcut, filters, 1, stride, f"stage{stage}_shortcut")
        x = layers.Add(name=f"stage{stage}_add")([shortcut, x])
        x = layers.ReLU(name=f"stage{stage}_relu2")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    logits = layers.Dense(classes, kernel_initializer=start(), name="logits")(x)
    return keras().Model(image, logits, name="resnet8")


def _initializers(kind: str, seed: int) -> Callable[[], Any]:
    """Return a function that gives a new initializer at each call, each with a seed of its own."""
    count = 0

    def next_initializer() -> Any:
        nonlocal count
        count += 1
        return getattr(keras().initializers, kind)(seed=1000 * seed + count)

    return next_initializer
