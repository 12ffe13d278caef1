"""What goes wrong when chances and operations are counted, and how it shows (exercises 10.2 and 10.4).

Each function compares an answer with the right one; where they differ it looks for the misconception that
would give just this answer, and raises `Wrong` with its name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.exercises.timing_mistakes import near
from edgelab.classroom.language import _, format_number


def judge_chance(got: float, faster: float, runs: int) -> None:
    """Raise `Wrong` unless got is the chance of no or one slower run among several."""
    none = faster**runs
    one = runs * (1 - faster) * faster ** (runs - 1)
    if near(got, none + one):
        return
    if near(got, none):
        raise Wrong(
            "none-only",
            _("That is the chance that no run is slower. Exactly one is allowed as well."),
            _("Add the chance of exactly one."),
        )
    if near(got, one):
        raise Wrong(
            "one-only",
            _("That is the chance that exactly one run is slower. None at all is allowed as well."),
            _("Add the chance of none."),
        )
    if runs > 1 and any(
        near(got, first + (1 - faster) * faster ** (runs - 1)) for first in (none, 0.0)
    ):
        raise Wrong(
            "which-run",
            _("You let one certain run be the slow one; any of the {n} may be it.").format(n=runs),
            _("How many possibilities are there? Multiply."),
        )
    if near(got, none + runs * (1 - faster) * faster**runs):
        raise Wrong(
            "one-run-too-many",
            _("If one run is slower, only {n} of {all} are faster.").format(n=runs - 1, all=runs),
            _("Look at the exponent in the chance of exactly one."),
        )
    slower = 1 - faster
    swapped = slower**runs + runs * faster * slower ** (runs - 1)
    if faster != slower and near(got, swapped):
        raise Wrong(
            "swapped",
            _("Faster and slower are exchanged."),
            _("A p90 is a time that 90 of 100 runs stay below."),
        )
    if near(got, 1 - none - one):
        raise Wrong(
            "complement",
            _("That is the chance of the contrary: at least two runs are slower."),
            _("Subtract it from 1."),
        )
    if not 0 <= got <= 1:
        raise Wrong(
            "no-chance",
            _("A chance lies between 0 and 1; this one is {got}.").format(got=format_number(got)),
            _("Is `faster` a share such as 0.9, and not 90?"),
        )
    raise Wrong(
        "wrong-chance",
        _("For {n} runs and the p{p} the chance is {right}; yours is {got}.").format(
            n=runs, p=round(100 * faster), right=format_number(none + one), got=format_number(got)
        ),
        _("Try two runs by hand: none slower, or the first, or the second."),
    )


def judge_macs(got: float, kernel: Sequence[int], output: Sequence[int]) -> None:
    """Raise `Wrong` unless got is the kernel's weights times the output's positions."""
    weights, positions = math.prod(kernel), output[0] * output[1]
    right = weights * positions
    if near(got, right):
        return
    if near(got, weights * math.prod(output)):
        if kernel[-1] == 1:
            raise Wrong(
                "depthwise",
                _(
                    "Right for ordinary layers. A depthwise kernel says 1 where the output says more."
                ),
                _("Take all four numbers of the kernel, and only height and width of the output."),
            )
        raise Wrong(
            "filters-twice",
            _("The number of filters is in your product twice: once from each shape."),
            _("Of the output, only height and width count positions."),
        )
    if near(got, 2 * right):
        raise Wrong(
            "operations",
            _("You counted multiplications and additions: that is twice the MACs."),
            _("One MAC is one multiplication together with its addition."),
        )
    if near(got, weights):
        raise Wrong(
            "weights-only",
            _("These are the weights: the work at one position."),
            _("At how many positions is the kernel applied?"),
        )
    if near(got, positions) or near(got, math.prod(output)):
        raise Wrong(
            "output-only",
            _("This counts the numbers in the output. Each of them needs many MACs."),
            _("How many weights does one position use?"),
        )
    if any(near(got, weights * side) for side in (output[0], output[1], sum(output[:2]))):
        raise Wrong(
            "one-side",
            _("A position has a row and a column; you used one of them."),
            _("Multiply by height and width."),
        )
    if any(near(got, right / part) for part in kernel if part > 1):
        raise Wrong(
            "part-missing",
            _("One number of the kernel's shape is missing from your product."),
            _("All four belong to it: height, width, channels in, filters."),
        )
    if near(got, right + math.prod(output)):
        raise Wrong(
            "bias",
            _("You counted the bias as well. By custom it is left out: it is an addition only."),
            _("Leave it out."),
        )
    raise Wrong(
        "wrong-count",
        _("For kernel {kernel} and output {output} it is {right}; yours is {got}.").format(
            kernel=tuple(kernel), output=tuple(output), right=format_number(right, 12),
            got=format_number(got, 12),
        ),
        _("Start with one position of the output: how many weights does it use?"),
    )  # fmt: skip
