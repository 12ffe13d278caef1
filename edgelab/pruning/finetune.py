"""Train a copy of a network a little more, and keep the result by content.

    small = structured.filters(model, 0.5)
    small = finetune.train(small, digits, epochs=3)       # the second time it is read from the cache

What a technique damages, a few epochs of training repair: pruning, clustering and distillation all end
this way. Training is the slow part of a lesson, so its result is kept under everything that it depends
on: the weights that went in, the images, the options, the code and the versions. Lesson 21.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgelab import artefacts, keras, models, workspace
from edgelab.errors import InputError
from edgelab.images.splits import Dataset
from edgelab.provenance import ModelInfo, tag

_CODE = ("pruning/finetune.py", "networks/training.py")
_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "numpy")


def train(
    model: Any,
    dataset: Dataset,
    epochs: int = 3,
    *,
    seed: int = 0,
    rate: float = 1e-3,
    batch: int = 64,
) -> Any:
    """Return a copy of a network after a few more epochs; zeros in it do not stay zero.

    Args:
        model: a Keras model that ends in logits, trained or not; it is not changed.
        dataset: with train and validation splits.
        epochs: passes over the train split.
        seed: of the order of the images.
        rate: learning rate at the start; it falls to zero along a cosine.
        batch: images per step.

    Returns:
        A Keras model of the same architecture.

    Raises:
        InputError: no epoch, NaN in the images, or a training that diverged.
        MissingDataError: the data set has no train split on this machine.
    """
    source = artefacts.model_of(model)
    options: dict[str, Any] = {"epochs": epochs, "seed": seed, "rate": rate, "batch": batch}

    def make() -> Any:
        return models.train(keras.clone(source), dataset, **options)

    return kept("train", source, dataset, options, make)


def kept(
    verb: str,
    source: Any,
    dataset: Dataset,
    options: Mapping[str, Any],
    make: Callable[[], Any],
    *,
    code: Sequence[str] = (),
) -> Any:
    """Return the network that `make` trains, from the cache where this exact training was done before.

    Args:
        verb: what is done, for the name in the cache.
        source: the Keras model that the training starts from.
        dataset: whose train and validation splits it uses.
        options: everything else that the result depends on; JSON values.
        make: trains and returns a plain Keras model (no wrappers: it is saved as `.keras`).
        code: further modules of edgelab ("pruning/masks.py") whose change must not meet an old result.

    Returns:
        The Keras model as read from the cache, the first time as well.
    """
    key = training_key(verb, source, dataset, options, code)
    path = workspace.cached(key, lambda target: _save(make(), target), f"-{verb}.keras")
    facts = ModelInfo(source.name, "trained", None, f"{verb}, {_told(options)}")
    return tag(keras.load(path), facts)


def training_key(
    verb: str,
    source: Any,
    dataset: Dataset,
    options: Mapping[str, Any],
    code: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what a training's result depends on, as a key of the cache.

    Raises:
        InputError: no data set, or a test split in the place of the train split.
    """
    if not isinstance(dataset, Dataset):
        raise InputError(
            f"Training needs a data set with its splits (data.digits()); this is a "
            f"{type(dataset).__name__}."
        )
    return {
        "what": verb,
        "model": artefacts.model_hash(source),
        "images": [dataset.train.hash, dataset.validation.hash],
        "options": dict(options),
        "code": workspace.code_hashes(*_CODE, *code),
        "versions": workspace.versions(*_PACKAGES),
    }


def _save(model: Any, target: Path) -> None:
    keras.save(model, target)


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())
