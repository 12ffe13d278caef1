"""A long training on the whole of CIFAR-10, which survives interruption: the schedule, the views, the teacher.

    parts = long_training.read()
    run = long_training.fit(model, parts, {}, epochs=120)      # called again, it goes on where it stopped

`cifar_training` is the command that trains the networks of the course with it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, progress, workspace
from edgelab.errors import InputError, MissingDataError
from edgelab.images import cifar
from edgelab.keras import keras, tf
from edgelab.networks import resumable

_BATCH = 128
_PEAK_RATE = 0.1
_WARM_UP_SHARE = 0.1
# Keras takes it off beside the momentum, which multiplies the 1e-4 of He et al. (section 4.2) by ten.
_WEIGHT_DECAY = 1e-3
_SHIFT_PIXELS = 4
_EVALUATION_BATCH = 500
_VERSION = (
    2  # raise it when the code comes to train something else: kept epochs are then not gone on from
)
RECIPE = (
    f"SGD, Nesterov momentum 0.9, peak rate {_PEAK_RATE}, warm-up over {_WARM_UP_SHARE:.0%} of the steps, "
    f"cosine to zero, decoupled weight decay {_WEIGHT_DECAY}, batches of {_BATCH}, random flips, random shifts of up "
    f"to {_SHIFT_PIXELS} pixels"
)
# A teacher is slow, so it looks at each image in this many shifted and mirrored views, once, and the
# student meets the same views (Beyer et al. 2022, "Knowledge distillation: a good teacher is patient
# and consistent", CVPR: teacher and student must see the same view).
_VIEWS = 16
_TEMPERATURE = 4.0
_LABEL_SHARE = 0.1
TEACHING = (
    f"; distilled: temperature {_TEMPERATURE:g}, {_LABEL_SHARE:.0%} of the loss from the labels, "
    f"{_VIEWS} views of each image"
)


def read() -> dict[str, cifar.Pixels]:
    """Return the parts of the whole of CIFAR-10: train, calibration, validation, test.

    Raises:
        MissingDataError: it is not on this machine.
    """
    source = cifar.full_source()
    if source is None:
        raise MissingDataError(
            "Training needs the whole of CIFAR-10, and EDGELAB_DATA is not set. Set it to a folder "
            "that holds cifar10.zip or cifar10/{train,test}/<class>/*.jpg."
        )
    return {role: part() for role, part in cifar.read_full(source).items()}


def fit(
    model: Any,
    parts: Mapping[str, cifar.Pixels],
    key: Mapping[str, Any],
    *,
    epochs: int,
    seed: int = 0,
    teacher: Any = None,
    rate: float = _PEAK_RATE,
    warm_up: float = _WARM_UP_SHARE,
) -> resumable.Run:
    """Train a network in place, from wherever an earlier call came to; its best weights are in it then.

    Args:
        model: a Keras model, images (n, 32, 32, 3) in 0..1 → logits (n, 10).
        parts: what `read` returned.
        key: whatever else names this training, beside what is given here.
        epochs: passes over the training images.
        seed: of order and augmentation.
        teacher: a Keras model whose answers are learnt as well.
        rate: highest learning rate.
        warm_up: share of the steps in which the rate rises to it.

    Returns:
        The run, which knows the best epoch and its accuracy on the validation images.
    """
    part, validation = parts["train"], parts["validation"]
    key = {
        **key,
        "recipe": RECIPE,
        "version": _VERSION,
        "packages": workspace.versions("tensorflow", "tf-keras", "numpy"),
        "epochs": epochs,
        "seed": seed,
        "images": _hash_of(part),
        "validation": _hash_of(validation),
        "rate": [rate, warm_up],
    }
    if teacher is not None:
        key |= {"teacher": artefacts.model_hash(teacher), "teaching": TEACHING}
    steps = len(part.labels) // _BATCH
    loss: Any = keras().losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optimizer=_optimizer(steps * epochs, rate, warm_up),
        loss=loss if teacher is None else _distillation_loss,
    )
    run, views = resumable.Run(model, key), _Views(part)
    for epoch in range(run.epochs_done, epochs):
        number, targets = epoch, part.labels
        if teacher is not None:
            number = epoch % _VIEWS
            answers = _answers(teacher, views.view(seed, number), len(part.labels), key, number)
            targets = np.column_stack([part.labels, answers]).astype(np.float32)
        order = np.random.default_rng([seed, epoch]).permutation(len(part.labels))
        batches = _batches(views.view(seed, number), targets, order[: steps * _BATCH])
        with progress.bar(None, f"epoch {epoch + 1}/{epochs}", total=steps, unit="step") as bar:
            step = keras().callbacks.LambdaCallback(
                on_batch_end=lambda _batch, b=bar, **_: b.update()
            )
            history = model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[step])
            accuracy = correct(model, validation) / len(validation.labels)
            loss_now = history.history["loss"][0]
            if not math.isfinite(loss_now):
                raise InputError(
                    f"The loss became {loss_now} in epoch {epoch + 1}: the training diverged. Its last "
                    f"complete epoch is kept in {run.folder}; train with a lower rate."
                )
            bar.set_postfix_str(f"loss {loss_now:.3f}, validation accuracy {accuracy:.4f}")
        run.keep(epoch + 1, accuracy)
    run.restore_best()
    return run


def correct(model: Any, part: cifar.Pixels) -> int:
    """Return on how many images of a part the largest logit is the label's."""
    logits = _logits(model, _unchanged(part), len(part.labels))
    return int((logits.argmax(axis=1) == part.labels).sum())


