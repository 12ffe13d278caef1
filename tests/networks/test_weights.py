"""Shipped weights come back from their file, and only if they are those of their record."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import FormatError, MissingDataError
from edgelab.keras import keras
from edgelab.networks import architectures, weights


@pytest.fixture
def small():
    image = keras().Input((8, 8, 1))
    return keras().Model(image, keras().layers.Conv2D(4, 3)(image), name="small")


def test_weights_come_back_from_their_file(tmp_path):
    written = architectures.resnet8(seed=3)
    path = weights.write(written, tmp_path / "r.npz", {"epochs": 1})
    read = architectures.resnet8(seed=4)
    assert weights.read(read, path)["epochs"] == 1
    for a, b in zip(written.get_weights(), read.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_weights_that_are_not_those_of_the_record_are_refused(tmp_path):
    model = architectures.resnet8()
    path = weights.write(model, tmp_path / "r.npz", {})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FormatError, match="not the file that its record describes"):
        weights.read(model, path)


def test_weights_of_another_network_are_refused(tmp_path, small):
    path = weights.write(small, tmp_path / "r.npz", {})
    with pytest.raises(FormatError, match="don't fit resnet8"):
        weights.read(architectures.resnet8(), path)


@pytest.mark.parametrize("missing", ["r.npz", "r.json"])
def test_missing_weights_or_record_are_told(tmp_path, small, missing):
    path = weights.write(small, tmp_path / "r.npz", {})
    (tmp_path / missing).unlink()
    with pytest.raises(MissingDataError, match=missing):
        weights.read(small, path)


def test_a_damaged_record_is_told(tmp_path, small):
    path = weights.write(small, tmp_path / "r.npz", {})
    path.with_suffix(".json").write_text("{")
    with pytest.raises(FormatError, match=r"r\.json is damaged"):
        weights.read(small, path)
