"""Which layer suffers? Quantize one layer at a time and look at what the whole network loses.

    scan = sensitivity.scan("float32.tflite", digits.validation, bits=4)
    scan                                          # one line a layer, the most sensitive first
    recipe = sensitivity.propose(scan, budget_bytes=52_000)
    quantize.mixed("float32.tflite", "mixed.tflite", recipe)

One careful layer often costs a few hundred bytes and wins back most of the loss. Choosing layers is a
choice, so it is made on the validation images and never on test. Lesson 20.

Source: the scan is the per-layer analysis of Wu et al., "Integer Quantization for Deep Learning
Inference: Principles and Empirical Evaluation", 2020, section 5.1.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, evaluate, keras, progress, runtimes, workspace
from edgelab.errors import InputError
from edgelab.files import tflite
from edgelab.images.splits import Split
from edgelab.quantizing import weight_recipes
from edgelab.quantizing.by_layer import ByLayer
from edgelab.records import Accuracy

# Probabilities below this are rounding noise of float32; without a floor one zero makes KL infinite.
_FLOOR = 1e-7


@dataclass(frozen=True)
class LayerSensitivity:
    """What one layer at few bits does to the network, all other layers in float.

    Attributes:
        layer: its name.
        kind: "CONV_2D", "DEPTHWISE_CONV_2D" or "FULLY_CONNECTED".
        bits: of its weights in this trial.
        weights: how many it has.
        bytes_saved: file bytes less than the float file.
        kl: mean Kullback-Leibler divergence from the float model's probabilities, in nats.
        agreement: share of images that keep the float model's class.
        accuracy: on the validation images; None where the classes are not known.
    """

    layer: str
    kind: str
    bits: int
    weights: int
    bytes_saved: int
    kl: float
    agreement: float
    accuracy: Accuracy | None

    def extra_bytes(self, high: int = 8) -> int:
        """Return what the file grows by when this layer gets `high` bits instead of the few."""
        # Buffers are padded to 16 bytes in the file; count the padding, so that a budget holds.
        return -(-self.weights * (high - self.bits) // 8) + 16


@dataclass(frozen=True)
class Scan(ByLayer[LayerSensitivity]):
    """The layers of a model in the order in which they run, and the model they were compared with.

    Behaves like a sequence of `LayerSensitivity`.

    Attributes:
        artefact: name of the float file.
        bits: of the layer under test.
        layers: one entry a layer.
        baseline: accuracy of the float file; None where the classes are not known.
        float_bytes: size of the float file.
        low_bytes: size of the file with every layer at `bits`.
        images: how many validation images were used.
    """

    artefact: str
    bits: int
    layers: tuple[LayerSensitivity, ...]
    baseline: Accuracy | None
    float_bytes: int
    low_bytes: int
    images: int

    @property
    def ranked(self) -> tuple[LayerSensitivity, ...]:
        """Return the layers with the most sensitive first (by KL, which a few images settle)."""
        return tuple(sorted(self.layers, key=lambda layer: layer.kl, reverse=True))

    def __repr__(self) -> str:
        head = f"{self.artefact}: one layer at {self.bits} bits at a time, {self.images} images"
        if self.baseline:
            head += f", float accuracy {self.baseline.value:.1%}"
        lines = [head]
        for entry in self.ranked:
            accuracy = f"  accuracy {entry.accuracy.value:6.1%}" if entry.accuracy else ""
            lines.append(
                f"  {entry.layer:24s} {entry.weights:>9,} weights  {entry.bits} bits  KL {entry.kl:.4f}  same class "
                f"{entry.agreement:6.1%}{accuracy}"
            )
        if self.baseline:
            points = 196 * (self.baseline.value * (1 - self.baseline.value) / self.images) ** 0.5
            lines.append(
                f"  An accuracy on {self.images} images is good to about ±{points:.1f} points; KL tells "
                "more apart."
            )
        return "\n".join(lines)


def layers(artefact: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of the layers of a `.tflite` file that a recipe can name.

    Raises:
        MissingFileError, FormatError: as `tflite.read`.
    """
    return tuple(layer.name for layer in tflite.layers(tflite.read(artefact)))


