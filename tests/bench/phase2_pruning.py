"""How small pruning makes the digits network, and how fast structured pruning makes ResNet8.

Digits: float and pruned int8 `.tflite`, both gzipped, over three seeds; the interval is that of the mean
loss over the seeds, taken over the test images. How far it goes: among several routes the smallest whose
loss on *validation* is within the bar, then judged on test.

ResNet8: filters removed, retrained on the whole of CIFAR-10 with the whole network as teacher, resumable
(about half an hour the first time), then timed against the whole network in LiteRT. Without
EDGELAB_DATA there is nothing to retrain on, and these figures are missed.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import (
    benchmark,
    cifar,
    combined,
    convert,
    data,
    evaluate,
    finetune,
    models,
    progress,
    prune,
    quantize,
    retrain,
    size,
    structured,
)
from edgelab.splits import Split
from tests.bench.figure import Figure, at_least, reported

SEEDS = (0, 1, 2)
MOST_POINTS = 1.0
TIMES_SMALLER = 20.0
DRAWS = 4000

# Chosen by latency alone, before any training: the early, wide layers cost most time and the late ones
# hold most weights. What is left are multiples of 8; every other group of filters stays whole.
CUT = {
    "stem_conv": 0.5,
    "stage1_conv1": 0.5,
    "stage2_conv1": 0.5,
    "stage3_conv1": 0.5,
}
RETRAIN_EPOCHS = 40
MOST_POINTS_CUT = 1.5
TIMES_FASTER = 2.0


def figures() -> Iterator[Figure]:
    """Measure both networks."""
    yield from digits()
    yield from resnet8()


@dataclass(frozen=True)
class Route:
    """A way to a small file: its name, and the function from a trained network to the file."""

    name: str
    make: Callable[[Any, int, str], Path]


@dataclass(frozen=True)
class Found:
    """What a route gave over the seeds: the mean ratio, and losses of each seed on each image."""

    route: str
    ratio: float
    validation_points: float
    lost: np.ndarray  # test images × seeds: +1 lost, −1 won, 0 neither


def routes() -> tuple[Route, ...]:
    """Return the routes that are tried, the promised one first."""
    images = data.digits()

    def pruned_int8(share: float) -> Callable[[Any, int, str], Path]:
        def make(network: Any, seed: int, name: str) -> Path:
            sparse = prune.gradually(
                network, images, prune.sparing_ends(network, share), epochs=12, seed=seed
            )
            return quantize.full_integer(sparse, images.calibration, name)

        return make

    def pcqat(share: float, clusters: int) -> Callable[[Any, int, str], Path]:
        def make(network: Any, seed: int, name: str) -> Path:
            return combined.prune_cluster_quantize(
                network, images, name, share, clusters, epochs=(12, 2, 2), seed=seed
            )

        return make

    def narrow(filters: float, share: float) -> Callable[[Any, int, str], Path]:
        def make(network: Any, seed: int, name: str) -> Path:
            cut = structured.filters(network, filters)
            cut = finetune.train(cut, images, epochs=8, seed=seed)
            return pruned_int8(share)(cut, seed, name)

        return make

    return (
        Route("95 % zeros, int8", pruned_int8(0.95)),
        Route("98 % zeros, int8", pruned_int8(0.98)),
        Route("99 % zeros, int8", pruned_int8(0.99)),
        Route("95 % zeros, 16 clusters, int8", pcqat(0.95, 16)),
        Route("98 % zeros, 16 clusters, int8", pcqat(0.98, 16)),
        Route("half of the filters, 90 % zeros, int8", narrow(0.5, 0.9)),
        Route("half of the filters, 95 % zeros, int8", narrow(0.5, 0.95)),
    )


def digits() -> Iterator[Figure]:
    """Compare gzipped files of the digits network over the seeds."""
    images = data.digits()
    networks = {
        seed: finetune.train(models.digits_cnn(seed=seed), images, epochs=15, seed=seed, rate=2e-3)
        for seed in SEEDS
    }
    found = [
        tried(route, networks, images.validation, images.test)
        for route in progress.bar(routes(), "Routes to a small file", unit="routes")
    ]
    promised = found[0]
    mean, low, high = over_images(promised.lost)
    each = ", ".join(f"{100 * seed:+.1f}" for seed in promised.lost.mean(axis=0))
    note = f"{promised.route}; three seeds lost {each} points on {len(images.test):,} test images"
    yield at_least(
        "digits, times smaller after pruning and int8, both gzipped",
        promised.ratio,
        "x",
        TIMES_SMALLER,
        note=promised.route,
    )
    yield Figure(
        "digits, points lost by pruning and int8",
        100 * mean,
        "points",
        f"interval below {MOST_POINTS:g}",
        100 * high <= MOST_POINTS,
        low=100 * low,
        high=100 * high,
        note=note,
    )
    fit = [one for one in found if one.validation_points <= MOST_POINTS] or [promised]
    farthest = max(fit, key=lambda one: one.ratio)
    mean, low, high = over_images(farthest.lost)
    yield reported(
        "digits, how far it goes, both gzipped",
        farthest.ratio,
        "x",
        note=f"{farthest.route}, chosen on validation; on test {100 * mean:+.2f} points lost "
        f"[{100 * low:+.2f}, {100 * high:+.2f}]",
    )
    for one in found[1:]:
        mean, low, high = over_images(one.lost)
        yield reported(
            f"digits, {one.route}",
            one.ratio,
            "x",
            note=f"{100 * mean:+.2f} points lost [{100 * low:+.2f}, {100 * high:+.2f}]",
        )


def tried(route: Route, networks: dict[int, Any], validation: Split, test: Split) -> Found:
    """Go a route with every seed's network."""
    ratios, on_validation, lost = [], [], []
    for seed, network in networks.items():
        float32 = convert.to_tflite(network, f"bench-float-{seed}.tflite")
        small = route.make(network, seed, f"bench-small-{seed}.tflite")
        ratios.append(size.of(float32).gzip_bytes / size.of(small).gzip_bytes)
        on_validation.append(losses(float32, small, validation).mean())
        lost.append(losses(float32, small, test))
    return Found(
        route.name,
        statistics.fmean(ratios),
        100 * statistics.fmean(on_validation),
        np.stack(lost, axis=1),
    )


