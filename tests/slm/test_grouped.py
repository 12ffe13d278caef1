"""Codes, scales and biases by hand are MLX's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import InputError
from edgelab.slm import grouped
from tests.slm import tiny

RANDOM = np.random.default_rng(0)
MATRICES = {
    "random": RANDOM.normal(size=(64, 256)),
    "above zero": RANDOM.uniform(1, 2, (8, 256)),
    "below zero": RANDOM.uniform(-2, -1, (8, 256)),
    "nearly nothing": RANDOM.normal(size=(8, 256)) * 1e-8,
    "halves everywhere": RANDOM.integers(-8, 8, (32, 256)) / 2,
    "equal": np.repeat([[0.7], [-0.7], [0.0]], 256, axis=1),
    "one far away": np.where(np.arange(256) % 64 == 3, 50.0, RANDOM.normal(size=(4, 256))),
}


@pytest.mark.parametrize("stored", ["float32", "float16"])
@pytest.mark.parametrize(("bits", "group"), [(4, 32), (4, 64), (8, 32), (8, 64), (2, 128)])
@pytest.mark.parametrize("kind", MATRICES)
def test_every_number_is_mlx_s(kind, bits, group, stored):
    mx = pytest.importorskip("mlx.core", reason="MLX is not installed")
    matrix = MATRICES[kind].astype(stored)
    ours = grouped.quantize(matrix, bits, group, stored)
    with mx.stream(mx.cpu):
        theirs = mx.quantize(mx.array(matrix), group_size=group, bits=bits)
        values = mx.dequantize(*theirs, group_size=group, bits=bits)
        words, scales, biases, values = (np.array(part) for part in (*theirs, values))
    np.testing.assert_array_equal(ours.words, words)
    np.testing.assert_array_equal(ours.scales, scales)
    np.testing.assert_array_equal(ours.biases, biases)
    np.testing.assert_array_equal(ours.values, values)
    assert ours.values.dtype == values.dtype == stored


def test_zero_and_the_weight_farthest_from_it_are_exact():
    matrix = MATRICES["random"].astype(np.float32)
    matrix[:, ::32] = 0
    found = grouped.quantize(matrix, 4, 64)
    assert np.abs(found.values[:, ::32]).max() < 1e-6  # float32 rounds the sum of bias and codes
    groups, values = matrix.reshape(64, 4, 64), found.values.reshape(64, 4, 64)
    farthest = np.abs(groups).argmax(-1, keepdims=True)
    np.testing.assert_array_equal(
        np.take_along_axis(values, farthest, -1), np.take_along_axis(groups, farthest, -1)
    )
    assert (found.scales < 0).any()
    assert (found.scales > 0).any()


def test_codes_lie_in_words_lowest_bits_first():
    codes = np.arange(16, dtype=np.uint8)[None]
    assert [f"{word:x}" for word in grouped.pack(codes, 4)[0]] == ["76543210", "fedcba98"]
    assert [f"{word:x}" for word in grouped.pack(codes[:, :4], 8)[0]] == ["3020100"]
    for bits in grouped.BITS:
        codes = RANDOM.integers(0, 2**bits, (5, 64), np.uint8)
        np.testing.assert_array_equal(grouped.unpack(grouped.pack(codes, bits), bits), codes)


def test_what_a_weight_takes_counts_scale_and_bias():
    matrix = MATRICES["random"]
    for bits, group, stored, expected in (
        (4, 64, "float16", 4.5),
        (4, 64, "float32", 5.0),
        (4, 32, "float16", 5.0),
        (8, 32, "float32", 10.0),
    ):
        found = grouped.quantize(matrix, bits, group, stored)
        assert found.bits_per_weight == expected
        stored_bits = 8 * sum(part.nbytes for part in (found.words, found.scales, found.biases))
        assert stored_bits / matrix.size == expected


def test_a_model_keeps_its_norms_and_if_asked_its_embedding():
    model = tiny.checkpoint()
    changed = [
        {n for n in model.tensors if not np.array_equal(model.tensors[n], after.tensors[n])}
        for after in (grouped.rounded(model), grouped.rounded(model, embedding=False))
    ]
    assert changed[0] - changed[1] == {"model.embed_tokens.weight"}
    assert len(changed[1]) == 7 * model.shape.layers


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bits": 3}, "bits is 3; use one of 2, 4, 8"),
        ({"group": 48}, "group is 48; use one of 32, 64, 128"),
        ({"stored": "int8"}, "stored is 'int8'"),
        ({"matrix": np.ones((2, 100))}, "multiple of 64"),
        ({"matrix": np.full((1, 64), np.nan)}, "not finite in float32"),
        ({"matrix": np.full((1, 64), 1e5), "stored": "float16"}, "not finite in float16"),
    ],
)
def test_what_has_no_codes_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        grouped.quantize(**({"matrix": np.ones((2, 64))} | wrong))
