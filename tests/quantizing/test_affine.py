from __future__ import annotations

import numpy as np
import pytest

from edgelab import quantize
from edgelab.errors import InputError
from edgelab.quantizing import affine

WEIGHTS = np.random.default_rng(3).normal(size=(3, 3, 4, 8))


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_a_round_trip_is_at_most_half_a_step_off(
    bits: int, symmetric: bool, axis: int | None
) -> None:
    grid = affine.fit(WEIGHTS, bits, symmetric=symmetric, axis=axis)
    shape = [1] * 4
    if axis is not None:
        shape[axis] = -1
    # On an asymmetric grid the zero point is rounded too, which may clip an end by half a step more.
    steps = 0.5 if symmetric else 1.0
    error = np.abs(affine.round_trip(WEIGHTS, grid) - WEIGHTS)
    assert (error <= steps * grid.scale.reshape(shape) * (1 + 1e-9)).all()


def test_codes_are_what_numpy_computes_by_hand() -> None:
    values = np.array([-1.0, -0.5, 0.0, 0.25, 0.5])
    grid = affine.fit(values, 8)
    assert float(grid.scale) == 1 / 127
    np.testing.assert_array_equal(affine.quantize(values, grid), np.rint(values * 127))


def test_asymmetric_codes_use_the_whole_range() -> None:
    values = np.array([0.0, 1.0, 4.0])
    grid = affine.fit(values, 8, symmetric=False)
    assert (float(grid.scale), int(grid.zero_point)) == (4 / 255, -128)
    np.testing.assert_array_equal(affine.quantize(values, grid), [-128, -64, 127])


@pytest.mark.parametrize("values", [[3.0, 5.0], [-5.0, -3.0], [-0.1, 7.0]])
@pytest.mark.parametrize("bits", range(1, 9))
def test_zero_stays_exactly_zero_on_every_asymmetric_grid(values: list[float], bits: int) -> None:
    grid = affine.fit(values, bits, symmetric=False)
    assert affine.round_trip([0.0], grid)[0] == 0
    assert grid.codes[0] <= grid.zero_point <= grid.codes[-1]


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("symmetric", [True, False])
def test_no_more_codes_than_the_bits_can_name(bits: int, symmetric: bool) -> None:
    grid = affine.fit(WEIGHTS, bits, symmetric=symmetric)
    used = np.unique(affine.quantize(WEIGHTS, grid))
    assert len(grid.codes) <= 2**bits
    assert set(used) <= set(grid.codes)
    assert grid.values.shape == grid.codes.shape


def test_one_symmetric_bit_keeps_sign_and_mean_size() -> None:
    values = np.array([-3.0, -1.0, 0.5, 1.5])
    grid = affine.fit(values, 1)
    np.testing.assert_allclose(affine.round_trip(values, grid), [-1.5, -1.5, 1.5, 1.5])
    # No other pair of ±s has a smaller squared error.
    best = np.sum((affine.round_trip(values, grid) - values) ** 2)
    for size in np.linspace(0.1, 3, 30):
        assert best <= np.sum((np.sign(values) * size - values) ** 2) + 1e-12


def test_a_grid_per_channel_is_never_coarser_than_one_for_all() -> None:
    together, apart = affine.fit(WEIGHTS), affine.fit(WEIGHTS, axis=3)
    assert apart.scale.shape == (8,)
    assert (apart.scale <= together.scale).all()
    for channel in range(8):
        alone = affine.fit(WEIGHTS[..., channel])
        assert apart.scale[channel] == alone.scale


def test_zeros_only_survive() -> None:
    grid = affine.fit(np.zeros((2, 2)), axis=0)
    assert (affine.round_trip(np.zeros((2, 2)), grid) == 0).all()


def test_each_bit_is_worth_about_six_decibels() -> None:
    errors = affine.error_by_bits(WEIGHTS, range(4, 9))
    gains = np.diff([e.signal_to_noise_db for e in errors])
    assert (gains > 5).all()
    assert (gains < 8).all()
    for entry in errors:
        assert entry.rms == pytest.approx(entry.predicted_rms, rel=0.15)


def test_the_error_table_agrees_with_a_recomputation() -> None:
    entry = affine.error_by_bits(WEIGHTS, [5])[0]
    step = np.abs(WEIGHTS).max() / 15
    error = np.rint(WEIGHTS / step) * step - WEIGHTS
    assert entry.rms == pytest.approx(np.sqrt(np.mean(error**2)))
    assert entry.largest == pytest.approx(np.abs(error).max())
    assert entry.stored_bytes == WEIGHTS.size * 5 // 8 + 4


def test_an_outlier_spoils_the_others_in_proportion() -> None:
    effect = affine.outlier_effect(WEIGHTS, (1, 10))
    assert effect[1].scale == pytest.approx(10 * effect[0].scale)
    assert effect[1].rms_of_others > 5 * effect[0].rms_of_others
    assert effect[1].codes_used < effect[0].codes_used / 4


def test_channels_and_limits_contain_an_outlier() -> None:
    whole = affine.outlier_effect(WEIGHTS, (50,))[0].rms_of_others
    assert affine.outlier_effect(WEIGHTS, (50,), axis=3)[0].rms_of_others < whole / 2
    assert affine.outlier_effect(WEIGHTS, (50,), limit=3.0)[0].rms_of_others < whole / 10


def test_scales_and_zero_points_are_counted() -> None:
    assert affine.fit(WEIGHTS, 4).stored_bytes(100) == 50 + 4
    assert affine.fit(WEIGHTS, 4, axis=3).stored_bytes(100) == 50 + 8 * 4
    assert affine.fit(WEIGHTS, 4, axis=3, symmetric=False).stored_bytes(100) == 50 + 8 * 4 + 4


def test_the_verbs_of_the_lesson_are_reachable_from_quantize() -> None:
    assert quantize.scale([0.5, -2.0]) == 2 / 127
    assert quantize.zero_point([0.0, 1.0]) == -128
    assert quantize.scale(WEIGHTS, axis=3).shape == (8,)


@pytest.mark.parametrize(
    ("bits", "name"), [(1, "ultra-low"), (2, "ultra-low"), (4, "low"), (5, "medium"), (8, "medium")]
)
def test_precision_classes(bits: int, name: str) -> None:
    assert affine.precision_class(bits) == name


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "empty"),
        ([1.0, np.nan], {}, "1 of 2 values are NaN"),
        ([1.0, np.inf], {}, "NaN or infinite"),
        ([1.0], {"bits": 0}, "1 to 8"),
        ([1.0], {"bits": 9}, "1 to 8"),
        ([1.0], {"bits": 4.5}, "4.5"),
        ([1.0], {"axis": 1}, "axis is 1"),
        ([1.0], {"limit": 0.0}, "above 0"),
        (["a"], {}, "no numbers"),
    ],
)
def test_bad_values_are_refused(
    values: list[object], options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        affine.fit(values, **options)


def test_a_grid_refuses_another_number_of_channels() -> None:
    grid = affine.fit(WEIGHTS, axis=3)
    with pytest.raises(InputError, match="8 channels on axis 3"):
        affine.quantize(WEIGHTS[..., :4], grid)
