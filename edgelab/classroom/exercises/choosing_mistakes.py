"""What goes wrong with an outlier and with calibration images (exercises 20.6 and 20.7).

As in `quantizing_mistakes.py`: an answer is tried on made-up tensors and pictures, and what it does
there tells the misconception.
"""

from __future__ import annotations

from typing import Any

from edgelab.classroom.exercises.answers import Wrong, as_array
from edgelab.classroom.language import _, format_number
from edgelab.quantizing import affine


def judge_outlier(changed: Any, before: Any) -> None:
    """Raise `Wrong` unless one changed value makes 8 bits worse than 4 bits were, for all others."""
    import numpy as np

    if changed.shape != before.shape:
        raise Wrong(
            "wrong-shape",
            _("The weights came back in another shape."),
            _("Copy them, change one value of the copy, and return the copy."),
        )
    different = np.flatnonzero(changed.ravel() != before.ravel())
    if len(different) == 0:
        raise Wrong(
            "nothing-changed",
            _("All weights are as they were."),
            _("Copy them (`weights.copy()`), change one value of the copy, and return the copy."),
        )
    if len(different) > 1:
        raise Wrong(
            "several-changed",
            _("You changed {n} weights; one is enough, and only one is allowed.").format(
                n=len(different)
            ),
            _("In a flat view one index names one weight: `changed.flat[0] = …`."),
        )
    at = int(different[0])
    goal = _rms_of_others(before, 4, at)
    got = _rms_of_others(changed, 8, at)
    if got > goal:
        return
    if np.abs(changed).max() <= np.abs(before).max():
        raise Wrong(
            "no-outlier",
            _("Your change leaves the step as small as it was, or makes it smaller."),
            _("Which single value decides about the step of all?"),
        )
    raise Wrong(
        "too-small",
        _("The error of the others grew to {got}; with 4 bits it was {goal} before.").format(
            got=format_number(got, 2), goal=format_number(goal, 2)
        ),
        _("127 codes on each side shrink to fewer than 7 that are used. How large must it be?"),
    )


def judge_reason(letter: Any) -> None:
    """Raise `Wrong` unless the letter names why an outlier hurts the others."""
    wrong = {
        "a": (
            "blames-the-outlier",
            _("The largest value lands exactly on the largest code: its own error is 0."),
        ),
        "c": (
            "overflow",
            _("Nothing overflows: the step is chosen so that the largest value just fits."),
        ),
        "d": (
            "fewer-codes",
            _("Eight bits keep all their codes. The others just cannot reach most of them."),
        ),
    }
    given = letter.strip().lower() if isinstance(letter, str) else letter
    if given == "b":
        return
    if given not in wrong:
        raise Wrong(
            "no-such-reason",
            _("Weights and reason are wanted: the reason is one of the letters a, b, c and d."),
            _('End with `return changed, "a"`, with the letter that you can defend.'),
        )
    raise Wrong(
        wrong[given][0], wrong[given][1], _("What happened to the distance between two codes?")
    )


def judge_calibration(got: Any, pixels: Any, labels: Any, n: int) -> None:
    """Raise `Wrong` unless got holds n different pictures of all kinds, as the network sees them."""
    import numpy as np

    if got.shape[1:] != pixels.shape[1:]:
        raise Wrong(
            "wrong-shape",
            _("The pictures came back in another shape: {got} instead of {wanted}.").format(
                got=got.shape[1:], wanted=pixels.shape[1:]
            ),
            _("Choose along the first axis only: `pixels[rows]`."),
        )
    if len(got) != n:
        raise Wrong(
            "wrong-count",
            _("{n} pictures are asked for, and {got} came back.").format(n=n, got=len(got)),
            _("How many rows do you choose?"),
        )
    _judge_range(got)
    if got.dtype != np.float32:
        raise Wrong(
            "not-float32",
            _("The values are right, and their type is {dtype}.").format(dtype=f"`{got.dtype}`"),
            _("The converter feeds the network, which takes `np.float32`."),
        )
    stored = {picture.tobytes(): row for row, picture in enumerate(pixels)}
    back = np.round(got * 255).astype(np.uint8)
    rows = [stored.get(picture.tobytes()) for picture in back]
    if None in rows or np.abs(got * 255 - back).max() > 1e-2:
        raise Wrong(
            "not-the-pictures",
            _("Some of these values are not those of the pictures divided by 255."),
            _(
                "Real pictures, scaled as in training: noise may work by chance, pictures by design."
            ),
        )
    if len(set(rows)) < n:
        raise Wrong(
            "repeated-pictures",
            _("Some pictures come twice, so there are fewer ranges to learn from."),
            _("Choose rows without replacement."),
        )
    kinds = len(np.unique(labels[rows]))
    if kinds < 0.8 * len(np.unique(labels)):
        raise Wrong(
            "few-classes",
            _("Your pictures show {kinds} of {all} classes: the folder is sorted by class.").format(
                kinds=kinds, all=len(np.unique(labels))
            ),
            _("Take rows from the whole length: evenly spaced, or drawn at random."),
        )


def _judge_range(got: Any) -> None:
    import numpy as np

    if got.max() > 1.5:
        raise Wrong(
            "forgotten-scaling",
            _("Your values reach {largest}; the network was trained on 0 to 1.").format(
                largest=format_number(float(got.max()))
            ),
            _("Divide by 255, as in training."),
        )
    if got.min() < -0.01:
        raise Wrong(
            "another-range",
            _("Your values go below 0; this network was trained on 0 to 1."),
            _("Use the preprocessing of this network's training, no other one."),
        )
    if np.isin(got, (0, 1)).all():
        raise Wrong(
            "integer-division",
            _("Only 0 and 1 are left of 256 shades."),
            _("`//` and integer types cut off the fraction: divide with `/`."),
        )
    if got.max() < 0.1:
        raise Wrong(
            "scaled-twice",
            _("Your largest value is {largest}: divided by 255 twice?").format(
                largest=format_number(float(got.max()), 2)
            ),
            _("Scale once."),
        )


def weights_and_reason(result: Any) -> tuple[Any, Any]:
    """Return the two parts of an answer to the outlier exercise, or raise `Wrong`."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(
            "not-a-pair",
            _("Two results are wanted: the changed weights, and the letter of the reason."),
            _('End with `return changed, "a"`, with the letter that you can defend.'),
        )
    return as_array(result[0]), result[1]


def _rms_of_others(values: Any, bits: int, left_out: int) -> float:
    import numpy as np

    error = (affine.round_trip(values, affine.fit(values, bits)) - values).ravel()
    return float(np.sqrt(np.mean(np.delete(error, left_out) ** 2)))
