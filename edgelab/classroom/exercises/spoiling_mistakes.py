"""What goes wrong when a teacher's answers are to stay and its similarities to go (exercise 22.5)."""

from __future__ import annotations

from typing import Any

from edgelab import distill
from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number

# The temperature at which spoilt answers are judged, and what may be left of the similarities.
JUDGED_AT = 4.0
_FLAT = 0.01
_FAINT = 0.5
_RELATED = 0.3


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


def _mean_correlation(left: Any, was: Any) -> float:
    """Return how the rows of two arrays go together on average, −1 to 1; a flat row counts as 0."""
    import numpy as np

    a, b = (v - v.mean(axis=1, keepdims=True) for v in (left, was))
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    shares = (a * b).sum(axis=1) / np.where(sizes > 0, sizes, 1)
    return float(np.where(np.ptp(left, axis=1) < _FLAT, 0, shares).mean())
