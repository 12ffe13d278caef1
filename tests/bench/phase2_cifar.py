"""The CIFAR-10 network that the course ships, as an integer file, beside MLPerf Tiny's figure.

MLPerf Tiny v1.x, image classification, closed division: about 87 % (85 % is asked for), judged on 200
images, which leaves a standard error of 2.4 points; the file takes 98,496 bytes. Ours is judged on the
10,000 test images, which EDGELAB_DATA must have: the sample's 1,000 are shown, but can't meet a bar.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelab import convert, data, evaluate, models, quantize
from tests.bench.figure import Figure, at_most

BYTES = 98_496
ACCURACY = 87.0


def figures() -> Iterator[Figure]:
    """Quantize the shipped network and judge it."""
    cifar = data.cifar10()
    test = cifar.test
    whole = len(test) == 10_000
    where = f"{len(test):,} test images" + ("" if whole else ", the sample")
    network = models.load("resnet8")
    float32 = convert.to_tflite(network, "bench-cifar-float32.tflite")
    int8 = quantize.full_integer(network, cifar.calibration, "bench-cifar-int8.tflite")
    before, after = (evaluate.accuracy(file, test) for file in (float32, int8))
    yield at_most("CIFAR-10 int8, file", int8.stat().st_size, "bytes", BYTES)
    yield Figure(
        "CIFAR-10 int8, accuracy",
        100 * after.value,
        "%",
        f"at least {ACCURACY:g} %",
        whole and 100 * after.value >= ACCURACY,
        low=100 * after.low,
        high=100 * after.high,
        note=where,
    )
    pair = evaluate.paired(before, after, test.y)
    yield Figure(
        "CIFAR-10 int8, accuracy against float",
        100 * pair.difference,
        "points",
        "no loss of 1 point in the interval",
        whole and pair.low > -0.01,
        low=100 * pair.low,
        high=100 * pair.high,
        note=f"McNemar's exact test p = {pair.p_value:.3g}: {pair.only_a} images only float got right, "
        f"{pair.only_b} only int8; {where}, float {before.value:.2%}",
    )
