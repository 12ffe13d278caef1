"""Block quantization of a language model's weights by hand: the four kinds that the engines use.

    rounded = rounding.rounded(checkpoint, rounding.Rule("minmax", bits=4, block=32))
    gguf_writer.write(rounded, "simulated.gguf", precision="f32")     # runs everywhere, saves nothing
    rounding.quantize(matrix, rounding.Rule("extreme", bits=4)).codes

A block of neighbouring weights in a row shares a scale, and some kinds a second number. What they differ in
is where the codes lie:

    symmetric   -(2^(b-1) - 1) … 2^(b-1) - 1 times the scale: one code is never used     (Q8_0)
    extreme     the weight farthest from zero gets the code -2^(b-1) exactly             (Q4_0, NNCF int4_sym, ORT)
    minmax      from the smallest weight to the largest, the smallest kept as a number   (Q4_1)
    zero_point  the same, but zero has a code, so the smallest is moved onto the grid    (NNCF int4_asym, OpenVINO)

The models made here only pretend to be small: each weight is moved to the nearest point of its grid and still
takes 32 bits. What a kind costs in quality can be measured with them, nothing else. Lessons 31 and 33.

Source: ggml, ggml-quants.c (quantize_row_q4_0_ref, …q4_1_ref, …q8_0_ref); NNCF, weight_lowering.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgelab.errors import InputError
from edgelab.slm.llama import Checkpoint, matrices

KINDS = ("symmetric", "extreme", "minmax", "zero_point")
_BITS = range(2, 9)
_SMALLEST = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Rule:
    """How a matrix is quantized.

    Args:
        kind: one of `KINDS`.
        bits: of one code, 2 to 8.
        block: neighbouring weights of a row that share a scale; 0 takes the whole row (one scale for each
            output, "per channel").
        stored: the type of the scales and minima: "float16" or "float32".
    """

    kind: str = "minmax"
    bits: int = 4
    block: int = 32
    stored: str = "float16"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind is {self.kind!r}; use one of {', '.join(KINDS)}.")
        if self.bits not in _BITS:
            raise InputError(f"bits is {self.bits}; use {_BITS[0]} to {_BITS[-1]}.")
        if self.block < 0 or self.block == 1:
            raise InputError(f"block is {self.block}; use 2 or more weights, or 0 for a whole row.")
        if self.stored not in ("float16", "float32"):
            raise InputError(f"stored is {self.stored!r}; use 'float16' or 'float32'.")

    def bits_per_weight(self, inputs: int) -> float:
        """Return what a weight would take in a file, its share of the scales included.

        Args:
            inputs: length of a row; matters for whole rows only.
        """
        scale = np.dtype(self.stored).itemsize * 8
        second = {"minmax": scale, "zero_point": self.bits}.get(self.kind, 0)
        return self.bits + (scale + second) / (self.block or inputs)


@dataclass(frozen=True)
class Blocks:
    """A quantized matrix: codes, and for each block what turns them into numbers.

    Args:
        codes: int16 (rows, blocks, weights of a block).
        scales: float32 (rows, blocks, 1), already rounded to the type that they are stored in.
        offsets: added to code × scale; float32 (rows, blocks, 1), zero for kinds without one.
    """

    codes: np.ndarray
    scales: np.ndarray
    offsets: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """Return the numbers that the codes stand for, float32 (rows, inputs)."""
        values: np.ndarray = self.codes.astype(np.float32) * self.scales + self.offsets
        return values.reshape(len(self.codes), -1)


def quantize(matrix: np.ndarray, rule: Rule) -> Blocks:
    """Quantize a matrix block by block along its rows.

    Args:
        matrix: (outputs, inputs), finite; inputs a multiple of the block.
        rule: how.

    Returns:
        Codes, scales and offsets; `.values` are the rounded numbers.

    Raises:
        InputError: no matrix, NaN or infinity in it, or a row that the block does not divide.
    """
    matrix = np.asarray(matrix, np.float32)
    if matrix.ndim != 2 or not matrix.size:
        raise InputError(f"Give a matrix (outputs, inputs); got the shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise InputError("The matrix holds NaN or infinity, for which there is no code.")
    block = rule.block or matrix.shape[1]
    if matrix.shape[1] % block:
        raise InputError(
            f"A row has {matrix.shape[1]} weights, which blocks of {block} don't divide."
        )
    x = matrix.reshape(len(matrix), -1, block)
    return {
        "symmetric": _symmetric,
        "extreme": _extreme,
        "minmax": _minmax,
        "zero_point": _zero_point,
    }[rule.kind](x, rule)


def rounded(checkpoint: Checkpoint, rule: Rule, embedding: bool = False) -> Checkpoint:
    """Return a model whose matrices are moved onto the grid of a rule; norms stay as they are.

    Args:
        checkpoint: the model.
        rule: how.
        embedding: whether the embedding is quantized as well. Where it is tied, it is the output
            layer too, and rounding it can cost as much as all the others together.

    Raises:
        InputError: a row that the block does not divide.
    """
    return checkpoint.with_tensors(
        {
            name: quantize(checkpoint.tensors[name], rule).values
            for name in matrices(checkpoint.shape, embedding)
        }
    )


def relative_error(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> float:
    """Return how far weights moved: root mean square of the differences over that of the weights.

    Args:
        before: tensors by name; those that did not change are left out of the count.
        after: the same names.
    """
    moved = [name for name in before if not np.array_equal(before[name], after[name])]
    if not moved:
        return 0.0
    difference = sum(float(np.square(after[n] - before[n], dtype=np.float64).sum()) for n in moved)
    size = sum(float(np.square(before[n], dtype=np.float64).sum()) for n in moved)
    return float(np.sqrt(difference / size))


# As in ggml and NNCF, codes are computed with the scale before it is rounded to what is stored.


def _symmetric(x: np.ndarray, rule: Rule) -> Blocks:
    top = 2 ** (rule.bits - 1) - 1
    scale = np.abs(x).max(axis=-1, keepdims=True) / np.float32(top)
    codes = np.sign(x) * np.floor(np.abs(x) * _inverse(scale) + 0.5)  # halves go away from zero
    return _blocks(np.clip(codes, -top, top), scale, None, rule)


def _extreme(x: np.ndarray, rule: Rule) -> Blocks:
    half = 2 ** (rule.bits - 1)
    place = np.abs(x).argmax(axis=-1, keepdims=True)
    scale = np.take_along_axis(x, place, axis=-1) / np.float32(-half)
    codes = np.floor(x * _inverse(scale) + np.float32(half + 0.5))
    return _blocks(np.clip(codes, 0, 2 * half - 1) - half, scale, None, rule)


def _minmax(x: np.ndarray, rule: Rule) -> Blocks:
    top = 2**rule.bits - 1
    low = x.min(axis=-1, keepdims=True)
    scale = (x.max(axis=-1, keepdims=True) - low) / np.float32(top)
    codes = np.floor((x - low) * _inverse(scale) + np.float32(0.5))
    return _blocks(np.clip(codes, 0, top), scale, low, rule)


def _zero_point(x: np.ndarray, rule: Rule) -> Blocks:
    top = 2**rule.bits - 1
    low = np.minimum(x.min(axis=-1, keepdims=True), 0)
    scale = (np.maximum(x.max(axis=-1, keepdims=True), 0) - low) / np.float32(top)
    zero = np.clip(np.rint(-low * _inverse(scale)), 0, top)
    codes = np.clip(np.rint(x * _inverse(scale)) + zero, 0, top)
    # Code minus zero point: zero itself is on the grid, and there is no offset.
    return _blocks(codes - zero, scale, None, rule)


def _blocks(codes: np.ndarray, scale: np.ndarray, low: np.ndarray | None, rule: Rule) -> Blocks:
    with np.errstate(over="ignore"):  # infinity is looked for below
        scales = scale.astype(rule.stored).astype(np.float32)
        offsets = (scale * 0 if low is None else low).astype(rule.stored).astype(np.float32)
    if not (np.isfinite(scales).all() and np.isfinite(offsets).all()):
        raise InputError(f"A scale is too large for {rule.stored}; use stored='float32'.")
    return Blocks(codes.astype(np.int16), scales, offsets)


def _inverse(scale: np.ndarray) -> np.ndarray:
    """Return 1 / scale, and 0 for a block of equal weights, which needs no steps."""
    usable = np.abs(scale) >= _SMALLEST
    inverse: np.ndarray = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=usable)
    return inverse
