"""The bytes of an image file → the pixels that the network takes.

    preprocessing.pixels(content, size=32, most_pixels=25_000_000)      # uint8 (32, 32, 3)

A model sees a picture as it was taught: upright, three colours, 8 bits, square. Files come with a
rotation in their notes, four printing inks, 16 bits, a transparent background. What can be shown is
turned into the same picture as a person sees; what can't be is refused with a reason. And some files
are weapons: 50 kilobytes that unpack to gigabytes. So the size that a file *announces* is looked at
before it is unpacked, and only the formats of the web are read at all: Pillow knows forty more, and
every reader of a format is code that a stranger's bytes run through. Lesson 43.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any

import numpy as np

from edgelab.serving.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_UNKNOWN_RANGE = ("I", "F")  # 32 bits: what is white in it?
# Damaged files make Pillow raise nearly anything; these are what its readers are known to raise.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
)


def load_readers() -> None:
    """Import what reads pictures now, so that the first client does not wait for it."""
    from PIL import Image

    Image.init()


def pixels(content: bytes, size: int, most_pixels: int) -> np.ndarray:
    """Return the middle square of a picture, upright, at the network's size.

    Args:
        content: the file.
        size: height and width that the network takes, in pixels.
        most_pixels: that the file may unpack to.

    Returns:
        uint8 (size, size, 3), red, green, blue.

    Raises:
        ImageError: the picture can't be used; its code says why.
    """
    from PIL import Image, ImageOps

    if not content:
        raise ImageError("empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about sizes and notes: we look ourselves
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ImageError("too_many_pixels", width="?", height="?", limit=most_pixels) from error
    except _DAMAGED as error:
        raise ImageError("not_an_image") from error
    with image:
        _require_usable(image, most_pixels)
        try:
            image.draft("RGB", (2 * size, 2 * size))  # a JPEG unpacks at a fraction of its size
            upright = ImageOps.exif_transpose(image)
            colours = as_rgb(upright)
            if colours.size != (size, size):
                colours = ImageOps.fit(colours, (size, size), Image.Resampling.BILINEAR)
            return np.asarray(colours, np.uint8)
        except Image.DecompressionBombError as error:
            raise ImageError("truncated") from error
        except _DAMAGED as error:
            raise ImageError("truncated") from error


def as_rgb(image: Any) -> Any:
    """Return a Pillow image in three colours of 8 bits, as a person sees it on white paper.

    Raises:
        ImageError: pixels whose range is not known.
    """
    from PIL import Image

    if image.mode == "RGB":
        return image
    if image.mode in _UNKNOWN_RANGE:
        raise ImageError("unsupported_pixels", mode=image.mode)
    if image.mode in _SIXTEEN_BITS:
        # Pillow would cut off everything above 255, and the picture would be white.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        # What is transparent has a colour too, often black; nobody has ever seen it.
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _require_usable(image: Any, most_pixels: int) -> None:
    """Refuse what its header tells already."""
    width, height = image.size
    if width * height > most_pixels:
        raise ImageError("too_many_pixels", width=width, height=height, limit=most_pixels)
    try:
        # Phones store a photo and its preview in one JPEG (MPO); the first is the photo.
        moves = image.format != "MPO" and getattr(image, "is_animated", False)
    except _DAMAGED as error:
        raise ImageError("truncated") from error
    if moves:
        raise ImageError("animated")
