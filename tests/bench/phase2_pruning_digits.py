"""How small pruning makes the digits network: float and pruned int8 `.tflite`, both gzipped.

Every seed's network goes each of several routes to a small file. The float network that it is judged
against was trained on as well, unpruned, for as many epochs at the same rates: else a loss could hide
behind training that only the small network got. Points lost have an interval over seeds and images
together (`trials.over_seeds_and_images`); sizes count by the seed with the smallest ratio. How far it
goes: among the routes the smallest file whose loss on *validation* is within the bar, then judged on test.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import combined, convert, data, evaluate, models, progress, prune, quantize, size
from edgelab.distilling import trials
from edgelab.images.splits import Split
from edgelab.pruning import finetune, structured
from tests.bench.figure import Figure, at_least, reported

SEEDS = (0, 1, 2, 3, 4)
MOST_POINTS = 1.0
TIMES_SMALLER = 20.0

# Each training: epochs, and the learning rate that it starts with.
FLOAT = (15, 2e-3)
PRUNING = (12, 2e-3)
CLUSTERING = (2, 5e-4)
FOR_INT8 = (2, 1e-4)
REPAIR = (8, 1e-3)


@dataclass(frozen=True)
class Route:
    """A way from a trained network to a small file.

    Attributes:
        name: says what is done.
        make: network, seed, name of the file → the file.
        trained: the trainings on the way, which the float network gets as well.
    """

    name: str
    make: Callable[[Any, int, str], Path]
    trained: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Found:
    """What a route gave, seed by seed.

    Attributes:
        route: its name.
        ratios: times smaller, of each seed.
        floats: accuracy on test of the float networks that it is judged against.
        validation_points: mean loss on the validation images.
        lost: what each seed lost on each test image, (seeds, images): 1, -1 where it won, or 0.
    """

    route: str
    ratios: tuple[float, ...]
    floats: tuple[float, ...]
    validation_points: float
    lost: np.ndarray

    @property
    def ratio(self) -> float:
        """Return the smallest of the ratios."""
        return min(self.ratios)

    @property
    def points(self) -> tuple[float, float, float]:
        """Return the mean points lost on test with their interval over seeds and images."""
        low, high = trials.over_seeds_and_images(self.lost)
        return 100 * float(self.lost.mean()), 100 * low, 100 * high

    @property
    def keeps_the_bar(self) -> bool:
        """Tell whether the interval on test lies below the bar."""
        return self.points[2] <= MOST_POINTS

    def told(self) -> str:
        """Return the ratios and the points as a sentence for a note."""
        mean, low, high = self.points
        kept = "within" if self.keeps_the_bar else "not within"
        return (
            f"by seed {listed(self.ratios, '.1f')} times; on test {mean:+.2f} points lost "
            f"[{low:+.2f}, {high:+.2f}], {kept} {MOST_POINTS:g}"
        )


def figures() -> Iterator[Figure]:
    """Send the networks of all seeds along every route."""
    images = data.digits()
    epochs, rate = FLOAT
    networks = {
        seed: finetune.train(models.digits_cnn(seed=seed), images, epochs, seed=seed, rate=rate)
        for seed in SEEDS
    }
    before = [evaluate.accuracy(network, images.test).value for network in networks.values()]
    found = [
        tried(route, networks, images.validation, images.test)
        for route in progress.bar(routes(), "Routes to a small file", unit="routes")
    ]
    yield from promised(found[0], statistics.fmean(before))
    within = [one for one in found if one.validation_points <= MOST_POINTS]
    farthest = max(within or found[:1], key=lambda one: one.ratio)
    chosen = "chosen on validation" if within else "none is within the bar on validation"
    yield reported(
        "digits, how far it goes, both gzipped",
        farthest.ratio,
        "x",
        note=f"{farthest.route}, {chosen}; {farthest.told()}",
    )
    for one in found[1:]:
        yield reported(
            f"digits, {one.route}",
            one.ratio,
            "x",
            note=f"{one.told()}; on validation {one.validation_points:+.2f} points lost",
        )


def promised(found: Found, before: float) -> Iterator[Figure]:
    """Judge the route that was promised.

    Args:
        found: what it gave.
        before: mean accuracy on test of the float networks before any further training.
    """
    yield at_least(
        "digits, times smaller after pruning and int8, both gzipped",
        found.ratio,
        "x",
        TIMES_SMALLER,
        note=f"{found.route}; the smallest of the seeds: {listed(found.ratios, '.1f')}",
    )
    mean, low, high = found.points
    seeds, images = found.lost.shape
    each = listed(100 * found.lost.mean(axis=1), "+.1f")
    yield Figure(
        "digits, points lost by pruning and int8",
        mean,
        "points",
        f"interval below {MOST_POINTS:g}",
        found.keeps_the_bar,
        low=low,
        high=high,
        note=f"{found.route}; {seeds} seeds lost {each} points on {images:,} test images; interval over "
        f"seeds (Student's t) and images together; against float networks trained as many epochs more "
        f"({statistics.fmean(found.floats):.2%}, without these {before:.2%})",
    )


def routes() -> tuple[Route, ...]:
    """Return the routes that are tried, the promised one first."""
    images = data.digits()

    def pruned_int8(share: float) -> Callable[[Any, int, str], Path]:
        def make(network: Any, seed: int, name: str) -> Path:
            shares, (epochs, rate) = prune.sparing_ends(network, share), PRUNING
            sparse = prune.gradually(network, images, shares, epochs, seed=seed, rate=rate)
            return quantize.full_integer(sparse, images.calibration, name)

        return make

    def pcqat(share: float, clusters: int) -> Callable[[Any, int, str], Path]:
        # Its rates are those of the library, which PRUNING, CLUSTERING and FOR_INT8 repeat.
        epochs = (PRUNING[0], CLUSTERING[0], FOR_INT8[0])

        def make(network: Any, seed: int, name: str) -> Path:
            return combined.prune_cluster_quantize(
                network, images, name, share, clusters, epochs=epochs, seed=seed
            )

        return make

    def narrow(filters: float, share: float) -> Callable[[Any, int, str], Path]:
        def make(network: Any, seed: int, name: str) -> Path:
            cut = structured.filters(network, filters)
            cut = finetune.train(cut, images, REPAIR[0], seed=seed, rate=REPAIR[1])
            return pruned_int8(share)(cut, seed, name)

        return make

    once, thrice, twice = (PRUNING,), (PRUNING, CLUSTERING, FOR_INT8), (REPAIR, PRUNING)
    return (
        Route("95 % zeros, int8", pruned_int8(0.95), once),
        Route("98 % zeros, int8", pruned_int8(0.98), once),
        Route("99 % zeros, int8", pruned_int8(0.99), once),
        Route("95 % zeros, 16 clusters, int8", pcqat(0.95, 16), thrice),
        Route("98 % zeros, 16 clusters, int8", pcqat(0.98, 16), thrice),
        Route("half of the filters, 90 % zeros, int8", narrow(0.5, 0.9), twice),
        Route("half of the filters, 95 % zeros, int8", narrow(0.5, 0.95), twice),
    )


def tried(route: Route, networks: dict[int, Any], validation: Split, test: Split) -> Found:
    """Go a route with every seed's network, and train the same network on without it."""
    ratios, floats, on_validation, lost = [], [], [], []
    for seed, network in networks.items():
        whole = network
        for epochs, rate in route.trained:
            whole = finetune.train(whole, data.digits(), epochs, seed=seed, rate=rate)
        float32 = convert.to_tflite(whole, f"bench-float-{seed}.tflite")
        small = route.make(network, seed, f"bench-small-{seed}.tflite")
        ratios.append(size.of(float32).gzip_bytes / size.of(small).gzip_bytes)
        floats.append(float(right(float32, test).mean()))
        on_validation.append(float((right(float32, validation) - right(small, validation)).mean()))
        lost.append(right(float32, test) - right(small, test))
    return Found(
        route.name,
        tuple(ratios),
        tuple(floats),
        100 * statistics.fmean(on_validation),
        np.stack(lost),
    )


def right(model: Any, split: Split) -> np.ndarray:
    """Return 1 for each image that a model answers rightly, else 0."""
    return (np.asarray(evaluate.accuracy(model, split).predictions) == split.y).astype(int)


def listed(values: Any, form: str) -> str:
    """Return numbers with commas between them."""
    return ", ".join(format(value, form) for value in values)
