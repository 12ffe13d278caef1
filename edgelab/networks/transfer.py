"""Transfer learning: a network that has learnt from a million photographs learns your classes from a few hundred.

    from edgelab import data, models
    model = models.transfer(data.folder("my_pictures"))      # or data.cifar10()

The lower layers know edges, textures and parts; every photograph has them, so they stay as they are. Each image goes
through them once, and what comes out is kept on disk: all that follows works on that and takes seconds instead of
hours. *Stage 1* learns a new last layer. *Stage 2* also changes the upper layers, a little: at ten times the rate they
would forget what they came with. The epoch that is best on the validation images is kept, stage 1 among them.

It may be interrupted at any moment and goes on from there: images that were looked at are on disk, and so is the state
after each epoch (`resumable`). An uninterrupted training and an interrupted one end in the same weights. Lesson 43.

Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?", NeurIPS.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, convert, evaluate, progress, quantize, workspace
from edgelab.errors import InputError
from edgelab.evaluate import Paired
from edgelab.images.splits import Dataset, Split
from edgelab.keras import keras
from edgelab.networks import imagenet, lower_layers, resumable
from edgelab.provenance import ModelInfo, tag
from edgelab.records import Accuracy

SIZE = 96  # pixels that the network looks at: a fifth of the work of 224
_IMAGES = {"ci": 100, "class": 2000, "full": 10_000}
_MOST_VALIDATION = 1000
_EPOCHS = {"ci": 2, "class": 6, "full": 12}
_HEAD_EPOCHS, _HEAD_RATE, _HEAD_BATCH = 60, 1e-2, 256
_TUNE_RATE = 1e-4
_BATCH = 32
_FEATURES = "average"
_VERSION = 1  # raise it when the code comes to train something else


@dataclass(frozen=True)
class Base:
    """A pretrained network and where it is cut.

    Attributes:
        load: returns it with its weights for images of this size.
        cut: the layer up to which it stays as it is.
        scale: with `offset`, from 0..1 to the range that it was trained on.
        offset: see `scale`.
    """

    load: Callable[[int], Any]
    cut: str
    scale: float
    offset: float


@dataclass(frozen=True)
class Exported:
    """A network as files, and what each of them gets right on images that nothing was fitted or chosen on."""

    float32: Path
    int8: Path
    accuracy: dict[str, Accuracy]
    difference: Paired  # int8 less float32

    def __repr__(self) -> str:
        lines = []
        for name, path in (("float32", self.float32), ("int8", self.int8)):
            found = self.accuracy[name]
            share = f"{found.correct} of {found.total} right ({found.correct / found.total:.1%})"
            lines.append(f"{name}: {path.name}, {path.stat().st_size / 1e6:.2f} MB, {share}")
        return "\n".join([*lines, f"int8 − float32: {self.difference!r}"])


def fit(
    dataset: Dataset,
    base: str = "efficientnet_lite0",
    *,
    size: int = SIZE,
    images: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
) -> Any:
    """Teach a pretrained network the classes of a data set, in two stages.

    Args:
        dataset: CIFAR-10, or a folder of class folders. Where it has no training images (the shipped sample), the
            calibration images teach: ten of each class.
        base: "efficientnet_lite0" (its weights are in a package) or "mobilenet_v2" (downloaded once).
        size: pixels that the network looks at; smaller images are enlarged inside it.
        images: how many to learn from; None takes 100, 2,000 or 10,000 after the profile, or all there are.
        epochs: of stage 2; None takes 2, 6 or 12 after the profile; 0 leaves it out.
        seed: of the choice of images and of their order.

    Returns:
        A Keras model: images like the data set's, 0..1 → logits (n, classes). `models.info` tells its accuracy
        after both stages, on the validation images.

    Raises:
        InputError: an unknown base, or a number out of range.
        MissingDataError: the base's weights are not on this machine.
    """
    chosen = _base(base)
    tuning = _EPOCHS[workspace.profile()] if epochs is None else epochs
    train = _taught_by(dataset, images, seed)
    validation = dataset.validation.take(min(_MOST_VALIDATION, len(dataset.validation)), seed)
    if tuning < 0 or size < 32:
        raise InputError(f"epochs is {tuning} and size {size}; give at least 0 and 32.")
    original = chosen.load(size)
    key = {
        "what": "transfer",
        "version": _VERSION,
        "base": [base, _hash_of(original)],
        "images": [train.hash, validation.hash],
        "size": size,
        "epochs": tuning,
        "seed": seed,
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }
    model = _assembled(original, chosen, train, size)

    def make(target: Path) -> None:
        begin = time.perf_counter()
        facts = _two_stages(chosen, model, (train, validation), key, tuning)
        print(f"Transfer from {base}: {time.perf_counter() - begin:.0f} s in this call.")
        np.savez(target, np.array(facts), *model.get_weights())

    with np.load(workspace.cached(key, make, "-transfer.npz")) as stored:
        arrays = [stored[f"arr_{i}"] for i in range(len(stored.files))]
    (head, tuned, best), weights = arrays[0], arrays[1:]
    model.set_weights(weights)
    note = (
        f"from {base} at {size} pixels, {len(train):,} images; on {len(validation):,} validation images stage 1 "
        f"reached {head:.1%}, stage 2 {tuned:.1%} (best: epoch {int(best)} of {tuning})"
    )
    return tag(model, ModelInfo(model.name, "trained", float(max(head, tuned)), note))


def export(model: Any, dataset: Dataset, name: str) -> Exported:
    """Write a network as float32 and as int8 TensorFlow Lite, and count what both get right on the test images.

    Args:
        model: what `fit` returned.
        dataset: the same; its calibration images are for the quantizer, its test images for the count.
        name: of the files: NAME-float32.tflite and NAME-int8.tflite in the workspace's artefacts.

    Raises:
        ParityError, InputError, StorageError: as `convert.to_tflite` and `quantize.full_integer`.
    """
    float32 = convert.to_tflite(model, f"{name}-float32.tflite", dataset.validation)
    int8 = quantize.full_integer(model, dataset.calibration, f"{name}-int8.tflite")
    accuracy = {
        "float32": evaluate.accuracy(float32, dataset.test),
        "int8": evaluate.accuracy(int8, dataset.test),
    }
    difference = evaluate.paired(accuracy["float32"], accuracy["int8"], dataset.test.y)
    return Exported(float32, int8, accuracy, difference)


def _two_stages(
    base: Base,
    model: Any,
    splits: tuple[Split, Split],
    key: dict[str, Any],
    epochs: int,
) -> tuple[float, float, int]:
    """Train the network in place; return the accuracy of each stage and the best epoch of the second."""
    train, validation = splits
    lower, upper = _apart(model, base.cut)
    identity = [key["base"], key["size"]]
    # Seen as they are and mirrored: twice the images, which costs nothing once they are on disk.
    seen = np.concatenate(
        [lower_layers.outputs(lower, x, identity, "train") for x in (train.x, train.x[:, :, ::-1])]
    )
    labels = np.concatenate([train.y, train.y])
    checked = lower_layers.outputs(lower, validation.x, identity, "validation")
    _stage1(upper, seen, labels, int(key["seed"]))
    head = _right(upper, checked, validation.y)
    for layer in upper.layers:
        # Their averages belong to a million photographs; batches of a few would spoil them.
        layer.trainable = not isinstance(layer, keras().layers.BatchNormalization)
    _compile(upper, _TUNE_RATE)
    run = resumable.Run(upper, {**key, "stage": 2})
    if run.best_accuracy < 0:
        run.keep(0, head)
    tuned = run.best_accuracy if run.best_epoch else 0.0
    for epoch in range(run.epochs_done, epochs):
        order = np.random.default_rng([int(key["seed"]), epoch]).permutation(len(labels))
        batches = np.array_split(order, -(-len(order) // _BATCH))
        with progress.bar(batches, f"Stage 2, epoch {epoch + 1}/{epochs}", unit="batch") as bar:
            for rows in bar:
                upper.train_on_batch(seen[rows], labels[rows])
            accuracy = _right(upper, checked, validation.y)
            bar.set_postfix_str(f"validation accuracy {accuracy:.3f}")
        tuned = max(tuned, accuracy)
        run.keep(epoch + 1, accuracy)
    run.restore_best()
    for layer in upper.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    return head, tuned, run.best_epoch


def _stage1(upper: Any, seen: np.ndarray, labels: np.ndarray, seed: int) -> None:
    """Learn the last layer alone, from the features of every image."""
    features = keras().Model(upper.input, upper.get_layer(_FEATURES).output)
    known = features.predict(seen, batch_size=_BATCH, verbose=0)
    last = upper.get_layer("logits")
    classes = last.units
    head = keras().Sequential([keras().layers.Dense(classes, input_shape=known.shape[1:])])
    head.set_weights([np.zeros((known.shape[1], classes)), np.zeros(classes)])
    _compile(head, _HEAD_RATE)
    with progress.bar(range(_HEAD_EPOCHS), "Stage 1, the last layer", unit="epoch") as bar:
        for epoch in bar:
            order = np.random.default_rng([seed, epoch, 1]).permutation(len(labels))
            for rows in np.array_split(order, -(-len(order) // _HEAD_BATCH)):
                head.train_on_batch(known[rows], labels[rows])
    last.set_weights(head.get_weights())


def _assembled(original: Any, base: Base, train: Split, size: int) -> Any:
    """Return the whole network: images of the data set in 0..1 → logits of its classes."""
    layers = keras().layers
    image = layers.Input(train.x.shape[1:], name="image")
    x = image
    if train.x.shape[1:3] != (size, size):
        x = layers.Resizing(size, size, interpolation="bilinear", name="resize")(x)
    x = layers.Rescaling(base.scale, base.offset, name="rescale")(x)
    pooling = [k for k in original.layers if isinstance(k, layers.GlobalAveragePooling2D)][-1]
    maps = _rebuilt(original, {id(original.input): x})[id(pooling.input)]
    # Our own, by our name: Keras numbers the layers that nobody named, and a kept training is found by its names.
    average = layers.GlobalAveragePooling2D(name=_FEATURES)(maps)
    start = keras().initializers.Zeros()
    logits = layers.Dense(len(train.classes), kernel_initializer=start, name="logits")
    return keras().Model(image, logits(average), name=f"{original.name}_transferred")


def _apart(model: Any, cut: str) -> tuple[Any, Any]:
    """Return the layers up to the cut, which share the model's weights, and a copy of those above."""
    between = model.get_layer(cut).output
    start = keras().layers.Input(between.shape[1:], name="lower_layers")
    end = _rebuilt(model, {id(between): start})[id(model.output)]
    upper = keras().Model(start, end, name="upper_layers")
    return keras().Model(model.input, between), upper


