"""An image as a vector: what a network has seen in it, just before it names a class.

    with embedding.Embedding("resnet8", workers=2) as network:
        network.vectors(pixels)                 # uint8 (n, 32, 32, 3) → float32 (n, 64), each of length 1

The last layer of a classifier only weighs what the layers before it have found. Without it, the network turns an
image into numbers that are alike for images that look alike: an *embedding*. It runs as 8-bit integers, as the
classifier does, and one interpreter is lent to each worker. The file is made once on a machine and kept by content.

"resnet8" knows the ten classes of CIFAR-10 and is small; "efficientnet_lite0" was trained on the thousand classes of
ImageNet and knows better what is on a photograph, for more time and memory. Lesson 43.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from edgelab import runtimes, workspace
from edgelab.errors import InputError
from edgelab.images import cifar
from edgelab.runtimes import Runner
from edgelab.serving import exact

DEFAULT = "resnet8"
_FEATURES = "average"  # the layer before the last, in all our networks: one number for each filter
_VERSION = 1  # raise it when the code below comes to make another file


@dataclass(frozen=True)
class _Source:
    size: int  # of the pictures that it takes, in pixels
    weights: Callable[[], Path]  # whose content names the file
    model: Callable[[], Any]
    calibration: Callable[[], np.ndarray]  # uint8 (n, size, size, 3)
    scale: Callable[[np.ndarray], np.ndarray]  # from 0..255


def names() -> tuple[str, ...]:
    """Return the networks that can embed."""
    return tuple(_sources())


def file(name: str) -> Path:
    """Return the `.tflite` file of a network without its last layer, made when it is first asked for.

    Raises:
        InputError: an unknown name.
        MissingDataError: its weights are not on this machine.
    """
    source = _source(name)
    key = {
        "what": "embedding",
        "version": _VERSION,
        "network": name,
        "weights": workspace.file_hash(source.weights()),
        "code": workspace.code_hashes("quantize.py", "convert.py"),
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }
    return workspace.cached(key, lambda target: _make(source, target), f"-{name}-features.tflite")


def sha256(name: str) -> str:
    """Return the hash of that file: an index belongs to exactly one."""
    return workspace.file_hash(file(name))


class Embedding:
    """A network that turns pictures into vectors, from many threads at once.

    Args:
        name: "resnet8" or "efficientnet_lite0".
        workers: threads that embed at the same time.

    Raises:
        InputError: an unknown name.
        MissingDataError: its weights are not on this machine.
    """

    def __init__(self, name: str = DEFAULT, workers: int = 1) -> None:
        source, path = _source(name), file(name)
        self.name, self.size, self.sha256 = name, source.size, workspace.file_hash(path)
        self._scale = source.scale
        self._free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
        for _ in range(workers):
            runner = runtimes.load(path)
            self._free.put(runner)
        self.runtime = runner.runtime
        self.dimensions = int(runner.output_spec.shape[-1] or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def vectors(self, pixels: np.ndarray) -> np.ndarray:
        """Return a vector for each picture.

        Args:
            pixels: uint8 (n, size, size, 3), prepared by `preprocessing.pixels`.

        Returns:
            float32 (n, dimensions), each of length 1.

        Raises:
            InputError: another shape, or no bytes.
        """
        if pixels.dtype != np.uint8:
            raise InputError(f"The pictures are bytes (uint8), 0 to 255; these are {pixels.dtype}.")
        with self._lent() as runner:
            return exact.unit(runner.run(self._scale(pixels.astype(np.float32))))

    def close(self) -> None:
        """Release the interpreters."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()

    @contextlib.contextmanager
    def _lent(self) -> Iterator[Runner]:
        runner = self._free.get()
        try:
            yield runner
        finally:
            self._free.put(runner)


def _make(source: _Source, target: Path) -> None:
    from edgelab import quantize
    from edgelab.keras import keras

    model = source.model()
    features = keras().Model(
        model.input, model.get_layer(_FEATURES).output, name=f"{model.name}_features"
    )
    calibration = source.scale(source.calibration().astype(np.float32))
    quantize.full_integer(features, calibration, target)


def _source(name: str) -> _Source:
    if name not in _sources():
        raise InputError(
            f"There is no network {name!r} to embed with; use {', '.join(_sources())}."
        )
    return _sources()[name]


def _sources() -> dict[str, _Source]:
    from edgelab import models
    from edgelab.networks import efficientnet, imagenet

    return {
        "resnet8": _Source(
            32,
            lambda: workspace.data_dir() / "models" / models.RESNET8_WEIGHTS,
            lambda: models.load("resnet8"),
            lambda: cifar.read_sample()["calibration"]().images,
            lambda rgb: rgb / np.float32(255),
        ),
        "efficientnet_lite0": _Source(
            efficientnet.SIZE,
            efficientnet.weights_file,
            imagenet.efficientnet_lite0,
            _photo_crops,
            imagenet.scale_efficientnet_lite0,
        ),
    }


def _photo_crops() -> np.ndarray:
    from edgelab import data

    return data.crops(n=60, size=_source("efficientnet_lite0").size, role="calibration").x.astype(
        np.uint8
    )
