"""Prune, cluster, quantize: three savings that add up, as long as one does not undo another.

    small = combined.prune_cluster_quantize(model, digits, "pcqat.tflite", sparsity=0.9, clusters=16)
    steps = combined.stages(model, digits, sparsity=0.9)      # a file after each step, to compare

Quantization-aware training updates every weight. Without a constraint, pruned weights become non-zero again,
and weights that clustering had given one shared value drift apart. tfmot's schemes preserve both during the
training: PQAT the sparsity, CQAT the clusters, PCQAT sparsity and clusters. The gain shows in the compressed
file; the `.tflite` itself has the size of any int8 file. Lesson 24.

Source: tfmot, "Collaborative optimization"; Han, Mao and Dally, "Deep compression", ICLR 2016.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from edgelab import artefacts, convert, keras, models, prune, quantize, workspace
from edgelab.errors import InputError
from edgelab.images.splits import Dataset
from edgelab.pruning import clustering, finetune

KEEPS = ("zeros", "clusters")
_CODE = ("combined.py", "convert.py", "quantize.py")


def prune_quantize(
    model: Any,
    dataset: Dataset,
    path: str | os.PathLike[str],
    sparsity: prune.Sparsity = 0.9,
    *,
    epochs: tuple[int, int] = (6, 1),
    seed: int = 0,
) -> Path:
    """Prune, then train for int8 with the zeros kept (PQAT).

    Args:
        model: a trained Keras model that ends in logits; it is not changed.
        dataset: with train and validation splits.
        path: of the int8 `.tflite` file; a bare name goes to the workspace's artefacts.
        sparsity: as in `prune.gradually`; one number spares the first and the last layer.
        epochs: of pruning, and of training for int8.
        seed: of the order of the images.

    Returns:
        The path.

    Raises:
        InputError: as `prune.gradually`, or a layer that tfmot can't train for int8.
        StorageError: the file could not be written.
    """
    pruned = _pruned(model, dataset, sparsity, epochs[0], seed)
    return to_int8(pruned, dataset, path, keep=("zeros",), epochs=epochs[1], seed=seed)


def cluster_quantize(
    model: Any,
    dataset: Dataset,
    path: str | os.PathLike[str],
    clusters: int = 16,
    *,
    epochs: tuple[int, int] = (1, 1),
    seed: int = 0,
) -> Path:
    """Cluster, then train for int8 with the clusters kept (CQAT).

    Args:
        model: as in `prune_quantize`.
        dataset: the same.
        path: of the int8 `.tflite` file.
        clusters: values left in each kernel.
        epochs: of clustering, and of training for int8.
        seed: of the first guess and of the order of the images.

    Returns, Raises: as `prune_quantize`, for clusters.
    """
    shared = clustering.cluster(model, dataset, clusters, epochs[0], seed=seed)
    return to_int8(shared, dataset, path, keep=("clusters",), epochs=epochs[1], seed=seed)


def prune_cluster_quantize(
    model: Any,
    dataset: Dataset,
    path: str | os.PathLike[str],
    sparsity: prune.Sparsity = 0.9,
    clusters: int = 16,
    *,
    epochs: tuple[int, int, int] = (6, 1, 1),
    seed: int = 0,
) -> Path:
    """Prune, cluster with the zeros kept, then train for int8 with both kept (PCQAT).

    Args:
        model: as in `prune_quantize`.
        dataset: the same.
        path: of the int8 `.tflite` file.
        sparsity: as in `prune_quantize`.
        clusters: values left in each kernel, zero being one of them.
        epochs: of pruning, of clustering, and of training for int8.
        seed: of the first guess and of the order of the images.

    Returns, Raises: as `prune_quantize`.
    """
    pruned = _pruned(model, dataset, sparsity, epochs[0], seed)
    shared = clustering.cluster(pruned, dataset, clusters, epochs[1], keep_zeros=True, seed=seed)
    return to_int8(shared, dataset, path, keep=KEEPS, epochs=epochs[2], seed=seed)


def stages(
    model: Any,
    dataset: Dataset,
    sparsity: prune.Sparsity = 0.9,
    clusters: int = 16,
    *,
    epochs: tuple[int, int, int] = (6, 1, 1),
    seed: int = 0,
    prefix: str = "",
) -> dict[str, Path]:
    """Return a `.tflite` file after each step of the combined route, for `benchmark.compare`.

    Args:
        model: as in `prune_cluster_quantize`.
        dataset: the same.
        sparsity: the same.
        clusters: the same.
        epochs: the same.
        seed: the same.
        prefix: of the files' names.

    Returns:
        "float32", "int8", "pruned", "pruned and clustered", "pruned int8" (quantized after training)
        and "PCQAT", in this order.
    """
    source = artefacts.model_of(model)
    pruned = _pruned(source, dataset, sparsity, epochs[0], seed)
    shared = clustering.cluster(pruned, dataset, clusters, epochs[1], keep_zeros=True, seed=seed)
    images = dataset.calibration
    return {
        "float32": convert.to_tflite(source, f"{prefix}float32.tflite"),
        "int8": quantize.full_integer(source, images, f"{prefix}int8.tflite"),
        "pruned": convert.to_tflite(pruned, f"{prefix}pruned.tflite"),
        "pruned and clustered": convert.to_tflite(shared, f"{prefix}pruned-clustered.tflite"),
        "pruned int8": quantize.full_integer(pruned, images, f"{prefix}pruned-int8.tflite"),
        "PCQAT": to_int8(
            shared, dataset, f"{prefix}pcqat.tflite", epochs=epochs[2], seed=seed
        ),
    }  # fmt: skip


def to_int8(
    model: Any,
    dataset: Dataset,
    path: str | os.PathLike[str],
    *,
    keep: Collection[str] = KEEPS,
    epochs: int = 1,
    seed: int = 0,
    rate: float = 1e-4,
    batch: int = 64,
) -> Path:
    """Train for int8 while zeros, clusters or both stay as they are, and write the integer file.

    Args:
        model: a Keras model that was pruned or clustered; it is not changed.
        dataset: with train and validation splits.
        path: of the `.tflite` file.
        keep: "zeros", "clusters", or both.
        epochs: passes over the train split.
        seed: of the order of the images.
        rate: learning rate at the start; small, since the model is trained already.
        batch: images per step.

    Returns:
        The path; kept by content.

    Raises:
        InputError: nothing or something unknown to keep, a layer that tfmot can't train for int8, no
            epoch, NaN in the images, or a training that diverged.
        StorageError: the file could not be written.
    """
    kept = sorted(set(keep))
    if not kept or set(kept) - set(KEEPS):
        raise InputError(
            f"keep is {list(keep)}; say what training must not undo: {', '.join(KEEPS)}. To keep "
            "nothing, use quantize.aware and quantize.from_aware."
        )
    source = artefacts.model_of(model)
    target = artefacts.target_path(path, ".tflite")
    training: dict[str, Any] = {"epochs": epochs, "seed": seed, "rate": rate, "batch": batch}

    def write(file: Path) -> None:
        wrapped = _wrapped(source, kept)
        models.train(wrapped, dataset, **training)
        made = quantize.from_aware(wrapped, file.with_name("int8.tflite"))
        made.replace(file)

    key = finetune.training_key("to_int8", source, dataset, {"keep": kept, **training}, _CODE)
    return workspace.copy_to(workspace.cached(key, write, ".tflite"), target)


def _pruned(model: Any, dataset: Dataset, sparsity: prune.Sparsity, epochs: int, seed: int) -> Any:
    shares = prune.sparing_ends(model, sparsity) if isinstance(sparsity, int | float) else sparsity
    return prune.gradually(model, dataset, shares, epochs, seed=seed)


def _wrapped(model: Any, kept: list[str]) -> Any:
    toolkit = keras.tfmot()
    schemes = {
        ("zeros",): toolkit.experimental.combine.Default8BitPrunePreserveQuantizeScheme,
        ("clusters",): lambda: _cluster_scheme(False),
        ("clusters", "zeros"): lambda: _cluster_scheme(True),
    }
    quantization = toolkit.quantization.keras
    try:
        with keras.quiet():
            annotated = quantization.quantize_annotate_model(keras.clone(model))
            return quantization.quantize_apply(annotated, schemes[tuple(kept)]())
    except (ValueError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{model.name!r} can't be trained for int8: {reason}. It must be Sequential or functional, "
            "without layers of your own and not wrapped already."
        ) from error


def _cluster_scheme(keep_zeros: bool) -> Any:
    combine = keras.tfmot().experimental.combine
    return combine.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity=keep_zeros)
