"""Blocks decoded in NumPy are what two other decoders say: the package gguf, and llama.cpp itself."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from edgelab.errors import FormatError, InputError
from edgelab.slm import blocks, gguf_file, ladder
from edgelab.slm.gguf_types import TYPES
from tests.slm import tiny

DECODED = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q8_0", "Q4_K", "Q6_K")


@pytest.mark.parametrize("name", DECODED)
def test_any_bytes_decode_as_the_package_gguf_decodes_them(name: str) -> None:
    stored = np.random.default_rng(1).integers(0, 256, (33, 4 * TYPES[name].size), np.uint8)
    with np.errstate(all="ignore"):  # random scales may be infinite
        ours = blocks.decode(stored, name)
        theirs = gguf.quants.dequantize(stored, gguf.GGMLQuantizationType[name])
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["Q4_0", "Q4_1", "Q5_0", "Q8_0", "Q4_K_M", "Q6_K", "BF16"])
def test_a_file_decodes_as_llama_cpp_writes_it_out(name: str, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    source = tiny.gguf(tmp_path / "tiny.gguf")
    small, large = tmp_path / "small.gguf", tmp_path / "large.gguf"
    for origin, target, kind in ((source, small, name), (small, large, "F32")):
        ladder.write(str(origin), str(target), ladder.RECIPES[kind].number, 1)
    quantized, written_out = gguf_file.read(small), gguf_file.read(large)
    for tensor in quantized.tensors:
        np.testing.assert_array_equal(
            blocks.tensor(quantized, tensor.name), blocks.tensor(written_out, tensor.name)
        )


def test_one_block_by_hand() -> None:
    scale = np.float16(0.5).tobytes()
    lower, upper = range(16), range(15, -1, -1)
    stored = scale + bytes(a | b << 4 for a, b in zip(lower, upper, strict=True))
    expected = [0.5 * (q - 8) for q in (*lower, *upper)]
    decoded = blocks.decode(np.frombuffer(stored, np.uint8)[None], "Q4_0")
    assert decoded.tolist() == [expected]


def test_half_a_block_an_unknown_type_and_floats_are_refused() -> None:
    with pytest.raises(FormatError, match="18 bytes for 32 weights"):
        blocks.decode(np.zeros((2, 17), np.uint8), "Q4_0")
    with pytest.raises(InputError, match=r"'Q2_K' are not decoded here; F32, .*Q6_K are"):
        blocks.decode(np.zeros((1, 84), np.uint8), "Q2_K")
    with pytest.raises(InputError, match="float32"):
        blocks.decode(np.zeros((1, 18), np.float32), "Q4_0")
