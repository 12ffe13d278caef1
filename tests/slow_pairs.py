"""Pairs of artefacts of which the second disappoints, each for one planted reason.

    pairs = slow_pairs.Pairs(folder)
    reference, candidate = pairs.zeros()

The weights are random and nothing is learnt: only time matters here. `tests/explaining/test_explain.py` and the
bench (`phase2_explain.py`) ask `benchmark.explain` for the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import convert, keras, quantize
from edgelab.benchmark import Pipeline
from edgelab.measuring import machine
from edgelab.quantizing import islands
from edgelab.runtimes import Candidate

Pair = tuple[Any, Any]
THREADS_A_CORE = 8


class Pairs:
    """The planted pairs, built when they are asked for.

    Args:
        folder: where the files go.
        size: of the images in pixels; the work grows with its square.
    """

    def __init__(self, folder: Path, size: int = 32) -> None:
        self.folder = folder
        self.size = size

    # What the pairs are made of

    @cached_property
    def network(self) -> Any:
        return convolutions(self.size, filters=32, layers=4)

    @cached_property
    def images(self) -> np.ndarray:
        shape = (8, self.size, self.size, 3)
        return np.random.default_rng(0).random(shape, dtype=np.float32)

    @cached_property
    def float32(self) -> Path:
        return convert.to_tflite(self.network, self.folder / "float32.tflite")

    @cached_property
    def onnx(self) -> Path:
        return convert.to_onnx(self.network, self.folder / "float32.onnx")

    @cached_property
    def fast_int8(self) -> bool:
        return any(w in name for name in machine.describe()["int8"] for w in ("VNNI", "AMX", "dot"))

    # With a cause

    def zeros(self) -> Pair:
        """Nine weights of ten are 0, anywhere."""
        pruned = keras.clone(self.network)
        pruned.set_weights([_without_small(w) for w in pruned.get_weights()])
        return self.float32, convert.to_tflite(pruned, self.folder / "pruned.tflite")

    def overhead(self) -> Pair:
        """Layers so small that a call costs more than what it computes."""
        return (
            convert.to_tflite(tower(128), self.folder / "tower128.tflite"),
            convert.to_tflite(tower(8), self.folder / "tower8.tflite"),
        )

    def narrow(self) -> Pair:
        """One filter a layer where a processor multiplies eight at a time."""
        wide, thin = (convolutions(14, filters=n, layers=2) for n in (8, 1))
        return (
            convert.to_tflite(wide, self.folder / "wide.tflite"),
            convert.to_tflite(thin, self.folder / "thin.tflite"),
        )

    def instructions(self) -> Pair:
        """Int8, where the processor lacks the instructions for it."""
        int8 = quantize.full_integer(self.network, self.images, self.folder / "int8.tflite")
        return self.float32, int8

    def kernels(self) -> Pair:
        """Activations of 16 bits, for which there are only reference kernels."""
        int16 = quantize.int16_activations(self.network, self.images, self.folder / "int16.tflite")
        return self.float32, int16

    def no_delegate(self) -> Pair:
        """The same file on a runtime without its fast kernels."""
        return self.float32, Candidate(self.float32, "litert-builtin")

    def widened(self) -> Pair:
        """Weights of 16 bits that are widened to 32 when the file is loaded."""
        return self.float32, quantize.float16(self.network, self.folder / "float16.tflite")

    def dynamic(self) -> Pair:
        """Convolutions that are quantized while they run."""
        return self.onnx, quantize.onnx_dynamic(self.onnx, self.folder / "dynamic.onnx")

    def converters(self) -> Pair:
        """Integer convolutions with float operators between them."""
        source = convert.to_onnx(islands.network(), self.folder / "pointwise.onnx")
        images = np.random.default_rng(0).random((4, 32, 32, 32), dtype=np.float32)
        return source, islands.only(source, images, self.folder / "islands.onnx")

    def floats(self) -> Pair:
        """Most weights are int8, most multiplications are not."""
        source = convert.to_onnx(mostly_dense(self.size), self.folder / "dense.onnx")
        target = self.folder / "dense-int8.onnx"
        return source, islands.only(source, self.images, target, ["Gemm", "MatMul"])

    def threads(self) -> Pair:
        """Far more threads than cores."""
        return self.float32, Candidate(self.float32, threads=THREADS_A_CORE * machine.cores())

    def call(self) -> Pair:
        """An eighth of the work, called with predict() like the large one."""
        small = keras.save(convolutions(self.size, filters=8, layers=4), self.folder / "s.keras")
        large = keras.save(self.network, self.folder / "l.keras")
        return Candidate(large, "keras-predict"), Candidate(small, "keras-predict")

    def python(self) -> Pair:
        """A loop over the pixels before each inference, in front of half the network."""
        half = convert.to_tflite(
            convolutions(self.size, filters=16, layers=4), self.folder / "half.tflite"
        )
        shape = (2 * self.size, 2 * self.size, 3)
        picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        return tuple(Pipeline(f, pixel_by_pixel, picture) for f in (self.float32, half))  # type: ignore[return-value]

    def memory(self) -> Pair:
        """A tenth of the multiplications, with weights that are each read for one of them."""
        dense = convert.to_tflite(one_matrix(3072), self.folder / "matrix.tflite")
        heavy = convert.to_tflite(convolutions(64, 32, 5), self.folder / "heavy.tflite")
        return heavy, dense

    # With a cause, of other shapes than those above: no rule was written with these in view

    def zeros_pointwise(self) -> Pair:
        """Three weights of four are 0 in 1×1 convolutions, in ONNX Runtime."""
        dense = convolutions(24, filters=48, layers=5, kernel=1)
        pruned = keras.clone(dense)
        pruned.set_weights([_without_small(w, 0.75) for w in dense.get_weights()])
        return (
            convert.to_onnx(dense, self.folder / "dense-pointwise.onnx"),
            convert.to_onnx(pruned, self.folder / "pruned-pointwise.onnx"),
        )

    def narrow_pair(self) -> Pair:
        """Two filters a layer instead of sixteen, on larger images."""
        wide, thin = (convolutions(56, filters=n, layers=3) for n in (16, 2))
        return (
            convert.to_tflite(wide, self.folder / "sixteen.tflite"),
            convert.to_tflite(thin, self.folder / "two.tflite"),
        )

    def widened_large_kernels(self) -> Pair:
        """Weights of 16 bits in kernels of 5×5."""
        model = convolutions(20, filters=48, layers=3, kernel=5)
        return (
            convert.to_tflite(model, self.folder / "large-kernels.tflite"),
            quantize.float16(model, self.folder / "large-kernels16.tflite"),
        )

    def overhead_deep(self) -> Pair:
        """Twenty-four layers, each of them small."""
        return (
            convert.to_tflite(tower(96, layers=24), self.folder / "deep96.tflite"),
            convert.to_tflite(tower(16, layers=24), self.folder / "deep16.tflite"),
        )

    # Much slower than promised, for a reason that is not among the causes

    def elementwise(self) -> Pair:
        """Half the convolutions, and functions of every single number after each."""
        return self.float32, self._half_with("elementwise", _functions)

    def transposes(self) -> Pair:
        """Half the convolutions, and images that are turned round and round."""
        return self.float32, self._half_with("transposes", _turned)

    def pooling(self) -> Pair:
        """Half the convolutions, and maxima over large neighbourhoods, which multiply nothing."""
        return self.float32, self._half_with("pooling", _maxima)

    def some_python(self) -> Pair:
        """As `pooling`, with the same few lines of Python in front of both: they are not the reason."""
        shape = (2 * self.size, 2 * self.size, 3)
        picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        slow = self._half_with("pooling", _maxima)
        return tuple(Pipeline(f, row_by_row, picture) for f in (self.float32, slow))  # type: ignore[return-value]

    def _half_with(self, name: str, slow: Callable[[Any], Any]) -> Path:
        model = convolutions(self.size, filters=32, layers=2, between=slow)
        return convert.to_tflite(model, self.folder / f"{name}.tflite")

    # Without a cause

    def the_same(self) -> Pair:
        """The same file twice."""
        return self.float32, self.float32

    def half_the_layers(self) -> Pair:
        """Two convolutions instead of four: about as much faster as there is less to do."""
        short = convolutions(self.size, filters=32, layers=2)
        return self.float32, convert.to_tflite(short, self.folder / "short.tflite")

    def other_weights(self) -> Pair:
        """The same network, drawn with another seed."""
        other = convolutions(self.size, filters=32, layers=4, seed=7)
        return self.float32, convert.to_tflite(other, self.folder / "other.tflite")


def convolutions(
    size: int,
    filters: int,
    layers: int,
    seed: int = 0,
    *,
    kernel: int = 3,
    between: Callable[[Any], Any] = lambda x: x,
) -> Any:
    """Return a stack of convolutions with a small classifier on top, something else after each."""
    k = keras.keras()
    k.utils.set_random_seed(seed)
    image = k.Input((size, size, 3), name="image")
    x = image
    for _ in range(layers):
        x = between(k.layers.Conv2D(filters, kernel, padding="same", activation="relu")(x))
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(image, k.layers.Dense(10)(x), name=f"convolutions{filters}x{layers}")


def _functions(x: Any) -> Any:
    tf = keras.tf()
    for _ in range(6):
        x = tf.sigmoid(tf.tanh(x))
    return x


def _turned(x: Any) -> Any:
    tf = keras.tf()
    for _ in range(6):  # the square root keeps the converter from joining two turns
        x = tf.sqrt(tf.abs(tf.transpose(x, [0, 2, 1, 3])))
    return x


def _maxima(x: Any) -> Any:
    k = keras.keras()
    for _ in range(4):
        x = k.layers.MaxPooling2D(7, strides=1, padding="same")(x)
    return x


def tower(width: int, layers: int = 10) -> Any:
    """Return a chain of dense layers of one width."""
    k = keras.keras()
    k.utils.set_random_seed(0)
    values = k.Input((64,), name="values")
    x = values
    for _ in range(layers):
        x = k.layers.Dense(width, activation="relu")(x)
    return k.Model(values, k.layers.Dense(10)(x), name=f"tower{width}")


def mostly_dense(size: int) -> Any:
    """Return a network whose multiplications are in convolutions and whose weights are not."""
    k = keras.keras()
    k.utils.set_random_seed(0)
    image = k.Input((size, size, 3), name="image")
    x = image
    for _ in range(4):
        x = k.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = k.layers.MaxPooling2D(4)(x)
    x = k.layers.Dense(512, activation="relu")(k.layers.Flatten()(x))
    return k.Model(image, k.layers.Dense(10)(x), name="mostly_dense")


def one_matrix(width: int) -> Any:
    """Return a dense layer with `width` × `width` weights."""
    k = keras.keras()
    k.utils.set_random_seed(0)
    values = k.Input((width,), name="values")
    return k.Model(values, k.layers.Dense(width)(values), name="one_matrix")


def pixel_by_pixel(picture: np.ndarray) -> np.ndarray:
    """Scale a picture to 0..1 with a loop over its pixels, and keep every second."""
    rows = [[[float(value) / 255 for value in pixel] for pixel in row] for row in picture]
    return np.array(rows, np.float32)[None, ::2, ::2]


def row_by_row(picture: np.ndarray) -> np.ndarray:
    """Scale a picture to 0..1 and keep every second pixel, with a loop over its rows."""
    return np.array([row[::2] / np.float32(255) for row in picture[::2]], np.float32)[None]


def _without_small(weight: np.ndarray, share: float = 0.9) -> np.ndarray:
    if weight.ndim < 2:
        return weight
    return np.where(np.abs(weight) > np.quantile(np.abs(weight), share), weight, 0)
