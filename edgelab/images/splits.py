"""Splits: the four roles that images play, each as a handle of its own.

    digits = data.digits()
    digits.train, digits.calibration, digits.validation, digits.test

*train* teaches the weights, *calibration* shows a quantizer typical values, *validation* is for every
choice you make, *test* is looked at when all choices are made. An optimisation that was calibrated
or chosen on the test images looks better there than it is, so edgelab refuses it. Lesson 10 uses
the four, lesson 20 tries the forbidden one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from edgelab.errors import InputError, MissingDataError, SplitError

ROLES = ("train", "calibration", "validation", "test")
Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Split:
    """Images and labels with one role. Arrays are read-only: a split means the same in every cell.

    Args:
        dataset: name of the data set.
        name: the role: "train", "calibration", "validation" or "test".
        x: images (n, height, width, channels), float32, in the range that the model wants.
        y: class numbers (n,), int64. -1 where nobody knows the class (crops of photographs).
        classes: the name of each class.
        note: what a reader of a result must know ("1,000 of the 10,000 test images").

    Raises:
        InputError: no images, another number of labels, an unknown role, or no image array.
    """

    dataset: str
    name: str
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    note: str = ""

    def __post_init__(self) -> None:
        if self.name not in ROLES:
            raise InputError(f"A split is one of {', '.join(ROLES)}; {self.name!r} is none.")
        x, y = np.asarray(self.x), np.asarray(self.y)
        if x.ndim != 4 or x.dtype.kind not in "fui":
            raise InputError(
                f"{self._title()} got an array of shape {x.shape} and type {x.dtype}; images are "
                "numbers in an array (n, height, width, channels)."
            )
        if y.shape != (len(x),):
            raise InputError(
                f"{self._title()} got {len(x)} images and labels of shape {y.shape}; give one "
                "class number per image."
            )
        if len(x) == 0:
            raise InputError(f"{self._title()} is empty: there is not one image in it.")
        object.__setattr__(self, "x", _read_only(x, np.float32))
        object.__setattr__(self, "y", _read_only(y, np.int64))

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        shape = " × ".join(str(side) for side in self.x.shape[1:])
        note = f", {self.note}" if self.note else ""
        return (
            f"<{self._title()}: {len(self):,} images of {shape}, {len(self.classes)} classes{note}>"
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of images and labels, as 64 hex digits; the cache's name for this input."""
        digest = hashlib.sha256(repr((self.dataset, self.name, self.x.shape)).encode())
        digest.update(self.x.tobytes())
        digest.update(self.y.tobytes())
        return digest.hexdigest()

    @property
    def labelled(self) -> bool:
        """Whether the classes are known; without them there is agreement but no accuracy."""
        return bool((self.y >= 0).all())

    def take(self, n: int, seed: int = 0) -> Split:
        """Return n of the images, every class in its share, chosen by a seed, in the same order.

        Raises:
            InputError: n is below 1 or more than there are.
        """
        if not 1 <= n <= len(self):
            raise InputError(f"{self._title()} holds {len(self):,} images; {n} can't be taken.")
        rows = np.sort(stratified(self.y, (n,), seed)[0])
        note = self.note if n == len(self) else _joined(self.note, f"{n:,} of {len(self):,}")
        return replace(self, x=self.x[rows], y=self.y[rows], note=note)

    def map(self, change: Callable[[np.ndarray], np.ndarray], note: str = "") -> Split:
        """Return the split with changed images; it keeps its role.

        Args:
            change: gets all images (n, h, w, c) and returns as many.
            note: what was done; by default the function's name.
        """
        told = note or getattr(change, "__name__", "changed")
        return replace(self, x=change(np.array(self.x)), note=_joined(self.note, told))

    def batches(self, n: int) -> Iterator[Arrays]:
        """Yield (images, labels) of n at a time; the last one may be smaller.

        Raises:
            InputError: n is below 1.
        """
        if n < 1:
            raise InputError(f"A batch holds at least one image; {n} was asked for.")
        for start in range(0, len(self), n):
            yield self.x[start : start + n], self.y[start : start + n]

    def require_finite(self, purpose: str) -> None:
        """Raise when an image holds NaN or infinity.

        Args:
            purpose: what the images were for, for the message.

        Raises:
            InputError: with the number of the first such image.
        """
        bad = ~np.isfinite(self.x).reshape(len(self), -1).all(axis=1)
        if bad.any():
            raise InputError(
                f"{int(bad.sum())} of the {len(self)} images given for {purpose} hold NaN or infinity "
                f"(the first is number {int(bad.argmax())}). Remove them or mend the preprocessing."
            )

    def require_calibration(self) -> Split:
        """Return this split if a quantizer may calibrate on it.

        Raises:
            SplitError: these are the test images.
            InputError: an image holds NaN or infinity.
        """
        self._refuse_test("Calibrating", "calibration")
        self.require_finite("calibration")
        return self

    def require_selection(self) -> Split:
        """Return this split if a choice (a layer, a recipe, a checkpoint) may be made on it.

        Raises:
            SplitError: these are the test images.
            InputError: an image holds NaN or infinity.
        """
        self._refuse_test("Choosing", "validation")
        self.require_finite("selection")
        return self

    def _refuse_test(self, act: str, instead: str) -> None:
        if self.name == "test":
            raise SplitError(
                f"{act} on the test images of {self.dataset!r} would make the result look better "
                "there than it will be on new images: the test split then no longer tests. "
                f"Use its {instead} split."
            )

    def _title(self) -> str:
        return f"{self.dataset} {self.name}"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set with fixed splits, read when they are first asked for.

    Args:
        name: of the data set.
        classes: the name of each class.
        source: where it comes from, as a citation.
        readers: one function per split that returns (images, labels).
        note: what a reader of a result must know.
        missing: for a split that is not on this machine, what to do to get it.
    """

    name: str
    classes: tuple[str, ...]
    source: str
    readers: Mapping[str, Callable[[], Arrays]] = field(repr=False)
    note: str = ""
    missing: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def train(self) -> Split:
        """The images that teach the weights."""
        return self._read("train")

    @cached_property
    def calibration(self) -> Split:
        """The images that show a quantizer which values are typical."""
        return self._read("calibration")

    @cached_property
    def validation(self) -> Split:
        """The images on which every choice is made."""
        return self._read("validation")

    @cached_property
    def test(self) -> Split:
        """The images on which nothing is ever fitted or chosen."""
        return self._read("test")

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits that this machine has."""
        return tuple(role for role in ROLES if role in self.readers)

    def _read(self, role: str) -> Split:
        if role not in self.readers:
            advice = self.missing.get(role, "It is not part of this data set.")
            raise MissingDataError(f"There is no {role} split of {self.name} here. {advice}")
        x, y = self.readers[role]()
        return Split(self.name, role, x, y, self.classes, self.note)


def stratified(labels: np.ndarray, sizes: tuple[int, ...], seed: int) -> list[np.ndarray]:
    """Cut rows into disjoint groups of given sizes, every class in its share in each of them.

    Args:
        labels: class numbers (n,).
        sizes: how many rows each group gets; together at most n.
        seed: of the shuffle.

    Returns:
        One array of row numbers per group.
    """
    random = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for number in np.unique(labels):
        rows = np.flatnonzero(labels == number)
        # Each class is spread evenly over 0..1, so any slice of the sorted places holds its share.
        place[rows] = (random.permutation(len(rows)) + random.random()) / len(rows)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(sizes)
    return [order[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _read_only(values: np.ndarray, dtype: type) -> np.ndarray:
    result: np.ndarray = np.ascontiguousarray(values, dtype).view()
    result.flags.writeable = False
    return result


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
