"""One run is an anecdote: two ways of training, compared over several seeds.

    low, high = trials.over_seeds([0.012, -0.003, 0.008, 0.010, 0.001])
    outcome = distill.against_alone(distill.tiny, teacher, digits.train, digits.test)
    outcome.verdict                                # "better", "worse" or "cannot tell"

The same seed gives both students the same first weights and the same order of images, so each pair
differs in one thing only, and the differences of the pairs are what counts. Lesson 22 writes the
interval by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgelab.errors import InputError
from edgelab.records import Accuracy

LEVEL = 0.95
_NORMAL = 1.96  # standard errors of a normal distribution that hold 95 %


@dataclass(frozen=True, eq=False)
class Trials:
    """Pairs of students, one alone and one with a teacher, one pair a seed.

    Attributes:
        name: of the setting.
        seeds: one a pair.
        alone: accuracy of each student that had labels only.
        distilled: accuracy of each student that had a teacher.
        teacher: the teacher's accuracy on the same images.
        truth: the right class of each image, int (n,).
        temperature: of the soft labels.
        alpha: weight of the hard labels.
        labelled: training images with a label.
        images: training images in all.
        parameters: of the student and of the teacher; 0 where a teacher's are not known.
    """

    name: str
    seeds: tuple[int, ...]
    alone: tuple[Accuracy, ...]
    distilled: tuple[Accuracy, ...]
    teacher: Accuracy
    truth: np.ndarray
    temperature: float
    alpha: float
    labelled: int
    images: int
    parameters: tuple[int, int]

    @property
    def differences(self) -> tuple[float, ...]:
        """Return what the teacher changed in each pair, as shares (0.01 is one point)."""
        return tuple(b.value - a.value for a, b in zip(self.alone, self.distilled, strict=True))

    @property
    def difference(self) -> float:
        """Return the mean difference over the seeds."""
        return float(np.mean(self.differences))

    @property
    def wins(self) -> int:
        """Return in how many pairs the student with a teacher did better."""
        return sum(d > 0 for d in self.differences)

    @property
    def over_seeds(self) -> tuple[float, float]:
        """Return the interval of the mean difference if only the seed could have been another."""
        return over_seeds(self.differences)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the interval of the mean difference over other seeds and other images of this kind.

        As `over_seeds_and_images`; it is never narrower than `over_seeds`.
        """
        return over_seeds_and_images(self._right(self.distilled) - self._right(self.alone))

    @property
    def verdict(self) -> str:
        """Return "better", "worse" or "cannot tell" for the students with a teacher."""
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "cannot tell"

    @property
    def kept(self) -> float:
        """Return the distilled students' mean accuracy as a share of the teacher's."""
        return float(np.mean([a.value for a in self.distilled])) / self.teacher.value

    @property
    def kept_interval(self) -> tuple[float, float]:
        """Return the interval of `kept` over other seeds and other images, like `interval`.

        The teacher's accuracy is what is measured by, and taken as it is.
        """
        beside = replace(self, alone=(self.teacher,) * len(self.seeds))
        low, high = (1 + bound / self.teacher.value for bound in beside.interval)
        return low, high

    def _right(self, accuracies: Sequence[Accuracy]) -> np.ndarray:
        return np.array([np.asarray(a.predictions) == self.truth for a in accuracies], float)

    def __repr__(self) -> str:
        low, high = (100 * bound for bound in self.interval)
        alone, distilled = (
            100 * float(np.mean([a.value for a in group])) for group in (self.alone, self.distilled)
        )
        return (
            f"{self.name}: teacher {100 * self.teacher.value:.1f} %, student alone {alone:.1f} %, "
            f"distilled {distilled:.1f} % (T {self.temperature:g}, alpha {self.alpha:g}, "
            f"{self.labelled:,} of {self.images:,} images labelled)\n"
            f"  {100 * self.difference:+.2f} points [{low:+.2f}, {high:+.2f}] over "
            f"{len(self.seeds)} seeds, {self.wins} of {len(self.seeds)} pairs won: {self.verdict}"
        )


