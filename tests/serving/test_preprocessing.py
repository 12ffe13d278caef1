"""What people and attackers send as a picture: shown as a person sees it, or refused with a reason."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from edgelab.serving import preprocessing
from edgelab.serving.errors import ImageError
from tests.serving import made

MOST = 1_000_000


def pixels(content: bytes, size: int = 8) -> np.ndarray:
    return preprocessing.pixels(content, size, MOST)


def code(content: bytes) -> str:
    with pytest.raises(ImageError) as refused:
        pixels(content)
    return refused.value.code


def test_a_picture_of_the_right_size_comes_back_unchanged():
    rgb = made.noise(1)
    assert np.array_equal(pixels(made.file(Image.fromarray(rgb))), rgb)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_the_formats_of_the_web_are_read(kind):
    found = pixels(made.file(made.picture("blue"), kind))
    assert np.abs(found.astype(int) - (0, 0, 255)).max() < 12


def test_the_middle_square_of_a_wide_picture_is_taken():
    wide = Image.new("RGB", (24, 8), "red")
    wide.paste((0, 0, 255), (8, 0, 16, 8))
    assert np.abs(pixels(made.file(wide)).astype(int) - (0, 0, 255)).max() == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_noted(orientation):
    upright = made.noise(7)
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    notes = Image.Exif()
    notes[0x0112] = orientation
    stored = made.file(Image.fromarray(np.ascontiguousarray(turned)), "PNG", exif=notes)
    assert np.array_equal(pixels(stored), upright)


def test_four_inks_become_three_colours():
    found = pixels(made.file(made.picture("red", mode="CMYK"), "JPEG"))
    assert np.abs(found.astype(int) - (255, 0, 0)).max() < 12


def test_sixteen_bits_become_eight_without_turning_white():
    grey = np.full((8, 8), 0x4000, np.uint16)
    assert np.unique(pixels(made.file(Image.fromarray(grey)))).tolist() == [0x40]


def test_what_is_transparent_is_seen_on_white():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    clear.paste((0, 255, 0, 255), (0, 0, 4, 8))
    found = pixels(made.file(clear))
    assert found[0, 0].tolist() == [0, 255, 0]
    assert found[0, 7].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1"])
def test_other_kinds_of_pixels_are_converted(mode):
    assert pixels(made.file(made.picture("white", mode=mode))).min() == 255


def test_a_palette_with_a_transparent_colour_is_seen_on_white():
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([200, 0, 0])
    assert pixels(made.file(palette, "GIF", transparency=0)).min() == 255


def test_pixels_of_unknown_range_are_refused():
    values = Image.fromarray(np.ones((8, 8), np.float32))
    assert code(made.file(values, "TIFF")) == "unsupported_pixels"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_what_moves_or_has_pages_is_refused(kind):
    frames = [made.picture(colour) for colour in ("red", "green", "blue")]
    moving = made.file(frames[0], kind, save_all=True, append_images=frames[1:])
    assert code(moving) == "animated"


def test_a_phone_s_photo_with_a_preview_is_a_still_picture():
    preview = made.file(
        made.picture("red"), "MPO", save_all=True, append_images=[made.picture("blue")]
    )
    assert pixels(preview)[0, 0, 0] > 240


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"<html><script>alert(1)</script></html>",
        b"\x00" * 1000,
        b"%PDF-1.4 nothing",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\x7fELF" + b"\x01" * 60,
    ],
)
def test_what_is_no_picture_of_the_web_is_refused(content):
    assert code(content) == "not_an_image"


def test_a_format_that_pillow_could_read_and_the_web_does_not_have_is_refused():
    assert code(made.file(made.picture(), "PPM")) == "not_an_image"


def test_an_empty_file_is_refused_as_empty():
    assert code(b"") == "empty"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF"])
def test_a_picture_that_is_cut_off_is_refused_wherever_the_cut_is(kind):
    whole = made.file(Image.fromarray(made.noise(3, 64)), kind)
    codes = {code(whole[:end]) for end in range(1, int(len(whole) * 0.9), len(whole) // 40)}
    # libwebp looks at the length before anything else, so a part of a file is none to it.
    assert codes <= {"not_an_image", "truncated"}
    assert "truncated" in codes or kind == "WEBP"


def test_damage_anywhere_is_refused_or_survived_and_never_anything_else():
    whole = bytearray(made.file(Image.fromarray(made.noise(4, 32)), "PNG"))
    codes = set()
    for place in range(0, len(whole), 7):
        damaged = bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            found = pixels(damaged)
        except ImageError as refused:
            codes.add(refused.code)
        else:
            assert found.shape == (8, 8, 3)
    assert codes <= {"not_an_image", "truncated", "too_many_pixels", "animated"}


def png_that_announces(width: int, height: int, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [1_001, 10_000, 20_000, 65_000])
def test_a_bomb_is_refused_by_what_it_announces_and_takes_no_memory(side):
    bomb = png_that_announces(side, 1000 if side < 10_000 else side, b"\x00" * 10_000)
    tracemalloc.start()
    assert code(bomb) == "too_many_pixels"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_real_picture_of_a_hundred_megapixels_is_refused_by_the_usual_limit():
    large = made.file(Image.new("1", (10_000, 10_000)), "PNG")
    assert len(large) < 100_000
    with pytest.raises(ImageError) as refused:
        preprocessing.pixels(large, 8, 25_000_000)
    assert refused.value.code == "too_many_pixels"


def test_a_compressed_note_that_unpacks_to_gigabytes_is_not_unpacked():
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("comment", "a" * 30_000_000, zip=True)
    content = made.file(made.picture(), "PNG", pnginfo=notes)
    assert len(content) < 100_000
    assert code(content) in {"truncated", "not_an_image"}


def test_a_colour_profile_does_no_harm():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert pixels(made.file(made.picture("blue"), "PNG", icc_profile=profile))[0, 0, 2] == 255


def test_broken_notes_of_a_camera_do_no_harm():
    buffer = io.BytesIO()
    made.picture("blue").save(buffer, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert pixels(buffer.getvalue())[0, 0, 2] > 240
