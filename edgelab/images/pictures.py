"""Your own pictures: a folder of image files, read upright, and no file left out in silence.

    from edgelab import data
    mine = data.pictures("holidays")                          # stops and names what it can't read
    mine = data.pictures("holidays", skip_unreadable=True)    # goes on, and keeps the list
    mine.unreadable                                           # {"sofa.heic": "HEIC, ..."}

A folder from real life holds a download that was cut off, a format of some phone, a text file called
`.jpg`. A program that skips them in silence reports on other pictures than you think. Lesson 23 reads
yours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.images.photos import Photo

# What counts as a picture by its name; some of these Pillow may not be able to read, and says so.
SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"),
    *(".heic", ".heif", ".avif"),
)
_PHONE_FORMATS = (".heic", ".heif")
_LONGEST_SIDE = 1024  # of a picture kept in memory: networks look at 224 pixels
_MOST_NAMED = 10


class _UnreadableError(FormatError):
    """One file can't be read; `reason` is a few words for a list of several."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"{file} could not be read as an image: {reason}. Remove it or save it again."
        )
        self.reason = reason


@dataclass(frozen=True)
class Pictures(Sequence[Photo]):
    """The pictures of a folder, in the order of their names; a sequence of `Photo`.

    Args:
        photos: those that could be read; `expected` is None, since nobody said what they show.
        unreadable: file name → reason, of those that were left out.
    """

    photos: tuple[Photo, ...]
    unreadable: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: Any) -> Any:
        return self.photos[index]

    def __iter__(self) -> Iterator[Photo]:
        return iter(self.photos)

    def __repr__(self) -> str:
        text = f"{len(self.photos)} pictures: {', '.join(p.name for p in self.photos)}"
        return f"{text}; left out {listed(self.unreadable)}" if self.unreadable else text


def pictures(path: str | Path, *, skip_unreadable: bool = False) -> Pictures:
    """Return your own pictures: every image file of a folder, without its sub-folders.

    A picture is turned upright as its camera noted, and made smaller where a side has more than 1,024
    pixels.

    Args:
        path: the folder.
        skip_unreadable: go on without the files that can't be read, and list them in the result.

    Returns:
        The pictures, named by their files; their role is "validation", since nothing was calibrated on
        them.

    Raises:
        MissingDataError: there is no such folder.
        InputError: it holds no picture, or none that can be read.
        FormatError: files can't be read; the message counts and names them.
    """
    base = Path(path).expanduser()
    if not base.is_dir():
        raise MissingDataError(
            f"There is no folder {str(path)!r}. Make it, and put pictures into it."
        )
    files = image_files(base)
    if not files:
        raise InputError(
            f"The folder {base.name!r} holds no picture: no file in it ends in {', '.join(SUFFIXES)}."
        )
    photos: list[Photo] = []
    unreadable: dict[str, str] = {}
    for file in progress.bar(files, "Reading pictures", unit="picture"):
        try:
            rgb = read(file)
        except _UnreadableError as error:
            unreadable[file.name] = error.reason
        else:
            photos.append(Photo(file.name, rgb, None, "validation", "your own picture"))
    complain(unreadable, len(files), skip_unreadable)
    return Pictures(tuple(photos), unreadable)


def image_files(folder: Path, *, deep: bool = False) -> list[Path]:
    """Return the files whose names say that they are pictures, sorted, hidden ones left out.

    Args:
        folder: where.
        deep: look into sub-folders as well.
    """
    found = folder.rglob("*") if deep else folder.iterdir()
    return sorted(
        p for p in found if p.suffix.lower() in SUFFIXES and p.name[0] != "." and p.is_file()
    )


def read(file: Path, square: int | None = None) -> np.ndarray:
    """Return one picture as bytes (height, width, 3), turned upright.

    Args:
        file: of any format that Pillow reads.
        square: cut the middle square and resize it to this side; None keeps the whole picture.

    Raises:
        FormatError: it can't be read.
    """
    import struct

    from PIL import Image, ImageOps

    try:
        with Image.open(file) as image:
            smaller = 2 * square if square else _LONGEST_SIDE
            image.draft("RGB", (smaller, smaller))  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image).convert("RGB")
            if square:
                upright = ImageOps.fit(upright, (square, square), Image.Resampling.BILINEAR)
            else:
                upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            return np.asarray(upright, np.uint8)
    # Damaged files make Pillow raise nearly anything; these are what its readers are known to raise.
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        EOFError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise _UnreadableError(file, _reason(file, error)) from error


def unreadable_among(files: Sequence[Path], base: Path, square: int) -> dict[str, str]:
    """Return those files that can't be read, with the reason; every one of them is tried.

    Args:
        files: pictures.
        base: the folder that their names are told from.
        square: the side that they will be read with.
    """
    found = {}
    for file in progress.bar(files, "Trying each picture", unit="picture"):
        try:
            read(file, square)
        except _UnreadableError as error:
            found[file.relative_to(base).as_posix()] = error.reason
    return found


def complain(unreadable: dict[str, str], total: int, skip_unreadable: bool) -> None:
    """Raise where files can't be read and nobody said to go on without them.

    Raises:
        InputError: not one of them can be read.
        FormatError: some can't, and they were not to be skipped.
    """
    if not unreadable:
        return
    if len(unreadable) == total:
        raise InputError(f"Not one of {total} files could be read: {listed(unreadable)}.")
    if not skip_unreadable:
        raise FormatError(
            f"{len(unreadable)} of {total} files could not be read as an image: {listed(unreadable)}. "
            "Remove them or save them again, or go on without them with skip_unreadable=True."
        )


def listed(unreadable: dict[str, str]) -> str:
    """Return names and reasons, the first ten of them."""
    named = [f"{name} ({reason})" for name, reason in list(unreadable.items())[:_MOST_NAMED]]
    more = len(unreadable) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _reason(file: Path, error: BaseException) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, PermissionError):
        return "you may not read it"
    if isinstance(error, Image.DecompressionBombError):
        return "far too many pixels"
    if file.stat().st_size == 0:
        return "empty file"
    if isinstance(error, UnidentifiedImageError):
        if file.suffix.lower() in _PHONE_FORMATS:
            return "a format of phones that is not read here: save it as JPEG"
        return "no picture, or of an unknown format"
    return "damaged or cut off"
