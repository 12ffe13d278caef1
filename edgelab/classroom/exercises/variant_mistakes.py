"""What goes wrong when people choose a variant, and when they believe a network (exercises 23.4, 23.5).

A choice is compared with the student's own measurements; a picture is shown to EfficientNet-Lite0.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number, with_unit
from edgelab.records import Comparison
from edgelab.reporting import variants

# A figure may be written with two digits, and the share of time is taken over rounds, not medians.
_ROUNDING = 0.03
_MORE_WORK = 1.02

FEW_COLOURS = 8
SURE = 0.5
_RIGHT_LETTER = "a"


def judge_limits(result: Comparison, name: str, whole: str) -> None:
    """Raise `Wrong` where the chosen variant breaks the brief, or another serves it better."""
    chosen = result[name]
    assert chosen.size is not None  # every candidate of a comparison has one
    if variants.family(name) != variants.family(whole):
        raise Wrong(
            "another-family",
            _("{name} is another architecture: its work says nothing about its answers.").format(
                name=name
            ),
            _("The brief asks for a variant of {family}.").format(family=variants.family(whole)),
        )
    if chosen.size.file_bytes > variants.FILE_BYTES:
        raise Wrong(
            "file-too-large",
            _("The file of {name} has {got} MB; {limit} MB are allowed.").format(
                name=name,
                got=format_number(chosen.size.file_bytes / 1e6),
                limit=format_number(variants.FILE_BYTES / 1e6),
            ),
            _("Which of the two knobs makes the file smaller?"),
        )
    share = variants.shares_of_time(result, whole)[name]
    if share > variants.SHARE_OF_TIME * (1 + _ROUNDING):
        raise Wrong(
            "too-slow",
            _("{name} takes {got} % of the whole network's time; {limit} % are allowed.").format(
                name=name,
                got=format_number(100 * share),
                limit=format_number(100 * variants.SHARE_OF_TIME),
            ),
            _("Look at the latency of {whole}: what is half of it?").format(whole=whole),
        )
    best = variants.fitting(result, whole)[0]
    if (best.macs or 0) > _MORE_WORK * (chosen.macs or 0):
        raise Wrong(
            "less-work-than-another",
            _("{other} keeps both limits as well, and does more work.").format(other=best.name),
            _("Of those that are left, the brief asks for the one with the most MACs."),
        )


def judge_figures(result: Comparison, name: str, latency_ms: float, million_macs: float) -> None:
    """Raise `Wrong` unless both figures are those of the comparison, up to rounding."""
    chosen = result[name]
    assert chosen.latency is not None  # a comparison timed it
    median_ms, work = chosen.latency.median_ms, (chosen.macs or 0) / 1e6
    if not _close(latency_ms, median_ms):
        raise Wrong(
            "not-your-latency",
            _("You measured {right} for one image of {name}, not {got}.").format(
                right=with_unit(median_ms, "ms"), name=name, got=with_unit(latency_ms, "ms")
            ),
            _("Take the figures from `result`."),
        )
    if _close(million_macs, 1e6 * work):
        raise Wrong(
            "wrong-unit",
            _("The work is wanted in millions of MACs; yours are single ones."),
            _("Divide by 1,000,000."),
        )
    if not _close(million_macs, work):
        raise Wrong(
            "not-your-work",
            _("{name} takes {right} million MACs, not {got}.").format(
                name=name, right=format_number(work), got=format_number(million_macs)
            ),
            _("Take `macs` of the measurement, divided by a million."),
        )


def judge_picture(picture: Any, size: int) -> tuple[str, float]:
    """Raise `Wrong` unless a picture of no thing makes the network sure; return what it says."""
    import numpy as np

    picture = np.asarray(picture)
    if picture.shape != (size, size, 3):
        raise Wrong(
            "wrong-shape",
            _("The network takes pictures of shape {wanted}; yours has {got}.").format(
                wanted=(size, size, 3), got=picture.shape
            ),
            _("`np.zeros((size, size, 3), np.uint8)` is a black one to start from."),
        )
    if picture.dtype != np.uint8:
        raise Wrong(
            "not-bytes",
            _("A picture consists of bytes, 0 to 255; yours has the type {dtype}.").format(
                dtype=f"`{picture.dtype}`"
            ),
            _("End with `.astype(np.uint8)`."),
        )
    colours = len(np.unique(picture.reshape(-1, 3), axis=0))
    if colours > FEW_COLOURS:
        raise Wrong(
            "too-many-colours",
            _("Your picture has {n} colours, so it may well show something.").format(n=colours),
            _("Draw it yourself, with {n} colours at most.").format(n=FEW_COLOURS),
        )
    answer, probability = says(picture)
    if probability < SURE:
        raise Wrong(
            "not-sure-enough",
            _("The network says “{answer}”, and is {got} % sure; {limit} % are wanted.").format(
                answer=answer,
                got=format_number(100 * probability, 2),
                limit=format_number(100 * SURE),
            ),
            _("Repeat something: a grid, a chessboard, rings. Change widths and colours."),
        )
    return answer, probability


def judge_letter(letter: Any) -> None:
    """Raise `Wrong` unless the letter names why the network is sure of a picture of no thing."""
    wrong = {
        "b": (
            "sees-the-thing",
            _("A few lines are no thing. A texture like the class's was enough."),
        ),
        "c": (
            "blames-rounding",
            _("The check asks the float network: nothing is rounded there."),
        ),
        "d": (
            "blames-the-size",
            _("Your picture has exactly the size that the network was trained on."),
        ),
    }
    given = letter.strip().lower() if isinstance(letter, str) else letter
    if given == _RIGHT_LETTER:
        return
    if not isinstance(given, str) or given not in wrong:
        raise Wrong(
            "no-such-reason",
            _("Picture and reason are wanted: the reason is one of the letters a, b, c and d."),
            _('End with `return picture, "…"`: your letter, one that you can defend.'),
        )
    raise Wrong(*wrong[given], _("What do all probabilities of one picture add up to?"))


def says(picture: Any) -> tuple[str, float]:
    """Return EfficientNet-Lite0's first answer to a picture, with its probability."""
    from edgelab import evaluate, models

    logits = evaluate.predict(_network(), models.preprocess("efficientnet_lite0", picture))
    return models.top(logits, n=1)[0][0]


@functools.cache
def _network() -> Any:
    """Return the float network as a file; it is made when first wanted, and kept."""
    from edgelab import convert, models

    return convert.kept_tflite(models.efficientnet_lite0())


def _close(got: float, wanted: float) -> bool:
    return math.isclose(got, wanted, rel_tol=_ROUNDING)
