"""Lesson 24: compare and choose.

The functions that students write, and how the checks call them:

    24.1 gain          gain(before, after)            → how many times less
    24.2 factors       factors(latencies_ms)          → the gain of each step, a list
    24.3 same answer   share_of_same(a, b)            → share of images with the same class, 0 to 1
    24.4 break it      wrong_calibration(photos)      → calibration images that ruin the network
    24.5 choice        choice(result)                 → (name, MB to download, ms, reason)

The last check looks at the latest comparison in the student's own journal. It checks that the choice
keeps the limit and that the figures are the measured ones; it does not judge the reason.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab import rebase, records, workshop
from edgelab.classroom import questions
from edgelab.classroom.exercises.answers import Answer, Wrong, as_array, as_number
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.language import N_, _, format_number, with_unit
from edgelab.classroom.questions import Option
from edgelab.errors import EdgelabError
from edgelab.records import Comparison

DOWNLOAD_LIMIT_MB = 6.0  # of the brief in exercise 24.5
_ROUNDING = 0.03  # figures may be written with two digits
_REASON_WORDS = 4


@exercise(
    "24.1 gain",
    N_("How many times less"),
    hints=(
        N_("200 becomes 50. How often does the new value fit into the old one?"),
        N_("`before / after`: above 1 something was won, below 1 it was lost."),
    ),
)
def gain(answer: Answer) -> str:
    """Check the gain of a time or a size: old over new."""
    for before, after in ((200.0, 50.0), (3.0, 2.0), (10.0, 40.0)):
        got = answer.number(before, after)
        if _near(got, before / after):
            continue
        if _near(got, after / before):
            raise Wrong(
                "upside-down",
                _("That is the share that is left: {got} of the old value.").format(
                    got=format_number(got)
                ),
                _("A gain is above 1 when the new value is smaller: swap the two."),
            )
        if _near(got, before - after):
            raise Wrong(
                "difference",
                _("You subtract: the result has a unit, and a large network always wins."),
                _("A gain is a ratio: divide."),
            )
        saved = (before - after) / before
        if _near(got, saved) or _near(got, 100 * saved):
            raise Wrong(
                "share-saved",
                _("That is the share that was saved. Four times less is 75 % saved, not 4."),
                _("How often does the new value fit into the old one?"),
            )
        if _near(got, math.floor(before / after)) or _near(got, round(before / after)):
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
    return _("Above 1 is won, below 1 is lost, and the unit is gone.")


@exercise(
    "24.2 factors",
    N_("The steps of a headline"),
    hints=(
        N_("Each step has a value before and a value after it. Which pairs are these?"),
        N_("`[before / after for before, after in zip(values, values[1:])]`"),
    ),
)
def factors(answer: Answer) -> str:
    """Check stepwise gains: neighbours, old over new, so that the product is the whole."""
    import numpy as np

    for values in ([200.0, 100.0, 20.0], [120.0, 90.0, 60.0, 75.0, 15.0]):
        got = answer.array(list(values))
        each = np.array(values)
        right = each[:-1] / each[1:]
        if got.shape == right.shape and np.allclose(got, right):
            continue
        if got.size in (len(values), len(values) - 1) and _all_near(
            got, each[0] / each[-got.size :]
        ):
            raise Wrong(
                "all-from-the-first",
                _("Each of your numbers counts from the very first value, so later ones hold the "
                  "earlier steps once more."),
                _("Divide each value by the one after it, not the first by each."),
            )  # fmt: skip
        if got.shape == right.shape and np.allclose(got, 1 / right):
            raise Wrong(
                "upside-down",
                _("Each step is upside down: 200 → 100 is a gain of 2, not of 0.5."),
                _("Before over after, as in exercise 1."),
            )
        if got.shape == right.shape and _all_near(np.abs(got), np.abs(each[:-1] - each[1:])):
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
                whole=format_number(each[0] / each[-1]), got=format_number(float(np.prod(got)))
            ),
            _("Divide each value by the one after it."),
        )
    return _("Multiplied, your factors give the whole way: nothing is counted twice.")


@exercise(
    "24.3 same answer",
    N_("How often two networks agree"),
    hints=(
        N_("A network's answer is the class with the largest output. Which axis are the classes?"),
        N_("`(a.argmax(axis=1) == b.argmax(axis=1)).mean()`"),
    ),
)
def same_answer(answer: Answer) -> str:
    """Check the share of images with the same top class."""
    import numpy as np

    generator = np.random.default_rng(24)
    for count, flipped in ((10, 3), (7, 0), (5, 5)):
        a = generator.normal(size=(count, 4))
        # The same answers from other numbers, as after quantization; some answers are changed.
        b = 3 * a + 0.5
        b[:flipped] = -b[:flipped]
        got = answer.number(a, b)
        right = workshop.share_of_same(a, b)
        if _near(got, right):
            continue
        _judge_agreement(got, right, a, b)
    return _("Only the largest output of each image decides; its value may change.")


def _judge_agreement(got: float, right: float, a: Any, b: Any) -> None:
    import numpy as np

    if _near(got, 100 * right):
        raise Wrong(
            "percent",
            _("That is in percent; a share lies between 0 and 1."),
            _("Leave out the 100."),
        )
    if _near(got, right * len(a)):
        raise Wrong(
            "count",
            _("That is the number of images; their share is wanted."),
            _("Divide by the number of images, or use `.mean()`."),
        )
    if _near(got, 1 - right):
        raise Wrong(
            "disagreement",
            _("That is the share of images on which the two differ."),
            _("Count the equal answers: `==`."),
        )
    columns = float((a.argmax(axis=0) == b.argmax(axis=0)).mean())
    if _near(got, columns):
        raise Wrong(
            "wrong-axis",
            _("You look for the image with the largest output of each class."),
            _("The classes are the second axis: `axis=1`."),
        )
    if _near(got, float(a.argmax() == b.argmax())):
        raise Wrong(
            "no-axis",
            _("Without an axis, `argmax` looks at all images together and gives one place."),
            _("Each image has its own answer: `axis=1`."),
        )
    if _near(got, float((a == b).mean())) or _near(got, float(np.isclose(a, b).mean())):
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


@exercise(
    "24.4 break it",
    N_("Calibration images that ruin a network"),
    hints=(
        N_(
            "Calibration finds the range of the values. What happens to a photograph between −1 and 1 "
            "if the range was found on values up to 255?"
        ),
        N_("Forget what `models.preprocess` does: give the photographs back as they are."),
    ),
)
def break_it(answer: Answer) -> str:
    """Check calibration images that a converter takes, in a range that is far from the network's."""
    import numpy as np

    from edgelab import models

    photos = np.random.default_rng(24).uniform(0, 255, (4, 8, 8, 3)).astype(np.float32)
    given = answer(photos)
    got = as_array(given)
    if got.shape[1:] != photos.shape[1:] or got.ndim != 4:
        raise Wrong(
            "wrong-shape",
            _("The network takes images of shape {wanted}; yours have {got}.").format(
                wanted=photos.shape[1:], got=got.shape[1:]
            ),
            _("Keep the pictures whole, and change only their values."),
        )
    if np.asarray(given).dtype.kind != "f":
        raise Wrong(
            "integers",
            _("The converter refuses whole numbers: that would be noticed at once."),
            _("Give float32: `.astype(np.float32)`."),
        )
    wanted = models.preprocess("efficientnet_lite0", photos)
    reach = float(np.abs(got).max()) / float(np.abs(wanted).max())
    if 1 / _FAR < reach < _FAR:
        raise Wrong(
            "same-range",
            _("Your images have about the range that the network sees later, so the scales fit."),
            _("Which step between a photograph and the network could one forget?"),
        )
    return _("The converter will take it without a word. What does the network say then?")


