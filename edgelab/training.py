"""Training: the short kind for a lesson, and the long kind that survives an interruption.

In a lesson:

    model = models.train(models.digits_cnn(), data.digits())

On the command line, with CIFAR-10 in the folder that `EDGELAB_DATA` names:

    python -m edgelab.training resnet8 --epochs 20

The command writes a checkpoint after every epoch and goes on from there when it is started again.
The weights that are kept are those of the epoch that was best on the *validation* images; the test
images are looked at once, at the end. Lesson 20 uses the ResNet8 that was trained this way.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import architectures, cifar, progress, workspace
from edgelab.errors import EdgelabError, InputError, MissingDataError
from edgelab.keras import keras, quiet, tf

RESNET8_WEIGHTS = "resnet8_cifar10.npz"
_BATCH = 128
_PEAK_RATE = 0.1
_WARM_UP_SHARE = 0.1
_WEIGHT_DECAY = 1e-4
_SHIFT_PIXELS = 4
_EVALUATION_BATCH = 500
_RECIPE = (
    f"SGD, Nesterov momentum 0.9, peak rate {_PEAK_RATE}, warm-up over {_WARM_UP_SHARE:.0%} of the steps, "
    f"cosine to zero, weight decay {_WEIGHT_DECAY}, batches of {_BATCH}, random flips, random shifts of up "
    f"to {_SHIFT_PIXELS} pixels"
)


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


def train_resnet8(epochs: int = 20, seed: int = 0, target: Path | None = None) -> Path:
    """Train ResNet8 on CIFAR-10 and write its weights with a record of how they were made.

    SGD with Nesterov momentum, warm-up and a cosine schedule, batches of 128, random flips and
    shifts of up to 4 pixels. Interrupted, it goes on from the last complete epoch when called again.

    Args:
        epochs: passes over the 45,000 training images.
        seed: of weights, order and augmentation.
        target: the `.npz` file to write; a `.json` of the same name goes beside it. Default: in
            the workspace's `models/`.

    Returns:
        The path of the weights.

    Raises:
        MissingDataError: the whole of CIFAR-10 is not on this machine.
    """
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    source = cifar.full_source()
    if source is None:
        raise MissingDataError(
            "Training needs the whole of CIFAR-10, and EDGELAB_DATA is not set. Set it to a folder "
            "that holds cifar10.zip or cifar10/{train,test}/<class>/*.jpg."
        )
    target = target or workspace.workspace() / "models" / RESNET8_WEIGHTS
    parts = {role: read() for role, read in cifar.read_full(source).items()}
    train, validation = parts["train"], parts["validation"]
    model = architectures.resnet8(seed=seed)
    steps = len(train.labels) // _BATCH
    _compile(model, _optimizer(steps * epochs))
    images = hashlib.sha256(train.images.tobytes()).hexdigest()
    run = _Run(model, {"epochs": epochs, "seed": seed, "recipe": _RECIPE, "images": images})
    for epoch in range(run.epochs_done, epochs):
        batches = _augmented(train, steps, seed, epoch)
        with progress.bar(None, f"epoch {epoch + 1}/{epochs}", total=steps, unit="step") as bar:
            step = keras().callbacks.LambdaCallback(
                on_batch_end=lambda _batch, b=bar, **_: b.update()
            )
            history = model.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[step])
            correct = _correct(model, validation)
            accuracy = correct / len(validation.labels)
            loss = history.history["loss"][0]
            bar.set_postfix_str(f"loss {loss:.3f}, validation accuracy {accuracy:.4f}")
        run.keep(epoch + 1, accuracy)
    run.restore_best()
    correct, total = _correct(model, parts["test"]), len(parts["test"].labels)
    record = {
        "model": "resnet8",
        "dataset": cifar.SOURCE,
        "images": "JPEG copy: accuracies are not comparable with those on the original arrays",
        "command": f"EDGELAB_DATA=<folder> python -m edgelab.training resnet8 --epochs {epochs}"
        + (f" --seed {seed}" if seed else ""),
        "recipe": _RECIPE,
        "seed": seed,
        "epochs": epochs,
        "best_epoch": run.best_epoch,
        "chosen_on": "validation",
        "validation_accuracy": round(run.best_accuracy, 4),
        "validation_images": len(validation.labels),
        "test_correct": correct,
        "test_images": total,
        "test_accuracy": round(correct / total, 4),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }
    return write_weights(model, target, record)


def write_weights(model: Any, target: Path, record: dict[str, Any]) -> Path:
    """Write a model's weights as `.npz` and the record with their hash as `.json` beside it."""
    buffer = io.BytesIO()
    np.savez(buffer, **{f"w{i:03d}": value for i, value in enumerate(model.get_weights())})
    content = buffer.getvalue()
    signed = {"sha256": hashlib.sha256(content).hexdigest(), **record}
    workspace.atomic_write(target, content)
    workspace.atomic_write(target.with_suffix(".json"), json.dumps(signed, indent=2) + "\n")
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m edgelab.training`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="edgelab train", description="Train a network of the zoo."
    )
    parser.add_argument("name", choices=["resnet8"], help="which network")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="the .npz file to write (default: workspace)")
    parser.add_argument("--ship", action="store_true", help="replace the weights in data/models/")
    given = parser.parse_args(arguments)
    target = workspace.data_dir() / "models" / RESNET8_WEIGHTS if given.ship else given.out
    # TensorFlow leaves oneDNN off on processors without VNNI. There it halves the time of training this
    # network, and makes depthwise convolutions forty times slower: so only this command asks for it.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        path = train_resnet8(given.epochs, given.seed, target)
    except EdgelabError as error:
        print(error)
        return 1
    record = json.loads(path.with_suffix(".json").read_text())
    print(
        f"{path}: accuracy {record['validation_accuracy']:.4f} on {record['validation_images']:,} "
        f"validation images, {record['test_accuracy']:.4f} on {record['test_images']:,} test images"
    )
    return 0


class _Run:
    """The state of a long training on disk: last epoch, best epoch, so that it can go on."""

    def __init__(self, model: Any, key: dict[str, Any]) -> None:
        text = json.dumps({**key, "network": model.get_config()}, sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = workspace.cache_dir() / f"training-{model.name}-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = model
        self.epochs_done, self.best_epoch, self.best_accuracy = 0, 0, -1.0
        model.optimizer.build(model.trainable_variables)
        # The epoch is inside the checkpoint, so weights and epoch cannot disagree after a crash.
        self._epoch = tf().Variable(0, dtype="int64")
        self._best = tf().Variable([0.0, -1.0], dtype="float32")
        checkpoint = tf().train.Checkpoint(
            model=model, optimizer=model.optimizer, epoch=self._epoch, best=self._best
        )
        self._manager = tf().train.CheckpointManager(checkpoint, str(self.folder), max_to_keep=2)
        if self._manager.latest_checkpoint:
            with quiet():
                checkpoint.restore(self._manager.latest_checkpoint).assert_consumed()
            self.epochs_done = int(self._epoch.numpy())
            self.best_epoch, self.best_accuracy = int(self._best[0]), float(self._best[1])
            print(f"Going on after epoch {self.epochs_done} (kept in {self.folder}).")

    def keep(self, epoch: int, accuracy: float) -> None:
        """Write the checkpoint of this epoch, and its weights if they are the best so far."""
        if accuracy > self.best_accuracy:
            self.best_epoch, self.best_accuracy = epoch, accuracy
            with workspace.storing(self.folder / "best.npz") as temporary:
                np.savez(temporary, *self.model.get_weights())
        self._epoch.assign(epoch)
        self._best.assign([self.best_epoch, self.best_accuracy])
        self._manager.save(checkpoint_number=epoch)

    def restore_best(self) -> None:
        """Put the weights of the best epoch into the model."""
        with np.load(self.folder / "best.npz") as stored:
            self.model.set_weights([stored[f"arr_{i}"] for i in range(len(stored.files))])


def _compile(model: Any, optimizer: Any) -> None:
    model.compile(
        optimizer=optimizer,
        loss=keras().losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def _optimizer(steps: int) -> Any:
    warm_up = max(1, int(_WARM_UP_SHARE * steps))
    schedule = keras().optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=_PEAK_RATE, warmup_steps=warm_up
    )
    optimizer = keras().optimizers.SGD(
        schedule, momentum=0.9, nesterov=True, weight_decay=_WEIGHT_DECAY
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _augmented(part: cifar.Pixels, steps: int, seed: int, epoch: int) -> Any:
    """Return one epoch of augmented batches; the same epoch gives the same batches again."""
    pad = _SHIFT_PIXELS
    padded = np.pad(part.images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
    # A view of every 32 x 32 window of every image: indexing it copies only what is asked for.
    windows = np.lib.stride_tricks.sliding_window_view(padded, (32, 32), axis=(1, 2))
    order = np.random.default_rng([seed, epoch]).permutation(len(part.labels))

    class Batches(keras().utils.Sequence):  # type: ignore[misc]
        def __len__(self) -> int:
            return steps

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            random = np.random.default_rng([seed, epoch, index])
            rows = order[index * _BATCH : (index + 1) * _BATCH]
            down, right = random.integers(0, 2 * pad + 1, (2, len(rows)))
            images = windows[rows, down, right].transpose(0, 2, 3, 1)
            flipped = random.random(len(rows)) < 0.5
            images = np.where(flipped[:, None, None, None], images[:, :, ::-1], images)
            return images.astype(np.float32) / 255.0, part.labels[rows]

    return Batches()


def _correct(model: Any, part: cifar.Pixels) -> int:
    correct = 0
    for start in range(0, len(part.labels), _EVALUATION_BATCH):
        rows = slice(start, start + _EVALUATION_BATCH)
        logits = model.predict_on_batch(part.images[rows].astype(np.float32) / 255.0)
        correct += int((logits.argmax(axis=1) == part.labels[rows]).sum())
    return correct


if __name__ == "__main__":
    raise SystemExit(main())
