"""Which layer can spare its weights? Prune one layer at a time and look at what the network loses.

    scan = prune.scan(model, digits.validation)
    scan                                          # one line a layer, the most sensitive first
    shares = prune.propose(scan, sparsity=0.9)    # a sparsity for each layer, 0.9 over all
    sparse = prune.gradually(model, digits, shares)

Nothing is trained: the scan asks what each layer's smallest weights are worth to the network as it is.
Choosing layers is a choice, so it is made on the validation images and never on test. Lesson 21.

Source: Li et al., "Pruning filters for efficient ConvNets", ICLR 2017, section 3.2 (sensitivity of
single layers); Han et al., NIPS 2015, section 5 (a threshold for each layer).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelab import artefacts, evaluate, keras, progress
from edgelab.errors import InputError
from edgelab.images.splits import Split
from edgelab.pruning import masks
from edgelab.quantizing import sensitivity
from edgelab.quantizing.by_layer import ByLayer
from edgelab.records import Accuracy

SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.98)


@dataclass(frozen=True)
class ScanPoint:
    """The network with one layer at one sparsity, all other layers whole.

    Attributes:
        sparsity: share of zeros in this layer.
        removed: how many weights that is.
        kl: mean Kullback-Leibler divergence from the whole model's probabilities, in nats.
        accuracy: on the validation images.
    """

    sparsity: float
    removed: int
    kl: float
    accuracy: Accuracy


@dataclass(frozen=True)
class LayerPoints:
    """One layer of a scan: its number of weights, and a point for each sparsity that was tried."""

    layer: str
    weights: int
    points: tuple[ScanPoint, ...]

    def at(self, sparsity: float) -> ScanPoint:
        """Return the point of one sparsity that was tried.

        Raises:
            InputError: it was not tried.
        """
        for point in self.points:
            if abs(point.sparsity - sparsity) < 1e-9:
                return point
        tried = ", ".join(f"{point.sparsity:g}" for point in self.points)
        raise InputError(f"{self.layer} was tried at {tried}; not at {sparsity!r}.")


@dataclass(frozen=True)
class PruningScan(ByLayer[LayerPoints]):
    """The layers of a network in the order in which they run. Behaves like a sequence of them.

    Attributes:
        model: name of the network.
        layers: one entry a layer.
        baseline: accuracy of the whole network.
        images: how many validation images were used.
    """

    model: str
    layers: tuple[LayerPoints, ...]
    baseline: Accuracy
    images: int

    @property
    def sparsities(self) -> tuple[float, ...]:
        """Return the sparsities that were tried."""
        return tuple(point.sparsity for point in self.layers[0].points)

    @property
    def weights(self) -> int:
        """Return the weights of all layers together."""
        return sum(layer.weights for layer in self.layers)

    @property
    def ranked(self) -> tuple[LayerPoints, ...]:
        """Return the layers with the most sensitive first (by KL at the highest sparsity)."""
        return tuple(sorted(self.layers, key=lambda layer: layer.points[-1].kl, reverse=True))

    def __repr__(self) -> str:
        title = f"{self.model}: one layer pruned at a time, {self.images} validation images"
        head = "".join(f"{share:>8.0%}" for share in self.sparsities)
        lines = [f"{title}, whole {self.baseline.value:.1%}", f"  {'accuracy at':>44s}{head}"]
        for entry in self.ranked:
            accuracies = "".join(f"{point.accuracy.value:>8.1%}" for point in entry.points)
            lines.append(f"  {entry.layer:24s}{entry.weights:>12,} weights{accuracies}")
        share = self.baseline.value
        points = 196 * (share * (1 - share) / self.images) ** 0.5
        lines.append(
            f"  An accuracy on {self.images} images is good to about ±{points:.1f} points."
        )
        return "\n".join(lines)


def scan(model: Any, validation: Split, sparsities: Sequence[float] = SPARSITIES) -> PruningScan:
    """Prune one layer at a time, by magnitude and without training, and compare the outputs.

    Args:
        model: a Keras model, or the path of a `.keras` file; it is not changed.
        validation: the validation split.
        sparsities: to try, in [0, 1).

    Returns:
        One entry a layer with a kernel.

    Raises:
        SplitError: the test split was given.
        InputError: NaN in the images, another shape, no sparsity or one outside [0, 1), a model
            without kernels.
    """
    if not isinstance(validation, Split):
        raise InputError(
            f"validation must be a split (digits.validation); this is a "
            f"{type(validation).__name__}."
        )
    validation.require_selection()
    shares = sorted({masks.checked(share) for share in sparsities})
    if not shares:
        raise InputError("There is no sparsity to try: give some, such as 0.5 and 0.9.")
    copy = keras.clone(artefacts.model_of(model))
    images = artefacts.images_of(validation, copy.input_shape, "the scan")
    names = masks.layers(copy)
    if not names:
        raise InputError(f"{copy.name!r} has no layer with a kernel: there is nothing to prune.")
    expected = evaluate.predict(copy, images)
    baseline = evaluate.score(expected.argmax(axis=1), validation)
    found = []
    trials = [(name, share) for name in names for share in shares]
    points: dict[str, list[ScanPoint]] = {name: [] for name in names}
    for name, share in progress.bar(trials, "Pruning one layer at a time", unit="trials"):
        kernel = copy.get_layer(name).kernel
        values = kernel.numpy()
        keep = masks.largest(values, share)
        kernel.assign(values * keep)
        got = evaluate.predict(copy, images)
        kernel.assign(values)
        points[name].append(
            ScanPoint(
                sparsity=share,
                removed=int(keep.size - keep.sum()),
                kl=sensitivity.divergence(expected, got),
                accuracy=evaluate.score(got.argmax(axis=1), validation),
            )
        )
    for name in names:
        count = int(np.prod(copy.get_layer(name).kernel.shape))
        found.append(LayerPoints(name, count, tuple(points[name])))
    return PruningScan(copy.name, tuple(found), baseline, len(images))


def propose(scan: PruningScan, sparsity: float) -> dict[str, float]:
    """Choose a sparsity for each layer so that the whole network reaches one, at little harm.

    Greedy: from whole layers on, always the step that takes away most weights for the divergence that
    it adds, until enough zeros are set. Harms are taken to add up, which is an approximation: layers
    were tried one at a time.

    Args:
        scan: result of `scan`.
        sparsity: share of zeros wanted over all layers.

    Returns:
        A sparsity for every layer, 0 where it stays whole; together at least the share wanted.

    Raises:
        InputError: outside [0, 1), or more than the scan's highest sparsity can give.
    """
    target = masks.checked(sparsity) * scan.weights
    most = sum(entry.points[-1].removed for entry in scan)
    if target > most:
        raise InputError(
            f"A sparsity of {sparsity:g} needs {target:,.0f} zeros, and with every layer at "
            f"{scan.sparsities[-1]:g} there are {most:,}. Scan higher sparsities, or ask for less."
        )
    level = dict.fromkeys((entry.layer for entry in scan), -1)
    removed = 0
    while removed < target:
        best = min(_steps(scan, level), key=lambda step: step[0])
        _, name, reached, gained = best
        level[name] = reached
        removed += gained
    return {
        entry.layer: entry.points[level[entry.layer]].sparsity if level[entry.layer] >= 0 else 0.0
        for entry in scan
    }


def _steps(scan: PruningScan, level: dict[str, int]) -> Iterator[tuple[float, str, int, int]]:
    """Yield every step that is left: harm for each weight, layer, its new level, weights removed."""
    for entry in scan:
        at = level[entry.layer]
        harm, gone = (0.0, 0) if at < 0 else (entry.points[at].kl, entry.points[at].removed)
        for reached in range(at + 1, len(entry.points)):
            point = entry.points[reached]
            gained = point.removed - gone
            if gained > 0:
                yield max(0.0, point.kl - harm) / gained, entry.layer, reached, gained
