"""Retrain a network that was cut, on the whole of CIFAR-10, with the whole network as its teacher.

    whole = models.load("resnet8")
    small = structured.filters(whole, {"stage1_conv1": 0.5, "stem_conv": 0.5})
    small = retrain.cifar10(small, epochs=30, teacher=whole)

On digits three epochs repair what cutting filters damaged (`finetune`); on CIFAR-10 it takes half an
hour. So this training writes a checkpoint after every epoch and goes on from there when it is called
again. The weights that are kept are those of the epoch that was best on the validation images. Lesson 21
shows the small case.

Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015, section 2 (the
teacher's part of the loss).
"""

from __future__ import annotations

from typing import Any

from edgelab import artefacts, keras
from edgelab.errors import InputError
from edgelab.networks import long_training
from edgelab.provenance import ModelInfo, tag

_CLASSES = 10


def cifar10(
    model: Any,
    epochs: int = 30,
    *,
    teacher: Any = None,
    rate: float = 0.05,
    seed: int = 0,
) -> Any:
    """Return a copy of a network, trained on; interrupted, it goes on from the last complete epoch.

    SGD with Nesterov momentum, a cosine schedule, random flips and shifts, as in `cifar_training`.

    Args:
        model: a Keras model, images (n, 32, 32, 3) in 0..1 → logits (n, 10); it is not changed.
        epochs: passes over the 45,000 training images.
        teacher: a network whose logits are learnt as well; None learns the labels alone.
        rate: learning rate at the start.
        seed: of order and augmentation.

    Returns:
        A Keras model with the weights of the epoch that was best on validation.

    Raises:
        InputError: no epoch, or a model or teacher of another input or answer.
        MissingDataError: the whole of CIFAR-10 is not on this machine.
    """
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    for given in (model, teacher):
        if given is not None and _shapes(given) != ((32, 32, 3), (_CLASSES,)):
            raise InputError(
                f"{given.name!r} takes {_shapes(given)[0]} and answers {_shapes(given)[1]}; CIFAR-10 "
                f"needs (32, 32, 3) and ({_CLASSES},)."
            )
    result = keras.clone(artefacts.model_of(model))
    parts = long_training.read()
    key = {"start": artefacts.model_hash(model)}
    run = long_training.fit(
        result, parts, key, epochs=epochs, seed=seed, teacher=teacher, rate=rate, warm_up=0.0
    )
    note = f"{epochs} epochs, accuracy on {len(parts['validation'].labels):,} validation images"
    return tag(result, ModelInfo(result.name, "trained", run.best_accuracy, note))


def _shapes(model: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
