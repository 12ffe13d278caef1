"""What quantization costs and brings, on the models of lesson 20.

The digits network in full integer against float, both as `.tflite` files; ResNet8 with 4-bit weights,
with the layers that a sensitivity scan names spared. ResNet8 is judged on the 10,000 test images of
CIFAR-10 when EDGELAB_DATA has them, else on the sample; every figure's note says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgelab import convert, data, evaluate, models, progress, quantize
from edgelab.images.splits import Split
from edgelab.quantizing import sensitivity
from edgelab.records import Accuracy
from tests.bench.figure import Figure, at_least, reported

MOST_EXTRA_BYTES = 5.0  # percent, over the file with 4 bits everywhere
DRAWS = 4000


def figures() -> Iterator[Figure]:
    """Measure both networks."""
    yield from digits()
    yield from resnet8()


def digits() -> Iterator[Figure]:
    """Compare accuracy and file size of the full-integer digits network with its float file."""
    images = data.digits()
    network = models.load("digits_cnn")
    float32 = convert.to_tflite(network, "bench-digits-float32.tflite")
    int8 = quantize.full_integer(network, images.calibration, "bench-digits-int8.tflite")
    before, after = (evaluate.accuracy(file, images.test) for file in (float32, int8))
    pair = evaluate.paired(before, after, images.test.y)
    yield Figure(
        "digits int8, accuracy against float",
        100 * pair.difference,
        "points",
        "interval holds 0 and no loss of 1 point",
        pair.low > -0.01 and pair.high >= 0,
        low=100 * pair.low,
        high=100 * pair.high,
        note=f"paired, {pair.total:,} test images, float {before.value:.1%}",
    )
    ratio = float32.stat().st_size / int8.stat().st_size
    note = f"both .tflite: {float32.stat().st_size:,} and {int8.stat().st_size:,} bytes"
    yield at_least("digits int8, times smaller than float", ratio, "x", 3, note=note)


def resnet8() -> Iterator[Figure]:
    """Find the layer that 4 bits hurt, spare it, and see what comes back."""
    cifar = data.cifar10()
    test = cifar.test
    where = f"{len(test):,} test images" + ("" if len(test) == 10_000 else ", the sample")
    float32 = convert.to_tflite(models.load("resnet8"), "bench-resnet8-float32.tflite")
    int4 = quantize.weights(float32, "bench-resnet8-int4.tflite", bits=4)
    exact, coarse = (evaluate.accuracy(file, test) for file in (float32, int4))
    lost = evaluate.paired(exact, coarse, test.y)
    yield reported(
        "ResNet8, accuracy with 4-bit weights",
        100 * lost.difference,
        "points",
        low=100 * lost.low,
        high=100 * lost.high,
        note=f"{where}, float {exact.value:.1%}",
    )
    scan = sensitivity.scan(float32, cifar.validation, bits=4)
    yield costly_layer(scan, float32, exact, test)

    budget = int((1 + MOST_EXTRA_BYTES / 100) * int4.stat().st_size)
    recipe = sensitivity.propose(scan, budget)
    mixed = quantize.mixed(float32, "bench-resnet8-mixed.tflite", recipe, others=4)
    share, low, high = won_back(exact, coarse, evaluate.accuracy(mixed, test), test.y)
    spared = ", ".join(name for name, bits in recipe.items() if bits == 8)
    yield Figure(
        "ResNet8, share of the 4-bit loss won back",
        share,
        "of 1",
        "at least 0.5",
        share >= 0.5,
        low=low,
        high=high,
        note=f"{where}; 8 bits for {spared}",
    )
    extra = 100 * (mixed.stat().st_size / int4.stat().st_size - 1)
    yield Figure(
        "ResNet8, extra bytes of the mixed recipe",
        extra,
        "%",
        f"below {MOST_EXTRA_BYTES:g} %",
        extra < MOST_EXTRA_BYTES,
        note=f"{int4.stat().st_size:,} to {mixed.stat().st_size:,} bytes",
    )


def costly_layer(scan: sensitivity.Scan, float32: Path, exact: Accuracy, test: Split) -> Figure:
    """Ask whether the layer that the scan puts first on validation loses most on test as well."""
    lost = {}
    for layer in progress.bar(scan.layers, "Each layer alone, on test", unit="layers"):
        alone = quantize.mixed(float32, "bench-alone.tflite", {layer.layer: 4}, others=32)
        lost[layer.layer] = 100 * (exact.value - evaluate.accuracy(alone, test).value)
    first = scan.ranked[0].layer
    others = max(value for name, value in lost.items() if name != first)
    return Figure(
        "ResNet8, points lost by the layer that the scan names",
        lost[first],
        "points",
        "more than any other",
        lost[first] > others,
        note=f"{first}, found on {scan.images:,} validation images; the next layer loses {others:.2f}",
    )


def won_back(
    exact: Accuracy, coarse: Accuracy, mixed: Accuracy, labels: np.ndarray
) -> tuple[float, float, float]:
    """Return the share of the loss that a recipe wins back, with a 95 % bootstrap interval."""
    right = np.array([np.asarray(a.predictions) == labels for a in (exact, coarse, mixed)], float)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(DRAWS):
        e, c, m = right[:, rng.integers(0, len(labels), len(labels))].mean(axis=1)
        if e > c:  # without a loss there is nothing to win back
            shares.append((m - c) / (e - c))
    e, c, m = right.mean(axis=1)
    if e <= c or not shares:
        return float("nan"), float("nan"), float("nan")
    low, high = np.quantile(shares, [0.025, 0.975])
    return float((m - c) / (e - c)), float(low), float(high)
