"""Natural photographs that ship inside scikit-image and scikit-learn.

    from edgelab import data
    cat = next(photo for photo in data.photos() if photo.name == "cat")
    cat.expected                                  # {"tabby", "tiger cat", "Egyptian cat"}
    crops = data.crops(n=100, role="validation")  # many views of few pictures, without labels

A handful of pictures can't measure an accuracy: use them to see whether a network still answers what
a person would, and their crops to see on how many views two networks agree. Calibration and
validation crops come from different pictures. Lessons 23 and 24 use both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from edgelab.errors import InputError, MissingDataError
from edgelab.images.splits import Split

_SMALLEST_SHARE = 0.35
_UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Photo:
    """One photograph.

    Args:
        name: what is to be seen.
        rgb: uint8 (height, width, 3).
        expected: ImageNet classes that a person would accept; None where there is none.
        role: "calibration" or "validation": for which crops it is used.
        source: author and licence.
    """

    name: str
    rgb: np.ndarray = field(repr=False)
    expected: frozenset[str] | None
    role: str
    source: str = field(repr=False)


@dataclass(frozen=True)
class _Entry:
    name: str
    package: str
    file: str
    expected: frozenset[str] | None
    role: str
    source: str


_ENTRIES = (
    _Entry(
        "cat",
        "skimage",
        "data/chelsea.png",
        frozenset({"tabby", "tiger cat", "Egyptian cat"}),
        "validation",
        "Chelsea, by Stefan van der Walt, CC0",
    ),
    _Entry(
        "coffee",
        "skimage",
        "data/coffee.png",
        frozenset({"espresso", "cup"}),
        "validation",
        "Coffee, by Rachel Michetti, CC0",
    ),
    _Entry(
        "motorcycle",
        "skimage",
        "data/motorcycle_left.png",
        frozenset({"moped", "motor scooter", "disk brake"}),
        "validation",
        "Middlebury stereo benchmark 2014, by Scharstein et al.",
    ),
    _Entry(
        "palace",
        "sklearn",
        "datasets/images/china.jpg",
        frozenset({"palace", "bell cote", "monastery"}),
        "validation",
        "China, by danielbuechele, CC BY 2.0",
    ),
    _Entry(
        "flower",
        "sklearn",
        "datasets/images/flower.jpg",
        frozenset({"daisy"}),
        "calibration",
        "Flower, by vultilion, CC BY 2.0",
    ),
    _Entry(
        "rocket",
        "skimage",
        "data/rocket.jpg",
        frozenset({"missile", "projectile", "space shuttle"}),
        "calibration",
        "Launch of DSCOVR, by SpaceX, released in the public domain",
    ),
    _Entry(
        "astronaut",
        "skimage",
        "data/astronaut.png",
        None,
        "calibration",
        "Eileen Collins, by NASA, public domain",
    ),
    _Entry(
        "galaxies",
        "skimage",
        "data/hubble_deep_field.jpg",
        None,
        "calibration",
        "Hubble eXtreme Deep Field, by NASA and ESA, public domain",
    ),
)


# Things of which ImageNet has no class. The whole picture is one: nothing else can be named on it.
_STRANGERS = (
    _Entry(
        "moon",
        "skimage",
        "data/moon.png",
        None,
        "validation",
        "Surface of the moon, as shipped with scikit-image",
    ),
    _Entry(
        "retina",
        "skimage",
        "data/retina.jpg",
        None,
        "validation",
        "Retina of an eye, by Mikael Häggström, CC0",
    ),
    _Entry(
        "tissue",
        "skimage",
        "data/ihc.png",
        None,
        "validation",
        "Glands under a microscope, by the CMMI, no known copyright restrictions",
    ),
    _Entry(
        "coins",
        "skimage",
        "data/coins.png",
        None,
        "validation",
        "Greek coins, by the Brooklyn Museum, no known copyright restrictions",
    ),
    _Entry(
        "chessboard",
        "skimage",
        "data/chessboard_RGB.png",
        None,
        "validation",
        "A drawn chessboard, as shipped with scikit-image",
    ),
    _Entry(
        "page",
        "skimage",
        "data/page.png",
        None,
        "validation",
        "A scanned page of text, as shipped with scikit-image",
    ),
)


def strangers() -> list[Photo]:
    """Return pictures of things that no class of ImageNet names, to see what a network says then.

    Raises:
        MissingDataError: scikit-image is not installed, or lacks its pictures.
    """
    return [Photo(e.name, _read(e), e.expected, e.role, e.source) for e in _STRANGERS]


def photos() -> list[Photo]:
    """Return the photographs, those for validation first.

    Raises:
        MissingDataError: scikit-image or scikit-learn is not installed, or lacks its pictures.
    """
    return [
        Photo(entry.name, _read(entry), entry.expected, entry.role, entry.source)
        for entry in _ENTRIES
    ]


def crops(
    pictures: Sequence[Photo] | None = None,
    n: int = 100,
    size: int = 224,
    seed: int = 0,
    *,
    role: str = "validation",
) -> Split:
    """Return random square views of photographs, as many of each, some of them mirrored.

    Args:
        pictures: the photographs; by default those of the role, which the other role never shows.
        n: number of views.
        size: height and width of a view, in pixels.
        seed: of places, sizes and mirroring.
        role: "calibration" or "validation".

    Returns:
        A split of (n, size, size, 3) float32 in 0..255, not yet preprocessed for any network:
        `crops(...).map(models.preprocessor("mobilenet_v2"))`. It has no labels (y is -1).

    Raises:
        InputError: no picture, n or size below 1, or a picture of another role.
    """
    chosen = list(pictures) if pictures is not None else [p for p in photos() if p.role == role]
    if not chosen or n < 1 or size < 1:
        raise InputError(
            f"Crops need at least one picture, one view and one pixel; got {len(chosen)} "
            f"picture(s) for the role {role!r}, n = {n}, size = {size}."
        )
    strange = [p.name for p in chosen if p.role != role]
    if strange:
        raise InputError(
            f"{', '.join(strange)}: kept apart from the {role} pictures, so that what is calibrated on "
            f"one picture is not judged on the same. Choose pictures whose role is {role!r}."
        )
    random = np.random.default_rng([seed, *hashlib.sha256(role.encode()).digest()[:4]])
    views = np.stack([_view(chosen[i % len(chosen)].rgb, size, random) for i in range(n)])
    note = f"{n} crops of {len(chosen)} photographs"
    unknown = np.full(n, _UNKNOWN)
    return Split("photos", role, views.astype(np.float32), unknown, (), note)


def central_square(rgb: np.ndarray, size: int) -> np.ndarray:
    """Return the middle of a picture as uint8 (size, size, 3).

    Args:
        rgb: uint8 (height, width, 3).
        size: height and width of the result, in pixels.

    Raises:
        InputError: not an RGB picture of bytes.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise InputError(
            f"A picture is an array (height, width, 3) of bytes (uint8); this one is {rgb.shape} of "
            f"{rgb.dtype}."
        )
    height, width = rgb.shape[:2]
    side = min(height, width)
    return _resized(rgb, (height - side) // 2, (width - side) // 2, side, size)


def _view(rgb: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    height, width = rgb.shape[:2]
    shortest = min(height, width)
    side = round(shortest * random.uniform(_SMALLEST_SHARE, 1.0))
    top = int(random.integers(0, height - side + 1))
    left = int(random.integers(0, width - side + 1))
    view = _resized(rgb, top, left, side, size)
    return view[:, ::-1] if random.random() < 0.5 else view


def _resized(rgb: np.ndarray, top: int, left: int, side: int, size: int) -> np.ndarray:
    from PIL import Image

    square = Image.fromarray(np.ascontiguousarray(rgb[top : top + side, left : left + side]))
    return np.asarray(square.resize((size, size), Image.Resampling.BILINEAR), np.uint8)


def _read(entry: _Entry) -> np.ndarray:
    from PIL import Image

    spec = find_spec(entry.package)
    file = Path(str(spec.origin)).parent / entry.file if spec else None
    if file is None or not file.exists():
        package = {"skimage": "scikit-image", "sklearn": "scikit-learn"}[entry.package]
        raise MissingDataError(
            f"The photograph {entry.name!r} ships inside {package}, which is not installed here or "
            f"lacks it. Install it with `pip install {package} -c constraints.txt`."
        )
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), np.uint8)
