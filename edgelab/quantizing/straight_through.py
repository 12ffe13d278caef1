"""Train weights for the few bits that they will have: 4, 2, even a single one.

    few = {"conv1": 4, "conv2": 4, "hidden": 2, "logits": 2}
    adapted = straight_through.train(model, digits.train, few)
    quantize.weights(adapted, "few.tflite", recipe=few, compute="int8")

Every step stands on the rounded weights, where the network will stand later, looks there which way is
down, and moves the exact weights that way. Rounding itself has no slope, so its gradient is taken as
if it were not there: a *straight-through* estimator. The grid is that of `affine.fit`, symmetric and
per output channel, which is also what `quantize.weights` rounds to; so the exact weights that come
out need no further treatment. Without rounding they are worth less than with it. Lesson 20.

Source: Bengio, Léonard and Courville, "Estimating or propagating gradients through stochastic
neurons for conditional computation", 2013; Courbariaux, Bengio and David, "BinaryConnect", NIPS 2015,
algorithm 1 (exact weights kept aside).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edgelab import artefacts, keras, progress
from edgelab.errors import InputError
from edgelab.images.splits import Split
from edgelab.provenance import tag_simulated
from edgelab.quantizing import affine

Rounding = Callable[[Any], Any]


def rounded(model: Any, bits: Mapping[str, int] | int, per_channel: bool = True) -> Any:
    """Return a copy whose kernels were rounded to few bits and back.

    It is *simulated*: every weight still takes 32 bits.

    Args:
        model: a Keras model.
        bits: of each layer by its name, or one width for all layers with a kernel.
        per_channel: a grid for each output channel; else one for a whole kernel.

    Raises:
        InputError: no such layer, one without a kernel, or bits outside 1 to 8.
    """
    source = artefacts.model_of(model)
    copy = keras.clone(source)
    for layer, width in _kernels(copy, bits):
        values = layer.kernel.numpy()
        grid = affine.fit(values, width, axis=-1 if per_channel else None)
        layer.kernel.assign(affine.round_trip(values, grid).astype(np.float32))
    return tag_simulated(copy, source)


def train(
    model: Any,
    train: Split,
    bits: Mapping[str, int],
    epochs: int = 1,
    *,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
) -> Any:
    """Fine-tune a copy of a trained model so that its rounded weights do well.

    Args:
        model: a trained Keras classifier that ends in logits; it is not changed.
        train: the train split.
        bits: of each layer by its name, 1 to 8; layers that are not named stay in float.
        epochs: passes over the images.
        learning_rate: of Adam.
        batch_size: images per step.
        seed: of the order of the images.

    Returns:
        A Keras model with exact weights, to be rounded to the same bits.

    Raises:
        InputError: as `rounded`; epochs below 1, NaN in the images, another shape, or a loss that is
            no longer a number.
        SplitError: the test split was given.
    """
    copy = keras.clone(artefacts.model_of(model))
    train.require_selection()
    images = artefacts.images_of(train, copy.input_shape, "training")
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    kernels = _kernels(copy, bits)
    data = keras.tf().data.Dataset.from_tensor_slices((images, train.y))
    batches = data.shuffle(len(images), seed=seed).batch(batch_size)
    key = {
        "what": "straight through",
        "model": artefacts.model_hash(copy),
        "images": train.hash,
        "bits": dict(bits),
        "epochs": epochs,
        "rate": learning_rate,
        "batch": batch_size,
        "seed": seed,
    }
    return artefacts.trained(
        copy,
        key,
        ["quantizing/straight_through.py"],
        lambda: _fit(copy, kernels, batches, epochs, learning_rate),
    )


def _fit(
    model: Any, kernels: list[tuple[Any, int]], batches: Any, epochs: int, learning_rate: float
) -> None:
    """Train the model on rounded weights, with a progress bar."""
    step = _step(model, kernels, learning_rate)
    loss = 0.0
    with progress.bar(None, "Training on rounded weights", total=epochs * len(batches)) as bar:
        for _ in range(epochs):
            for x, y in batches:
                loss = float(step(x, y))
                bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
                bar.update()
    if not np.isfinite(loss):
        raise InputError(
            f"Training diverged: the loss became {loss}. Lower learning_rate (it was "
            f"{learning_rate:g})."
        )


def _step(model: Any, kernels: list[tuple[Any, int]], learning_rate: float) -> Callable[..., Any]:
    """Return the function that takes one step on a batch and returns its loss."""
    tf, library = keras.tf(), keras.keras()
    optimizer = library.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    loss_of = library.losses.SparseCategoricalCrossentropy(from_logits=True)
    pairs = [(layer.kernel, _rounding(width)) for layer, width in kernels]

    @tf.function
    def step(images: Any, labels: Any) -> Any:
        exact = [tf.identity(kernel) for kernel, _ in pairs]
        for kernel, nearest in pairs:
            kernel.assign(nearest(kernel))
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        slopes = tape.gradient(loss, model.trainable_variables)
        for (kernel, _), values in zip(pairs, exact, strict=True):
            kernel.assign(values)
        optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))
        return loss

    return step  # type: ignore[no-any-return]


def _rounding(bits: int) -> Rounding:
    """Return `affine.round_trip` on a symmetric grid per output channel, in TensorFlow."""
    tf = keras.tf()

    def nearest(kernel: Any) -> Any:
        others = list(range(len(kernel.shape) - 1))
        size = tf.abs(kernel)
        if bits == 1:
            step = tf.reduce_mean(size, axis=others, keepdims=True)
            return tf.where(kernel < 0, -step, step)
        step = tf.reduce_max(size, axis=others, keepdims=True) / (2.0 ** (bits - 1) - 1)
        return tf.round(kernel / tf.where(step > 0, step, 1.0)) * step

    return nearest


def _kernels(model: Any, bits: Mapping[str, int] | int) -> list[tuple[Any, int]]:
    """Return the layers that are rounded, each with its number of bits."""
    known = {layer.name: layer for layer in model.layers if hasattr(layer, "kernel")}
    if isinstance(bits, int):
        bits = dict.fromkeys(known, bits)
    strange = [name for name in bits if name not in known]
    if strange or not bits:
        told = f"{strange[0]!r} is none of" if strange else "no layer was named; there are"
        raise InputError(
            f"Bits are given to layers with a kernel, and {told} {', '.join(known) or 'none'}."
        )
    for width in bits.values():
        affine.precision_class(width)  # refuses a width outside 1 to 8
    return [(known[name], width) for name, width in bits.items()]
