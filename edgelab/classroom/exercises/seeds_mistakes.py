"""What goes wrong with verdicts over seeds (exercises 22.3 and 22.4).

As in `quantizing_mistakes.py`: an answer is tried on made-up accuracies, and what it does there tells the
misconception.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab.classroom.exercises.answers import Wrong, as_array, as_number
from edgelab.classroom.language import _, format_number
from edgelab.distilling import trials


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


def _interval(differences: Any, factor: float) -> tuple[float, float]:
    half = factor * differences.std(ddof=1) / math.sqrt(len(differences))
    return float(differences.mean() - half), float(differences.mean() + half)