_FAR = 8.0


@exercise(
    "24.5 choice",
    N_("A choice under a limit, defended"),
    hints=(
        N_("Cross out what is too large to download and what was never trained. Who is left?"),
        N_(
            "Look at `size_gzip_bytes`, `weights` and `latency_ms` of each `result.measurements`; of "
            "those that fit, take the one with the lowest latency."
        ),
    ),
)
def choice(answer: Answer) -> str:
    """Check a choice against the student's own measurements: the limit, the figures, the rival."""
    result = latest_comparison()
    given = answer(result)
    if not isinstance(given, tuple | list) or len(given) != 4:
        raise Wrong(
            "not-four",
            _("Four things are wanted: name, MB to download, milliseconds, reason."),
            _("`return name, download_mb, latency_ms, reason`"),
        )
    name, download_mb, latency_ms, reason = given
    if name not in result.names:
        raise Wrong(
            "unknown-model",
            _("{name} is not in your table.").format(name=f"`{name}`"),
            _("Copy the name from it: {names}.").format(names=", ".join(result.names)),
        )
    _judge_limit(result, name)
    _judge_figures(result, name, as_number(download_mb), as_number(latency_ms))
    if not isinstance(reason, str) or len(reason.split()) < _REASON_WORDS:
        raise Wrong(
            "no-reason",
            _("The figures are right. Why this model and no other? One sentence is missing."),
            _("Which candidates did you cross out, and what decided between the rest?"),
        )
    return _("It keeps the limit, and the figures are those that you measured.")


