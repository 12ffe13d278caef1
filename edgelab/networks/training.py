"""Training as a lesson does it: short, with a progress bar, and refused where it goes wrong.

    model = models.train(models.digits_cnn(), data.digits())

The long training of the networks that the course ships is in `cifar_training`. Lesson 20 trains its
first network this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgelab import progress
from edgelab.errors import InputError
from edgelab.keras import keras, tf

_EVALUATION_BATCH = 500


def fit(
    model: Any,
    dataset: Any,
    *,
    epochs: int = 10,
    seed: int = 0,
    batch: int = 64,
    rate: float = 2e-3,
    callbacks: Sequence[Any] = (),
) -> Any:
    """Train a classifier on the train split of a data set, with a progress bar.

    Adam with a cosine schedule; the validation accuracy is followed, nothing is chosen by it.

    Args:
        model: a Keras model that ends in logits; it is trained in place.
        dataset: a `Dataset` with train and validation splits.
        epochs: passes over the train split.
        seed: of the order of the images.
        batch: images per step.
        rate: learning rate at the start.
        callbacks: Keras callbacks that run as well, a pruning schedule's for instance.

    Returns:
        The same model; `model.history.history` holds loss and accuracy of each epoch.

    Raises:
        InputError: fewer than one epoch, NaN in the images, or a loss that is no longer a number.
    """
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    train, validation = dataset.train, dataset.validation
    train.require_finite("training")
    tensors = tf().data.Dataset.from_tensor_slices
    batches = tensors((train.x, train.y)).shuffle(len(train), seed=seed).batch(batch).prefetch(2)
    steps = epochs * len(batches)
    _compile(model, keras().optimizers.Adam(keras().optimizers.schedules.CosineDecay(rate, steps)))
    with progress.bar(None, f"training {model.name}", total=epochs, unit="epoch") as bar:

        def after_epoch(_: int, logs: dict[str, float]) -> None:
            bar.set_postfix_str(f"validation accuracy {logs['val_accuracy']:.3f}", refresh=False)
            bar.update()

        model.fit(
            batches,
            epochs=epochs,
            verbose=0,
            validation_data=tensors((validation.x, validation.y)).batch(_EVALUATION_BATCH),
            callbacks=[keras().callbacks.LambdaCallback(on_epoch_end=after_epoch), *callbacks],
        )
    losses = model.history.history["loss"]
    if not np.all(np.isfinite(losses)):
        raise InputError(
            f"Training diverged: the loss became {losses[-1]}. Lower the rate (it was {rate:g})."
        )
    return model


def _compile(model: Any, optimizer: Any) -> None:
    model.compile(
        optimizer=optimizer,
        loss=keras().losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
