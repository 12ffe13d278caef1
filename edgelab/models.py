"""The model zoo: the networks of the course, each ending in logits.

    from edgelab import data, models
    model = models.load("digits_cnn")              # trained once, then kept by content
    cat = next(p for p in data.photos() if p.name == "cat")
    network = models.load("efficientnet_lite0")
    models.top(network.predict(models.preprocess("efficientnet_lite0", cat.rgb)))

`models.info(model)` says whose weights a network has: "trained" (by this course), "imagenet", or "none".
A network without weights has the right size and speed and meaningless answers; it never comes by
itself without saying so. Logits are compared, never probabilities (see `architectures`). Lesson 10 meets
the zoo, lesson 24 compares it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import InputError
from edgelab.images.photos import central_square
from edgelab.images.splits import Dataset
from edgelab.networks import (
    efficientnet,
    separable,
    training,
    transfer as _transfer,
    weights,
)
from edgelab.networks.architectures import digits_cnn, resnet8
from edgelab.networks.imagenet import (
    efficientnet_lite0,
    labels,
    mobilenet_v2,
    resnet50,
    scale_efficientnet_lite0,
    scale_mobilenet_v2,
    scale_resnet50,
    squeezenet,
    top,
)
from edgelab.provenance import ModelInfo, tag, tagged

__all__ = [
    "ModelInfo",
    "digits_cnn",
    "efficientnet_lite0",
    "first_kernel",
    "info",
    "labels",
    "load",
    "mobilenet_v2",
    "preprocess",
    "preprocessor",
    "resnet8",
    "resnet50",
    "squeezenet",
    "top",
    "train",
    "transfer",
    "usual_epochs",
]

RESNET8_WEIGHTS = "resnet8_cifar10.npz"
_EPOCHS = {"ci": 4, "class": 10, "full": 20}


@dataclass(frozen=True)
class _Network:
    load: Callable[[], Any]
    size: int | None  # of the photographs that it takes, in pixels; None for digits
    scale: Callable[[np.ndarray], np.ndarray] | None  # from 0..255


def train(
    model: Any, dataset: Dataset, epochs: int | None = None, seed: int = 0, **options: Any
) -> Any:
    """Train a network on the train split of a data set, with a progress bar.

    Args:
        model: a Keras model that ends in logits; trained in place.
        dataset: with train and validation splits.
        epochs: passes over the images; None takes 4, 10 or 20 after the profile (ci, class, full).
        seed: of the order of the images.
        options: batch and rate, see `training.fit`.

    Returns:
        The same model; `model.history.history` holds loss and accuracy of each epoch.

    Raises:
        InputError: no epoch, NaN in the images, or a training that diverged.
        MissingDataError: the data set has no train split on this machine.
    """
    chosen = usual_epochs() if epochs is None else epochs
    training.fit(model, dataset, epochs=chosen, seed=seed, **options)
    accuracy = float(model.history.history["val_accuracy"][-1])
    note = f"{chosen} epochs, accuracy on {len(dataset.validation)} validation images"
    return tag(model, ModelInfo(model.name, "trained", accuracy, note))


def transfer(dataset: Dataset, base: str = "efficientnet_lite0", **options: Any) -> Any:
    """Teach a network that knows ImageNet the classes of a data set, in two stages, within minutes.

    Interrupted, it goes on where it was when it is called again.

    Args:
        dataset: CIFAR-10, or a folder of class folders.
        base: "efficientnet_lite0" (offline) or "mobilenet_v2" (its weights are downloaded once).
        options: size, images, epochs and seed, see `networks.transfer.fit`.

    Returns:
        A Keras model: images like the data set's, 0..1 → logits (n, classes). `info` tells its accuracy after
        both stages; `networks.transfer.export` writes it as float32 and int8 and counts on the test images.

    Raises:
        InputError: an unknown base, or a number out of range.
        MissingDataError: the base's weights are not on this machine.
    """
    return _transfer.fit(dataset, base, **options)


def usual_epochs() -> int:
    """Return how many epochs `train` and `load` take in this profile: 4, 10 or 20 (ci, class, full)."""
    return _EPOCHS[workspace.profile()]


def load(name: str) -> Any:
    """Return a network of the zoo with its weights.

    "digits_cnn" and "digits_separable" are trained when they are first asked for and kept by content
    (images, code, seed, epochs, versions); "resnet8" comes with the course, trained on CIFAR-10;
    "efficientnet_lite0" has real ImageNet weights offline; "resnet50" and "mobilenet_v2" have them
    where there is a network; "squeezenet" never has any.

    Args:
        name: one of these seven.

    Returns:
        A Keras model.

    Raises:
        InputError: an unknown name.
        MissingDataError: weights that are not on this machine.
        FormatError: weights that are damaged.
    """
    return _network(name).load()


def info(model: Any) -> ModelInfo:
    """Return whose weights a network has.

    Args:
        model: a Keras model of this zoo, or the name of one ("resnet8").

    Raises:
        InputError: an unknown name.
    """
    if isinstance(model, str):
        if model == "resnet8":
            return _resnet8_info(weights.record(_resnet8_file()))
        model = load(model)
    return tagged(model)


def preprocess(name: str, rgb: np.ndarray) -> np.ndarray:
    """Turn photographs into what a network was trained to see.

    Args:
        name: of the network.
        rgb: one picture, uint8 (height, width, 3), which is cut to its central square and resized;
            or a batch (n, size, size, 3) in 0..255 of the right size already.

    Returns:
        float32 (n, size, size, 3) in the network's range.

    Raises:
        InputError: an unknown network, one that takes no photographs, or another shape.
    """
    network = _network(name)
    if network.scale is None or network.size is None:
        raise InputError(f"{name} reads digits; its images come from data.digits(), in 0..1.")
    batch = central_square(rgb, network.size)[None] if rgb.ndim == 3 else rgb
    if batch.ndim != 4 or batch.shape[-1] != 3:
        raise InputError(
            f"Give one picture (height, width, 3) or a batch (n, size, size, 3); got {rgb.shape}."
        )
    return network.scale(np.array(batch, np.float32))


def preprocessor(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return `preprocess` for one network, to be given to `Split.map`."""
    _network(name)

    def prepare(rgb: np.ndarray) -> np.ndarray:
        return preprocess(name, rgb)

    prepare.__name__ = f"prepared for {name}"
    return prepare


