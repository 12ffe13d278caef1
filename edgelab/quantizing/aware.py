"""Quantization-aware training: let the network feel the rounding while it can still adapt.

    trained = quantize.aware(model, digits.train, epochs=2)
    int8    = quantize.from_aware(trained, "aware.tflite")

During training every weight and activation is rounded to 8 bits and back ("fake quantization"); the
gradient passes through as if it had not been (straight-through estimator). Where rounding after
training loses nothing, there is nothing to win here. Lesson 20 shows both cases.

Source: Jacob et al., CVPR 2018, section 3; Bengio et al., "Estimating or propagating gradients through
stochastic neurons", 2013 (straight-through).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgelab import artefacts, keras, progress
from edgelab.errors import InputError
from edgelab.images.splits import Split
from edgelab.provenance import ModelInfo, tag, tag_simulated


def aware(
    model: Any,
    train: Split,
    epochs: int = 2,
    *,
    learning_rate: float = 1e-4,
    batch_size: int = 64,
    seed: int = 0,
) -> Any:
    """Fine-tune a copy of a trained model with fake 8-bit quantization.

    Args:
        model: a trained Keras classifier, or the path of a `.keras` file; it is not changed.
        train: the train split (images and labels).
        epochs: passes over the images.
        learning_rate: of Adam; small, since the model is trained already.
        batch_size: images per step.
        seed: of the order of the images.

    Returns:
        A Keras model whose layers are wrapped; `from_aware` turns it into an integer artefact.
        It is *simulated*: as long as it is a Keras model it is neither smaller nor faster.

    Raises:
        InputError: no images, NaN, another shape, epochs below 1, a layer that can't be wrapped, or a
            loss that became NaN.
        SplitError: the test split was given.
    """
    source = artefacts.model_of(model)
    if not isinstance(train, Split):
        raise InputError(
            f"train must be a split with images and labels (digits.train); this is a "
            f"{type(train).__name__}."
        )
    train.require_selection()
    images = artefacts.images_of(train, source.input_shape, "training")
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    wrapped = _wrapped(source)
    library = keras.keras()
    library.utils.set_random_seed(seed)
    wrapped.compile(
        optimizer=library.optimizers.Adam(learning_rate),
        loss=library.losses.SparseCategoricalCrossentropy(from_logits=not _ends_in_softmax(source)),
        metrics=["accuracy"],
    )
    key = {
        "what": "aware",
        "model": artefacts.model_hash(source),
        "images": train.hash,
        "epochs": epochs,
        "rate": learning_rate,
        "batch": batch_size,
        "seed": seed,
    }
    result = artefacts.trained(
        wrapped,
        key,
        ["quantizing/aware.py"],
        lambda: _fit(wrapped, images, train.y, epochs, batch_size),
    )
    return tag_simulated(tag(result, ModelInfo(source.name, "trained")))


def _fit(model: Any, images: np.ndarray, labels: np.ndarray, epochs: int, batch_size: int) -> None:
    """Train the wrapped model, with a progress bar."""
    library = keras.keras()
    steps = -(-len(images) // batch_size)
    total = epochs * steps
    with progress.bar(None, "Training with fake 8 bits", total=total, unit="steps") as bar:

        def after_batch(_: int, logs: dict[str, float]) -> None:
            bar.set_postfix_str(f"loss {logs['loss']:.3f}", refresh=False)
            bar.update()

        history = model.fit(
            images,
            labels,
            epochs=epochs,
            batch_size=batch_size,
            verbose=0,
            callbacks=[library.callbacks.LambdaCallback(on_batch_end=after_batch)],
        )
    loss = history.history["loss"][-1]
    if not np.isfinite(loss):
        raise InputError(
            f"Training diverged: the loss became {loss}. Lower learning_rate (it was "
            f"{float(model.optimizer.learning_rate):g})."
        )


def _wrapped(model: Any) -> Any:
    try:
        with keras.quiet():
            return keras.tfmot().quantization.keras.quantize_model(keras.clone(model))
    except (ValueError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{model.name!r} can't be trained with fake quantization: {reason}. It must be Sequential "
            "or functional, without layers of your own and not wrapped already."
        ) from error


def _ends_in_softmax(model: Any) -> bool:
    """Tell whether the model gives probabilities; otherwise its outputs are taken as logits."""
    last = model.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    return activation == "softmax" or type(last).__name__ == "Softmax"
