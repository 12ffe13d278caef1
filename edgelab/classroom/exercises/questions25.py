"""The questions at the end of lesson 25."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "25.q1",
    N_("A file with nine zeros among ten weights takes as long as before. What did pruning win?"),
    Option(
        N_("Nothing: zeros are no use."),
        N_("Compressed, the file is much smaller: a shorter download is worth something."),
    ),
    Option(
        N_("A smaller download. For less time, whole filters must go."),
        N_("Scattered zeros compress well, and are multiplied like any other number."),
        right=True,
    ),
    Option(
        N_("Time, but the measurement is not exact enough to see it."),
        N_(
            "Look at the interval of the file without zeros: where all of it lies below 1.1, it is exact "
            "enough, and nothing worth naming is skipped."
        ),
    ),
)

define(
    "25.q2",
    N_(
        "An NPU runs 95 of 100 operators of a network ten times faster. The network became slower. "
        "What is the likely reason?"
    ),
    Option(
        N_("The NPU is broken: ten times faster can't be slower."),
        N_("Each time an operator falls back, data are converted and copied there and back."),
    ),
    Option(
        N_("Five operators in the middle cut the graph into pieces, with copies at every cut."),
        N_("So the number of pieces matters more than the share of operators."),
        right=True,
    ),
    Option(
        N_("The weights have too many bits."),
        N_("Perhaps, but bits do not explain why 95 faster operators make a slower whole."),
    ),
)

define(
    "25.q3",
    N_("`explain` says: no cause found, and the candidate takes longer than promised. What now?"),
    Option(
        N_("Choose the cause that sounds most likely."),
        N_("A guess that nobody tested is how wrong advice gets into forums."),
    ),
    Option(
        N_("The measurement must be wrong."),
        N_("It may be: look at its interval. But a paper gain is a rule of thumb, not a law."),
    ),
    Option(
        N_("Take something else away and time what is left; until then it is unexplained."),
        N_("The list of causes is finite, and an honest tool says where it ends."),
        right=True,
    ),
)

define(
    "25.q4",
    N_("One photograph at a time on a large GPU takes longer than on the CPU. Which lever first?"),
    Option(
        N_("A batch, so that thousands of multipliers have something to do."),
        N_("Starting a GPU's operators costs the same for one image as for many."),
        right=True,
    ),
    Option(
        N_("Pruning scattered weights."),
        N_("Zeros without structure are multiplied there too (2:4 patterns are the exception)."),
    ),
    Option(
        N_("More threads on the CPU."),
        N_("They do not touch what the GPU waits for."),
    ),
)
