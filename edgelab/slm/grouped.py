"""Group-wise quantization by hand, number for number as Apple's MLX computes it.

    found = grouped.quantize(matrix, bits=4, group=64)
    found.codes, found.scales, found.biases      # a weight is code × scale + bias
    found.words                                  # eight 4-bit codes in each 32-bit word, as the file holds them
    grouped.rounded(checkpoint, bits=4)          # a model on that grid, to measure what it costs

Each group of neighbouring weights in a row spreads its codes from its smallest weight to its largest. Three things
are MLX's own, and decide the last digits:

1. The bias is the end of the group that is *farther from zero*, so the largest weight of a group is exact. Where
   that is the upper end, the scale is negative and the codes count downwards.
2. The scale is then stretched a little, so that zero has a code as well: a weight of 0 stays 0.
3. Codes are computed with the scale in 32 bits, rounding halves to the even neighbour, and clipped: the stretched
   grid may end a little before the other end of the group.

Lesson 34.

Source: MLX, mlx/backend/cpu/quantized.cpp (`quantize`). Its kernel for Apple's graphics processor follows the same
steps; it may round an exact half the other way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgelab.errors import InputError
from edgelab.slm.llama import Checkpoint, matrices

BITS = (2, 4, 8)
GROUPS = (32, 64, 128)
_WORD_BITS = 32
_LEAST_SCALE = np.float32(1e-7)  # of a group of equal weights


@dataclass(frozen=True)
class Grouped:
    """A quantized matrix.

    Args:
        codes: uint8 (rows, groups, weights of a group), each below 2 ** bits.
        scales: (rows, groups), float32 or float16; may be negative.
        biases: (rows, groups), of the same type.
        bits: of one code.
    """

    codes: np.ndarray
    scales: np.ndarray
    biases: np.ndarray
    bits: int

    @property
    def values(self) -> np.ndarray:
        """Return the weights that the codes stand for, (rows, inputs), in the type of the scales."""
        codes = self.codes.astype(self.scales.dtype)
        values: np.ndarray = codes * self.scales[..., None] + self.biases[..., None]
        return values.reshape(len(values), -1)

    @property
    def words(self) -> np.ndarray:
        """Return the codes as a file holds them: uint32 (rows, inputs · bits / 32)."""
        return pack(self.codes.reshape(len(self.codes), -1), self.bits)

    @property
    def bits_per_weight(self) -> float:
        """Return what a weight takes, its share of scale and bias included."""
        beside = 8 * (self.scales.dtype.itemsize + self.biases.dtype.itemsize)
        return float(self.bits + beside / self.codes.shape[-1])


def quantize(
    matrix: np.ndarray, bits: int = 4, group: int = 64, stored: str = "float32"
) -> Grouped:
    """Quantize a matrix group by group along its rows.

    Args:
        matrix: (outputs, inputs), finite; inputs a multiple of the group.
        bits: of one code: 2, 4 or 8.
        group: neighbouring weights of a row that share scale and bias: 32, 64 or 128.
        stored: type of the model: "float32" or "float16". The weights are rounded to it first, the scales and
            biases at the end.

    Raises:
        InputError: no matrix, NaN or infinity in it, a row that the group does not divide, or other bits, group or
            type.
    """
    _check(bits, group, stored)
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or not matrix.size or matrix.shape[1] % group:
        raise InputError(
            f"Give a matrix (outputs, inputs) whose rows are a multiple of {group} long; got the shape {matrix.shape}."
        )
    with np.errstate(over="ignore"):
        x = matrix.astype(stored).astype(np.float32).reshape(len(matrix), -1, group)
    if not np.isfinite(x).all():
        raise InputError(
            f"The matrix holds numbers that are not finite in {stored}: they have no code."
        )
    top = np.float32(2**bits - 1)
    low, high = x.min(axis=-1), x.max(axis=-1)
    upwards = np.abs(low) > np.abs(high)
    step = np.maximum((high - low) / top, _LEAST_SCALE)
    scale = np.where(upwards, step, -step)
    edge = np.where(upwards, low, high)
    # The code that zero would have, counted from the edge; stretched, it is a whole number.
    steps = np.rint(edge / scale)
    has_edge = steps != 0
    scale = np.divide(edge, steps, out=scale, where=has_edge)
    bias = np.where(has_edge, edge, np.float32(0))
    codes = np.clip(np.rint((x - bias[..., None]) / scale[..., None]), 0, top)
    return Grouped(codes.astype(np.uint8), scale.astype(stored), bias.astype(stored), bits)


def pack(codes: np.ndarray, bits: int) -> np.ndarray:
    """Put neighbouring codes into 32-bit words, the first into the lowest bits.

    Args:
        codes: whole numbers (rows, inputs), each below 2 ** bits; inputs a multiple of 32 / bits.
        bits: of one code.

    Returns:
        uint32 (rows, inputs · bits / 32).
    """
    each = _WORD_BITS // bits
    shifts = np.arange(each, dtype=np.uint32) * np.uint32(bits)
    parts = codes.reshape(len(codes), -1, each).astype(np.uint32) << shifts
    words: np.ndarray = np.bitwise_or.reduce(parts, axis=-1)
    return words


def unpack(words: np.ndarray, bits: int) -> np.ndarray:
    """Take the codes out of 32-bit words again, uint8 (rows, inputs).

    Args:
        words: uint32 (rows, inputs · bits / 32).
        bits: of one code.
    """
    shifts = np.arange(_WORD_BITS // bits, dtype=np.uint32) * np.uint32(bits)
    codes: np.ndarray = (words[..., None] >> shifts) & np.uint32(2**bits - 1)
    return codes.reshape(len(words), -1).astype(np.uint8)


def rounded(
    checkpoint: Checkpoint,
    bits: int = 4,
    group: int = 64,
    embedding: bool = True,
    stored: str = "float32",
) -> Checkpoint:
    """Return a model whose matrices are moved onto the grid; norms stay as they are.

    Args:
        checkpoint: the model.
        bits: of one code.
        group: weights that share scale and bias.
        embedding: whether the embedding is quantized as well, as MLX does.
        stored: type of the model.

    Raises:
        InputError: as `quantize`.
    """
    return checkpoint.with_tensors(
        {
            name: quantize(checkpoint.tensors[name], bits, group, stored).values.astype(np.float32)
            for name in matrices(checkpoint.shape, embedding)
        }
    )


def _check(bits: int, group: int, stored: str) -> None:
    if bits not in BITS:
        raise InputError(f"bits is {bits!r}; use one of {', '.join(map(str, BITS))}.")
    if group not in GROUPS:
        raise InputError(f"group is {group!r}; use one of {', '.join(map(str, GROUPS))}.")
    if stored not in ("float32", "float16"):
        raise InputError(f"stored is {stored!r}; use 'float32' or 'float16'.")
