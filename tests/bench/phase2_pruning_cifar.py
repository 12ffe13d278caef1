"""How fast structured pruning makes ResNet8, and what it costs.

Half of the filters of some groups go; the rest is retrained on the whole of CIFAR-10 with the whole
network as teacher. The shipped network had fewer epochs than that, so it gets the same retraining, and
the loss is taken from the better of the two. One seed each: the interval holds the test images, not
another retraining. Both trainings go on where they were interrupted; they take an hour or two the first
time. Without EDGELAB_DATA there is nothing to retrain on, and these figures are missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgelab import benchmark, convert, data, evaluate, models
from edgelab.images import cifar
from edgelab.pruning import retrain, structured
from tests.bench.figure import Figure, reported

SHARE = 0.5
EPOCHS = 40
MOST_POINTS = 1.5
TIMES_FASTER = 2.0
FASTER = "ResNet8, times faster without some filters"
LOST = "ResNet8, points lost without these filters"
MORE = "ResNet8 whole, points won by the same retraining"


def figures() -> Iterator[Figure]:
    """Cut filters of ResNet8, retrain, and compare speed and accuracy with the whole network."""
    if cifar.full_source() is None:
        for name, unit in ((FASTER, "x"), (LOST, "points"), (MORE, "points")):
            yield Figure(name, float("nan"), unit, "needs EDGELAB_DATA", False)
        return
    whole = models.load("resnet8")
    cut = which(whole)
    small = retrain.cifar10(structured.filters(whole, cut), EPOCHS, teacher=whole)
    again = retrain.cifar10(whole, EPOCHS, teacher=whole)
    files = {
        "float32": convert.to_tflite(whole, "bench-resnet8-whole.tflite"),
        "pruned filters": convert.to_tflite(small, "bench-resnet8-filters.tflite"),
    }
    result = benchmark.compare(files, accuracy=False)
    ratio = result.ratio("pruned filters")
    counts = [benchmark.counts(model) for model in (whole, small)]
    yield Figure(
        FASTER,
        1 / ratio.value,
        "x",
        f"interval above {TIMES_FASTER:g} x",
        1 / ratio.high >= TIMES_FASTER,
        low=1 / ratio.high,
        high=1 / ratio.low,
        note=f"half of {', '.join(cut)}; {counts[0].macs:,} to {counts[1].macs:,} MACs, "
        f"{counts[0].parameters:,} to {counts[1].parameters:,} parameters; "
        f"{files['float32'].stat().st_size:,} to {files['pruned filters'].stat().st_size:,} bytes; "
        f"interval at {100 * ratio.level:g} %",
    )
    retrained = convert.to_tflite(again, "bench-resnet8-again.tflite")
    yield from lost(*files.values(), retrained)


def which(model: Any) -> dict[str, float]:
    """Return the groups that lose half of their filters: settled by counting, before any training.

    First, every group that meets in no addition: the first convolution of each block, which can be cut
    without touching another block. Second, of the tied groups the one whose cut leaves the fewest
    multiply-accumulates. A rule, no search: another cut may be better.

    Source: Li et al., "Pruning filters for efficient ConvNets", ICLR 2017, section 3.3 (which layers of
        a residual block can be cut freely).
    """

    def left(name: str) -> int:
        return benchmark.counts(structured.filters(model, {name: SHARE})).macs

    groups = structured.groups(model)
    free = [group.name for group in groups if len(group.layers) == 1]
    tied = [group.name for group in groups if len(group.layers) > 1]
    return dict.fromkeys((min(tied, key=left), *free), SHARE)


def lost(whole: Any, small: Any, retrained: Any) -> Iterator[Figure]:
    """Judge the cut network against the better of the whole one and the whole one retrained.

    Args:
        whole: the shipped network's file.
        small: that of the cut network.
        retrained: that of the whole network after the same retraining.
    """
    images = data.cifar10().test
    before, after, more = (evaluate.accuracy(file, images) for file in (whole, small, retrained))
    # Taken by the test images, which can only make the loss larger.
    reference, name = max(((before, "shipped"), (more, "retrained")), key=lambda one: one[0].value)
    pair = evaluate.paired(reference, after, images.y)
    yield Figure(
        LOST,
        -100 * pair.difference,
        "points",
        f"interval below {MOST_POINTS:g}",
        -100 * pair.low <= MOST_POINTS,
        low=-100 * pair.high,
        high=-100 * pair.low,
        note=f"paired, {pair.total:,} test images: cut {after.value:.2%}, whole as shipped "
        f"{before.value:.2%}, whole retrained {more.value:.2%}; against the one {name}; {EPOCHS} epochs, "
        "one retraining seed",
    )
    gain = evaluate.paired(before, more, images.y)
    yield reported(
        MORE,
        100 * gain.difference,
        "points",
        low=100 * gain.low,
        high=100 * gain.high,
        note=f"paired, same teacher, rate and {EPOCHS} epochs, one seed",
    )
