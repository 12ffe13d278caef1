"""Prune a network: weights that are left out instead of made smaller.

At once, by magnitude, without training; or gradually while training goes on, which a network survives
much further:

    masked = prune.by_magnitude(model, 0.5)
    sparse = prune.gradually(model, digits, 0.95, epochs=8)
    sparse = prune.gradually(model, digits, prune.sparing_ends(model, 0.95), epochs=8)

Which layer suffers, and a sparsity for each: `scan`, `propose`. Two of every four: `two_of_four`. Whole
filters, which makes a network smaller and faster: `filters`. Fewer different weights:
`edgelab.pruning.clustering`; all of it together: `edgelab.combined`.

A masked network is *simulated*: in memory it is as large as before, and dense kernels skip no zeros; so
`benchmark` takes its accuracy, and charts refuse its size and speed. What becomes smaller is the compressed
file that it is converted to, and the file that `to_sparse_tflite` writes. Lesson 21.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, convert, keras, models, workspace
from edgelab.errors import InputError
from edgelab.images.splits import Dataset
from edgelab.provenance import tag_simulated
from edgelab.pruning import finetune, masks
from edgelab.pruning.masks import layers
from edgelab.pruning.pruning_scan import PruningScan, propose, scan
from edgelab.pruning.structured import filters, groups

__all__ = [
    "PruningScan",
    "by_magnitude",
    "cubic",
    "filters",
    "gradually",
    "groups",
    "layers",
    "propose",
    "scan",
    "sparing_ends",
    "sparsity",
    "to_sparse_tflite",
    "two_of_four",
]

Sparsity = float | Mapping[str, float]
_CODE = ("prune.py", "pruning/masks.py")
_EVERY = 20  # steps between two updates of the masks


def by_magnitude(model: Any, sparsity: Sparsity) -> Any:
    """Return a copy whose smallest weights are zero, layer by layer, without any training.

    Args:
        model: a Keras model.
        sparsity: share of zeros in each layer with a kernel; or a share for each layer by its name
            (layers that are not named stay whole).

    Returns:
        A Keras model. It is *simulated*: every zero still takes 32 bits.

    Raises:
        InputError: a sparsity outside [0, 1), no such layer, or one without a kernel.
    """
    source = artefacts.model_of(model)
    copy = keras.clone(source)
    for name, share in wanted(copy, sparsity).items():
        kernel = copy.get_layer(name).kernel
        values = kernel.numpy()
        kernel.assign(values * masks.largest(values, share))
    return tag_simulated(copy, source)


def gradually(
    model: Any,
    dataset: Dataset,
    sparsity: Sparsity,
    epochs: int = 6,
    *,
    start: float = 0.0,
    ramp: float = 0.6,
    seed: int = 0,
    rate: float = 2e-3,
    batch: int = 64,
) -> Any:
    """Return a copy that was trained on while its weights were taken away little by little (tfmot).

    The sparsity grows along a cubic curve, fast at first, over the first part of the training; the rest
    of it repairs. Zeros that have been set may come back to life while the masks still change.

    Args:
        model: a trained Keras model that ends in logits; it is not changed.
        dataset: with train and validation splits.
        sparsity: as in `by_magnitude`.
        epochs: passes over the train split; the more, the gentler.
        start: share of zeros at the beginning.
        ramp: share of the training during which the sparsity grows.
        seed: of the order of the images.
        rate: learning rate at the start; it falls to zero along a cosine.
        batch: images per step.

    Returns:
        A plain Keras model with zeros in it, kept by content. It is *simulated*, as in `by_magnitude`.

    Raises:
        InputError: a sparsity outside [0, 1), no such layer, no epoch, a ramp outside (0, 1], NaN in
            the images, or a training that diverged.

    Source: Zhu and Gupta, "To prune, or not to prune", 2017, section 3, equation 1.
    """
    source = artefacts.model_of(model)
    shares = {name: share for name, share in wanted(source, sparsity).items() if share > 0}
    first = masks.checked(start, "start")
    if not 0 < ramp <= 1:
        raise InputError(f"ramp is the share of the training in which zeros grow, not {ramp!r}.")
    training: dict[str, Any] = {"epochs": epochs, "seed": seed, "rate": rate, "batch": batch}
    if not shares:
        return finetune.train(source, dataset, **training)

    def make() -> Any:
        steps = epochs * -(-len(dataset.train) // batch)
        every = max(1, min(_EVERY, int(ramp * steps)))
        # The last update must be the one at the end of the ramp, or the wanted sparsity is missed.
        end = every * max(1, int(ramp * steps) // every)
        schedule = keras.tfmot().sparsity.keras.PolynomialDecay

        def options(share: float) -> dict[str, Any]:
            start_share = min(first, share)
            return {"pruning_schedule": schedule(start_share, share, 0, end, frequency=every)}

        return _trained(source, dataset, {n: options(s) for n, s in shares.items()}, training)

    told = {"sparsity": shares, "start": first, "ramp": ramp, **training}
    return tag_simulated(finetune.kept("gradually", source, dataset, told, make, code=_CODE))


def cubic(step: int, last: int, final: float, start: float = 0.0) -> float:
    """Return the sparsity that `gradually` has reached at a step: fast at first, then ever slower.

    Args:
        step: of the training, from 0.
        last: the step from which on the final sparsity holds.
        final: share of zeros at the end.
        start: share of zeros at the beginning.

    Source: Zhu and Gupta, 2017, equation 1.
    """
    left = 1 - min(1.0, step / last)
    return final + (start - final) * left**3


def two_of_four(
    model: Any,
    dataset: Dataset | None = None,
    epochs: int = 2,
    *,
    seed: int = 0,
    rate: float = 1e-3,
    batch: int = 64,
) -> Any:
    """Return a copy in which at most two of every four weights along the inputs are not zero.

    Some processors (NVIDIA's since the A100) skip such zeros in hardware; a CPU does not.

    Args:
        model: a Keras model that ends in logits.
        dataset: to train on with the masks in place (tfmot); None only sets the zeros.
        epochs: passes over the train split.
        seed: of the order of the images.
        rate: learning rate at the start.
        batch: images per step.

    Returns:
        A plain Keras model. It is *simulated*, as in `by_magnitude`.

    Raises:
        InputError: as `gradually`.
    """
    source = artefacts.model_of(model)
    if dataset is None:
        copy = keras.clone(source)
        for name in layers(copy):
            kernel = copy.get_layer(name).kernel
            kernel.assign(kernel.numpy() * masks.two_of_four(kernel.numpy()))
        return tag_simulated(copy, source)
    training: dict[str, Any] = {"epochs": epochs, "seed": seed, "rate": rate, "batch": batch}

    def make() -> Any:
        constant = keras.tfmot().sparsity.keras.ConstantSparsity(0.5, 0, frequency=1)
        options = {"pruning_schedule": constant, "sparsity_m_by_n": (2, 4)}
        return _trained(source, dataset, dict.fromkeys(layers(source), options), training)

    return tag_simulated(finetune.kept("two_of_four", source, dataset, training, make, code=_CODE))


def sparing_ends(model: Any, sparsity: float) -> dict[str, float]:
    """Return a sparsity for every layer but the first and the last, which stay whole.

    The first sees the image itself, the last gives the answer; both have few weights and no neighbour
    that could do their work.

    Raises:
        InputError: a sparsity outside [0, 1), or a model with fewer than three layers with weights.
    """
    names = layers(artefacts.model_of(model))
    if len(names) < 3:
        raise InputError(
            f"{model.name!r} has {len(names)} layers with weights: without the first and the last "
            "nothing is left to prune. Give a sparsity for each layer instead."
        )
    return dict.fromkeys(names[1:-1], masks.checked(sparsity))


def sparsity(model: Any) -> dict[str, float]:
    """Return the share of zeros in each kernel, and over all kernels together under "all"."""
    kernels = {name: model.get_layer(name).kernel.numpy() for name in layers(model)}
    if not kernels:
        raise InputError(f"{model.name!r} has no layer with a kernel.")
    found = {name: masks.zeros(kernel) for name, kernel in kernels.items()}
    found["all"] = masks.zeros(np.concatenate([kernel.ravel() for kernel in kernels.values()]))
    return found


def to_sparse_tflite(model: Any, path: str | os.PathLike[str]) -> Path:
    """Convert to a float `.tflite` file that stores only what is not zero, with its places.

    The converter does so for the tensors in which it pays; at half zeros it does not. LiteRT unpacks
    the kernels of convolutions again (`DENSIFY`); a dense layer with nearly nothing but zeros it
    computes with a kernel that skips them, which may be faster or slower than its dense one.

    Args:
        model: a Keras model with many zeros.
        path: of the `.tflite` file; a bare name goes to the workspace's artefacts.

    Returns:
        The path.

    Raises:
        InputError: no Keras model with one input and one output, or the converter refused it.
        StorageError: the file could not be written.
    """
    source = artefacts.model_of(model)

    def configure(converter: Any) -> None:
        converter.optimizations = [keras.tf().lite.Optimize.EXPERIMENTAL_SPARSITY]

    def write(file: Path) -> None:
        file.write_bytes(convert.tflite_bytes(source, configure))

    key = {
        "verb": "to_sparse_tflite",
        "model": artefacts.model_hash(source),
        "own": workspace.code_hashes("prune.py"),
    }
    return artefacts.make(path, ".tflite", "Converting to a sparse file", key, write)


def wanted(model: Any, sparsity: Sparsity) -> dict[str, float]:
    """Return the share of zeros for each layer that is meant.

    Raises:
        InputError: a sparsity outside [0, 1), no such layer, or one without a kernel.
    """
    known = layers(model)
    if not isinstance(sparsity, Mapping):
        return dict.fromkeys(known, masks.checked(sparsity))
    for name in sparsity:
        if name not in known:
            others = [layer.name for layer in model.layers]
            why = "has no kernel to prune" if name in others else "is not in the network"
            raise InputError(f"The layer {name!r} {why}. These can be pruned: {', '.join(known)}.")
    return {name: masks.checked(share, f"sparsity of {name}") for name, share in sparsity.items()}


def _trained(
    source: Any, dataset: Dataset, options: Mapping[str, Mapping[str, Any]], training: Any
) -> Any:
    """Train a copy with tfmot's wrappers around some layers, and take the wrappers off again."""
    toolkit = keras.tfmot().sparsity.keras

    def wrap(layer: Any) -> Any:
        if layer.name not in options:
            return layer
        return toolkit.prune_low_magnitude(layer, **options[layer.name])

    wrapped = _cloned(keras.clone(source), wrap)
    models.train(wrapped, dataset, callbacks=[toolkit.UpdatePruningStep()], **training)
    stripped = toolkit.strip_pruning(wrapped)
    # The stripped layers belong to two graphs; a fresh copy with their weights belongs to one.
    result = keras.clone(source)
    result.set_weights(stripped.get_weights())
    return result


def _cloned(model: Any, change: Callable[[Any], Any]) -> Any:
    try:
        return keras.keras().models.clone_model(model, clone_function=change)
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{model.name!r} can't be trained with masks: {reason}. It must be Sequential or "
            "functional, without layers of your own."
        ) from error
