"""A network without trained weights whose outputs still depend on the picture.

    model = models.mobilenet_v2(weights=None)     # uses settle(): right size and speed, empty answers

Latency and size don't depend on what was learned, so they can be measured without trained weights.
But a deep network fresh from its initializers answers every picture with the same 1,000 equal
numbers, and then a converted model "agrees" whatever went wrong. So the weights are drawn with a seed,
the normalisation layers get the statistics of a few pictures, and the last layer is scaled until its
answers differ. Lessons 10, 23 and 24 use it where there is no network, and say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from edgelab.images.photos import crops
from edgelab.keras import keras

_PICTURES = 16
_LOGIT_SPREAD = 2.0


def settle(model: Any, scale: Callable[[np.ndarray], np.ndarray], seed: int = 0) -> Any:
    """Give an untrained network seeded weights and outputs that tell pictures apart.

    Args:
        model: a Keras image classifier whose last weights are a kernel and a bias with one number
            for each class; changed in place.
        scale: turns pictures in 0..255 into the range of this network's input.
        seed: of weights and pictures.

    Returns:
        The same model.

    Source: Krähenbühl et al. 2016, "Data-dependent initializations of convolutional neural
        networks", section 3; He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """
    random = np.random.default_rng(seed)
    for layer in model.layers:
        _draw(layer, random)
    views = crops(n=_PICTURES, size=model.input_shape[1], seed=seed, role="calibration")
    pictures = scale(np.array(views.x))
    norms = [x for x in model.layers if isinstance(x, keras().layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # the moving averages become those of the next batch
    model(pictures, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    logits = model(pictures, training=False).numpy()
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    kernel, _ = last.get_weights()
    spread = (logits - logits.mean(axis=0)).std()
    factor = np.float32(_LOGIT_SPREAD) / max(spread, np.finfo(np.float32).tiny)
    # Where a ReLU and a mean follow (SqueezeNet) this does not centre the answers, it only stops one
    # class from always being the largest.
    last.set_weights([kernel * factor, -logits.mean(axis=0) * factor])
    return model


def _draw(layer: Any, random: np.random.Generator) -> None:
    depthwise = isinstance(layer, keras().layers.DepthwiseConv2D)
    drawn = []
    for weight in layer.get_weights():
        if weight.ndim < 2:
            drawn.append(weight)  # biases and normalisation start as their layer made them
            continue
        inputs = math.prod(weight.shape[:2] if depthwise else weight.shape[:-1])
        drawn.append(random.normal(0.0, math.sqrt(2.0 / inputs), weight.shape).astype(weight.dtype))
    layer.set_weights(drawn)
