"""What goes wrong with soft labels, their loss and verdicts over seeds (exercises 22.1 to 22.5).

As in `quantizing_mistakes.py`: an answer is tried on made-up logits and accuracies, and what it does
there tells the misconception.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab import distill
from edgelab.classroom.exercises.answers import Wrong, as_array, as_number
from edgelab.classroom.language import _, format_number
from edgelab.distilling import trials

# The temperature at which spoilt answers are judged, and what may be left of the similarities.
JUDGED_AT = 4.0
_FLAT = 0.01
_FAINT = 0.5
_RELATED = 0.3


def judge_soft(got: Any, logits: Any, temperature: float) -> None:
    """Raise `Wrong` unless got holds the softmax of logits / temperature, row by row."""
    import numpy as np
    from scipy import special

    if got.shape != logits.shape:
        raise Wrong(
            "wrong-shape",
            _("One probability for each class of each image is wanted: shape {wanted}.").format(
                wanted=logits.shape
            ),
            _("Sum with `axis=1, keepdims=True`, so that each image keeps its row."),
        )
    right = distill.soft_labels(logits, temperature)
    if np.allclose(got, right, atol=1e-6):
        return
    if np.allclose(got, special.softmax(logits / temperature)):
        raise Wrong(
            "over-all-images",
            _("All your probabilities together make 1; each image has its own."),
            _("Sum over the classes of one image only: `axis=1, keepdims=True`."),
        )
    if np.allclose(got, special.softmax(logits / temperature, axis=0)):
        raise Wrong(
            "wrong-axis",
            _("You divide by the sum over the images; it should be over the classes."),
            _("A row is one image: its classes share the 1. `axis=1`."),
        )
    if np.allclose(got, np.exp(logits / temperature)):
        raise Wrong(
            "not-normalised",
            _("Your numbers are in the right proportion, but a row does not sum to 1."),
            _("Divide each row by its sum."),
        )
    if temperature != 1 and np.allclose(got, distill.soft_labels(logits)):
        raise Wrong(
            "ignores-temperature",
            _("The temperature changes nothing in your result."),
            _("Where in the formula would it make large logits smaller?"),
        )
    if np.allclose(got, special.softmax(logits * temperature, axis=1)):
        raise Wrong(
            "multiplies",
            _("A higher temperature makes your labels harder, not softer."),
            _("Differences between logits should shrink: divide by the temperature."),
        )
    if np.allclose(got, distill.soft_labels(logits) / temperature):
        raise Wrong(
            "divides-probabilities",
            _("You divide the probabilities: their proportions stay, and they no longer sum to 1."),
            _("Divide the logits, before the exponential."),
        )
    raise Wrong(
        "wrong-probabilities",
        _("For logits {logits} and T {t} the first class gets {right}; yours gets {got}.").format(
            logits=", ".join(format_number(v, 2) for v in logits[0]),
            t=format_number(temperature),
            right=format_number(right[0, 0]),
            got=format_number(float(got[0, 0])),
        ),
        _("Divide by the temperature, take `np.exp`, divide each row by its sum."),
    )


def judge_loss(got: float, hard: float, soft: float, temperature: float, alpha: float) -> None:
    """Raise `Wrong` unless got = alpha · hard + (1 − alpha) · T² · soft."""
    square = temperature**2

    def is_it(value: float) -> bool:
        return math.isclose(got, value, rel_tol=1e-6, abs_tol=1e-9)

    if is_it(alpha * hard + (1 - alpha) * square * soft):
        return
    if is_it((1 - alpha) * hard + alpha * square * soft):
        raise Wrong(
            "alpha-swapped",
            _("You give alpha to the soft part; here it is the weight of the labels."),
            _("With alpha = 1 the teacher must be silent: check what is left then."),
        )
    if is_it(alpha * hard + (1 - alpha) * soft):
        raise Wrong(
            "no-square",
            _("T² is missing: at T = 4 the teacher's voice would be sixteen times too weak."),
            _(
                "Look at the table above: by which factor do the slopes settle at high temperatures?"
            ),
        )
    if is_it(alpha * hard + (1 - alpha) * temperature * soft):
        raise Wrong(
            "only-once",
            _("You multiply by T; the slope shrinks with T twice: in the student and in the gap."),
            _("Multiply by `temperature ** 2`."),
        )
    if is_it(square * (alpha * hard + (1 - alpha) * soft)) or is_it(
        alpha * square * hard + (1 - alpha) * soft
    ):
        raise Wrong(
            "square-on-labels",
            _("Your T² multiplies the labels' part, where no temperature is at work."),
            _("Only the soft part is computed at temperature T: only that one needs it."),
        )
    if is_it(hard + square * soft) or is_it(alpha * hard + square * soft):
        raise Wrong(
            "no-weights",
            _("The two weights must make 1 together: alpha, and the rest."),
            _("What is left when the labels have alpha?"),
        )
    if is_it(alpha * hard + (1 - alpha) * soft / square):
        raise Wrong(
            "divides-by-square",
            _("You divide by T²: that makes the weak voice weaker still."),
            _("The slope shrinks with 1/T²: multiply."),
        )
    raise Wrong(
        "wrong-loss",
        _("For hard {hard}, soft {soft}, T {t} and alpha {alpha} your loss is {got}.").format(
            hard=format_number(hard),
            soft=format_number(soft),
            t=format_number(temperature),
            alpha=format_number(alpha),
            got=format_number(got),
        ),
        _("`alpha` times hard, and the rest times T² times soft."),
    )


def judge_interval(given: Any, alone: Any, distilled: Any, factor: float) -> None:
    """Raise `Wrong` unless given is the interval of the mean paired difference."""
    import numpy as np

    got = as_array(given)
    if got.size == 1:
        raise Wrong(
            "one-number",
            _("Two numbers are wanted: where the interval begins and where it ends."),
            _("`return mean - half, mean + half`"),
        )
    if got.shape != (2,):
        raise Wrong(
            "not-two",
            _("Two numbers are wanted, and {n} came back.").format(n=got.size),
            _("Reduce the pairs to one mean and one half-width first."),
        )
    if got[0] > got[1] and np.allclose(got[::-1], _interval(distilled - alone, factor)):
        raise Wrong(
            "upper-first",
            _("The two ends are right, in the wrong order."),
            _("The lower end comes first."),
        )
    change, count = distilled - alone, len(alone)
    if np.allclose(got, _interval(change, factor), rtol=1e-5, atol=1e-9):
        return
    if np.allclose(got, _interval(-change, factor)):
        raise Wrong(
            "reversed",
            _("You subtract the other way round: a gain comes out as a loss."),
            _("What did the teacher change? Distilled less alone."),
        )
    half, mean = (got[1] - got[0]) / 2, (got[1] + got[0]) / 2
    if not np.isclose(mean, change.mean(), rtol=1e-5, atol=1e-9):
        best = np.isclose(mean, distilled.max() - alone.max())
        raise Wrong(
            "best-against-best" if best else "wrong-mean",
            _("Your interval lies around the best of each group: two lucky runs.")
            if best
            else _("Your interval lies around {got}; the mean difference is {right}.").format(
                got=format_number(float(mean)), right=format_number(float(change.mean()))
            ),
            _("Take the difference pair by pair, then the mean of all differences."),
        )
    spread = change.std(ddof=1)
    unpaired = math.sqrt(alone.var(ddof=1) + distilled.var(ddof=1))
    if np.isclose(half, factor * unpaired / math.sqrt(count)):
        raise Wrong(
            "unpaired",
            _("You take the spread of each group: but the two of a pair began alike."),
            _("Subtract first: the spread of the *differences* is what counts."),
        )
    if np.isclose(half, factor * spread):
        raise Wrong(
            "spread-not-error",
            _("That is how far single pairs lie apart, not how sure their mean is."),
            _("The mean of n pairs is √n times surer: divide by `np.sqrt(n)`."),
        )
    if np.isclose(half, factor * change.std() / math.sqrt(count)):
        raise Wrong(
            "population-spread",
            _("`std` divides by n; a sample that estimated its own mean needs n − 1."),
            _("`std(ddof=1)`"),
        )
    if np.isclose(half, spread / math.sqrt(count)):
        raise Wrong(
            "no-factor",
            _("That is one standard error to each side: it covers about two cases in three."),
            _("Multiply it by `factor`."),
        )
    raise Wrong(
        "wrong-width",
        _("The middle is right; the half-width should be {right} and is {got}.").format(
            right=format_number(factor * float(spread) / math.sqrt(count)),
            got=format_number(float(half)),
        ),
        _("`factor` times the spread of the differences, divided by √n."),
    )


def judge_choice(given: Any, grid: trials.Grid) -> None:
    """Raise `Wrong` unless given names the cell with the best mean and what its interval says."""
    import numpy as np

    if not isinstance(given, tuple | list) or len(given) != 3:
        raise Wrong(
            "not-three",
            _("Three things are wanted: temperature, alpha, and True or False."),
            _("`return temperature, alpha, worth_a_test`"),
        )
    t, alpha = as_number(given[0]), as_number(given[1])
    if not isinstance(given[2], bool | np.bool_):
        raise Wrong(
            "not-a-verdict",
            _("The third result says True or False: does the gain's interval lie above 0?"),
            _("`low > 0` is such a value."),
        )
    if t not in grid.temperatures or alpha not in grid.alphas:
        swapped = alpha in grid.temperatures and t in grid.alphas
        raise Wrong(
            "swapped" if swapped else "no-such-cell",
            _("You give alpha first; the temperature is wanted first.")
            if swapped
            else _("The grid has no cell T {t}, alpha {alpha}.").format(
                t=format_number(t), alpha=format_number(alpha)
            ),
            _("Row and column are positions; `grid.temperatures` and `grid.alphas` hold values."),
        )
    if (t, alpha) != grid.best:
        _judge_other_cell(grid, t, alpha)
    if bool(given[2]) != grid.worth_a_test(t, alpha):
        low, high = (100 * bound for bound in trials.over_seeds(grid.differences(t, alpha)))
        bounds = f"[{format_number(low, 2)}, {format_number(high, 2)}]"
        raise Wrong(
            "too-hopeful" if given[2] else "too-modest",
            _("The cell is right. Its gain over the students alone is {bounds} points.").format(
                bounds=bounds
            ),
            _("It is worth a test when the whole interval lies above 0."),
        )


def judge_spoilt(got: Any, logits: Any) -> None:
    """Raise `Wrong` unless got keeps each row's largest class and says nothing about the others."""
    import numpy as np

    if got.shape != logits.shape:
        raise Wrong(
            "wrong-shape",
            _("The logits came back in another shape."),
            _("One row an image, one column a class, as before."),
        )
    winner = logits.argmax(axis=1)
    if (got.argmax(axis=1) != winner).any():
        raise Wrong(
            "changes-answers",
            _("Some answers are no longer the teacher's: then any student would suffer."),
            _("The largest logit of each row must stay the largest."),
        )
    before, after = (distill.soft_labels(v, JUDGED_AT) for v in (logits, got))
    if np.allclose(before, after, atol=1e-6):
        raise Wrong(
            "same-soft-labels",
            _("The soft labels are as before: a softmax does not notice what you changed."),
            _("It looks at differences between logits. Which of them tell about similarity?"),
        )
    rows = np.arange(len(got))
    if after[rows, winner].min() < _FAINT:
        raise Wrong(
            "faint-winner",
            _("At T = 4 some of your answers have less than half of the probability."),
            _("Keep the winner's logit well above the others, as the teacher does."),
        )
    others = np.ones_like(got, bool)
    others[rows, winner] = False
    left, was = (v[others].reshape(len(got), -1) for v in (after, before))
    if (np.ptp(left, axis=1) < _FLAT).all():
        return
    order = np.mean(left.argmax(axis=1) == was.argmax(axis=1))
    if order > 2 / left.shape[1]:
        raise Wrong(
            "similarity-left",
            _("In {share} % of the images the second class is still the teacher's.").format(
                share=format_number(100 * float(order), 2)
            ),
            _("Give all classes but the winner the same logit."),
        )
    related = _mean_correlation(left, was)
    if abs(related) > _RELATED:
        raise Wrong(
            "similarity-left",
            _(
                "Your other classes follow the teacher's, or run against them (correlation {r}): who "
                "reads them upside down learns all the same."
            ).format(r=format_number(related, 2)),
            _("Give all classes but the winner the same logit."),
        )


