"""What architectures cost on this machine, and what EfficientNet-Lite0 names, float and int8.

Counts have a bar (the published numbers of weights and work); latencies are reported, since they
belong to the processor.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgelab import benchmark, convert, data, evaluate, keras, models, quantize, workshop
from edgelab.networks import separable
from edgelab.reporting import variants
from tests.bench.figure import Figure, at_least, reported

SQUEEZENET_WEIGHTS = 1_235_496
SIDE, CHANNELS = 56, 128
CALIBRATION_VIEWS, VIEWS = 60, 200


def figures() -> Iterator[Figure]:
    """Measure SqueezeNet, a split convolution, a narrow and a small MobileNetV2, and the answers."""
    yield from small_networks()
    yield from split_convolution()
    yield from answers()


def small_networks() -> Iterator[Figure]:
    """Compare SqueezeNet and three variants with the whole MobileNetV2."""
    squeeze = models.squeezenet(weights=None)
    counted = squeeze.count_params()
    yield Figure(
        "SqueezeNet 1.1, weights",
        counted,
        "",
        f"{SQUEEZENET_WEIGHTS:,}",
        counted == SQUEEZENET_WEIGHTS,
        note="the published network",
    )
    files = {}
    for alpha, size in ((1.0, 224), (0.5, 224), (1.0, 112)):
        name = variants.name_of(alpha, size)
        network = models.mobilenet_v2(weights=None, alpha=alpha, size=size)
        files[name] = convert.to_tflite(network, f"bench-{name.replace(' ', '-')}.tflite")
    files["SqueezeNet"] = convert.to_tflite(squeeze, "bench-SqueezeNet.tflite")
    result = benchmark.compare(files)
    whole = result.reference
    for m in result.measurements[1:]:
        ratio = result.ratio(m.name)
        note = (
            f"file {m['size_file_bytes'] / whole['size_file_bytes']:.2f}, "
            f"work {m['macs'] / whole['macs']:.2f} of it"
        )
        yield reported(
            f"{m.name}, time over the whole MobileNetV2",
            ratio.value,
            "x",
            low=ratio.low,
            high=ratio.high,
            note=note,
        )


def split_convolution() -> Iterator[Figure]:
    """Compare a standard convolution with its two halves."""
    layers = keras.keras().layers
    keras.keras().utils.set_random_seed(0)
    entry = layers.Input((SIDE, SIDE, CHANNELS))
    networks = {
        "standard": layers.Conv2D(CHANNELS, 3, padding="same")(entry),
        "separable": layers.Conv2D(CHANNELS, 1)(layers.DepthwiseConv2D(3, padding="same")(entry)),
    }
    files = {
        name: convert.to_tflite(keras.keras().Model(entry, out), f"bench-{name}-layer.tflite")
        for name, out in networks.items()
    }
    result = benchmark.compare(files)
    counted = benchmark.counts(files["separable"]).macs
    by_hand = separable.separable_macs(SIDE, SIDE, CHANNELS, CHANNELS)
    yield Figure(
        "separable convolution, MACs in the file",
        counted,
        "",
        f"{by_hand:,}, as by hand",
        counted == by_hand,
    )
    ratio = result.ratio("separable")
    less = result["standard"]["macs"] / result["separable"]["macs"]
    yield reported(
        "separable convolution, times faster than the standard one",
        1 / ratio.value,
        "x",
        low=1 / ratio.high,
        high=1 / ratio.low,
        note=f"{less:.2f} times less work",
    )


def answers() -> Iterator[Figure]:
    """Count the photographs named as a person would, float and int8, and their agreement.

    Only photographs that calibration has not seen are judged. They are few, and views of one
    photograph resemble each other: an interval over the views would be too narrow, one over so few
    photographs says nothing. So each photograph's share is told instead.
    """
    network = models.efficientnet_lite0()
    prepare = models.preprocessor("efficientnet_lite0")
    views = data.crops(n=CALIBRATION_VIEWS, role="calibration").map(prepare)
    files = {
        "float32": convert.to_tflite(network, "bench-lite0-float32.tflite"),
        "int8": quantize.full_integer(network, views, "bench-lite0-int8.tflite"),
    }
    judged = [photo for photo in data.photos() if photo.role == "validation"]
    known = [photo for photo in judged if photo.expected]
    batch = np.concatenate([prepare(photo.rgb) for photo in known])
    for kind, file in files.items():
        firsts = [found[0][0] for found in models.top(evaluate.predict(file, batch), n=1)]
        right = sum(a in (p.expected or ()) for a, p in zip(firsts, known, strict=True))
        yield at_least(
            f"EfficientNet-Lite0 {kind}, photographs named rightly",
            right,
            f"of {len(known)}",
            len(known) if kind == "float32" else len(known) - 1,
        )
    per_photo = VIEWS // len(judged)
    shares = {}
    for photo in judged:
        crops = data.crops([photo], n=per_photo).map(prepare).x
        same = workshop.agreement(*(evaluate.predict(file, crops) for file in files.values()))
        shares[photo.name] = same.share
    told = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    yield reported(
        "EfficientNet-Lite0, views with the same answer in int8",
        float(np.mean(list(shares.values()))),
        "of 1",
        note=f"{per_photo} views of each photograph: {told}; so few photographs carry no interval",
    )
