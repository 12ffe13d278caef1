"""What goes wrong when calibration images are to ruin a network, and how it shows (exercise 24.4)."""

from __future__ import annotations

from typing import Any

from edgelab.classroom.exercises.answers import Wrong, as_array
from edgelab.classroom.language import _

# A range this many times too wide leaves the network a few codes; one this much too narrow cuts all off.
_FAR = 8.0
_MOST = 255.0


def judge_ruin(answer: Any, pixels: Any) -> None:
    """Raise `Wrong` unless an answer is photographs in a range far from the network's, and says why."""
    import numpy as np

    from edgelab import models

    given, letter = _images_and_reason(answer)
    got = as_array(given)
    if got.shape[1:] != pixels.shape[1:] or got.ndim != 4:
        raise Wrong(
            "wrong-shape",
            _("The network takes images of shape {wanted}; yours have {got}.").format(
                wanted=pixels.shape[1:], got=got.shape[1:]
            ),
            _("Keep the pictures whole, and change only their values."),
        )
    if np.asarray(given).dtype.kind != "f":
        raise Wrong(
            "integers",
            _("The converter refuses whole numbers: that would be noticed at once."),
            _("Give float32: `.astype(np.float32)`."),
        )
    if np.ptp(got) == 0:
        raise Wrong(
            "constant",
            _("All your values are the same: these are no photographs any more."),
            _("Keep what the pictures show; look for a mistake in their range."),
        )
    reach = np.ptp(got) / np.ptp(models.preprocess("efficientnet_lite0", pixels))
    if 1 / _FAR < reach < _FAR:
        raise Wrong(
            "same-range",
            _("Your images have about the range that the network sees later, so the scales fit."),
            _("Which step between a photograph and the network could one forget?"),
        )
    if np.abs(got).max() > _MOST:
        raise Wrong(
            "beyond-a-photograph",
            _(
                "No photograph holds such values. The file may not even load, so it would be noticed."
            ),
            _("Stay between 0 and 255, and find the mistake that nobody notices."),
        )
    _judge_why(letter)


def _images_and_reason(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(
            "not-a-pair",
            _("Two results are wanted: the images, and the letter of the reason."),
            _('End with `return images, "a"`, with the letter that you can defend.'),
        )
    return result[0], result[1]


def _judge_why(letter: Any) -> None:
    """Raise `Wrong` unless the letter names why calibration on a wrong range ruins a network."""
    given = letter.strip().lower() if isinstance(letter, str) else letter
    if given == "b":
        return
    wrong = {
        "a": (
            "blames-the-weights",
            _("The weights get their scales from themselves: calibration never touches them."),
        ),
        "c": (
            "blames-the-file",
            _("The file is sound: it loads, and it is as large and as fast as the good one."),
        ),
        "d": (
            "blames-eight-bits",
            _("The good file has eight bits as well, and it keeps many more answers."),
        ),
    }
    if given not in wrong:
        raise Wrong(
            "no-such-reason",
            _("Images and reason are wanted: the reason is one of the letters a, b, c and d."),
            _('End with `return images, "a"`, with the letter that you can defend.'),
        )
    raise Wrong(*wrong[given], _("What does the converter learn from calibration images?"))
