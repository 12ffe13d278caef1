"""The photographs are there offline, and their crops keep calibration and validation apart."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import models
from edgelab.errors import InputError, MissingDataError, SplitError
from edgelab.images import photos


@pytest.fixture(scope="module")
def pictures():
    return photos.photos()


def test_every_photograph_is_rgb_and_has_a_source(pictures):
    assert len(pictures) >= 8
    for photo in pictures:
        assert photo.rgb.dtype == np.uint8
        assert photo.rgb.shape[2] == 3
        assert photo.source


def test_the_cat_is_the_one_of_scikit_image(pictures):
    from skimage.data import cat

    (mine,) = (photo for photo in pictures if photo.name == "cat")
    assert np.array_equal(mine.rgb, cat())


def test_expected_classes_are_classes_of_imagenet(pictures):
    expected = set().union(*(photo.expected or () for photo in pictures))
    assert expected <= set(models.labels())


def test_crops_have_the_size_asked_for_and_no_labels():
    views = photos.crops(n=6, size=32)
    assert views.x.shape == (6, 32, 32, 3)
    assert 0 <= views.x.min() < 50
    assert 200 < views.x.max() <= 255
    assert not views.labelled


def test_the_same_seed_gives_the_same_crops():
    a, b, c = (photos.crops(n=4, size=16, seed=seed).hash for seed in (0, 0, 1))
    assert a == b != c


def test_calibration_and_validation_crops_come_from_different_pictures(pictures):
    roles = {
        role: {p.name for p in pictures if p.role == role} for role in ("calibration", "validation")
    }
    assert all(roles.values())
    assert not roles["calibration"] & roles["validation"]
    assert photos.crops(n=4, size=8, role="calibration").require_calibration()


def test_a_picture_kept_for_validation_is_refused_for_calibration(pictures):
    with pytest.raises(InputError, match="cat"):
        photos.crops([p for p in pictures if p.name == "cat"], role="calibration")


def test_there_are_no_test_crops():
    with pytest.raises(InputError, match="0 picture"):
        photos.crops(role="test")


def test_a_crop_shows_a_square_part_undistorted():
    # A picture whose red says the column and whose green says the row.
    rows, columns = np.mgrid[0:100, 0:200]
    rgb = np.stack([columns, rows * 2, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    views = photos.crops(
        [photos.Photo("plane", rgb, None, "validation", "made here")], n=8, size=20
    )
    for view in views.x:
        across = abs(view[10, -1, 0] - view[10, 0, 0])
        down = (view[-1, 10, 1] - view[0, 10, 1]) / 2
        assert across == pytest.approx(down, abs=2)
        assert across > 20


@pytest.mark.parametrize("bad", [{"n": 0}, {"size": 0}, {"pictures": []}])
def test_nothing_to_crop_is_refused(bad):
    with pytest.raises(InputError, match="at least one"):
        photos.crops(**bad)


def test_a_picture_of_floats_is_refused():
    with pytest.raises(InputError, match="float64"):
        photos.central_square(np.zeros((4, 4, 3)), 2)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(photos, "find_spec", lambda _: None)
    with pytest.raises(MissingDataError, match="pip install scikit-image"):
        photos.photos()


def test_crops_follow_the_rule_of_the_test_split(pictures):
    views = photos.crops(n=4, size=8)
    with pytest.raises(SplitError):
        type(views)("photos", "test", views.x, views.y, ()).require_calibration()


def test_strangers_have_no_class_and_a_source():
    for photo in photos.strangers():
        assert photo.expected is None
        assert photo.rgb.shape[2] == 3
        assert photo.source


def test_no_stranger_is_among_the_photographs(pictures):
    assert not {photo.name for photo in pictures} & {photo.name for photo in photos.strangers()}
