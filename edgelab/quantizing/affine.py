"""Affine quantization by hand: real numbers as small integers and one or two numbers beside them.

    value ≈ scale · (code − zero point)

The scale is the step between two neighbouring codes; the zero point is the code that means exactly 0.

    weights = np.array([-0.9, 0.1, 0.4])
    grid = affine.fit(weights, bits=8)                   # symmetric, one scale for the whole tensor
    codes = affine.quantize(weights, grid)
    affine.dequantize(codes, grid) - weights             # at most half a step away

Symmetric grids have the zero point 0 (weights); asymmetric ones use the whole range of the codes
(activations). With `axis`, each channel has a grid of its own. Lesson 20 writes all of this by hand.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018, section 2.1; the ranges of the codes are those of the TensorFlow Lite 8-bit
quantization specification (symmetric −127…127, asymmetric −128…127).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab.errors import InputError

Floats = NDArray[np.float64]
Codes = NDArray[np.int16]

_SCALE_BYTES = 4  # runtimes store a scale as float32
_CLASSES = ((2, "ultra-low"), (4, "low"), (8, "medium"))


@dataclass(frozen=True)
class Affine:
    """A grid of values: how codes and real numbers belong together.

    Attributes:
        scale: step between neighbouring codes; shape () or (channels,).
        zero_point: code that means 0; same shape as `scale`.
        bits: 1 to 8.
        axis: axis of the channels, None for one grid for the whole tensor.
        symmetric: zero point 0 and as many negative codes as positive ones.
    """

    scale: Floats
    zero_point: NDArray[np.int64]
    bits: int
    axis: int | None
    symmetric: bool

    @property
    def codes(self) -> Codes:
        """Return all codes in ascending order.

        Symmetric grids leave out the most negative code, so that ±x have codes ±c. A symmetric grid of
        one bit has the codes −1 and 1 and no zero.
        """
        if self.symmetric and self.bits == 1:
            return np.array([-1, 1], np.int16)
        half = 2 ** (self.bits - 1)
        return np.arange(1 - half if self.symmetric else -half, half, dtype=np.int16)

    @property
    def values(self) -> Floats:
        """Return the real number of every code: shape (codes,), or (channels, codes)."""
        codes = self.codes.astype(np.float64)
        return self.scale[..., None] * (codes - self.zero_point[..., None])

    def stored_bytes(self, count: int) -> int:
        """Return the bytes of `count` codes with their scales and zero points (0 where symmetric)."""
        points = 0 if self.symmetric else self.scale.size * self.bits
        return -(-(count * self.bits + points) // 8) + self.scale.size * _SCALE_BYTES


def fit(
    values: ArrayLike,
    bits: int = 8,
    *,
    symmetric: bool = True,
    axis: int | None = None,
    limit: float | None = None,
) -> Affine:
    """Choose the grid of a tensor from its smallest and largest value.

    One symmetric bit keeps the signs and the mean absolute value, which has the least squared error of
    all two-value grids around zero (Rastegari et al., "XNOR-Net", ECCV 2016, section 3.1).

    Args:
        values: numbers of any shape.
        bits: 1 to 8.
        symmetric: zero point 0; else the range (which always includes 0) uses all codes.
        axis: give each index along this axis a grid of its own; None is one for all.
        limit: values beyond ±limit may be clipped (the remedy against an outlier).

    Returns:
        The grid.

    Raises:
        InputError: bits outside 1 to 8, no values, NaN or infinity, no such axis, limit not positive.
    """
    channels = _by_channel(_checked(values), axis)
    _check_bits(bits)
    if limit is not None:
        if not limit > 0:
            raise InputError(f"limit is {limit}; give the largest absolute value to keep, above 0.")
        channels = np.clip(channels, -limit, limit)
    if symmetric:
        largest = np.abs(channels).max(axis=1)
        step = np.abs(channels).mean(axis=1) if bits == 1 else largest / (2 ** (bits - 1) - 1)
        point = np.zeros(len(step), np.int64)
    else:
        low = np.minimum(channels.min(axis=1), 0.0)
        high = np.maximum(channels.max(axis=1), 0.0)
        step = (high - low) / (2**bits - 1)
        half = 2 ** (bits - 1)
        safe = np.where(step > 0, step, 1.0)
        point = np.clip(np.round(-half - low / safe), -half, half - 1).astype(np.int64)
    step = np.where(step > 0, step, 1.0)  # all zeros: any step will do
    shape = () if axis is None else (-1,)
    where = None if axis is None else axis % np.ndim(values)
    return Affine(step.reshape(shape), point.reshape(shape), bits, where, symmetric)


def scale(
    values: ArrayLike, bits: int = 8, *, symmetric: bool = True, axis: int | None = None
) -> float | Floats:
    """Return the step between neighbouring codes: a number, or one for each channel (see `fit`)."""
    step = fit(values, bits, symmetric=symmetric, axis=axis).scale
    return float(step) if axis is None else step


def zero_point(
    values: ArrayLike, bits: int = 8, *, axis: int | None = None
) -> int | NDArray[np.int64]:
    """Return the code that means 0 on an asymmetric grid, or one for each channel (see `fit`)."""
    point = fit(values, bits, symmetric=False, axis=axis).zero_point
    return int(point) if axis is None else point


def quantize(values: ArrayLike, grid: Affine) -> Codes:
    """Return the code nearest to each value; what lies beyond the grid gets its first or last code.

    Args:
        values: numbers of any shape; along `grid.axis` as many as the grid has channels.
        grid: from `fit`.

    Returns:
        int16 codes of the same shape.

    Raises:
        InputError: no values, NaN or infinity, or another number of channels.
    """
    given = _checked(values)
    step, point = _spread(grid, given.shape)
    if grid.symmetric and grid.bits == 1:
        return np.where(given < 0, -1, 1).astype(np.int16)
    codes = grid.codes
    return np.clip(np.round(given / step) + point, codes[0], codes[-1]).astype(np.int16)


def dequantize(codes: ArrayLike, grid: Affine) -> Floats:
    """Return the value that each code stands for.

    Raises:
        InputError: another number of channels than the grid has.
    """
    given = np.asarray(codes)
    step, point = _spread(grid, given.shape)
    return step * (given.astype(np.float64) - point)


def round_trip(values: ArrayLike, grid: Affine) -> Floats:
    """Return what is left of the values after quantizing and dequantizing them."""
    return dequantize(quantize(values, grid), grid)


@dataclass(frozen=True)
class BitError:
    """What rounding to a number of bits costs, in the unit of the values.

    Attributes:
        bits: width of a code.
        rms: root of the mean squared error.
        largest: largest absolute error.
        predicted_rms: step / √12, what rounding errors spread evenly over one step would give.
        signal_to_noise_db: 10 · log10(mean square of the values / mean square of the errors).
        stored_bytes: codes, scales and zero points.
    """

    bits: int
    rms: float
    largest: float
    predicted_rms: float
    signal_to_noise_db: float
    stored_bytes: int


def error_by_bits(
    values: ArrayLike,
    bits: Sequence[int] = tuple(range(1, 9)),
    *,
    symmetric: bool = True,
    axis: int | None = None,
) -> tuple[BitError, ...]:
    """Return the error of a tensor at each number of bits (about 6 dB for each bit).

    Raises:
        InputError: as `fit`.
    """
    return tuple(
        _error(_checked(values), fit(values, width, symmetric=symmetric, axis=axis))
        for width in bits
    )


@dataclass(frozen=True)
class OutlierError:
    """What one large value does to all others.

    Attributes:
        factor: how many times larger the largest value was made.
        scale: step of the grid (the widest one, if there are several).
        rms_of_others: root of the mean squared error of all values but the outlier.
        codes_used: how many different codes the other values still use.
    """

    factor: float
    scale: float
    rms_of_others: float
    codes_used: int


def outlier_effect(
    values: ArrayLike,
    factors: Sequence[float] = (1, 2, 5, 10, 20, 50),
    bits: int = 8,
    *,
    axis: int | None = None,
    limit: float | None = None,
) -> tuple[OutlierError, ...]:
    """Make the largest value larger and larger, and measure what is left of the others.

    Args:
        values: a tensor of at least two values.
        factors: what the largest absolute value is multiplied by.
        bits: 1 to 8.
        axis: a grid for each channel; the damage then stays in one channel.
        limit: clip at ±limit; the damage then stays in the outlier itself.

    Raises:
        InputError: as `fit`; fewer than two values.
    """
    given = _checked(values)
    if given.size < 2:
        raise InputError("An outlier needs others beside it: give at least two values.")
    position = int(np.abs(given).argmax())
    found = []
    for factor in factors:
        changed = given.copy()
        changed.flat[position] *= factor
        grid = fit(changed, bits, axis=axis, limit=limit)
        codes = quantize(changed, grid)
        error = np.delete((dequantize(codes, grid) - changed).ravel(), position)
        others = np.delete(codes.ravel(), position)
        found.append(
            OutlierError(
                factor=float(factor),
                scale=float(grid.scale.max()),
                rms_of_others=float(np.sqrt(np.mean(error**2))),
                codes_used=len(np.unique(others)),
            )
        )
    return tuple(found)


def precision_class(bits: int) -> str:
    """Return "ultra-low" (1–2 bits), "low" (3–4) or "medium" (5–8).

    Raises:
        InputError: bits outside 1 to 8.
    """
    _check_bits(bits)
    return next(name for most, name in _CLASSES if bits <= most)


def _error(values: Floats, grid: Affine) -> BitError:
    error = round_trip(values, grid) - values
    noise, signal = float(np.mean(error**2)), float(np.mean(values**2))
    ratio = signal / noise if noise > 0 else np.inf
    gap = 2 if grid.symmetric and grid.bits == 1 else 1  # −1 and 1 are two scales apart
    return BitError(
        bits=grid.bits,
        rms=noise**0.5,
        largest=float(np.abs(error).max()),
        predicted_rms=float(np.sqrt(np.mean((gap * grid.scale) ** 2) / 12)),
        signal_to_noise_db=float(10 * np.log10(ratio)) if ratio > 0 else 0.0,
        stored_bytes=grid.stored_bytes(values.size),
    )


def _check_bits(bits: int) -> None:
    if isinstance(bits, bool) or not isinstance(bits, int | np.integer) or not 1 <= bits <= 8:
        raise InputError(f"bits is {bits!r}; use a whole number from 1 to 8.")


def _checked(values: ArrayLike) -> Floats:
    try:
        given = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"These are no numbers that can be quantized: {error}.") from error
    if given.size == 0:
        raise InputError("There are no values to quantize: the array is empty.")
    bad = int(np.count_nonzero(~np.isfinite(given)))
    if bad:
        raise InputError(
            f"{bad} of {given.size} values are NaN or infinite; a grid can't be fitted to them. "
            "Find where they come from before quantizing."
        )
    return given


def _by_channel(values: Floats, axis: int | None) -> Floats:
    if axis is None:
        return values.reshape(1, -1)
    if not -values.ndim <= axis < values.ndim:
        raise InputError(
            f"axis is {axis}, but the values have shape {values.shape}; "
            f"use 0 to {values.ndim - 1}, or None for one scale."
        )
    return np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)


def _spread(grid: Affine, shape: tuple[int, ...]) -> tuple[Floats, NDArray[np.int64]]:
    """Return scale and zero point in a shape that lines up with the values."""
    if grid.axis is None:
        return grid.scale, grid.zero_point
    if grid.axis >= len(shape) or shape[grid.axis] != grid.scale.size:
        raise InputError(
            f"This grid has {grid.scale.size} channels on axis {grid.axis}; the values have shape "
            f"{shape}. Fit a grid to these values, or give the tensor that it was fitted to."
        )
    aligned = [1] * len(shape)
    aligned[grid.axis] = -1
    return grid.scale.reshape(aligned), grid.zero_point.reshape(aligned)
