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

from collections.abc import Callable
from typing import Any

import numpy as np

from edgelab import artefacts, cifar, keras, progress, training
from edgelab.errors import InputError, MissingDataError
from edgelab.imagenet import ModelInfo, tag

TEMPERATURE = 4.0
LABELS_SHARE = 0.3  # of the loss; the rest is the teacher's
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

    SGD with Nesterov momentum, a cosine schedule, random flips and shifts, as in `training`.

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
    source = cifar.full_source()
    if source is None:
        raise MissingDataError(
            "Retraining needs the whole of CIFAR-10, and EDGELAB_DATA is not set. Set it to a folder "
            "that holds cifar10.zip or cifar10/{train,test}/<class>/*.jpg."
        )
    parts = cifar.read_full(source)
    train, validation = parts["train"](), parts["validation"]()
    steps = max(1, len(train.labels) // training._BATCH)
    result = keras.clone(artefacts.model_of(model))
    result.compile(optimizer=_optimizer(rate, steps * epochs), loss=_loss(teacher is not None))
    run = training._Run(
        result,
        {
            "start": artefacts.model_hash(model),
            "teacher": None if teacher is None else artefacts.model_hash(teacher),
            "recipe": [epochs, rate, seed, TEMPERATURE, LABELS_SHARE],
            "images": artefacts.array_hash(train.images),
        },
    )
    for epoch in range(run.epochs_done, epochs):
        batches = _taught(training._augmented(train, steps, seed, epoch), teacher)
        with progress.bar(None, f"epoch {epoch + 1}/{epochs}", total=steps, unit="step") as bar:
            step = keras.keras().callbacks.LambdaCallback(
                on_batch_end=lambda _batch, b=bar, **_: b.update()
            )
            result.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[step])
            accuracy = training._correct(result, validation) / len(validation.labels)
            bar.set_postfix_str(f"validation accuracy {accuracy:.4f}")
        run.keep(epoch + 1, accuracy)
    run.restore_best()
    note = f"{epochs} epochs, accuracy on {len(validation.labels):,} validation images"
    return tag(result, ModelInfo(result.name, "trained", run.best_accuracy, note))


def _shapes(model: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(model.input_shape[1:]), tuple(model.output_shape[1:])


def _optimizer(rate: float, steps: int) -> Any:
    library = keras.keras()
    schedule = library.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = library.optimizers.SGD(
        schedule, momentum=0.9, nesterov=True, weight_decay=training._WEIGHT_DECAY
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _loss(taught: bool) -> Callable[[Any, Any], Any]:
    """Return the loss of logits against labels (one a row), or labels and a teacher's logits."""
    tf = keras.tf()

    def hard(target: Any, logits: Any) -> Any:
        labels = tf.cast(tf.reshape(target[:, 0], [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    def both(target: Any, logits: Any) -> Any:
        soft = tf.nn.softmax(target[:, 1:] / TEMPERATURE)
        # The gradient of a soft target shrinks with T squared; the factor keeps the shares as stated.
        learnt = TEMPERATURE**2 * tf.nn.softmax_cross_entropy_with_logits(
            soft, logits / TEMPERATURE
        )
        return LABELS_SHARE * hard(target, logits) + (1 - LABELS_SHARE) * learnt

    return both if taught else hard


def _taught(batches: Any, teacher: Any) -> Any:
    """Return the batches with targets (n, 1), or (n, 1 + classes) with the teacher's logits."""

    class Taught(keras.keras().utils.Sequence):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            images, labels = batches[index]
            target = labels.reshape(-1, 1).astype(np.float32)
            if teacher is not None:
                target = np.concatenate([target, teacher.predict_on_batch(images)], axis=1)
            return images, target

    return Taught()