def latest_comparison() -> Comparison:
    """Return the journal's latest comparison that holds the workshop's networks.

    Raises:
        Wrong: there is none yet.
    """
    for record in reversed(records.history("comparison")):
        try:
            found = Comparison.from_dict(record.payload)
        except (EdgelabError, KeyError, TypeError):
            continue  # of another version of the course
        if workshop.fitting(found, DOWNLOAD_LIMIT_MB * 1e6) and len(found.names) > 2:
            return found
    raise Wrong(
        "nothing-measured",
        _("Your journal holds no comparison yet that one could choose from."),
        _("Run the cell that compares the networks, then this one."),
    )


def _judge_limit(result: Comparison, name: str) -> None:
    chosen = result[name]
    if chosen.weights == "none":
        raise Wrong(
            "untrained",
            _("{name} has no trained weights here: its answers mean nothing.").format(name=name),
            _("The column *weights* tells which networks were trained."),
        )
    fits = workshop.fitting(result, DOWNLOAD_LIMIT_MB * 1e6)
    if name not in [fitting_name for fitting_name, _size, _latency in fits]:
        assert chosen.size is not None  # every candidate of a comparison has one
        raise Wrong(
            "too-large",
            _("{name} takes {got} MB to download; {limit} MB are allowed.").format(
                name=name,
                got=format_number(chosen.size.gzip_bytes / 1e6),
                limit=format_number(DOWNLOAD_LIMIT_MB),
            ),
            _("A download is compressed: look at the column *gzip*."),
        )
    fastest = fits[0][0]
    if fastest != name and rebase.seen_from(name, result).ratio(fastest).verdict == "faster":
        raise Wrong(
            "slower-than-another",
            _("{other} fits as well, and is faster.").format(other=fastest),
            _("The brief asks for the lowest latency of those that fit."),
        )


def _judge_figures(result: Comparison, name: str, download_mb: float, latency_ms: float) -> None:
    chosen = result[name]
    assert chosen.size is not None  # `_judge_limit` saw to it
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


def _near(got: float, wanted: float) -> bool:
    return math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-9)


def _all_near(got: Any, wanted: Any) -> bool:
    import numpy as np

    return np.shape(got) == np.shape(wanted) and bool(np.allclose(got, wanted))


def _close(got: float, wanted: float) -> bool:
    return math.isclose(got, wanted, rel_tol=_ROUNDING)


questions.define(
    "24.q1",
    N_(
        "A slide says: “Quantization made our network forty times faster.” Before: a float ResNet50 "
        "through `predict()`. After: an int8 MobileNetV2 file in LiteRT. What is wrong?"
    ),
    Option(
        N_("Nothing: before and after were both measured."),
        N_("The figure may be true, its cause is not: four things changed at once."),
    ),
    Option(
        N_("It names one of four changes. The call, the runtime and the architecture changed too."),
        N_("Only the step from float to int8 of one network in one runtime is quantization's."),
        right=True,
    ),
    Option(
        N_("LiteRT is not as exact as Keras, so the two can't be compared."),
        N_("A float LiteRT file gives the same outputs up to rounding; each conversion checks it."),
    ),
)

questions.define(
    "24.q2",
    N_("An int8 network agrees with its float version on 85 of 100 crops. What follows?"),
    Option(
        N_("Its accuracy is 15 points lower."),
        N_(
            "Where the two differ, either may be right, or neither. Agreement needs no labels and is no "
            "accuracy."
        ),
    ),
    Option(
        N_("It answers differently now and then; how often it is right needs labelled images."),
        N_("Agreement shows change. Whether the change hurts is another measurement (lesson 20)."),
        right=True,
    ),
    Option(
        N_("Nothing, since 100 crops are too few for any statement."),
        N_(
            "The interval says how much 100 independent images would tell. Crops of few pictures tell "
            "less, but a collapse shows at once."
        ),
    ),
)

questions.define(
    "24.q3",
    N_("Calibrated on the wrong range, the network was useless. Which figure gave it away?"),
    Option(
        N_("The file size: broken weights compress differently."),
        N_("The weights are the same, only scales of activations differ: same size within bytes."),
    ),
    Option(
        N_("The latency: wrong numbers take longer."),
        N_("An integer kernel takes the same time whatever its numbers are."),
    ),
    Option(
        N_("Only its answers, compared with those of the float network."),
        N_(
            "A table of size and speed ranks a broken network like a sound one: look at answers too."
        ),
        right=True,
    ),
)
