"""CIFAR-10 from a zip file, from folders, or from the small sample that the course ships.

    from edgelab import data
    cifar = data.cifar10()          # what this machine has; says which in cifar.note

60,000 colour photographs of 32 × 32 pixels in ten classes (Krizhevsky 2009). The splits are fixed:
of the 5,000 training images of each class, 10 are for calibration, 490 for validation and 4,500
for training. The shipped sample holds the 100 calibration images, 100 of the validation images and
1,000 of the test images, so nothing in it was ever trained on.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab import downloads, progress, workspace
from edgelab.errors import FormatError, MissingDataError
from edgelab.keras import keras, quiet

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SOURCE = (
    "CIFAR-10: Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009 "
    "(https://www.cs.toronto.edu/~kriz/cifar.html)"
)
SAMPLE_FILE = "cifar10_sample.npz"
CALIBRATION_PER_CLASS = 10
HELD_OUT_PER_CLASS = 500
SAMPLE_VALIDATION_PER_CLASS = 10
SAMPLE_TEST_PER_CLASS = 100
_SHUFFLE_SEED = 2009
_COUNTS = {"train": 50_000, "test": 10_000}
_DECODER_VERSION = 1
_JPEG_DIFFERENCE = 15.0  # mean difference of a byte; unrelated images differ by about 70
_ROLES = ("train", "calibration", "validation", "test")


@dataclass(frozen=True)
class Pixels:
    """One part of the data set as it is on disk: uint8 images (n, 32, 32, 3) and labels (n,)."""

    images: np.ndarray
    labels: np.ndarray


def full_source() -> Path | None:
    """Return `cifar10.zip` or the folder `cifar10/` under `EDGELAB_DATA`; None when there is none.

    Raises:
        MissingDataError: `EDGELAB_DATA` is set but does not hold CIFAR-10.
    """
    given = os.environ.get("EDGELAB_DATA")
    if not given:
        return None
    folder = Path(given).expanduser()
    for candidate in (folder / "cifar10.zip", folder / "cifar10"):
        if candidate.exists():
            return candidate
    raise MissingDataError(
        f"EDGELAB_DATA is {str(folder)!r}, which holds neither cifar10.zip nor a folder cifar10/ with "
        "{train,test}/<class>/*.jpg. Correct the path, or unset EDGELAB_DATA to use the sample "
        "of 1,200 images that the course ships."
    )


def read_full(source: Path) -> dict[str, Callable[[], Pixels]]:
    """Return one reader per split of the whole data set; JPEG files are decoded once and cached.

    Args:
        source: `cifar10.zip`, or the folder `cifar10/`.
    """
    folder = workspace.cached(
        {"what": "cifar10 pixels", "decoder": _DECODER_VERSION, "source": _fingerprint(source)},
        lambda target: _decode_all(source, target),
        suffix="-cifar10",
    )

    def reader(part: str, chosen: np.ndarray) -> Callable[[], Pixels]:
        def read() -> Pixels:
            images = np.load(folder / f"{part}_images.npy", mmap_mode="r")
            labels = np.load(folder / f"{part}_labels.npy")
            return Pixels(images[chosen], labels[chosen])

        return read

    labels = np.load(folder / "train_labels.npy")
    rows = split_rows(labels)
    tests = np.arange(len(np.load(folder / "test_labels.npy")))
    readers = {role: reader("train", rows[role]) for role in _ROLES[:3]}
    return {**readers, "test": reader("test", tests)}


def read_sample() -> dict[str, Callable[[], Pixels]]:
    """Return one reader per split of the shipped sample (no training split).

    Raises:
        MissingDataError: the file is not in the clone.
        FormatError: it is damaged.
    """
    path = workspace.data_dir() / SAMPLE_FILE
    if not path.exists():
        raise MissingDataError(
            f"The CIFAR-10 sample is not at {path}. It is part of the repository: restore it with "
            f"`git checkout -- data/{SAMPLE_FILE}`."
        )
    try:
        with np.load(path) as stored:
            jpeg, ends = stored["jpeg"].tobytes(), stored["ends"]
            labels, roles = stored["labels"].astype(np.int64), stored["roles"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{path} is damaged ({type(error).__name__}: {error}). Restore it with "
            f"`git checkout -- data/{SAMPLE_FILE}`."
        ) from error
    starts = np.concatenate([[0], ends[:-1]])

    def reader(role: int) -> Callable[[], Pixels]:
        def read() -> Pixels:
            chosen = np.flatnonzero(roles == role)
            images = np.stack([_decode(jpeg[starts[i] : ends[i]]) for i in chosen])
            return Pixels(images, labels[chosen])

        return read

    return {role: reader(number) for number, role in enumerate(_ROLES) if number}


def download() -> tuple[dict[str, Callable[[], Pixels]], str]:
    """Return one reader per split of the original arrays, downloaded once by Keras, and a note.

    Raises:
        MissingDataError: they were never downloaded and there is no network.
    """
    load = keras().datasets.cifar10.load_data
    if (Path.home() / ".keras" / "datasets" / "cifar-10-batches-py").exists():
        arrays = load()
    else:
        with downloads.bounded("https://www.cs.toronto.edu", "CIFAR-10"), quiet():
            arrays = load()
    (train, train_labels), (test, test_labels) = arrays
    train_labels = train_labels.ravel().astype(np.int64)
    rows = split_rows(train_labels)

    def reader(chosen: np.ndarray) -> Callable[[], Pixels]:
        return lambda: Pixels(train[chosen], train_labels[chosen])

    readers = {role: reader(chosen) for role, chosen in rows.items()}
    note = "original arrays"
    if not _same_images(train[rows["calibration"]]):
        note += (
            "; in another order than the copy that the shipped ResNet8 was trained on, so some of "
            "its training images are among the validation images here"
        )
    return {**readers, "test": lambda: Pixels(test, test_labels.ravel().astype(np.int64))}, note


def split_rows(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the rows of the 50,000 training images that belong to each split.

    Within a class the images are shuffled once with a fixed seed; the first 10 are for
    calibration, the next 490 for validation.

    Args:
        labels: class numbers (50,000,), images of one class in the order of their file names.
    """
    parts: dict[str, list[np.ndarray]] = {"train": [], "calibration": [], "validation": []}
    for number in range(len(CLASSES)):
        rows = np.flatnonzero(labels == number)
        rows = rows[_order(number, len(rows))]
        parts["calibration"].append(rows[:CALIBRATION_PER_CLASS])
        parts["validation"].append(rows[CALIBRATION_PER_CLASS:HELD_OUT_PER_CLASS])
        parts["train"].append(rows[HELD_OUT_PER_CLASS:])
    return {role: np.sort(np.concatenate(rows)) for role, rows in parts.items()}


