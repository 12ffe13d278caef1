"""Lesson 24: compare and choose.

The functions that students write, and how the checks call them:

    24.1 gain          gain(before, after)            → how many times less
    24.2 factors       factors(latencies_ms)          → the gain of each step, a list
    24.3 same answer   share_of_same(a, b)            → share of images with the same class, 0 to 1
    24.4 break it      wrong_calibration(pixels)      → (calibration images that ruin the network, reason)
    24.5 choice        choice(result)                 → (name, MB to download, ms, reason)
    24.6 front         beats(a, b)                    → whether a beats b, from lists of figures
    24.7 combination   combination(result)            → (name, kB to download, accuracy in %, reason)

The checks of the two choices look at the latest comparison of that kind in the student's own journal.
They check that the choice keeps the limits, in 24.5 also that no other is better in everything
measured, and that the figures are the measured ones; they do not judge the reason.
"""

from __future__ import annotations

from typing import Any

from edgelab import records, workshop
from edgelab.classroom import questions
from edgelab.classroom.exercises.answers import Answer, Wrong, as_array, as_number
from edgelab.classroom.exercises.combining_mistakes import (
    judge_beats,
    judge_own_figures,
    judge_split,
    judge_wish,
)
from edgelab.classroom.exercises.comparing_mistakes import (
    judge_agreement,
    judge_factors,
    judge_figures,
    judge_gain,
    judge_limit,
    judge_verdicts,
    judge_why_ruined,
)
from edgelab.classroom.exercises.defended import chosen, judge_reason
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.language import N_, _, with_unit
from edgelab.classroom.questions import Option
from edgelab.errors import EdgelabError
from edgelab.records import Comparison
from edgelab.reporting import pareto

DOWNLOAD_LIMIT_MB = 20.0  # of the brief in exercise 24.5
# Of the brief in exercise 24.7: bytes to download, share of right answers on validation.
COMBINED_LIMITS = {"size_gzip_bytes": 20_000.0, "accuracy": 0.93}
COMBINED_GOAL = "latency_ms"
COMBINED = "PCQAT int8"  # every comparison of combinations holds it
# A range this many times too wide leaves the network a few codes; one this much too narrow cuts all off.
_FAR = 8.0
_MOST = 255.0
# In exercise 24.3: other than the numbers of images, so that shares of rows and of columns differ.
_CLASSES = 7


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
    for before, after in ((200.0, 50.0), (7.0, 4.0), (10.0, 40.0)):
        got = answer.number(before, after)
        judge_gain(got, before, after)
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
        judge_factors(got, np.array(values))
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
    for count, flipped in ((10, 3), (9, 0), (5, 5)):
        # The same class is largest, and nothing else is alike: not the outputs, not their order. In
        # the flipped rows it is the next class.
        a, b = generator.normal(size=(2, count, _CLASSES))
        winners = (a.argmax(axis=1) + (np.arange(count) < flipped)) % _CLASSES
        b[np.arange(count), winners] = b.max(axis=1) + 1
        given = answer(a, b)
        judge_verdicts(given, count)
        judge_agreement(as_number(given), workshop.share_of_same(a, b), a, b)
    return _("Only the largest output of each image decides; its value may change.")


@exercise(
    "24.4 break it",
    N_("Calibration images that ruin a network, and why"),
    hints=(
        N_(
            "Calibration finds the range of the values. What happens to a photograph between −1 and 1 "
            "if the range was found on values up to 255?"
        ),
        N_(
            "Forget what `models.preprocess` does: give the photographs back as they are. For the "
            "letter: lesson 20 shows a picture after a scale that is far too large."
        ),
    ),
)
def break_it(answer: Answer) -> str:
    """Check calibration images that a converter takes, in a range that is far from the network's."""
    import numpy as np

    from edgelab import models

    pixels = np.random.default_rng(24).uniform(0, 255, (4, 8, 8, 3)).astype(np.float32)
    given, letter = _images_and_reason(answer(pixels))
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
    judge_why_ruined(letter)
    return _("The converter will take it without a word. What does the network say then?")


@exercise(
    "24.5 choice",
    N_("A choice under a limit, defended"),
    hints=(
        N_(
            "Cross out what is too large to download and what was never trained. What is each of "
            "those that are left best at?"
        ),
        N_(
            "Look at `size_gzip_bytes`, `weights` and `latency_ms` of each `result.measurements`. Take "
            "the smallest, or the fastest, or the float file for its answers, and name in your sentence "
            "what another one would have given you."
        ),
    ),
    measured=True,
)
def choice(answer: Answer) -> str:
    """Check a choice against the student's own measurements: the limit, the rivals, the figures."""
    result = latest_comparison()
    name, download_mb, latency_ms, reason = chosen(
        answer(result),
        result,
        _("Four things are wanted: name, MB to download, milliseconds, reason."),
        _("`return name, download_mb, latency_ms, reason`"),
    )
    judge_limit(result, name, DOWNLOAD_LIMIT_MB)
    judge_figures(result, name, as_number(download_mb), as_number(latency_ms))
    judge_reason(
        reason,
        _("The figures are right. Why this model and no other? One sentence is missing."),
        _("Which candidates did you cross out, and what does your choice cost against the rest?"),
    )
    return " ".join(
        (
            _("It keeps the limit, and the figures are those that you measured."),
            *_others(result, name),
        )
    )


