"""CIFAR-10 is read the same way from a zip file, from folders, from Keras and from the sample."""

from __future__ import annotations

import io
import types
import zipfile

import numpy as np
import pytest
from PIL import Image

from edgelab import downloads
from edgelab.errors import FormatError, MissingDataError
from edgelab.images import cifar

TRAIN, TEST = 12, 4


@pytest.fixture(autouse=True)
def small_cifar(monkeypatch, tmp_path):
    """Let CIFAR-10 have 12 training and 4 test images per class, 6 of the 12 held out."""
    monkeypatch.delenv("EDGELAB_DATA", raising=False)
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar, "_COUNTS", {"train": 10 * TRAIN, "test": 10 * TEST})
    monkeypatch.setattr(cifar, "CALIBRATION_PER_CLASS", 2)
    monkeypatch.setattr(cifar, "HELD_OUT_PER_CLASS", 6)
    monkeypatch.setattr(cifar, "SAMPLE_VALIDATION_PER_CLASS", 1)
    monkeypatch.setattr(cifar, "SAMPLE_TEST_PER_CLASS", 2)


def files():
    random = np.random.default_rng(0)
    for part, count in (("train", TRAIN), ("test", TEST)):
        for name in cifar.CLASSES:
            for number in range(count):
                stream = io.BytesIO()
                pixels = random.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(pixels).save(stream, "JPEG", quality=95)
                yield f"cifar10/{part}/{name}/{number:04d}.jpg", stream.getvalue()


@pytest.fixture
def zipped(tmp_path):
    path = tmp_path / "cifar10.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files():
            archive.writestr(name, content)
    return path


def read(readers):
    return {role: reader() for role, reader in readers.items()}


def test_zip_and_folder_give_the_same_images(zipped, tmp_path):
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path)
    a, b = read(cifar.read_full(zipped)), read(cifar.read_full(tmp_path / "cifar10"))
    for role, part in a.items():
        assert np.array_equal(part.images, b[role].images)
        assert np.array_equal(part.labels, b[role].labels)


def test_the_splits_have_their_sizes_and_do_not_overlap(zipped):
    found = read(cifar.read_full(zipped))
    sizes = {role: len(part.labels) for role, part in found.items()}
    assert sizes == {"train": 60, "calibration": 20, "validation": 40, "test": 40}
    images = [image.tobytes() for part in found.values() for image in part.images]
    assert len(set(images)) == 160


def test_labels_are_the_folders_names(zipped):
    with zipfile.ZipFile(zipped) as archive:
        ship = np.asarray(Image.open(archive.open("cifar10/test/ship/0002.jpg")))
    test = read(cifar.read_full(zipped))["test"]
    (row,) = np.flatnonzero((test.images == ship).all(axis=(1, 2, 3)))
    assert cifar.CLASSES[test.labels[row]] == "ship"


def test_images_are_decoded_once(zipped, monkeypatch):
    first = read(cifar.read_full(zipped))
    monkeypatch.setattr(cifar, "_decode", None)
    again = read(cifar.read_full(zipped))
    assert np.array_equal(first["train"].images, again["train"].images)


def test_the_sample_holds_nothing_that_is_trained_on(zipped, tmp_path, monkeypatch):
    whole = read(cifar.read_full(zipped))
    cifar.write_sample(zipped, tmp_path / cifar.SAMPLE_FILE)
    monkeypatch.setattr(cifar.workspace, "data_dir", lambda: tmp_path)
    sample = read(cifar.read_sample())
    assert {role: len(part.labels) for role, part in sample.items()} == {
        "calibration": 20,
        "validation": 10,
        "test": 20,
    }
    for role, part in sample.items():
        there = {image.tobytes() for image in whole[role].images}
        assert all(image.tobytes() in there for image in part.images)


def test_an_incomplete_zip_is_refused_and_nothing_is_kept(zipped, monkeypatch):
    monkeypatch.setattr(cifar, "_COUNTS", {"train": 121, "test": 40})
    with pytest.raises(FormatError, match="holds 120 train images instead of 121"):
        cifar.read_full(zipped)
    monkeypatch.setattr(cifar, "_COUNTS", {"train": 120, "test": 40})
    assert len(read(cifar.read_full(zipped))["test"].labels) == 40


def test_a_truncated_zip_is_refused(zipped):
    zipped.write_bytes(zipped.read_bytes()[:5000])
    with pytest.raises(FormatError, match=r"not the expected zip file"):
        cifar.read_full(zipped)


def test_a_zip_of_something_else_is_refused(tmp_path):
    path = tmp_path / "cifar10.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holidays/train/beach/1.jpg", b"")
    with pytest.raises(FormatError, match=r"beach"):
        cifar.read_full(path)


def test_a_damaged_picture_is_a_format_error(tmp_path):
    path = tmp_path / "cifar10.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cifar10/train/cat/0000.jpg", b"no picture")
    with pytest.raises(FormatError, match="damaged"):
        cifar.read_full(path)


def test_a_damaged_sample_is_a_format_error(tmp_path, monkeypatch):
    (tmp_path / cifar.SAMPLE_FILE).write_bytes(b"no archive")
    monkeypatch.setattr(cifar.workspace, "data_dir", lambda: tmp_path)
    with pytest.raises(FormatError, match="git checkout"):
        cifar.read_sample()


def test_a_missing_sample_says_how_to_restore_it(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar.workspace, "data_dir", lambda: tmp_path)
    with pytest.raises(MissingDataError, match="git checkout"):
        cifar.read_sample()


@pytest.mark.parametrize("same_order", [True, False])
def test_arrays_in_another_order_are_told(zipped, tmp_path, monkeypatch, same_order):
    cifar.write_sample(zipped, tmp_path / cifar.SAMPLE_FILE)
    monkeypatch.setattr(cifar.workspace, "data_dir", lambda: tmp_path)
    whole = {}
    for part, number, content in cifar._files(zipped):
        image = np.asarray(Image.open(io.BytesIO(content)))
        # The original arrays differ from their JPEG copy by a few grey levels.
        noisy = np.clip(
            image.astype(int) + np.random.default_rng(1).integers(-4, 5, image.shape), 0, 255
        )
        whole.setdefault(part, []).append((noisy.astype(np.uint8), number))
    if not same_order:
        whole["train"].reverse()
    arrays = tuple(
        (np.stack([image for image, _ in whole[part]]), np.array([[n] for _, n in whole[part]]))
        for part in ("train", "test")
    )
    fake = types.SimpleNamespace(
        datasets=types.SimpleNamespace(cifar10=types.SimpleNamespace(load_data=lambda: arrays))
    )
    monkeypatch.setattr(cifar, "keras", lambda: fake)
    monkeypatch.setattr(downloads, "reachable", lambda _: True)
    monkeypatch.setenv("HOME", str(tmp_path))
    readers, note = cifar.download()
    assert ("another order" in note) is not same_order
    assert {role: len(part.labels) for role, part in read(readers).items()} == {
        "train": 60,
        "calibration": 20,
        "validation": 40,
        "test": 40,
    }
