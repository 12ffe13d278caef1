"""Does the converted model still compute the same? A conversion is done only when this was checked.

The same images go through both models, and the outputs are compared:

    parity.compare(model, "model.onnx", images)
    # Parity: agrees. float32, 8 images: largest difference 4.2e-07 (allowed 8.1e-05) …

A float conversion may differ by rounding only, so the tolerance is small and relative to the range of
the outputs. A quantized model *must* differ; what counts there is how often both choose the same class,
so its figure is reported, and only a conversion that is plainly broken raises. Lesson 30 does this by
hand.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, keras, runtimes, size, workspace
from edgelab.errors import InputError, ParityError

# Largest difference allowed, as a share of the range of the reference's outputs. Sums of a few
# thousand float32 products in another order differ by about 1e-6; float16 keeps 11 bits of each
# weight. Integer artefacts have no such bound: their agreement is judged.
TOLERANCES = {"float32": 1e-4, "float16": 2e-2}
# Far below what rounding to 8 bits does, above what a wrong input range or channel order leaves.
LEAST_AGREEMENT = 0.5
_SAMPLES = 8
_SEED = 0
# Outputs that differ by less than this share of their size are all the same.
_FLAT = 1e-5


@dataclass(frozen=True)
class Parity:
    """How far two models' outputs are apart.

    Attributes:
        reference: name of the model compared with.
        artefact: name of the converted file.
        kind: "float32", "float16" or "integer": the narrowest weights in the artefact.
        images: how many images were compared.
        max_abs: largest absolute difference of an output.
        mean_abs: mean absolute difference.
        where: image and output of the largest difference.
        output_range: largest less smallest output of the reference.
        tolerance: largest difference allowed, None where agreement is judged. It is a share of
            `output_range`, or of the largest output where the comparison says nothing.
        top1_agreement: share of images for which both choose the same class.
        says_nothing: the reference gives the same answer to every image and class, so that any
            converted model would seem to agree (typically a model without trained weights).
    """

    reference: str
    artefact: str
    kind: str
    images: int
    max_abs: float
    mean_abs: float
    where: tuple[int, int]
    output_range: float
    tolerance: float | None
    top1_agreement: float
    says_nothing: bool

    def __repr__(self) -> str:
        limit = "" if self.tolerance is None else f" (allowed {self.tolerance:.2g})"
        text = (
            f"{self.artefact} against {self.reference}, {self.kind}, {self.images} images: largest "
            f"difference {self.max_abs:.2g}{limit}, mean {self.mean_abs:.2g}, outputs span "
            f"{self.output_range:.3g}; same class for {self.top1_agreement:.1%}."
        )
        if self.says_nothing:
            text += (
                " This says nothing: the reference's outputs are all equal. Compare with trained "
                "weights, or with images that it tells apart."
            )
        return f"Parity: {text}"


def compare(
    reference: Any,
    artefact: str | os.PathLike[str],
    samples: Any = None,
    tolerance: float | None = None,
    agreement: float | None = None,
) -> Parity:
    """Run both models on the same images and compare what comes out.

    Args:
        reference: a Keras model in memory, or any artefact's path.
        artefact: the converted file (or SavedModel folder).
        samples: a split or float32 images (n, …) in the model's input range; None takes 8 images of
            seeded noise between 0 and 1, then between 0 and 255 if the model can't tell those apart.
        tolerance: largest difference allowed, as a share of the range of the reference's outputs.
            None takes 1e-4 for float32 weights, 2e-2 for float16, and no bound for integers.
        agreement: least share of images with the same top class; None takes 0.5 for integer weights
            (the repr and the result tell the real figure), and no bound for float.

    Returns:
        The comparison, when it is within the bounds. Where all outputs of the reference are equal it
        says so: nothing can be concluded then, and `agreement` is not judged.

    Raises:
        ParityError: the outputs disagree beyond the bounds, or hold NaN.
        InputError: no images, wrong shape, or outputs of different shapes.
    """
    name = Path(artefact).name
    return ensure(reference, artefact, samples, name, tolerance=tolerance, agreement=agreement)


def ensure(
    reference: Any,
    artefact: str | os.PathLike[str],
    samples: Any,
    name: str,
    *,
    tolerance: float | None = None,
    agreement: float | None = None,
) -> Parity:
    """Compare as `compare` does, for a file that does not yet bear its name."""
    kind = _kind(artefact)
    bound = TOLERANCES.get(kind) if tolerance is None else tolerance
    least = LEAST_AGREEMENT if agreement is None and kind == "integer" else agreement
    expected, got = _outputs(reference, artefact, samples)
    title = str(Path(reference).name if _is_path(reference) else reference.name)
    if expected.shape != got.shape:
        raise InputError(
            f"{name} gives outputs of shape {got.shape}, {title} of {expected.shape}: they are not "
            "versions of one model."
        )
    if not np.isfinite(expected).all():
        raise ParityError(
            f"{title} itself gives NaN or infinity for these images: mend it before converting it."
        )
    flat = (len(expected), -1)
    difference = np.abs(expected.astype(np.float64) - got).reshape(flat)
    difference = np.where(np.isfinite(difference), difference, np.inf)
    row, column = (int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
    span, largest = float(np.ptp(expected)), float(np.abs(expected).max())
    says_nothing = _is_flat(expected)
    result = Parity(
        reference=title,
        artefact=name,
        kind=kind,
        images=len(expected),
        max_abs=float(difference.max()),
        mean_abs=float(difference.mean()),
        where=(row, column),
        output_range=span,
        tolerance=None if bound is None else bound * (largest if says_nothing else span),
        top1_agreement=float(
            np.mean(expected.reshape(flat).argmax(1) == got.reshape(flat).argmax(1))
        ),
        says_nothing=says_nothing,
    )
    _judge(result, least)
    return result


def _judge(result: Parity, least: float | None) -> None:
    image, output = result.where
    if not np.isfinite(result.max_abs):
        raise ParityError(
            f"{result.artefact} gives NaN or infinity at output {output} of image {image}, where "
            f"{result.reference} gives a number. Check the calibration data and the input's range."
        )
    if result.tolerance is not None and result.max_abs > result.tolerance:
        raise ParityError(
            f"{result.artefact} disagrees with {result.reference}: output {output} of image "
            f"{image} is off by {result.max_abs:.3g}, allowed is {result.tolerance:.3g} (outputs "
            f"span {result.output_range:.3g}; the same class for {result.top1_agreement:.1%} of "
            f"{result.images} images). Look for an operator that was converted with another "
            "meaning (padding, activation, axis order), or state a larger tolerance and why."
        )
    if least is not None and not result.says_nothing and result.top1_agreement < least:
        raise ParityError(
            f"{result.artefact} chooses the class of {result.reference} for only "
            f"{result.top1_agreement:.1%} of {result.images} images, at least {least:.0%} was asked "
            f"(largest difference {result.max_abs:.3g}, at output {output} of image {image}). Check "
            "the range of the calibration images, the scale of the input, and per-channel weights."
        )


def _outputs(reference: Any, artefact: Any, samples: Any) -> tuple[np.ndarray, np.ndarray]:
    shape = _input_shape(reference)
    if samples is not None:
        images = artefacts.images_of(samples, shape, "the parity check")
        return _run(reference, images), _run(artefact, images)
    noise = np.random.default_rng(_SEED).random((_SAMPLES, *_sides(shape)), np.float32)
    expected = _run(reference, noise)
    if _is_flat(expected):
        noise *= 255
        expected = _run(reference, noise)
    return expected, _run(artefact, noise)


def _sides(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    if None in shape[1:]:
        raise InputError(
            f"The input's shape {shape} is free in more than the batch: give samples to compare on."
        )
    return tuple(int(side) for side in shape[1:] if side is not None)


def _is_flat(outputs: np.ndarray) -> bool:
    """Tell whether all images get the same answer, or all classes the same score."""
    limit = _FLAT * max(float(np.abs(outputs).max()), 1e-30)
    rows = outputs.reshape(len(outputs), -1)
    same_classes = bool((np.ptp(rows, axis=1) <= limit).all()) and rows.shape[1] > 1
    same_images = bool((np.ptp(rows, axis=0) <= limit).all()) and len(rows) > 1
    return same_classes or same_images


def _is_path(candidate: Any) -> bool:
    return isinstance(candidate, str | os.PathLike)


def _is_saved_model(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()


def _input_shape(reference: Any) -> tuple[int | None, ...]:
    if not _is_path(reference):
        return tuple(artefacts.model_of(reference).input_shape)
    with runtimes.load(reference) as runner:
        return (None, *runner.input_spec.shape[1:])


def _run(model: Any, images: np.ndarray) -> np.ndarray:
    if not _is_path(model):
        return np.asarray(model(images, training=False))
    path = workspace.existing(model)
    if _is_saved_model(path):
        loaded = keras.tf().saved_model.load(str(path))
        return np.asarray(loaded.serve(images))
    with runtimes.load(path) as runner:
        return np.asarray(runner.run(images))


def _kind(artefact: str | os.PathLike[str]) -> str:
    """Return the narrowest kind of weights in an artefact: "integer", "float16" or "float32"."""
    dtypes = {tensor.dtype for tensor in size.tensors(artefact)}
    if any(name.lstrip("u").startswith("int") and name != "int64" for name in dtypes):
        return "integer"
    return "float16" if dtypes & {"float16", "bfloat16"} else "float32"
