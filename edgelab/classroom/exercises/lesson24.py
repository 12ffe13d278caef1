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

from edgelab import workshop
from edgelab.classroom.exercises.answers import Answer, as_number
from edgelab.classroom.exercises.briefs import (
    COMBINED_GOAL,
    COMBINED_LIMITS,
    DOWNLOAD_LIMIT_MB,
    also_defensible,
    latest_combinations,
    latest_comparison,
)
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
)
from edgelab.classroom.exercises.defended import chosen, judge_reason
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.exercises.ruining_mistakes import judge_ruin
from edgelab.classroom.language import N_, _
from edgelab.reporting import pareto

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

    pixels = np.random.default_rng(24).uniform(0, 255, (4, 8, 8, 3)).astype(np.float32)
    judge_ruin(answer(pixels), pixels)
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
            *also_defensible(result, name),
        )
    )


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