def write_sample(source: Path, target: Path) -> Path:
    """Write the sample that the course ships: JPEG bytes of 1,200 images in one file.

    Args:
        source: `cifar10.zip`, or the folder `cifar10/`.
        target: the `.npz` file to write.
    """
    files: dict[tuple[str, int], list[bytes]] = {}
    for part, number, content in _files(source):
        files.setdefault((part, number), []).append(content)
    jpeg: list[bytes] = []
    labels: list[int] = []
    roles: list[int] = []
    for number in range(len(CLASSES)):
        trained, tested = files["train", number], files["test", number]
        order, last = (
            _order(number, len(trained)),
            CALIBRATION_PER_CLASS + SAMPLE_VALIDATION_PER_CLASS,
        )
        groups = (
            (1, trained, order[:CALIBRATION_PER_CLASS]),
            (2, trained, order[CALIBRATION_PER_CLASS:last]),
            (3, tested, _order(number, len(tested))[:SAMPLE_TEST_PER_CLASS]),
        )
        for role, contents, rows in groups:
            jpeg += [contents[row] for row in sorted(rows)]
            labels += [number] * len(rows)
            roles += [role] * len(rows)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        jpeg=np.frombuffer(b"".join(jpeg), np.uint8),
        ends=np.cumsum([len(content) for content in jpeg]),
        labels=np.array(labels, np.uint8),
        roles=np.array(roles, np.uint8),
    )
    return workspace.atomic_write(target, buffer.getvalue())


def _same_images(calibration: np.ndarray) -> bool:
    """Tell whether these are the shipped calibration images, but for what JPEG changed."""
    shipped = read_sample()["calibration"]().images
    return float(np.abs(calibration.astype(int) - shipped).mean()) < _JPEG_DIFFERENCE


def _order(number: int, count: int) -> np.ndarray:
    return np.random.default_rng([_SHUFFLE_SEED, number]).permutation(count)


def _decode(content: bytes) -> np.ndarray:
    from PIL import Image

    try:
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.uint8)
    except OSError as error:
        raise FormatError(
            f"An image of CIFAR-10 is damaged ({error}). Copy the data set again."
        ) from error


def _fingerprint(source: Path) -> str:
    if source.is_file():
        return workspace.file_hash(source)
    # 60,000 small files take long to read twice; their names, sizes and times name the content.
    listing = sorted(
        (file.relative_to(source).as_posix(), file.stat().st_size, file.stat().st_mtime_ns)
        for file in source.rglob("*.jpg")
    )
    return hashlib.sha256(repr(listing).encode()).hexdigest()


def _files(source: Path) -> Iterator[tuple[str, int, bytes]]:
    """Yield (part, class number, bytes), sorted by part, class and file name."""
    if source.is_dir():
        for part in ("train", "test"):
            for number, name in enumerate(CLASSES):
                for file in sorted((source / part / name).glob("*.jpg")):
                    yield part, number, file.read_bytes()
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
                yield *_part_and_class(name), archive.read(name)
    except (zipfile.BadZipFile, ValueError) as error:
        raise FormatError(
            f"{source} is not the expected zip file of cifar10/{{train,test}}/<class>/*.jpg: {error}. "
            "Copy it again."
        ) from error


def _part_and_class(name: str) -> tuple[str, int]:
    part, label = ("", "", *Path(name).parts)[-3:-1]
    if part not in _COUNTS or label not in CLASSES:
        raise ValueError(f"it holds {name!r}")
    return part, CLASSES.index(label)


def _decode_all(source: Path, target: Path) -> None:
    images: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    for part, number, content in progress.bar(
        _files(source), "decoding CIFAR-10", total=sum(_COUNTS.values()), unit="image"
    ):
        images[part].append(_decode(content))
        labels[part].append(number)
    for part, count in _COUNTS.items():
        if len(images[part]) != count:
            raise FormatError(
                f"{source} holds {len(images[part]):,} {part} images instead of {count:,}. "
                "It is incomplete: copy it again."
            )
    target.mkdir()
    for part, decoded in images.items():
        np.save(target / f"{part}_images.npy", np.stack(decoded))
        np.save(target / f"{part}_labels.npy", np.array(labels[part], np.int64))
