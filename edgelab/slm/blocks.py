"""From the bytes of a quantized tensor back to numbers: what llama.cpp's block types store.

    file = gguf_file.read("model-Q4_0.gguf")
    blocks.decode(file.raw("blk.0.ffn_up.weight"), "Q4_0")     # float32 (rows, columns)
    blocks.tensor(file, "blk.0.ffn_up.weight")                 # the same

A type cuts each row into blocks and gives every block a scale of its own. The simple types take 32 weights and
one scale: x = scale · q. The K types take 256 weights, cut them into eight or sixteen groups, and store the scales
of the groups as small integers under one scale for all: a scale of scales. Lesson 30 decodes Q4_0 by hand.

Source: ggml-quants.c and ggml-common.h in the repository ggml-org/llama.cpp.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgelab.errors import FormatError, InputError
from edgelab.slm.gguf_file import TYPES, GgufFile

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def decode(raw: np.ndarray, type_name: str) -> np.ndarray:
    """Return the weights that stored bytes stand for.

    Args:
        raw: uint8 (rows, bytes of a row), as `GgufFile.raw` gives them.
        type_name: "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q8_0", "Q4_K" or "Q6_K".

    Returns:
        float32 (rows, columns).

    Raises:
        InputError: another type, or no uint8 array.
        FormatError: the bytes are not a whole number of blocks.
    """
    if type_name not in _DECODERS:
        raise InputError(
            f"Blocks of the type {type_name!r} are not decoded here; {', '.join(_DECODERS)} are. "
            "`gguf.quants.dequantize` knows more."
        )
    stored = np.asarray(raw)
    if stored.dtype != np.uint8 or stored.ndim < 1:
        raise InputError(f"The stored bytes are a uint8 array; these are {stored.dtype}.")
    kind = TYPES[type_name]
    if stored.shape[-1] % kind.size:
        raise FormatError(
            f"A row of {stored.shape[-1]} bytes is no whole number of {type_name} blocks, which take "
            f"{kind.size} bytes for {kind.block} weights. Is it another type, or truncated?"
        )
    columns = stored.shape[-1] // kind.size * kind.block
    blocks = np.ascontiguousarray(stored).reshape(-1, kind.size)
    return _DECODERS[type_name](blocks).reshape(*stored.shape[:-1], columns)


def tensor(file: GgufFile, name: str) -> np.ndarray:
    """Return the weights of a tensor, in its own shape.

    Raises:
        InputError: there is no such tensor, or its type is not decoded here.
    """
    entry = file.tensor(name)
    return decode(file.raw(name), entry.type).reshape(entry.shape)


def _halves(stored: Bytes) -> Floats:
    """Return float16 numbers as float32."""
    return np.ascontiguousarray(stored).view(np.float16).astype(np.float32)


def _nibbles(stored: Bytes) -> Bytes:
    """Return two 4-bit numbers of each byte: all the lower ones first, then all the upper ones."""
    return np.concatenate([stored & 15, stored >> 4], axis=-1)


def _f32(blocks: Bytes) -> Floats:
    return blocks.view(np.float32)


def _bf16(blocks: Bytes) -> Floats:
    # The upper half of a float32, cut off.
    return (blocks.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def _q4_0(blocks: Bytes) -> Floats:
    scale = _halves(blocks[:, :2])
    return scale * (_nibbles(blocks[:, 2:]).astype(np.float32) - 8)


def _q4_1(blocks: Bytes) -> Floats:
    scale, minimum = _halves(blocks[:, :2]), _halves(blocks[:, 2:4])
    return scale * _nibbles(blocks[:, 4:]).astype(np.float32) + minimum


def _q5_0(blocks: Bytes) -> Floats:
    scale = _halves(blocks[:, :2])
    # The fifth bits of 32 weights make four bytes of their own.
    fifth = np.unpackbits(blocks[:, 2:6], axis=1, bitorder="little")
    return scale * ((_nibbles(blocks[:, 6:]) | fifth << 4).astype(np.float32) - 16)


def _q8_0(blocks: Bytes) -> Floats:
    return _halves(blocks[:, :2]) * blocks[:, 2:].view(np.int8).astype(np.float32)


def _q4_k(blocks: Bytes) -> Floats:
    """Decode 256 weights: eight groups of 32, each with a 6-bit scale and a 6-bit minimum."""
    scale, minimum = _halves(blocks[:, :2]), _halves(blocks[:, 2:4])
    # Twelve bytes hold sixteen 6-bit numbers. The first eight bytes hold the scales, then the minima of
    # groups 0 to 3, with the upper two bits of groups 4 to 7 on top; the last four bytes hold the lower
    # four bits of the scales and minima of groups 4 to 7.
    low_scale, low_minimum, rest = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scales = np.concatenate([low_scale & 63, rest & 15 | low_scale >> 6 << 4], axis=1)
    minima = np.concatenate([low_minimum & 63, rest >> 4 | low_minimum >> 6 << 4], axis=1)
    # Each run of 32 bytes holds two groups: the lower nibbles are one, the upper nibbles the next.
    quants = _nibbles(blocks[:, 16:].reshape(-1, 4, 32)).reshape(-1, 8, 32)
    step = (scale * scales.astype(np.float32))[:, :, None]
    offset = (minimum * minima.astype(np.float32))[:, :, None]
    return step * quants.astype(np.float32) - offset


def _q6_k(blocks: Bytes) -> Floats:
    """Decode 256 weights: sixteen groups of 16, each with an 8-bit scale, no minimum."""
    # Two halves of 128 weights: 64 bytes with the lower four bits, 32 bytes with the upper two.
    low = _nibbles(blocks[:, :128].reshape(-1, 2, 64))
    shifts = np.array([0, 2, 4, 6], np.uint8)[:, None]
    high = (blocks[:, 128:192].reshape(-1, 2, 1, 32) >> shifts & 3).reshape(-1, 2, 128)
    quants = (low | high << 4).reshape(-1, 16, 16).astype(np.float32) - 32
    scales = blocks[:, 192:208].view(np.int8).astype(np.float32)
    step = (_halves(blocks[:, 208:]) * scales)[:, :, None]
    return step * quants


_DECODERS = {
    "F32": _f32,
    "F16": _halves,
    "BF16": _bf16,
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q8_0": _q8_0,
    "Q4_K": _q4_k,
    "Q6_K": _q6_k,
}
