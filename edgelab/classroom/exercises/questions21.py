"""The questions at the end of lesson 21."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "21.q1",
    N_("Nine tenths of the weights are zero. The file is as large, and it takes as long. Why?"),
    Option(
        N_("The zeros were not really zero: rounding brought them back."),
        N_("They are exact zeros; gzip proves it. Nobody makes use of them, that is all."),
    ),
    Option(
        N_("A zero is stored in 32 bits, and multiplied like any other number."),
        N_(
            "Dense formats and dense kernels know no shortcut. Where zeros lie must be known first."
        ),
        right=True,
    ),
    Option(
        N_("The network has to be trained again before it gets faster."),
        N_("Training changes the values, not the number of multiplications."),
    ),
)

define(
    "21.q2",
    N_("“Pruning made our model ten times smaller.” What do you ask first?"),
    Option(
        N_("Which files: of the same format, and both compressed or neither?"),
        N_(
            "Zeros show in a compressed file only. A compressed one against one that is not would mix "
            "two savings, and a Keras file against a .tflite a third."
        ),
        right=True,
    ),
    Option(
        N_("How long the training took."),
        N_("A cost worth knowing, but it says nothing about the sizes."),
    ),
    Option(
        N_("Nothing: ten times is the usual figure."),
        N_("It depends on what is compared with what, and on how many zeros were set."),
    ),
)

define(
    "21.q3",
    N_(
        "A network without half of its filters and one of the same shape trained from scratch, one seed "
        "each, can't be told apart on the test images. What follows?"
    ),
    Option(
        N_("Removing filters never helps."),
        N_(
            "One pair on one task can't show a *never*: on a harder task, or with less time, it may."
        ),
    ),
    Option(
        N_(
            "No advantage of starting from the large network was shown; the interval says what it could "
            "still be."
        ),
        N_(
            "This control belongs to every claim about structured pruning. The interval says which "
            "differences remain possible, and further seeds would say what this pair owes to luck."
        ),
        right=True,
    ),
    Option(
        N_("The pruned one is better, since it comes from a better network."),
        N_("Where it comes from is no measurement: the interval can't tell them apart."),
    ),
)

define(
    "21.q4",
    N_("What does the 2:4 pattern bring on a laptop's processor?"),
    Option(
        N_("Twice the speed: half of the multiplications fall away."),
        N_(
            "Only where hardware looks for the pattern, as NVIDIA's tensor cores do since the A100."
        ),
    ),
    Option(
        N_("A smaller download, like any zeros; no time, without hardware for it."),
        N_(
            "The pattern is made for a machine that knows where to look. Measure before you promise."
        ),
        right=True,
    ),
    Option(
        N_("Half of the memory while the network runs."),
        N_("The kernels here unpack to dense weights: memory is that of the whole network."),
    ),
)