def losses(before: Any, after: Any, split: Split) -> np.ndarray:
    """Return +1 for each image that only the first got right, −1 for each that only the second did."""
    right = [
        np.asarray(evaluate.accuracy(model, split).predictions) == split.y
        for model in (before, after)
    ]
    return right[0].astype(int) - right[1].astype(int)


def over_images(lost: np.ndarray) -> tuple[float, float, float]:
    """Return the mean loss over seeds and images, with a 95 % bootstrap interval over the images.

    The same images were answered with every seed, so an image is drawn with all of its seeds.
    """
    each = lost.mean(axis=1)
    random = np.random.default_rng(0)
    means = [each[random.integers(0, len(each), len(each))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(each.mean()), float(low), float(high)


def resnet8() -> Iterator[Figure]:
    """Cut filters of ResNet8, retrain, and compare speed and accuracy with the whole network."""
    faster = f"ResNet8, times faster without filters ({', '.join(CUT)})"
    kept = "ResNet8, points lost without these filters"
    if cifar.full_source() is None:
        for name, unit in ((faster, "x"), (kept, "points")):
            yield Figure(name, float("nan"), unit, "needs EDGELAB_DATA", False)
        return
    whole = models.load("resnet8")
    small = retrain.cifar10(structured.filters(whole, CUT), RETRAIN_EPOCHS, teacher=whole)
    images = data.cifar10().test
    files = {
        "float32": convert.to_tflite(whole, "bench-resnet8-whole.tflite"),
        "pruned filters": convert.to_tflite(small, "bench-resnet8-filters.tflite"),
    }
    result = benchmark.compare(files, on=images)
    ratio = result.ratio("pruned filters")
    counts = [benchmark.counts(model) for model in (whole, small)]
    yield at_least(
        faster,
        1 / ratio.value,
        "x",
        TIMES_FASTER,
        low=1 / ratio.high,
        high=1 / ratio.low,
        note=f"{counts[0].macs:,} to {counts[1].macs:,} MACs, {counts[0].parameters:,} to "
        f"{counts[1].parameters:,} parameters; {files['float32'].stat().st_size:,} to "
        f"{files['pruned filters'].stat().st_size:,} bytes",
    )
    before, after = (result[name].accuracy for name in files)
    assert before is not None  # CIFAR-10 has labels
    assert after is not None
    pair = evaluate.paired(before, after, images.y)
    yield Figure(
        kept,
        -100 * pair.difference,
        "points",
        f"at most {MOST_POINTS_CUT:g} points",
        -100 * pair.difference <= MOST_POINTS_CUT,
        low=-100 * pair.high,
        high=-100 * pair.low,
        note=f"paired, {pair.total:,} test images, whole {before.value:.2%}, {RETRAIN_EPOCHS} epochs",
    )
