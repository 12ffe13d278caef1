from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import InputError
from edgelab.pruning import masks

VALUES = np.random.default_rng(0).normal(size=(3, 3, 6, 8))


@pytest.mark.parametrize("sparsity", [0, 0.25, 0.5, 0.9, 0.98])
def test_what_stays_is_larger_than_what_goes(sparsity: float) -> None:
    keep = masks.largest(VALUES, sparsity)
    assert keep.sum() == round(VALUES.size * (1 - sparsity))
    if sparsity:
        assert np.abs(VALUES[keep]).min() >= np.abs(VALUES[~keep]).max()


def test_signs_do_not_matter() -> None:
    np.testing.assert_array_equal(masks.largest(VALUES, 0.5), masks.largest(-VALUES, 0.5))


def test_one_weight_always_stays() -> None:
    assert masks.largest([1.0, 2.0], 0.99).tolist() == [False, True]


def test_equal_weights_are_pruned_to_the_exact_share() -> None:
    assert masks.largest(np.ones(10), 0.7).sum() == 3


def test_two_of_four_keeps_the_two_largest_along_the_inputs() -> None:
    kernel = np.array([[1.0, 4], [2, 3], [3, 2], [4, 1]])
    assert masks.two_of_four(kernel).T.tolist() == [
        [False, False, True, True],
        [True, True, False, False],
    ]


def test_two_of_four_handles_a_rest_of_the_inputs() -> None:
    keep = masks.two_of_four(VALUES)  # six inputs: a group of four and one of two
    assert keep.shape == VALUES.shape
    assert (keep[:, :, :4].sum(axis=2) == 2).all()
    assert keep[:, :, 4:].all()
    assert masks.is_two_of_four(VALUES * keep)
    assert not masks.is_two_of_four(VALUES)


def test_zeros_counts_them() -> None:
    assert masks.zeros([0, 0, 1, 2]) == 0.5
    assert masks.zeros(VALUES * masks.largest(VALUES, 0.75)) == 0.75


def test_a_list_of_places_pays_only_with_many_zeros() -> None:
    dense = masks.sparse_bytes(VALUES)
    assert dense["dense"] == VALUES.size * 4
    assert dense["list"] > dense["bitmap"] > dense["dense"]
    few = masks.sparse_bytes(VALUES * masks.largest(VALUES, 0.9))
    assert few["list"] < few["dense"] / 5
    assert few["bitmap"] < few["dense"] / 5


@pytest.mark.parametrize("sparsity", [1, 1.5, -0.1, float("nan"), "half", None])
def test_a_share_outside_is_refused(sparsity: float) -> None:
    with pytest.raises(InputError, match="0 or more and below 1"):
        masks.largest(VALUES, sparsity)


def test_a_percentage_is_recognised() -> None:
    with pytest.raises(InputError, match=r"write 0\.9"):
        masks.largest(VALUES, 90)


def test_bad_weights_are_refused() -> None:
    with pytest.raises(InputError, match="NaN"):
        masks.largest([1.0, np.nan], 0.5)
    with pytest.raises(InputError, match="empty"):
        masks.zeros([])
    with pytest.raises(InputError, match=r"shape \(3,\)"):
        masks.two_of_four([1.0, 2, 3])
