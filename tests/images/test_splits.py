"""Splits keep their role, and refuse to be misused."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import InputError, MissingDataError, SplitError
from edgelab.images.splits import Dataset, Split, stratified


def split(name: str = "validation", n: int = 30, **changes) -> Split:
    labels = np.arange(n) % 3
    images = np.arange(n, dtype=np.float32)[:, None, None, None] * np.ones((1, 2, 2, 1), np.float32)
    return Split(
        **{"dataset": "toy", "name": name, "x": images, "y": labels, "classes": ("a", "b", "c")}
        | changes
    )


def test_calibrating_on_the_test_images_is_refused_with_the_reason_and_the_way_out():
    with pytest.raises(SplitError, match=r"Calibrating.*look better.*calibration split"):
        split("test").require_calibration()


def test_choosing_on_the_test_images_is_refused():
    with pytest.raises(SplitError, match=r"Choosing.*validation split"):
        split("test").require_selection()


@pytest.mark.parametrize("name", ["train", "calibration", "validation"])
def test_other_splits_may_calibrate_and_choose(name):
    chosen = split(name)
    assert chosen.require_calibration() is chosen
    assert chosen.require_selection() is chosen


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_that_is_no_number_stops_calibration_and_is_named(value):
    images = np.zeros((5, 2, 2, 1), np.float32)
    images[3, 0, 1] = value
    with pytest.raises(InputError, match=r"1 of the 5 images given for calibration.*number 3"):
        split(n=5, x=images).require_calibration()


def test_a_part_of_the_test_split_is_still_the_test_split():
    with pytest.raises(SplitError):
        split("test").take(6).map(np.negative).require_calibration()


def test_an_empty_split_is_refused():
    with pytest.raises(InputError, match="toy validation is empty"):
        split(n=0)


def test_labels_must_be_as_many_as_images():
    with pytest.raises(InputError, match=r"30 images and labels of shape \(7,\)"):
        split(y=np.zeros(7))


def test_flat_arrays_are_no_images():
    with pytest.raises(InputError, match=r"shape \(30, 4\)"):
        split(x=np.zeros((30, 4)))


def test_an_unknown_role_is_refused():
    with pytest.raises(InputError, match="'holdout' is none"):
        split("holdout")


def test_nobody_can_change_a_split_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        split().x[0] = 1


def test_making_a_split_leaves_the_callers_array_writeable():
    images = np.zeros((3, 2, 2, 1), np.float32)
    split(n=3, x=images)
    assert images.flags.writeable
    images[0] = 1


def test_taking_keeps_the_share_of_every_class():
    assert np.bincount(split(n=90).take(31).y).tolist() in (
        [10, 10, 11],
        [10, 11, 10],
        [11, 10, 10],
    )


def test_taking_with_the_same_seed_takes_the_same_images_and_another_seed_others():
    first, again, other = (split().take(9, seed=seed).x[:, 0, 0, 0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_taking_keeps_image_and_label_together():
    taken = split().take(12)
    assert np.array_equal(taken.x[:, 0, 0, 0] % 3, taken.y)


@pytest.mark.parametrize("n", [0, 31])
def test_taking_none_or_too_many_is_refused(n):
    with pytest.raises(InputError, match="holds 30 images"):
        split().take(n)


def test_taking_is_told_in_the_note():
    assert "12 of 30" in split().take(12).note
    assert "12 of 30" in repr(split().take(12))


def test_mapping_changes_images_and_keeps_role_and_labels():
    changed = split("calibration").map(lambda x: x / 2, note="halved")
    assert (changed.name, changed.note) == ("calibration", "halved")
    assert np.array_equal(changed.x * 2, split().x)
    assert np.array_equal(changed.y, split().y)


def test_batches_hold_every_image_once_in_order():
    batches = list(split().batches(8))
    assert [len(x) for x, _ in batches] == [8, 8, 8, 6]
    assert np.array_equal(np.concatenate([x for x, _ in batches]), split().x)


def test_the_hash_follows_the_content():
    assert split().hash == split().hash
    assert split().hash != split(y=np.zeros(30)).hash
    assert split().hash != split().map(lambda x: x + 1).hash


def test_unknown_classes_make_a_split_unlabelled():
    assert split().labelled
    assert not split(y=np.full(30, -1)).labelled


def test_a_data_set_reads_a_split_once_and_only_when_asked():
    reads = []

    def read():
        reads.append(1)
        return split().x, split().y

    toy = Dataset("toy", ("a", "b", "c"), "made up", {"train": read})
    assert not reads
    assert toy.train is toy.train
    assert len(reads) == 1


def test_a_missing_split_says_how_to_get_it():
    toy = Dataset("toy", ("a",), "made up", {}, missing={"train": "Ask your teacher."})
    with pytest.raises(MissingDataError, match=r"no train split of toy here. Ask your teacher"):
        _ = toy.train


def test_stratified_groups_are_disjoint_and_keep_the_shares():
    labels = np.repeat([0, 1], [300, 100])
    groups = stratified(labels, (40, 120), seed=3)
    assert len(set(np.concatenate(groups))) == 160
    assert [int((labels[g] == 0).sum()) for g in groups] == pytest.approx([30, 90], abs=1)
