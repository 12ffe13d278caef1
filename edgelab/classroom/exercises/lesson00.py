"""Lesson 00: the first exercise, and what a journal is for.

    00.1 size       size_kb(parameters)       → kB of float32 parameters

It shows how a check answers, so it is meant to be easy.
"""

from __future__ import annotations

import math

from edgelab.classroom.exercises.answers import Answer, Wrong
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.language import N_, _, format_number

# Factor to the right answer → misconception: what seems to have happened, and what to try.
_MISTAKES = {
    1000 / 1024: (
        "kibibytes",
        N_("You divided by 1,024: those are kibibytes (KiB)."),
        N_("The course counts as disks and downloads do: 1 kB = 1,000 bytes."),
    ),
    1000: ("bytes", N_("These are bytes."), N_("Divide by 1,000 to get kB.")),
    1 / 1000: ("megabytes", N_("These are MB."), N_("1 MB is 1,000 kB: divide once only.")),
    8: ("bits", N_("You counted bits: 32 for each parameter."), N_("Eight bits are one byte.")),
    1 / 4: (
        "one-byte",
        N_("This is one byte for each parameter."),
        N_("A float32 number has 32 bits. How many bytes are that?"),
    ),
    2: (
        "float64",
        N_("This is eight bytes for each parameter: float64, Python's own numbers."),
        N_("A float32 number has 32 bits. How many bytes are that?"),
    ),
    8000: ("bits", N_("These are bits."), N_("Eight bits are one byte, 1,000 bytes one kB.")),
}


@exercise(
    "00.1 size",
    N_("The size of a network's parameters"),
    hints=(
        N_("How many bytes do all parameters take? And how many kB are that?"),
        N_("`parameters * 4` bytes, divided by 1000."),
    ),
)
def size(answer: Answer) -> str:
    """Check the kB of float32 parameters."""
    for parameters in (1_000, 57_290, 3_504_872):
        right = parameters * 4 / 1000
        got = answer.number(parameters)
        for factor, (name, text, advice) in _MISTAKES.items():
            if math.isclose(got, right * factor, rel_tol=1e-6):
                raise Wrong(name, _(text), _(advice))
        if not math.isclose(got, right, rel_tol=1e-6):
            raise Wrong(
                "wrong-size",
                _("For {n} parameters it is {right} kB; yours is {got}.").format(
                    n=format_number(parameters, 9),
                    right=format_number(right, 9),
                    got=format_number(got, 9),
                ),
                _("Start with the bytes of a single parameter."),
            )
    return _("This is called the nominal size. The file will be a little larger.")
