"""Lesson 10: measuring by hand.

The functions that students write, and how the checks call them:

    10.1 median       median_ms(inference, warmup, runs, clock)     → milliseconds
    10.2 percentile   chance_of_too_few(percentile, runs)           → a chance, 0 to 1
    10.3 break it     broken(plan)                                  → (plan, rule)
    10.4 macs         macs_of(kernel shape, output shape)           → a count
    10.5 baseline     baseline()                                    → (row, letter)

Nothing is timed here: the first check brings its own network and its own clock.
"""

from __future__ import annotations

from edgelab.classroom.exercises.answers import Answer, Wrong, as_number
from edgelab.classroom.exercises.counting_mistakes import judge_chance, judge_macs
from edgelab.classroom.exercises.fairness_mistakes import judge_plan
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.exercises.timing_mistakes import Bench, judge_bench
from edgelab.classroom.language import N_, _
from edgelab.measuring import stopwatch

# Cold runs, then warm ones whose median, mean, extremes and last are all different.
_BENCHES = (
    Bench(cold=(50, 48, 47, 46, 45), warm=(4, 2.1, 2.2, 3.3, 2.5, 30, 2.4, 3.6, 5)),
    Bench(cold=(90, 80, 70), warm=(9, 6, 20, 6.5, 7)),
)


@exercise(
    "10.1 median",
    N_("A stopwatch with warm-up"),
    hints=(
        N_(
            "Two loops, one after the other: in the first nothing is timed. In the second, where does "
            "the clock have to be read so that one run lies between two readings?"
        ),
        N_(
            "In the second loop: `start = clock()`, then `inference()`, then append "
            "`(clock() - start) * 1e3` to a list. At the end `return median(times)`."
        ),
    ),
)
def median(answer: Answer) -> str:
    """Check a timing loop against a network and a clock that are made up."""
    for bench in _BENCHES:
        network = bench.network()
        got = as_number(answer(network, len(bench.cold), len(bench.warm), network.clock))
        judge_bench(got, bench, network)
    return _("The warm-up is left out, and one slow run among many does not move your result.")


@exercise(
    "10.2 percentile",
    N_("When may a percentile be shown?"),
    hints=(
        N_(
            "All runs faster: the same chance, multiplied with itself `runs` times. Exactly one "
            "slower: which of the runs may it be? Count the possibilities."
        ),
        N_(
            "The sum of `faster ** runs` and `runs * (1 - faster) * faster ** (runs - 1)`: any one "
            "of the runs is slower, and all the others are faster."
        ),
    ),
)
def percentile(answer: Answer) -> str:
    """Check the chance that at most one of n runs lies beyond a percentile."""
    for share, runs in ((90, 20), (50, 4), (99, 300), (95, 2)):
        judge_chance(answer.number(share, runs), share / 100, runs)
    return _("A rare event needs many runs before a sample is likely to hold two of it.")


@exercise(
    "10.3 break it",
    N_("Spoil a fair comparison, and say why"),
    hints=(
        N_(
            "What would make A's timed runs slower than B's although the file is the same? Or what "
            "would make one lucky load decide everything?"
        ),
        N_(
            'For instance `plan["loads"] = 1`, or a warm-up such as `(0, 20)`, or the other order. '
            "Then return `plan, rule`, with the rule that belongs to the entry."
        ),
    ),
)
def break_it(answer: Answer) -> str:
    """Check that exactly one entry of a fair plan is spoiled, and that the reason fits."""
    return judge_plan(answer(dict(stopwatch.FAIR)), dict(stopwatch.FAIR))


@exercise(
    "10.4 macs",
    N_("The multiply-accumulates of a convolution"),
    hints=(
        N_(
            "How many weights does the kernel have? At one position, each makes one MAC. How many "
            "positions does the output have?"
        ),
        N_("Product of all four kernel numbers × output height × output width."),
    ),
)
def macs(answer: Answer) -> str:
    """Check a count of multiply-accumulates for ordinary, pointwise and depthwise kernels."""
    # The output is smaller than the input would be (stride 2), and not square.
    for kernel, output in (
        ((3, 3, 3, 32), (48, 56, 32)),
        ((1, 1, 16, 96), (7, 5, 96)),
        ((5, 5, 24, 1), (14, 10, 24)),
    ):
        judge_macs(answer.number(kernel, output), kernel, output)
    return _("Every weight is used once at every position of the output, whatever the kernel.")


@exercise(
    "10.5 baseline",
    N_("Choose a baseline, and defend it"),
    hints=(
        N_(
            "A ratio belongs to whatever differs between its two sides. How many things may differ?"
        ),
        N_(
            "The optimised file runs in LiteRT. Which row differs from it in the numbers only, 32 bits "
            "instead of 8? Give back its name and the letter of that reason."
        ),
    ),
)
def baseline(answer: Answer) -> str:
    """Check the choice of the reference for an optimised LiteRT file, and its reason."""
    given = answer()
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Wrong(
            "not-a-pair",
            _("Your function should give two things: the name of a row, and a letter."),
            _('For instance `return "predict()", "d"`, with your own choice.'),
        )
    row, letter = (str(part).strip().lower() for part in given)
    reasons = {
        "a": ("popular", _("That many people do it does not make it the same runtime.")),
        "c": (
            "largest-gain",
            _("A slow reference shows a large number; most of it belongs to the call, not to the "
              "8 bits."),
        ),
        "d": (
            "fastest",
            _("The fastest row may be of another runtime: then the ratio mixes routines and bits."),
        ),
    }  # fmt: skip
    if letter in reasons:
        name, text = reasons[letter]
        raise Wrong(name, text, _("What may differ between the two sides of an honest ratio?"))
    if letter != "b":
        raise Wrong(
            "unknown-letter",
            _("The reasons are the letters a to d; yours is {letter}.").format(
                letter=f"`{letter}`"
            ),
            _("Give back the letter alone, as text."),
        )
    if row != "litert":
        raise Wrong(
            "another-runtime",
            _("The reason is right, and {row} does not fit it: the optimised file runs in LiteRT.")
            .format(row=f"`{given[0]}`"),
            _("Which row runs in the same runtime, with the same number of threads?"),
        )  # fmt: skip
    return _(
        "Same runtime, same threads, same image: what differs is the numbers, 8 bits instead of 32."
    )
