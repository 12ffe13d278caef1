"""The CIFAR-10 network that the course ships, as an integer file, beside MLPerf Tiny's figure.

MLPerf Tiny v1.x, image classification, closed division: about 87 % (85 % is asked for), judged on 200
images, which leaves a standard error of 2.4 points; the file takes 98,496 bytes. Ours is judged on the 10,000 test images when EDGELAB_DATA has them, else on the sample; the notes say
which.
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
    where = f"{len(test):,} test images" + ("" if len(test) == 10_000 else ", the sample")
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
        100 * after.value >= ACCURACY,
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
        pair.low > -0.01,
        low=100 * pair.low,
        high=100 * pair.high,
        note=f"paired, {where}, float {before.value:.2%}",
    )
