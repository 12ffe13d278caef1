"""Cluster weights: let many weights share one value, and store which value instead of the value.

    codes, codebook = clustering.by_kmeans(kernel, clusters=16)
    np.allclose(codebook[codes], kernel)              # nearly: every weight moved to the nearest of 16
    shared = clustering.cluster(model, digits, clusters=16)

Sixteen values need a codebook of sixteen floats and a code of four bits for each weight. LiteRT has no
such type: the file stays as large, and it is gzip that finds the repetitions. A clustered network is
*simulated* in this sense. `cluster` trains the codebook (tfmot) and keeps zeros where asked; combined
with pruning and int8 see `edgelab.combined`. Lesson 24.

Source: Han, Mao and Dally, "Deep compression", ICLR 2016, section 3 (trained quantization and weight
sharing).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab import artefacts, keras, models
from edgelab.errors import InputError
from edgelab.images.splits import Dataset
from edgelab.provenance import tag_simulated
from edgelab.pruning import finetune, masks

_CODE = ("pruning/clustering.py",)


def by_kmeans(
    values: ArrayLike, clusters: int = 16, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find values that stand for many weights, by k-means (scikit-learn).

    Args:
        values: weights of any shape.
        clusters: how many different values are left, 2 or more.
        seed: of the first guess.

    Returns:
        codes, int of the shape of `values`, and the codebook, float32 (clusters,), in rising order:
        `codebook[codes]` are the clustered weights.

    Raises:
        InputError: no weights, NaN, or fewer than two clusters.
    """
    from sklearn.cluster import KMeans

    given = np.asarray(values, np.float64)
    if given.size == 0 or not np.isfinite(given).all():
        raise InputError("There is nothing to cluster: no weights, or NaN among them.")
    distinct = len(np.unique(given))
    count = min(_checked(clusters), distinct)
    found = KMeans(count, n_init=1, random_state=seed).fit(given.reshape(-1, 1))
    order = np.argsort(found.cluster_centers_.ravel())
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    codebook: NDArray[np.float32] = found.cluster_centers_.ravel()[order].astype(np.float32)
    return place[found.labels_].reshape(given.shape), codebook


def at_once(model: Any, clusters: int = 16, seed: int = 0) -> Any:
    """Return a copy with every kernel moved to its own codebook, without any training.

    Args:
        model: a Keras model.
        clusters: values left in each kernel.
        seed: of the first guess.

    Returns:
        A Keras model. It is *simulated*, as in `cluster`.

    Raises:
        InputError: as `by_kmeans`.
    """
    source = artefacts.model_of(model)
    copy = keras.clone(source)
    for name in masks.layers(copy):
        kernel = copy.get_layer(name).kernel
        codes, codebook = by_kmeans(kernel.numpy(), clusters, seed)
        kernel.assign(codebook[codes])
    return tag_simulated(copy, source)


def cluster(
    model: Any,
    dataset: Dataset,
    clusters: int = 16,
    epochs: int = 1,
    *,
    keep_zeros: bool = False,
    only: Sequence[str] | None = None,
    seed: int = 0,
    rate: float = 5e-4,
    batch: int = 64,
) -> Any:
    """Return a copy whose weights share few values, the values trained to fit (tfmot).

    Args:
        model: a trained Keras model that ends in logits; it is not changed.
        dataset: with train and validation splits.
        clusters: values left in each kernel, 3 or more where zeros are kept.
        epochs: passes over the train split, with shared weights.
        keep_zeros: what pruning made zero stays zero; zero is then one of the values.
        only: names of the layers to cluster; None takes every layer with a kernel.
        seed: of the first guess and of the order of the images.
        rate: learning rate at the start.
        batch: images per step.

    Returns:
        A plain Keras model, kept by content. It is *simulated*: every weight still takes 32 bits.

    Raises:
        InputError: too few clusters, no such layer, no epoch, NaN in the images, or a training that
            diverged.
    """
    source = artefacts.model_of(model)
    known = masks.layers(source)
    chosen = known if only is None else tuple(only)
    strange = [name for name in chosen if name not in known]
    if strange or not chosen:
        told = f"{strange[0]!r} is none of them" if strange else "no layer was named"
        raise InputError(f"These layers can be clustered: {', '.join(known)}; {told}.")
    _checked(clusters, 3 if keep_zeros else 2)
    training: dict[str, Any] = {"epochs": epochs, "seed": seed, "rate": rate, "batch": batch}

    def make() -> Any:
        return _trained(source, dataset, chosen, clusters, keep_zeros=keep_zeros, training=training)

    options = {"clusters": clusters, "keep_zeros": keep_zeros, "only": list(chosen), **training}
    return tag_simulated(finetune.kept("cluster", source, dataset, options, make, code=_CODE))


def distinct(model: Any) -> dict[str, int]:
    """Return how many different weights each kernel of a Keras model holds."""
    return {
        name: len(np.unique(model.get_layer(name).kernel.numpy())) for name in masks.layers(model)
    }


def codebook_bytes(count: int, clusters: int, bits: int = 32) -> int:
    """Return what weights with a codebook must take: a code for each, and the codebook.

    Args:
        count: of weights.
        clusters: of different values.
        bits: of one value in the codebook.
    """
    code_bits = max(1, math.ceil(math.log2(_checked(clusters))))
    return math.ceil(count * code_bits / 8) + math.ceil(clusters * bits / 8)


def _trained(
    source: Any,
    dataset: Dataset,
    chosen: Sequence[str],
    clusters: int,
    *,
    keep_zeros: bool,
    training: Any,
) -> Any:
    # Zeros are kept by an interface of tfmot that has no public name yet.
    from tensorflow_model_optimization.python.core.clustering.keras.experimental import (
        cluster as preserving,
    )

    toolkit, library = keras.tfmot().clustering.keras, keras.keras()
    library.utils.set_random_seed(training["seed"])  # k-means++ draws its first guess from it

    def wrap(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        return preserving.cluster_weights(
            layer,
            number_of_clusters=clusters,
            cluster_centroids_init=toolkit.CentroidInitialization.KMEANS_PLUS_PLUS,
            preserve_sparsity=keep_zeros,
        )

    # tfmot takes the layers that it gets apart, so it gets those of a copy.
    wrapped = library.models.clone_model(keras.clone(source), clone_function=wrap)
    models.train(wrapped, dataset, **training)
    stripped = toolkit.strip_clustering(wrapped)
    result = keras.clone(source)
    for layer in result.layers:
        layer.set_weights(stripped.get_layer(layer.name).get_weights())
    return result


def _checked(clusters: int, least: int = 2) -> int:
    if not isinstance(clusters, int) or isinstance(clusters, bool) or clusters < least:
        raise InputError(
            f"clusters is {clusters!r}; a kernel keeps at least {least} different values"
            + (", zero being one." if least == 3 else ".")
        )
    return clusters
