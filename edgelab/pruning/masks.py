"""Which weights stay? Masks over arrays: the largest magnitudes, two of every four, whole filters.

    keep = masks.largest(kernel, sparsity=0.9)       # True for the tenth of the weights that stays
    kernel * keep
    masks.zeros(kernel * keep)                       # 0.9

A mask alone saves nothing: a zero takes as many bits as any other number, and a dense kernel multiplies
by it like by any other. What could be saved is counted by `sparse_bytes`. Lesson 21 writes the first of
these functions by hand.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgelab.errors import InputError

Mask = NDArray[np.bool_]
_OF = 4  # weights in a group of the 2:4 pattern
_KEPT = 2


def largest(values: ArrayLike, sparsity: float) -> Mask:
    """Return True for the weights that stay when the smallest magnitudes go.

    The number that stays is rounded as in tfmot, and is never below one.

    Args:
        values: weights of any shape.
        sparsity: share of zeros wanted, 0 or more and below 1.

    Raises:
        InputError: no values, NaN, or a sparsity outside [0, 1).

    Source: Han et al., "Learning both weights and connections for efficient neural networks", NIPS
        2015, section 3.
    """
    given = _numbers(values)
    kept = max(1, round(given.size * (1 - checked(sparsity))))
    # A stable sort: of equal magnitudes the first stay, so that a mask is the same everywhere.
    order = np.argsort(-np.abs(given), axis=None, kind="stable")
    mask = np.zeros(given.size, bool)
    mask[order[:kept]] = True
    return mask.reshape(given.shape)


def two_of_four(kernel: ArrayLike) -> Mask:
    """Return True for the two largest magnitudes of every four weights along the input channels.

    Args:
        kernel: of a dense layer (in, out) or a convolution (height, width, in, out). Where the inputs
            are no multiple of four, the last group is smaller, and two of it stay.

    Raises:
        InputError: NaN, or an array of another rank.

    Source: NVIDIA A100 Tensor Core GPU Architecture, 2020, "fine-grained structured sparsity"; Mishra
        et al., "Accelerating sparse deep neural networks", 2021, section 3.
    """
    given = np.abs(_numbers(kernel))
    if given.ndim not in (2, 4):
        raise InputError(
            f"The 2:4 pattern is for kernels (in, out) or (height, width, in, out); this array has "
            f"shape {given.shape}."
        )
    rows = np.moveaxis(given, -2, -1)
    inputs = rows.shape[-1]
    padding = [(0, 0)] * (rows.ndim - 1) + [(0, -inputs % _OF)]
    groups = np.pad(rows, padding, constant_values=-1.0).reshape(-1, _OF)
    mask = np.zeros(groups.shape, bool)
    order = np.argsort(-groups, axis=1, kind="stable")
    np.put_along_axis(mask, order[:, :_KEPT], True, axis=1)
    whole = mask.reshape(*rows.shape[:-1], -1)[..., :inputs]
    return np.moveaxis(whole, -1, -2)


def is_two_of_four(kernel: ArrayLike) -> bool:
    """Tell whether no four weights along the input channels hold more than two that are not zero."""
    given = _numbers(kernel)
    return not np.any(given[~two_of_four(given)])


def zeros(values: ArrayLike) -> float:
    """Return the share of zeros, 0 to 1."""
    given = _numbers(values)
    return float(np.count_nonzero(given == 0) / given.size)


def sparse_bytes(values: ArrayLike, bits: int = 32) -> dict[str, int]:
    """Return what an array would take in three ways of storing it.

    Args:
        values: weights of any shape.
        bits: of one weight.

    Returns:
        - "dense": every weight;
        - "bitmap": one bit a weight says whether it is zero, then those that are not;
        - "list": those that are not zero, each with its place (as many bits as the places need).
    """
    given = _numbers(values)
    filled = int(np.count_nonzero(given))
    place_bits = max(1, math.ceil(math.log2(given.size)))
    return {
        "dense": math.ceil(given.size * bits / 8),
        "bitmap": math.ceil(given.size / 8) + math.ceil(filled * bits / 8),
        "list": math.ceil(filled * (bits + place_bits) / 8),
    }


def layers(model: Any) -> tuple[str, ...]:
    """Return the names of the layers whose weights can be pruned, in the order of the network.

    Depthwise convolutions are none of them: a filter of nine weights has none to spare.
    """
    return tuple(layer.name for layer in model.layers if hasattr(layer, "kernel"))


def checked(sparsity: float, what: str = "sparsity") -> float:
    """Return a share of zeros if it is one.

    Raises:
        InputError: no number, or one outside [0, 1).
    """
    try:
        value = float(sparsity)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The {what} is a share, 0 or more and below 1; this is {sparsity!r}."
        ) from error
    if not 0 <= value < 1:
        advice = f" For {value:g} percent write {value / 100:g}." if 1 < value < 100 else ""
        raise InputError(
            f"The {what} is the share that goes, 0 or more and below 1; this is {sparsity!r}.{advice}"
        )
    return value


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(values, np.float64)
    if given.size == 0:
        raise InputError("There are no weights to prune: the array is empty.")
    if not np.isfinite(given).all():
        raise InputError("The weights hold NaN or infinity; nothing can be said about their size.")
    return given
