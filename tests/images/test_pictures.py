"""A folder of pictures from real life: read upright, and nothing left out in silence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edgelab import data
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.images import pictures


def colours(size: tuple[int, int] = (30, 20)) -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


@pytest.fixture
def holidays(tmp_path):
    folder = tmp_path / "holidays"
    folder.mkdir()
    for name in ("b.png", "a.jpg", "c.webp"):
        colours().save(folder / name)
    (folder / "notes.txt").write_text("no picture by its name")
    colours().save(folder / ".hidden.png")
    return folder


@pytest.fixture
def damaged(holidays):
    whole = (holidays / "a.jpg").read_bytes()
    (holidays / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (holidays / "empty.png").write_bytes(b"")
    (holidays / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (holidays / "letter.jpg").write_text("Dear all,")
    png = (holidays / "b.png").read_bytes()
    (holidays / "broken.png").write_bytes(png[:40] + b"xxxx" + png[44:])
    return holidays


def test_every_picture_of_a_folder_is_read_in_the_order_of_names(holidays):
    mine = data.pictures(holidays)
    assert [photo.name for photo in mine] == ["a.jpg", "b.png", "c.webp"]
    assert mine[1].rgb.shape == (20, 30, 3)
    assert mine[1].rgb.dtype == np.uint8
    assert mine.unreadable == {}
    assert len(mine) == 3


def test_files_that_cannot_be_read_are_counted_and_named(damaged):
    with pytest.raises(FormatError) as told:
        data.pictures(damaged)
    message = str(told.value)
    assert message.startswith("5 of 8 files could not be read")
    for name in ("cut.jpg", "empty.png", "phone.heic", "letter.jpg", "broken.png"):
        assert name in message
    assert "skip_unreadable=True" in message
    assert str(damaged) not in message


def test_each_gets_the_reason_that_helps(damaged):
    reasons = data.pictures(damaged, skip_unreadable=True).unreadable
    assert reasons["empty.png"] == "empty file"
    assert reasons["letter.jpg"].startswith("no picture")
    assert "save it as JPEG" in reasons["phone.heic"]
    assert reasons["cut.jpg"] == "damaged or cut off"


def test_told_to_it_goes_on_without_them_and_says_so(damaged):
    mine = data.pictures(damaged, skip_unreadable=True)
    assert [photo.name for photo in mine] == ["a.jpg", "b.png", "c.webp"]
    assert "left out" in repr(mine)
    assert "letter.jpg" in repr(mine)


def test_many_unreadable_files_are_counted_and_ten_of_them_named(holidays):
    for number in range(14):
        (holidays / f"x{number:02}.jpg").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"14 of 17 files.*x09\.jpg .*and 4 more"):
        data.pictures(holidays)


def test_a_folder_in_which_nothing_can_be_read_is_an_error_even_then(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no")
    with pytest.raises(InputError, match="Not one of 1 files"):
        data.pictures(tmp_path, skip_unreadable=True)


def test_a_folder_without_pictures_and_a_missing_one_are_told(tmp_path):
    with pytest.raises(InputError, match="holds no picture"):
        data.pictures(tmp_path)
    with pytest.raises(MissingDataError, match="no folder"):
        data.pictures(tmp_path / "nowhere")


def test_a_picture_is_turned_as_its_camera_noted(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # held in portrait: turn by a quarter to the right
    colours((300, 200)).save(tmp_path / "a.jpg", exif=turned, quality=95)
    rgb = pictures.read(tmp_path / "a.jpg")
    assert rgb.shape == (300, 200, 3)
    assert rgb[20, 100, 0] > 200  # what was left is on top
    assert rgb[280, 100, 2] > 200


def test_a_large_picture_is_made_smaller(tmp_path):
    colours((4000, 3000)).save(tmp_path / "a.jpg")
    assert pictures.read(tmp_path / "a.jpg").shape == (768, 1024, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_other_kinds_become_rgb(tmp_path, mode):
    file = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    colours().convert("L" if mode == "I;16" else mode).convert(mode).save(file)
    assert pictures.read(file).shape == (20, 30, 3)


def test_own_pictures_can_be_shown_to_a_network(holidays):
    from edgelab import models

    (photo, *_rest) = data.pictures(holidays)
    assert models.preprocess("efficientnet_lite0", photo.rgb).shape == (1, 224, 224, 3)


def test_a_picture_with_far_too_many_pixels_is_one_that_cannot_be_read(holidays, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(InputError, match="far too many pixels"):
        data.pictures(holidays, skip_unreadable=True)