def judge_letter(letter: Any) -> None:
    """Raise `Wrong` unless the letter says what spoilt answers lack."""
    wrong = {
        "a": ("lost-answers", _("Every answer is still there: that was the rule.")),
        "b": ("lost-images", _("The student sees as many images as before.")),
        "d": ("lost-nothing", _("The winner stays, and the other probabilities have changed.")),
    }
    given = letter.strip().lower() if isinstance(letter, str) else letter
    if given == "c":
        return
    if given not in wrong:
        raise Wrong(
            "no-such-reason",
            _("The second result is one of the letters a, b, c and d."),
            _('End with `return spoilt, "a"`, with the letter that you can defend.'),
        )
    raise Wrong(wrong[given][0], wrong[given][1], _("Compare one row before and after."))


def _judge_other_cell(grid: trials.Grid, t: float, alpha: float) -> None:
    import numpy as np

    row, column = grid.temperatures.index(t), grid.alphas.index(alpha)
    if np.isclose(grid.mean[row, column], grid.mean.max()):
        return
    single = grid.accuracy.max(axis=2)
    if np.isclose(single[row, column], single.max()):
        raise Wrong(
            "luckiest-seed",
            _("You chose the cell with the best single student: that is a lucky start."),
            _("Take the mean over the seeds first: `grid.mean`."),
        )
    if np.isclose(grid.mean[row, column], grid.mean.min()):
        raise Wrong(
            "worst-cell",
            _("That is the cell with the lowest mean."),
            _("`argmax`, not `argmin`."),
        )
    raise Wrong(
        "not-the-best-mean",
        _("Another cell has a higher mean than T {t}, alpha {alpha}.").format(
            t=format_number(t), alpha=format_number(alpha)
        ),
        _("`np.unravel_index(grid.mean.argmax(), grid.mean.shape)` gives its row and column."),
    )


def _mean_correlation(left: Any, was: Any) -> float:
    """Return how the rows of two arrays go together on average, −1 to 1; a flat row counts as 0."""
    import numpy as np

    a, b = (v - v.mean(axis=1, keepdims=True) for v in (left, was))
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    shares = (a * b).sum(axis=1) / np.where(sizes > 0, sizes, 1)
    return float(np.where(np.ptp(left, axis=1) < _FLAT, 0, shares).mean())


def _interval(differences: Any, factor: float) -> tuple[float, float]:
    half = factor * differences.std(ddof=1) / math.sqrt(len(differences))
    return float(differences.mean() - half), float(differences.mean() + half)