def scan(artefact: Any, validation: Split, bits: int = 4, compute: str = "float32") -> Scan:
    """Quantize the weights of one layer at a time, and compare the outputs with the float model's.

    Args:
        artefact: a float `.tflite` file, or a Keras model.
        validation: the validation split.
        bits: 2, 4 or 8. A layer for which LiteRT has no kernel that narrow (depthwise convolutions)
            is tried at the next width above; its entry says so.
        compute: as in `quantize.weights`; 2 bits need "int8".

    Returns:
        One entry a layer.

    Raises:
        SplitError: the test split was given.
        InputError: NaN in the images, another shape, bits or compute that do not exist.
        FormatError: no float `.tflite` file.
        MissingRuntimeError: litert-quantizer is not installed.
    """
    if not isinstance(validation, Split):
        raise InputError(
            f"validation must be a split (digits.validation); this is a {type(validation).__name__}."
        )
    validation.require_selection()
    source = weight_recipes.float_file(artefact)
    found = weight_recipes.float_layers(source)
    low = {layer.name: weight_recipes.narrowest(layer, bits, compute) for layer in found}
    with runtimes.load(source) as runner:
        images = artefacts.images_of(validation, (None, *runner.input_spec.shape[1:]), "the scan")
        expected = evaluate.predict(runner, images)
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "trial.tflite"
        for layer in progress.bar(found, "Scanning layers", unit="layers"):
            recipe = {**dict.fromkeys(low, 32), layer.name: low[layer.name]}
            workspace.atomic_write(trial, _quantized(source, found, recipe, compute))
            got = evaluate.predict(trial, images)
            entries.append(
                LayerSensitivity(
                    layer=layer.name,
                    kind=layer.kind,
                    bits=low[layer.name],
                    weights=layer.count,
                    bytes_saved=source.stat().st_size - trial.stat().st_size,
                    kl=divergence(expected, got),
                    agreement=evaluate.agreement(expected, got),
                    accuracy=_accuracy(got, validation),
                )
            )
    return Scan(
        artefact=Path(artefact).name if not keras.is_model(artefact) else artefact.name,
        bits=bits,
        layers=tuple(entries),
        baseline=_accuracy(expected, validation),
        float_bytes=source.stat().st_size,
        low_bytes=len(_quantized(source, found, low, compute)),
        images=len(images),
    )


def propose(scan: Scan, budget_bytes: int, high: int = 8) -> dict[str, int]:
    """Propose a recipe: every layer at the scan's bits, the worst ones back at `high` bits.

    Greedy: the layer whose extra bytes buy most divergence goes first, as long as the file stays
    within the budget. It takes the losses of single layers as if they added up, which they do only
    roughly, and the loss at `high` bits as nothing: measure the result.

    Args:
        scan: of the model.
        budget_bytes: how large the file may become.
        high: bits of the layers that are spared, 8 or 32.

    Returns:
        Bits of every layer, for `quantize.mixed`.

    Raises:
        InputError: even the smallest file is above the budget, or high is not above the scan's bits.
    """
    if high not in weight_recipes.WIDTHS or high <= scan.bits:
        raise InputError(
            f"high is {high!r}; use a width above the scan's {scan.bits} bits: 8 or 32."
        )
    room = budget_bytes - scan.low_bytes
    if room < 0:
        raise InputError(
            f"With every layer at {scan.bits} bits the file has {scan.low_bytes:,} bytes; a budget of "
            f"{budget_bytes:,} can't be met. Scan with fewer bits, or take a smaller model."
        )
    recipe = {entry.layer: entry.bits for entry in scan}
    for entry in sorted(scan, key=lambda e: e.kl / e.weights, reverse=True):
        extra = entry.extra_bytes(high)
        if entry.bits < high and extra <= room:
            recipe[entry.layer] = high
            room -= extra
    return recipe


def divergence(expected: np.ndarray, got: np.ndarray) -> float:
    """Return the mean Kullback-Leibler divergence of two sets of outputs, in nats.

    Args:
        expected: probabilities or logits (n, classes) of the reference.
        got: the same of the other model.

    Source: Kullback and Leibler, "On information and sufficiency", 1951.
    """
    p, q = _probabilities(expected), _probabilities(got)
    return float(np.mean(np.sum(p * np.log(p / q), axis=1)))


def _probabilities(outputs: np.ndarray) -> np.ndarray:
    values = np.asarray(outputs, np.float64)
    if values.min() < 0 or np.abs(values.sum(axis=1) - 1).max() > 1e-2:
        values = np.exp(values - values.max(axis=1, keepdims=True))
    values = np.maximum(values, _FLOOR)
    result: np.ndarray = values / values.sum(axis=1, keepdims=True)
    return result


def _quantized(
    source: Path, found: tuple[tflite.Layer, ...], recipe: Mapping[str, int], compute: str
) -> bytes:
    with keras.quiet():
        return weight_recipes.quantized_bytes(source, found, recipe, compute)


def _accuracy(outputs: np.ndarray, split: Split) -> Accuracy | None:
    return evaluate.score(outputs.argmax(axis=1), split) if split.labelled else None