@dataclass(frozen=True, eq=False)
class Grid:
    """The accuracy of students on validation images, over temperatures, alphas and seeds.

    Attributes:
        temperatures: the rows.
        alphas: the columns.
        seeds: how often each cell was trained.
        accuracy: shares of right answers, (temperatures, alphas, seeds).
        alone: shares of right answers of the students without a teacher, (seeds,).
        images: how many validation images were used.
    """

    temperatures: tuple[float, ...]
    alphas: tuple[float, ...]
    seeds: tuple[int, ...]
    accuracy: np.ndarray
    alone: np.ndarray
    images: int

    @property
    def mean(self) -> np.ndarray:
        """Return the mean over the seeds, (temperatures, alphas)."""
        return np.asarray(self.accuracy.mean(axis=2))

    @property
    def best(self) -> tuple[float, float]:
        """Return temperature and alpha of the cell with the best mean (the first among equals)."""
        row, column = np.unravel_index(int(self.mean.argmax()), self.mean.shape)
        return self.temperatures[int(row)], self.alphas[int(column)]

    def differences(self, temperature: float, alpha: float) -> np.ndarray:
        """Return what a cell's students have over those without a teacher, seed by seed, as shares.

        Raises:
            InputError: there is no such cell.
        """
        if temperature not in self.temperatures or alpha not in self.alphas:
            raise InputError(
                f"The grid has no cell T {temperature:g}, alpha {alpha:g}; temperatures are "
                f"{self.temperatures}, alphas {self.alphas}."
            )
        cell = self.temperatures.index(temperature), self.alphas.index(alpha)
        return np.asarray(self.accuracy[cell] - self.alone)

    @property
    def choice(self) -> tuple[float, float, bool]:
        """Return the best cell, and whether it is worth a test (see `worth_a_test`)."""
        return (*self.best, self.worth_a_test(*self.best))

    def worth_a_test(self, temperature: float, alpha: float) -> bool:
        """Tell whether the interval of a cell's gain over the seeds lies above 0.

        It allows for no other images, nor for having been chosen: of many cells without any gain the
        best will often seem to have one. Only images that nothing was chosen by can show a gain.
        """
        return over_seeds(self.differences(temperature, alpha))[0] > 0

    def __repr__(self) -> str:
        head = f"{'T':>5}  " + "  ".join(f"a {alpha:<5g}" for alpha in self.alphas)
        rows = [
            f"{t:>5g}  " + "  ".join(f"{100 * cell:<7.1f}" for cell in cells)
            for t, cells in zip(self.temperatures, self.mean, strict=True)
        ]
        told = (
            f"accuracy in % on {self.images} validation images, mean of {len(self.seeds)} seeds; "
            f"alone {100 * self.alone.mean():.1f}"
        )
        return "\n".join([head, *rows, told])


def over_seeds(
    differences: Sequence[float] | np.ndarray, level: float = LEVEL
) -> tuple[float, float]:
    """Return the interval of a mean difference over pairs (Student's t).

    Args:
        differences: one a pair, in any unit.
        level: confidence of the interval.

    Returns:
        Its lower and upper end, in the same unit.

    Raises:
        InputError: fewer than two pairs, which show no spread, or a value that is not finite.

    Source: "Student" (1908), The probable error of a mean, Biometrika 6, p. 1.
    """
    values = np.asarray(differences, np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise InputError(
            f"An interval over seeds needs two pairs or more, as a flat list; this one has shape "
            f"{values.shape}. Train with further seeds."
        )
    if not np.isfinite(values).all():
        raise InputError(f"The differences hold a value that is not finite: {values}.")
    return paired_interval(np.zeros_like(values), values, t_factor(len(values), level))


def over_seeds_and_images(changes: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean change over other seeds and other images of the same kind.

    Seeds and images are two samples. The variance of a mean over both is at most the sum of what
    each shows alone, so the two half-widths add like the sides of a right angle: a little too
    wide, never too narrow.

    Args:
        changes: what each image gained with each seed, (seeds, images): 1 for an answer that became
            right, -1 for one that became wrong, 0 else.

    Returns:
        Lower and upper end of the interval of the mean, as shares (0.01 is one point).

    Raises:
        InputError: fewer than two seeds or two images, which show no spread, or a value that is not
            finite.

    Source: Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1, p. 386; for the seeds
        as `over_seeds`.
    """
    values = np.asarray(changes, np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise InputError(
            f"An interval over seeds and images needs an array (seeds, images) with two images or more; "
            f"this one has shape {values.shape}."
        )
    low, high = over_seeds(values.mean(axis=1))
    error = float(values.mean(axis=0).std(ddof=1)) / math.sqrt(values.shape[1])
    half = math.hypot((high - low) / 2, _NORMAL * error)
    return (low + high) / 2 - half, (low + high) / 2 + half


def paired_interval(alone: np.ndarray, distilled: np.ndarray, factor: float) -> tuple[float, float]:
    """Return the interval of the mean difference of pairs, for a given factor of Student's t.

    Args:
        alone: accuracies of the students without a teacher, (seeds,).
        distilled: of those with one, in the same order.
        factor: Student's t for that many pairs; `t_factor` gives it.
    """
    differences = np.asarray(distilled, float) - np.asarray(alone, float)
    half = factor * float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return float(differences.mean()) - half, float(differences.mean()) + half


def t_factor(count: int, level: float = LEVEL) -> float:
    """Return how many standard errors an interval reaches to each side with this many pairs."""
    from scipy import stats

    return float(stats.t.ppf((1 + level) / 2, count - 1))