def _hash_of(part: cifar.Pixels) -> str:
    found = hashlib.sha256(part.images.tobytes())
    found.update(np.asarray(part.labels, np.int64).tobytes())
    return found.hexdigest()


def _answers(
    teacher: Any,
    images: Callable[[np.ndarray], np.ndarray],
    count: int,
    key: Mapping[str, Any],
    view: int,
) -> np.ndarray:
    """Return a teacher's logits for one view of the training images, asked only once."""

    def make(target: Path) -> None:
        np.savez(target, _logits(teacher, images, count))

    told = ("teacher", "images", "seed", "version", "packages")
    asked = {**{name: key[name] for name in told}, "shift": _SHIFT_PIXELS}
    with np.load(workspace.cached({**asked, "view": view}, make, "-teacher.npz")) as stored:
        return np.asarray(stored["arr_0"], np.float32)


def _distillation_loss(targets: Any, logits: Any) -> Any:
    """Return the loss of a student: the label in the first column, the teacher's logits in the others."""
    nn = tf().nn
    from_labels = nn.sparse_softmax_cross_entropy_with_logits(
        tf().cast(targets[:, 0], "int32"), logits
    )
    soft = nn.softmax(targets[:, 1:] / _TEMPERATURE)
    from_teacher = nn.softmax_cross_entropy_with_logits(soft, logits / _TEMPERATURE)
    return _LABEL_SHARE * from_labels + (1 - _LABEL_SHARE) * _TEMPERATURE**2 * from_teacher


def _optimizer(steps: int, rate: float, warm_up: float) -> Any:
    rising = max(1, int(warm_up * steps))
    schedule = keras().optimizers.schedules.CosineDecay(
        0.0, steps - rising, warmup_target=rate, warmup_steps=rising
    )
    optimizer = keras().optimizers.SGD(
        schedule, momentum=0.9, nesterov=True, weight_decay=_WEIGHT_DECAY
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


class _Views:
    """The images of a part, shifted and mirrored: view after view, all from one padded copy.

    TensorFlow keeps what it was given to read from for as long as the process lives, so a copy for each epoch
    would fill the memory.
    """

    def __init__(self, part: cifar.Pixels) -> None:
        pad = _SHIFT_PIXELS
        padded = np.pad(part.images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
        # A view of every 32 x 32 window of every image: indexing it copies only what is asked for.
        self._windows = np.lib.stride_tricks.sliding_window_view(padded, (32, 32), axis=(1, 2))

    def view(self, seed: int, number: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function from rows to their images, each shifted and mirrored as this view has it."""
        count = len(self._windows)
        random = np.random.default_rng([seed, number, 1])
        down, right = random.integers(0, 2 * _SHIFT_PIXELS + 1, (2, count))
        mirrored = random.random(count) < 0.5

        def images(rows: np.ndarray) -> np.ndarray:
            chosen = self._windows[rows, down[rows], right[rows]].transpose(0, 2, 3, 1)
            chosen = np.where(mirrored[rows, None, None, None], chosen[:, :, ::-1], chosen)
            return np.asarray(chosen, np.float32) / 255.0

        return images


def _batches(
    images: Callable[[np.ndarray], np.ndarray], targets: np.ndarray, order: np.ndarray
) -> Any:
    class Batches(keras().utils.Sequence):  # type: ignore[misc]
        def __len__(self) -> int:
            return math.ceil(len(order) / _BATCH)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            rows = order[index * _BATCH : (index + 1) * _BATCH]
            return images(rows), targets[rows]

    return Batches()


def _unchanged(part: cifar.Pixels) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: part.images[rows].astype(np.float32) / 255.0


def _logits(model: Any, images: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """Return a network's outputs for so many images, (count, classes)."""
    rows = np.array_split(np.arange(count), -(-count // _EVALUATION_BATCH))
    with progress.bar(rows, f"{model.name} answers", unit="batch") as parts:
        return np.concatenate([model.predict_on_batch(images(part)) for part in parts])
