"""The own block quantizers agree with ggml's where it has the same kind, and with arithmetic elsewhere."""

from __future__ import annotations

import gguf
import numpy as np
import pytest

from edgelab.errors import InputError
from edgelab.slm import llama, rounding
from edgelab.slm.rounding import Rule
from tests.slm import tiny


@pytest.fixture
def matrix():
    random = np.random.default_rng(1)
    return (random.standard_t(4, (48, 256)) * 0.05).astype(np.float32)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (Rule("extreme", 4, 32), "Q4_0"),
        (Rule("extreme", 5, 32), "Q5_0"),
        (Rule("minmax", 4, 32), "Q4_1"),
        (Rule("minmax", 5, 32), "Q5_1"),
        (Rule("symmetric", 8, 32), "Q8_0"),
    ],
)
def test_three_kinds_are_the_block_types_of_ggml(matrix, rule, kind):
    stored = getattr(gguf.GGMLQuantizationType, kind)
    expected = gguf.quants.dequantize(gguf.quants.quantize(matrix, stored), stored)
    assert np.array_equal(rounding.quantize(matrix, rule).values, expected)
    bits = expected.size and gguf.quants.quantize(matrix, stored).nbytes * 8 / matrix.size
    assert rule.bits_per_weight(256) == bits


@pytest.mark.parametrize("kind", rounding.KINDS)
@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("block", [32, 128, 0])
def test_a_weight_moves_by_half_a_step_and_one_bit_more_halves_it(matrix, kind, bits, block):
    blocks = rounding.quantize(matrix, Rule(kind, bits, block, "float32"))
    x = matrix.reshape(blocks.codes.shape)
    moved = np.abs(blocks.values.reshape(x.shape) - x)
    # Where the largest has no code of its own, or the smallest was moved onto the grid, it is a whole step.
    most = {"symmetric": 0.5, "minmax": 0.5, "extreme": 1.0, "zero_point": 1.0}[kind]
    assert (moved <= most * np.abs(blocks.scales) * 1.0001 + 1e-8).all()
    assert len(np.unique(blocks.codes - blocks.codes.min(axis=-1, keepdims=True))) <= 2**bits


@pytest.mark.parametrize("kind", rounding.KINDS)
def test_more_bits_are_nearer_and_smaller_blocks_too(matrix, kind):
    def error(bits, block):
        return np.square(rounding.quantize(matrix, Rule(kind, bits, block)).values - matrix).mean()

    by_bits = [error(bits, 32) for bits in range(2, 9)]
    assert by_bits == sorted(by_bits, reverse=True)
    assert 3 < by_bits[2] / by_bits[3] < 6  # the error halves, so its square is a quarter
    assert error(4, 32) < error(4, 128) < error(4, 0)


def test_zero_has_a_code_in_every_kind_but_minmax(matrix):
    matrix[:, 5] = 0
    for kind in rounding.KINDS:
        values = rounding.quantize(matrix, Rule(kind, 3, 64)).values
        assert bool((values[:, 5] == 0).all()) == (kind != "minmax")


@pytest.mark.parametrize("kind", rounding.KINDS)
@pytest.mark.parametrize("value", [0.0, 0.25, -0.25])
def test_a_block_of_equal_weights_has_no_step_to_divide_by(kind, value):
    values = rounding.quantize(np.full((2, 64), value), Rule(kind, 4, 32)).values
    assert np.allclose(values, value, rtol=0.15 if kind == "symmetric" else 1e-3)


def test_a_model_is_rounded_in_its_matrices_only(tmp_path):
    model = tiny.checkpoint()
    rule = Rule("minmax", 4, 32)
    for embedding in (False, True):
        after = rounding.rounded(model, rule, embedding)
        changed = {
            n for n in model.tensors if not np.array_equal(model.tensors[n], after.tensors[n])
        }
        assert changed == set(llama.matrices(model.shape, embedding))
        assert (llama.EMBEDDING in changed) is embedding
    assert not any("norm" in name for name in changed)
    coarse = rounding.rounded(model, Rule("minmax", 2, 32))
    fine = rounding.relative_error(model.tensors, rounding.rounded(model, rule).tensors)
    assert 0.05 < fine < rounding.relative_error(model.tensors, coarse.tensors) < 1
    assert rounding.relative_error(model.tensors, model.tensors) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "ternary"}, "ternary"),
        ({"bits": 1}, "bits is 1"),
        ({"bits": 9}, "bits is 9"),
        ({"block": 1}, "block is 1"),
        ({"stored": "int8"}, "int8"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(options, told):
    with pytest.raises(InputError, match=told):
        Rule(**options)


def test_what_has_no_code_is_refused(matrix):
    with pytest.raises(InputError, match="don't divide"):
        rounding.quantize(matrix, Rule(block=48))
    with pytest.raises(InputError, match="NaN"):
        rounding.quantize(np.full((2, 32), np.nan), Rule())
    with pytest.raises(InputError, match="matrix"):
        rounding.quantize(np.zeros(32), Rule())
    with pytest.raises(InputError, match="float32"):
        rounding.quantize(np.array([[1e7, -1e7] * 16]), Rule("minmax", 2))
