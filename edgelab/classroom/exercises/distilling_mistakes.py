"""What goes wrong with soft labels and their loss (exercises 22.1 and 22.2).

As in `quantizing_mistakes.py`: an answer is tried on made-up logits, and what it does there tells the
misconception.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab import distill
from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number


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