def _images_and_reason(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(
            "not-a-pair",
            _("Two results are wanted: the images, and the letter of the reason."),
            _('End with `return images, "a"`, with the letter that you can defend.'),
        )
    return result[0], result[1]


def _others(result: Comparison, name: str) -> list[str]:
    """Return a sentence about the other choices that can be defended, if there are any."""
    limit_bytes = DOWNLOAD_LIMIT_MB * 1e6
    told = [
        f"{other} ({with_unit(size.gzip_bytes / 1e6, 'MB')}, {with_unit(latency.median_ms, 'ms')})"
        for other, size, latency in workshop.fitting(result, limit_bytes)
        if other != name and not workshop.rivals(result, other, limit_bytes)
    ]
    if not told:
        return []
    text = _(
        "Defensible too: {others}. Does your sentence say what your choice costs against that?"
    )
    return [text.format(others=", ".join(told))]


@exercise(
    "24.6 front",
    N_("When one model beats another"),
    hints=(
        N_("Nobody would choose b when a is nowhere worse. And if both are equal?"),
        N_(
            "`all(x <= y for x, y in zip(a, b)) and any(x < y for x, y in zip(a, b))`, small being good."
        ),
    ),
)
def front(answer: Answer) -> str:
    """Check Pareto dominance: nowhere worse, somewhere better."""
    judge_beats(answer)
    return _("What nobody beats is the front: there, every gain costs something.")


@exercise(
    "24.7 combination",
    N_("A combination under two limits, defended"),
    hints=(
        N_(
            "Two limits cross out some models. Of those that are left, which one is fastest? If none "
            "is left, which one has the smallest sum of missed shares?"
        ),
        N_(
            "`found = pareto.choose(result, goal, limits)`, with `goal` and `limits` as above, names "
            "it; `result[found.name]` has its figures."
        ),
    ),
    measured=True,
)
def combination(answer: Answer) -> str:
    """Check a choice among combinations against the student's own measurements."""
    result = latest_combinations()
    judge_split(result)
    name, size_kb, accuracy, reason = chosen(
        answer(result),
        result,
        _("Four things are wanted: name, kB to download, accuracy in percent, reason."),
        _("`return name, size_kb, accuracy, reason`"),
    )
    wish = pareto.choose(result, COMBINED_GOAL, COMBINED_LIMITS)
    judge_wish(name, wish)
    judge_own_figures(result, name, as_number(size_kb), as_number(accuracy))
    judge_reason(
        reason,
        _("The figures are right. Why this model and no other? One sentence is missing."),
        _("Which candidates did you cross out, and what decided between the rest?"),
    )
    if not wish.satisfied:
        return _(
            "Nothing keeps both limits here; yours comes nearest, and you can say by how much."
        )
    return _("It keeps both limits, and the figures are those that you measured.")


def latest_combinations() -> Comparison:
    """Return the journal's latest comparison of combinations.

    Raises:
        Wrong: there is none yet.
    """
    for record in reversed(records.history("comparison")):
        try:
            found = Comparison.from_dict(record.payload)
        except (EdgelabError, KeyError, TypeError):
            continue  # of another version of the course
        if COMBINED in found.names:
            return found
    raise Wrong(
        "nothing-measured",
        _("Your journal holds no comparison yet that one could choose from."),
        _("Run the cell that compares the networks, then this one."),
    )


def latest_comparison() -> Comparison:
    """Return the journal's latest comparison that holds the workshop's networks.

    Raises:
        Wrong: there is none yet.
    """
    limit_bytes = DOWNLOAD_LIMIT_MB * 1e6
    for record in reversed(records.history("comparison")):
        try:
            found = Comparison.from_dict(record.payload)
        except (EdgelabError, KeyError, TypeError):
            continue  # of another version of the course
        if set(workshop.WAY) <= set(found.names) and workshop.fitting(found, limit_bytes):
            return found
    raise Wrong(
        "nothing-measured",
        _("Your journal holds no comparison yet that one could choose from."),
        _("Run the cell that compares the networks, then this one."),
    )


questions.define(
    "24.q1",
    N_(
        "A slide says: “Quantization made our network twenty times faster.” Before: a float ResNet50 "
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
    N_("An int8 network agrees with its float version on 85 of 100 views. What follows?"),
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
        N_("Nothing, since 100 views are too few for any statement."),
        N_(
            "The interval says how much 100 independent images would tell. Views of few pictures tell "
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
        N_("An integer routine takes the same time whatever its numbers are."),
    ),
    Option(
        N_("Only its answers, compared with those of the float network."),
        N_(
            "A table of size and speed ranks a broken network like a sound one: look at answers too."
        ),
        right=True,
    ),
)

questions.define(
    "24.q4",
    N_("A pruned int8 file is as large as any int8 file, and far smaller once compressed. Why?"),
    Option(
        N_("The converter leaves the zeros out of the file."),
        N_("It writes every weight, zero or not: one byte each."),
    ),
    Option(
        N_("Zeros are bytes like others; compression writes runs and frequent values shorter."),
        N_("So it counts for a download, and neither for flash without compression nor for speed."),
        right=True,
    ),
    Option(
        N_("Compression rounds the weights once more."),
        N_("Gzip is exact: every byte comes back."),
    ),
)