def _rebuilt(model: Any, made: dict[int, Any]) -> dict[int, Any]:
    """Build a network again on other inputs: copies of the layers, with their weights, that lead on from there.

    Args:
        model: a functional Keras model.
        made: for each tensor to begin with, by its id, the one that takes its place; the others are added.
    """
    for layer in model.layers:
        given = layer.input if isinstance(layer.input, list) else [layer.input]
        if id(layer.output) in made or not all(id(tensor) in made for tensor in given):
            continue
        copy = layer.__class__.from_config(layer.get_config())
        inputs = [made[id(tensor)] for tensor in given]
        made[id(layer.output)] = copy(inputs if len(inputs) > 1 else inputs[0])
        copy.set_weights(layer.get_weights())
    return made


def _compile(model: Any, rate: float) -> None:
    model.compile(
        optimizer=keras().optimizers.Adam(rate),
        loss=keras().losses.SparseCategoricalCrossentropy(from_logits=True),
    )


def _right(upper: Any, seen: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right answers."""
    answers = upper.predict(seen, batch_size=_BATCH, verbose=0).argmax(axis=1)
    return float((answers == labels).mean())


def _hash_of(model: Any) -> str:
    """Return a hash of the weights alone: layers that nobody named are called differently in every session."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(artefacts.array_hash(weight).encode())
    return digest.hexdigest()


def _taught_by(dataset: Dataset, images: int | None, seed: int) -> Split:
    teaching = dataset.train if "train" in dataset.splits else dataset.calibration
    wanted = _IMAGES[workspace.profile()] if images is None else images
    if wanted < len(teaching.classes):
        raise InputError(f"images is {wanted}; give at least one of each class.")
    return teaching.take(min(wanted, len(teaching)), seed)


def _base(name: str) -> Base:
    if name not in _bases():
        raise InputError(f"There is no network {name!r} to start from; use {', '.join(_bases())}.")
    return _bases()[name]


def _bases() -> dict[str, Base]:
    from edgelab.networks import efficientnet

    return {
        "efficientnet_lite0": Base(efficientnet.pretrained, "block10_add", 255 / 128, -127 / 128),
        "mobilenet_v2": Base(
            lambda size: imagenet.mobilenet_v2("imagenet", size=size),
            "block_12_add",
            2.0,
            -1.0,
        ),
    }
