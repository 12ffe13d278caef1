"""How often is the model right, and is the difference between two models real?

    a, b = evaluate.accuracy(float32, digits.test), evaluate.accuracy(int8, digits.test)
    evaluate.paired(a, b)          # difference in points, its interval, better / worse / cannot tell

Two models are compared on the same images, one by one: only images on which they disagree carry
information (McNemar). Lesson 20 uses it to answer "is the loss negligible?".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab import keras, progress, runtimes
from edgelab.errors import InputError
from edgelab.records import Accuracy

if TYPE_CHECKING:
    from edgelab.data import Split

BATCH = 64
_LONG_SECONDS_IMAGES = 2000


@dataclass(frozen=True)
class Paired:
    """Accuracy of `b` minus accuracy of `a` on the same images, as shares (0.01 is one point)."""

    difference: float
    low: float
    high: float
    only_a: int  # images that only a got right
    only_b: int
    total: int
    p_value: float
    level: float = 0.95

    @property
    def verdict(self) -> str:
        """Return "better", "worse" or "cannot tell" for `b`."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "cannot tell"

    def __repr__(self) -> str:
        points = (
            f"{self.difference * 100:+.2f} points [{self.low * 100:+.2f}, {self.high * 100:+.2f}]"
        )
        return (
            f"{points} on {self.total} images, {self.only_a} right only before, {self.only_b} only "
            f"after: {self.verdict}"
        )


def predict(model: Any, x: np.ndarray) -> np.ndarray:
    """Return the outputs of a model for many images.

    Args:
        model: an artefact's path, a loaded `Runner`, or a Keras model in memory.
        x: float32 (n, …) in the network's input range.

    Returns:
        float32 (n, outputs).
    """
    if len(x) == 0:
        raise InputError("There are no images to predict; the split or array is empty.")
    if keras.is_model(model):
        return np.asarray(model.predict(x, batch_size=BATCH, verbose=0), np.float32)
    if isinstance(model, runtimes.Runner):
        return _in_batches(model.run, x)
    path = model.path if isinstance(model, runtimes.Candidate) else Path(model)
    with runtimes.load(path) as runner:
        return _in_batches(runner.run, x)


def accuracy(model: Any, split: Split) -> Accuracy:
    """Count a model's right answers on a split.

    Args:
        model: as for `predict`.
        split: labelled images.

    Returns:
        The accuracy with its Wilson interval, every prediction, and which images were wrong.

    Raises:
        InputError: the split is empty.

    Source: Wilson (1927), Probable inference, Journal of the American Statistical Association 22,
        p. 209.
    """
    answers = predict(model, split.x).reshape(len(split), -1).argmax(axis=1)
    return score(answers, split)


def score(answers: np.ndarray, split: Split) -> Accuracy:
    """Make the accuracy record of given answers (int, (n,)) on a split."""
    from scipy import stats

    right = np.asarray(answers) == split.y
    correct = int(right.sum())
    bounds = stats.binomtest(correct, len(split)).proportion_ci(method="wilson")
    return Accuracy(
        correct=correct,
        total=len(split),
        low=float(bounds.low),
        high=float(bounds.high),
        split=split.name,
        dataset=split.dataset,
        predictions=tuple(int(a) for a in answers),
        wrong=tuple(int(i) for i in np.flatnonzero(~right)),
    )


def paired(
    a: Accuracy, b: Accuracy, labels: np.ndarray | None = None, level: float = 0.95
) -> Paired:
    """Compare two accuracies image by image.

    Args:
        a: accuracy of the model before.
        b: accuracy of the model after, on the same images.
        labels: int (n,), the right answers; None takes what the records know of each image.
        level: confidence of the interval.

    Raises:
        InputError: the two were not measured on the same images, or there are no labels and a record
            does not know which images were wrong.

    Source: McNemar (1947), Psychometrika 12, p. 153 (exact binomial form); interval of a paired
        difference after Newcombe (1998), Statistics in Medicine 17, p. 2635, method 10.
    """
    from scipy import stats

    count = a.total if labels is None else len(labels)
    if (a.dataset, a.split, a.total) != (b.dataset, b.split, b.total) or a.total != count:
        raise InputError(
            f"A paired comparison needs the same images: one accuracy is on {a.total} of "
            f"{a.dataset}/{a.split}, the other on {b.total} of {b.dataset}/{b.split}."
        )
    right_a, right_b = _right(a, labels), _right(b, labels)
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    discordant = only_a + only_b
    p_value = float(stats.binomtest(only_a, discordant).pvalue) if discordant else 1.0
    both, neither = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
    low, high = _newcombe(both, only_a, only_b, neither, level)
    difference = (only_b - only_a) / a.total
    return Paired(difference, low, high, only_a, only_b, a.total, p_value, level)


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of images to which two sets of outputs (n, classes) give the same class."""
    return float((np.argmax(a, axis=1) == np.argmax(b, axis=1)).mean())


def _right(found: Accuracy, labels: np.ndarray | None) -> np.ndarray:
    """Return for each image whether it was answered rightly, bool (n,)."""
    if labels is not None:
        answers: np.ndarray = np.asarray(found.predictions) == labels
        return answers
    if not found.by_image:
        raise InputError(
            "This accuracy does not know which images were wrong (an older record): give the labels, or "
            "measure again."
        )
    right = np.ones(found.total, bool)
    right[list(found.wrong)] = False
    return right


def _newcombe(
    both: int, only_a: int, only_b: int, neither: int, level: float
) -> tuple[float, float]:
    """Return the interval of accuracy b minus accuracy a (square-and-add of Wilson intervals)."""
    from scipy import stats

    total = both + only_a + only_b + neither
    p_a, p_b = (both + only_a) / total, (both + only_b) / total
    a = stats.binomtest(both + only_a, total).proportion_ci(level, method="wilson")
    b = stats.binomtest(both + only_b, total).proportion_ci(level, method="wilson")
    product = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    excess = float(both * neither - only_a * only_b)
    if excess > 0:  # continuity correction of Newcombe's method 10
        excess = max(excess - total / 2, 0)
    phi = excess / math.sqrt(product) if product else 0.0
    difference = p_b - p_a
    below_b, above_b, below_a, above_a = p_b - b.low, b.high - p_b, p_a - a.low, a.high - p_a
    low = difference - math.sqrt(max(0, below_b**2 - 2 * phi * below_b * above_a + above_a**2))
    high = difference + math.sqrt(max(0, above_b**2 - 2 * phi * above_b * below_a + below_a**2))
    return low, high


def _in_batches(run: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    starts = range(0, len(x), BATCH)
    steps = progress.bar(starts, "Predicting") if len(x) > _LONG_SECONDS_IMAGES else starts
    return np.concatenate([run(x[i : i + BATCH]) for i in steps])
