"""The questions at the end of lesson 10."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "10.q1",
    N_(
        "A colleague ran a loop of 20 around `model.predict()` before and after quantizing, and found "
        "no difference. What fits best?"
    ),
    Option(
        N_("Quantizing brought nothing."),
        N_("The loop may not have seen it: the call can take longer than the network."),
    ),
    Option(
        N_("The call overhead may hide it; time the compiled call or the file."),
        N_("Overhead is the same before and after. With it split off, a difference can show."),
        right=True,
    ),
    Option(
        N_("20 runs are too few; 2,000 would show it."),
        N_("More runs make the same mixture more exact. The overhead stays in every one of them."),
    ),
)

define(
    "10.q2",
    N_("Another page reports a p99 from 50 runs. What do you know?"),
    Option(
        N_("The time that one user in a hundred waits."),
        N_(
            "50 runs hold half a run of that kind, on average. It is the slowest run or close to it."
        ),
    ),
    Option(
        N_("About how slow the slowest of 50 runs was."),
        N_("That is what is left. Ask for the runs, or for the p90 with its number of runs."),
        right=True,
    ),
    Option(
        N_("Nothing: all its numbers are wrong."),
        N_("Its median can be fine: 50 runs carry a median."),
    ),
)

define(
    "10.q3",
    N_("`benchmark.compare` answers *cannot tell* for two files. What do you write into a report?"),
    Option(
        N_("“No measurable difference on this machine”, with the interval."),
        N_("That is the result. The interval says how large a difference could still hide."),
        right=True,
    ),
    Option(
        N_("The ratio of the two medians, since it is the best guess."),
        N_("Its sign may turn around tomorrow. A number without its interval promises too much."),
    ),
    Option(
        N_("Nothing; repeat it until a verdict comes."),
        N_("Repeating until you like the answer finds differences between equal files as well."),
    ),
)

define(
    "10.q4",
    N_("A network lies far to the left of the roofline's ridge. What helps its speed most?"),
    Option(
        N_("A processor that computes twice as fast."),
        N_("It waits for memory: the arithmetic is idle already."),
    ),
    Option(
        N_("Fewer MACs in the same layers, with as many bytes."),
        N_("The arithmetic is not what it waits for. Fewer MACs help where they also save bytes."),
    ),
    Option(
        N_("Fewer bytes for each weight and activation."),
        N_("Half the bytes, half the waiting, as long as memory is the limit."),
        right=True,
    ),
)