def first_kernel(model: Any) -> np.ndarray:
    """Return the weights of the first convolution or dense layer as a flat array (float32)."""
    for layer in model.layers:
        for weight in layer.get_weights():
            if weight.ndim >= 2:
                return np.array(weight).ravel()
    raise InputError(f"The model {model.name!r} has no layer with a kernel.")


def _load_digits(build: Callable[[], Any], written_in: str) -> Any:
    from edgelab import data

    digits, model, epochs = data.digits(), build(), usual_epochs()
    key = {
        "what": model.name,
        "images": [digits.train.hash, digits.validation.hash],
        "code": workspace.code_hashes(written_in, "networks/training.py"),
        "epochs": epochs,
        "seed": 0,
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }

    def make(target: Path) -> None:
        train(model, digits, epochs=epochs)
        facts = np.array([info(model).accuracy, epochs, len(digits.validation)])
        np.savez(target, facts, *model.get_weights())

    with np.load(workspace.cached(key, make, f"-{model.name}.npz")) as stored:
        arrays = [stored[f"arr_{i}"] for i in range(len(stored.files))]
    accuracy, epochs, images = arrays[0]
    model.set_weights(arrays[1:])
    note = f"{int(epochs)} epochs, accuracy on {int(images)} validation images"
    return tag(model, ModelInfo(model.name, "trained", float(accuracy), note))


def _load_resnet8() -> Any:
    model = resnet8()
    return tag(model, _resnet8_info(weights.read(model, _resnet8_file())))


def _resnet8_file() -> Path:
    return workspace.data_dir() / "models" / RESNET8_WEIGHTS


def _resnet8_info(record: dict[str, Any]) -> ModelInfo:
    note = f"{record['epochs']} epochs, accuracy on {record['test_images']:,} test images"
    return ModelInfo("resnet8", "trained", float(record["test_accuracy"]), note)


def _network(name: str) -> _Network:
    networks = {
        "digits_cnn": _Network(
            lambda: _load_digits(digits_cnn, "networks/architectures.py"), None, None
        ),
        "digits_separable": _Network(
            lambda: _load_digits(separable.digits_separable, "networks/separable.py"), None, None
        ),
        "resnet8": _Network(_load_resnet8, 32, lambda rgb: rgb / np.float32(255)),
        "resnet50": _Network(resnet50, 224, scale_resnet50),
        "mobilenet_v2": _Network(mobilenet_v2, 224, scale_mobilenet_v2),
        "squeezenet": _Network(squeezenet, 224, scale_resnet50),
        "efficientnet_lite0": _Network(
            efficientnet_lite0, efficientnet.SIZE, scale_efficientnet_lite0
        ),
    }
    if name not in networks:
        raise InputError(f"There is no network {name!r} in the zoo; it has {', '.join(networks)}.")
    return networks[name]
