"""What goes wrong when people compare and choose, and how it shows.

Each function compares a student's answer with the right one; where they differ it looks for the
misconception that would give just this answer, and raises `Wrong` with its name. The checks of
lesson 24 use them.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab import workshop
from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number, with_unit
from edgelab.records import Comparison

_ROUNDING = 0.03  # figures may be written with two digits


def judge_gain(got: float, before: float, after: float) -> None:
    """Raise `Wrong` unless got = before / after."""
    if near(got, before / after):
        return
    if before < after and near(got, after / before):
        raise Wrong(
            "hides-losses",
            _(
                "From {before} to {after} something was lost, and your gain is still above 1."
            ).format(before=format_number(before), after=format_number(after)),
            _("Divide the old value by the new one, whichever is larger."),
        )
    if near(got, after / before):
        raise Wrong(
            "upside-down",
            _("That is the share that is left: {got} of the old value.").format(
                got=format_number(got)
            ),
            _("A gain is above 1 when the new value is smaller: swap the two."),
        )
    if near(got, before - after):
        raise Wrong(
            "difference",
            _("You subtract: the result has a unit, and a large network always wins."),
            _("A gain is a ratio: divide."),
        )
    saved = (before - after) / before
    if near(got, saved) or near(got, 100 * saved):
        raise Wrong(
            "share-saved",
            _("That is the share that was saved. Four times less is 75 % saved, not 4."),
            _("How often does the new value fit into the old one?"),
        )
    if near(got, math.floor(before / after)) or near(got, round(before / after)):
        raise Wrong(
            "rounded",
            _("The gain is rounded to a whole number: 1.5 and 0.25 are gains too."),
            _("Use `/`, and leave the rounding to the table."),
        )
    raise Wrong(
        "wrong-gain",
        _("From {before} to {after} the gain is {right}; yours is {got}.").format(
            before=format_number(before),
            after=format_number(after),
            right=format_number(before / after),
            got=format_number(got),
        ),
        _("Old value over new value."),
    )


def judge_factors(got: Any, values: Any) -> None:
    """Raise `Wrong` unless got holds the gain of each step between neighbouring values."""
    import numpy as np

    right = values[:-1] / values[1:]
    if got.shape == right.shape and np.allclose(got, right):
        return
    if got.size in (len(values), len(values) - 1) and _all_near(
        got, values[0] / values[-got.size :]
    ):
        raise Wrong(
            "all-from-the-first",
            _(
                "Each of your numbers counts from the very first value, so later ones hold the earlier "
                "steps once more."
            ),
            _("Divide each value by the one after it, not the first by each."),
        )
    if got.shape == right.shape and np.allclose(got, 1 / right):
        raise Wrong(
            "upside-down",
            _("Each step is upside down: 200 → 100 is a gain of 2, not of 0.5."),
            _("Before over after, as in exercise 1."),
        )
    if got.shape == right.shape and _all_near(np.abs(got), np.abs(values[:-1] - values[1:])):
        raise Wrong(
            "difference",
            _("You subtract; differences add up, and factors multiply."),
            _("Divide each value by the one after it."),
        )
    if got.size == 1:
        raise Wrong(
            "whole-only",
            _("You give one number for the whole way; each step is wanted."),
            _("Between {n} values there are {steps} steps.").format(
                n=len(values), steps=len(values) - 1
            ),
        )
    if got.shape != right.shape:
        raise Wrong(
            "wrong-count",
            _("Between {n} values there are {steps} steps; you give {got} numbers.").format(
                n=len(values), steps=len(values) - 1, got=got.size
            ),
            _("Pair each value with the next: `zip(values, values[1:])`."),
        )
    raise Wrong(
        "wrong-factors",
        _("Multiply your factors: {whole} must come out, and {got} does.").format(
            whole=format_number(values[0] / values[-1]), got=format_number(float(np.prod(got)))
        ),
        _("Divide each value by the one after it."),
    )


def judge_verdicts(given: Any, count: int) -> None:
    """Raise `Wrong` where true or false came back instead of a share, once or for each image."""
    import numpy as np

    verdicts = np.asarray(given)
    if verdicts.dtype != bool:
        return
    if verdicts.shape == (count,):
        raise Wrong(
            "not-averaged",
            _("You give true or false for each image; their share is wanted."),
            _("`.mean()` of trues and falses is the share of trues."),
        )
    raise Wrong(
        "no-axis",
        _("Without an axis, `argmax` looks at all images together and gives one place."),
        _("Each image has its own answer: `axis=1`."),
    )


def judge_agreement(got: float, right: float, a: Any, b: Any) -> None:
    """Raise `Wrong` unless got is the share of rows in which a and b have the same largest column."""
    import numpy as np

    if near(got, right):
        return
    if near(got, 100 * right):
        raise Wrong(
            "percent",
            _("That is in percent; a share lies between 0 and 1."),
            _("Leave out the 100."),
        )
    if near(got, right * len(a)):
        raise Wrong(
            "count",
            _("That is the number of images; their share is wanted."),
            _("Divide by the number of images, or use `.mean()`."),
        )
    if near(got, 1 - right):
        raise Wrong(
            "disagreement",
            _("That is the share of images on which the two differ."),
            _("Count the equal answers: `==`."),
        )
    columns = float((a.argmax(axis=0) == b.argmax(axis=0)).mean())
    if near(got, columns):
        raise Wrong(
            "wrong-axis",
            _("You look for the image with the largest output of each class."),
            _("The classes are the second axis: `axis=1`."),
        )
    if near(got, float((a == b).mean())) or near(got, float(np.isclose(a, b).mean())):
        raise Wrong(
            "compares-outputs",
            _("You compare the outputs themselves. Rounding changes all of them a little."),
            _("Compare which class has the largest output."),
        )
    raise Wrong(
        "wrong-share",
        _("{same} of {n} images have the same answer; your share is {got}.").format(
            same=round(right * len(a)), n=len(a), got=format_number(got)
        ),
        _("Find the class of each image in both, then the share of equal ones."),
    )


def judge_limit(result: Comparison, name: str, download_mb: float) -> None:
    """Raise `Wrong` where the chosen model breaks the brief, or nothing measured speaks for it."""
    chosen = result[name]
    if chosen.weights == "none":
        raise Wrong(
            "untrained",
            _("{name} has no trained weights here: its answers mean nothing.").format(name=name),
            _("The column “Weights” tells which networks were trained."),
        )
    fits = workshop.fitting(result, download_mb * 1e6)
    if name not in [fitting_name for fitting_name, _size, _latency in fits]:
        assert chosen.size is not None  # every candidate of a comparison has one
        raise Wrong(
            "too-large",
            _("{name} takes {got} MB to download; {limit} MB are allowed.").format(
                name=name,
                got=format_number(chosen.size.gzip_bytes / 1e6),
                limit=format_number(download_mb),
            ),
            _("A download is compressed: look at the compressed size (gzip)."),
        )
    better = workshop.rivals(result, name, download_mb * 1e6)
    if better:
        raise Wrong(
            "beaten-by-another",
            _(
                "{other} is faster and takes no more to download: nothing that you measured speaks for "
                "{name}."
            ).format(other=better[0], name=name),
            _("Which of those that fit is the best in one thing at least?"),
        )


def judge_figures(result: Comparison, name: str, download_mb: float, latency_ms: float) -> None:
    """Raise `Wrong` unless both figures are those of the comparison, up to rounding."""
    chosen = result[name]
    assert chosen.size is not None  # `judge_limit` saw to it
    assert chosen.latency is not None
    size, median_ms = chosen.size, chosen.latency.median_ms
    if not _close(download_mb, size.gzip_bytes / 1e6):
        if _close(download_mb, size.file_bytes / 1e6):
            raise Wrong(
                "file-instead-of-download",
                _("{got} MB is the file on disk; a download is compressed.").format(
                    got=format_number(download_mb)
                ),
                _("Take `size_gzip_bytes`."),
            )
        if _close(download_mb, size.gzip_bytes) or _close(download_mb, size.gzip_bytes / 1e3):
            raise Wrong(
                "wrong-unit",
                _("The download is wanted in MB; yours is in bytes or kB."),
                _("1 MB is 1,000,000 bytes."),
            )
        raise Wrong(
            "not-your-size",
            _("You measured {right} MB for the download of {name}, not {got}.").format(
                right=format_number(size.gzip_bytes / 1e6),
                name=name,
                got=format_number(download_mb),
            ),
            _("Take the figures from `result`."),
        )
    if not _close(latency_ms, median_ms):
        raise Wrong(
            "not-your-latency",
            _("You measured {right} for one image of {name}, not {got}.").format(
                right=with_unit(median_ms, "ms"), name=name, got=with_unit(latency_ms, "ms")
            ),
            _("Take the figures from `result`."),
        )


def near(got: float, wanted: float) -> bool:
    """Tell whether two numbers are the same up to rounding errors."""
    return math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-9)


def _all_near(got: Any, wanted: Any) -> bool:
    import numpy as np

    return np.shape(got) == np.shape(wanted) and bool(np.allclose(got, wanted))


def _close(got: float, wanted: float) -> bool:
    return math.isclose(got, wanted, rel_tol=_ROUNDING)
