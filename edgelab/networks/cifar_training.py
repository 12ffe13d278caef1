"""The long training of the CIFAR-10 networks that the course ships: hours, so it survives interruption.

    EDGELAB_DATA=<folder> python -m edgelab.networks.cifar_training resnet8 --epochs 120
    EDGELAB_DATA=<folder> python -m edgelab.networks.cifar_training resnet8_wide --epochs 60
    EDGELAB_DATA=<folder> python -m edgelab.networks.cifar_training resnet8 --epochs 120 --teacher resnet8_wide

The command writes a checkpoint after every epoch and goes on from there when it is started again.
The weights that are kept are those of the epoch that was best on the *validation* images; the test
images are looked at once, at the end. Lessons 20, 21 and 24 use the ResNet8 that was trained this way.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, progress, workspace
from edgelab.errors import EdgelabError, InputError, MissingDataError
from edgelab.images import cifar
from edgelab.keras import keras, tf
from edgelab.networks import architectures, resumable, weights

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
_RECIPE = (
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
_TEACHING = (
    f"; distilled: temperature {_TEMPERATURE:g}, {_LABEL_SHARE:.0%} of the loss from the labels, "
    f"{_VIEWS} views of each image"
)


def train(
    name: str,
    epochs: int,
    seed: int = 0,
    teacher: str | None = None,
    target: Path | None = None,
) -> Path:
    """Train a network on CIFAR-10 and write its weights with a record of how they were made.

    SGD with Nesterov momentum, warm-up and a cosine schedule, batches of 128, random flips and
    shifts of up to 4 pixels. Interrupted, it goes on from the last complete epoch when called again.

    Args:
        name: "resnet8", or "resnet8_wide" (twice as many filters, a teacher).
        epochs: passes over the 45,000 training images.
        seed: of weights, order and augmentation.
        teacher: name of a network whose weights are where this function writes them; the student
            then learns from its answers as well.
        target: the `.npz` file to write; a `.json` of the same name goes beside it. Default: in
            the workspace's `models/`.

    Returns:
        The path of the weights.

    Raises:
        InputError: an unknown name, or no epoch.
        MissingDataError: the whole of CIFAR-10 is not on this machine, or the teacher's weights.
    """
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    model = network(name, seed)
    parts = read()
    master = network(teacher) if teacher else None
    taught_by = weights.read(master, weights_file(teacher)) if teacher else {}
    run = fit(model, parts, {}, epochs=epochs, seed=seed, teacher=master)
    validation, test = parts["validation"], parts["test"]
    right, total = correct(model, test), len(test.labels)
    options = (f" --seed {seed}" if seed else "") + (f" --teacher {teacher}" if teacher else "")
    record = {
        "model": name,
        "dataset": cifar.SOURCE,
        "images": "JPEG copy: accuracies are not comparable with those on the original arrays",
        "command": "EDGELAB_DATA=<folder> python -m edgelab.networks.cifar_training "
        f"{name} --epochs {epochs}{options}",
        "recipe": _RECIPE + (_TEACHING if teacher else ""),
        "seed": seed,
        "epochs": epochs,
        "best_epoch": run.best_epoch,
        "chosen_on": "validation",
        "validation_accuracy": round(run.best_accuracy, 4),
        "validation_images": len(validation.labels),
        "test_correct": right,
        "test_images": total,
        "test_accuracy": round(right / total, 4),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }
    if teacher:
        kept = ("model", "sha256", "test_accuracy", "command")
        record["teacher"] = {fact: taught_by[fact] for fact in kept}
    return weights.write(model, target or weights_file(name), record)


def network(name: str, seed: int = 0) -> Any:
    """Return one of the networks that can be trained here, untrained.

    Raises:
        InputError: an unknown name.
    """
    build = {
        "resnet8": lambda: architectures.resnet8(seed=seed),
        "resnet8_wide": lambda: architectures.resnet8(seed=seed, width=32),
    }
    if name not in build:
        raise InputError(f"There is no network {name!r} to train here; it has {', '.join(build)}.")
    return build[name]()


def weights_file(name: str) -> Path:
    """Return where a training writes its weights, unless told otherwise."""
    return workspace.workspace() / "models" / f"{name}_cifar10.npz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m edgelab.networks.cifar_training`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="edgelab train", description="Train a network on CIFAR-10."
    )
    parser.add_argument("name", choices=["resnet8", "resnet8_wide"], help="which network")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--teacher", help="a network trained before, to learn from")
    parser.add_argument("--out", type=Path, help="the .npz file to write (default: workspace)")
    parser.add_argument("--ship", action="store_true", help="replace the weights in data/models/")
    given = parser.parse_args(arguments)
    shipped = workspace.data_dir() / "models" / f"{given.name}_cifar10.npz"
    # TensorFlow leaves oneDNN off on processors without VNNI. There it halves the time of training this
    # network, and makes depthwise convolutions forty times slower: so only this command asks for it.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        path = train(
            given.name,
            given.epochs,
            given.seed,
            given.teacher,
            shipped if given.ship else given.out,
        )
    except EdgelabError as error:
        print(error)
        return 1
    record = json.loads(path.with_suffix(".json").read_text())
    print(
        f"{path}: accuracy {record['validation_accuracy']:.4f} on {record['validation_images']:,} "
        f"validation images, {record['test_accuracy']:.4f} on {record['test_images']:,} test images"
    )
    return 0


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
        "recipe": _RECIPE,
        "version": _VERSION,
        "packages": workspace.versions("tensorflow", "tf-keras", "numpy"),
        "epochs": epochs,
        "seed": seed,
        "images": _hash_of(part),
        "validation": _hash_of(validation),
        "rate": [rate, warm_up],
    }
    if teacher is not None:
        key |= {"teacher": artefacts.model_hash(teacher), "teaching": _TEACHING}
    steps = len(part.labels) // _BATCH
    loss: Any = keras().losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optimizer=_optimizer(steps * epochs, rate, warm_up),
        loss=loss if teacher is None else _distillation_loss,
    )
    run = resumable.Run(model, key)
    for epoch in range(run.epochs_done, epochs):
        view, targets = epoch, part.labels
        if teacher is not None:
            view = epoch % _VIEWS
            answers = _answers(teacher, part, key, view)
            targets = np.column_stack([part.labels, answers]).astype(np.float32)
        order = np.random.default_rng([seed, epoch]).permutation(len(part.labels))
        batches = _batches(_view(part, seed, view), targets, order[: steps * _BATCH])
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


def _answers(teacher: Any, part: cifar.Pixels, key: Mapping[str, Any], view: int) -> np.ndarray:
    """Return a teacher's logits for one view of the training images, asked only once."""

    def make(target: Path) -> None:
        np.savez(target, _logits(teacher, _view(part, key["seed"], view), len(part.labels)))

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


def _view(part: cifar.Pixels, seed: int, view: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from rows to their images, each shifted and mirrored as this view has it."""
    pad, count = _SHIFT_PIXELS, len(part.labels)
    random = np.random.default_rng([seed, view, 1])
    down, right = random.integers(0, 2 * pad + 1, (2, count))
    mirrored = random.random(count) < 0.5
    padded = np.pad(part.images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
    # A view of every 32 x 32 window of every image: indexing it copies only what is asked for.
    windows = np.lib.stride_tricks.sliding_window_view(padded, (32, 32), axis=(1, 2))

    def images(rows: np.ndarray) -> np.ndarray:
        chosen = windows[rows, down[rows], right[rows]].transpose(0, 2, 3, 1)
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


if __name__ == "__main__":
    raise SystemExit(main())
