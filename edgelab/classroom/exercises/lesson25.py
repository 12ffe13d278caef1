"""Lesson 25: why is it not faster?

The functions that students write, and how the checks call them:

    25.1 paper gain    paper_gain(before, after)      → times faster on paper; both have macs, bits, idle
    25.2 fixed cost    fixed_and_each(by_batch)       → (paid once a call, paid for each image)
    25.3 whole gain    whole_gain(share, factor)      → times faster the whole becomes
    25.4 choice        choice(explanation)            → (gain of the whole, cause, reason)
    25.5 break it      slow_down(file)                → (Candidate of the same file, letter)

The fourth check gives the function the latest explanation of the application in the student's own journal, and
a made-up one: where the network takes a hundredth of the call, wrong sums come out near 1 like the right
one. It checks the sum and the cause; it does not judge the reason.
"""

from __future__ import annotations

from typing import Any

from edgelab import records
from edgelab.classroom.exercises.answers import Answer, Wrong, as_array, as_number
from edgelab.classroom.exercises.defended import judge_reason
from edgelab.classroom.exercises.explaining_mistakes import (
    judge_gain_of_whole,
    judge_line,
    judge_paper,
)
from edgelab.classroom.exercises.offer_mistakes import APPLICATION, judge_sum, made_up
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.language import N_, _
from edgelab.errors import EdgelabError
from edgelab.explaining import causes, levers
from edgelab.explaining.anatomy import Anatomy, Part
from edgelab.explaining.explain import Explanation
from edgelab.measuring import machine
from edgelab.runtimes import Candidate

_BUILTIN = "litert-builtin"


def _anatomy(macs: int, bits: int, zeros: float) -> Anatomy:
    return Anatomy((Part("conv", "CONV_2D", macs, 1000, bits, zeros, "float"),))


@exercise(
    "25.1 paper gain",
    N_("How many times faster on paper"),
    hints=(
        N_(
            "What has to be done is products times bits. A product with a 0 need not be done: which "
            "share is left?"
        ),
        N_(
            "With `work = x.macs * (1 - x.idle) * x.bits` of both, the gain is the work before over "
            "the work after."
        ),
    ),
)
def paper_gain(answer: Answer) -> str:
    """Check the gain on paper: the work before over the work after."""
    reference = _anatomy(1200, 32, 0.0)
    cases = (
        (_anatomy(1000, 16, 0.2), _anatomy(400, 8, 0.8)),
        (reference, _anatomy(400, 32, 0.0)),
        (reference, _anatomy(1200, 8, 0.0)),
        (reference, _anatomy(1200, 32, 0.9)),
        (reference, _anatomy(500, 32, 0.0)),  # not a whole number of times
    )
    for before, after in cases:
        judge_paper(answer.number(before, after), before, after)
    return _("Three savings multiply: fewer products, fewer bits, zeros that nobody computes.")


@exercise(
    "25.2 fixed cost",
    N_("What a call costs before the first image"),
    hints=(
        N_("The times lie on a straight line. Where does it begin, at no image at all?"),
        N_(
            "`np.polyfit(sizes, times, 1)` gives the slope first and the start second; the start is "
            "paid once."
        ),
    ),
)
def fixed_cost(answer: Answer) -> str:
    """Check a straight line through the times of batches: its start and its slope."""
    for fixed, each in ((10.0, 2.0), (0.5, 3.0), (4.0, 4.0)):
        by_batch = {n: fixed + each * n for n in (1, 2, 4)}
        judge_line(as_array(answer(by_batch)), fixed, each, by_batch)
    return _("The line's start is paid once a call, its slope for every image.")


@exercise(
    "25.3 whole gain",
    N_("A faster part, and the whole"),
    hints=(
        N_("Say the whole takes 1. What do the two parts take before, and what after?"),
        N_("After: `1 - share` as before, and `share / factor`. The gain is 1 over their sum."),
    ),
)
def whole_gain(answer: Answer) -> str:
    """Check Amdahl's law: times add up, gains do not."""
    for share, factor in ((0.6, 5.0), (0.1, 4.0), (0.9, 10.0), (0.0, 3.0), (1.0, 5.0)):
        judge_gain_of_whole(answer.number(share, factor), share, factor)
    return _("However fast the part becomes, the rest of the time stays.")


@exercise(
    "25.4 choice",
    N_("An offer, answered with your own measurement"),
    hints=(
        N_(
            "Which share of one call does the network take? The explanation has both times: "
            "`evidence.without` and `evidence.after.latency_ms`."
        ),
        N_(
            "`share = e.without['python'] / e.after.latency_ms`; then `whole_gain(share, 4)`, and the "
            "explanation's own `cause`."
        ),
    ),
)
def choice(answer: Answer) -> str:
    """Check an answer to an offer: the gain of the whole, the cause to work on, a reason."""
    found = latest_pipeline()
    gain, cause, reason = _three(answer(found))
    judge_sum(gain, _three(answer(made_up()))[0], levers.network_share(found))
    if cause not in causes.CAUSES:
        raise Wrong(
            "unknown-cause",
            _("{cause} is no cause that the library knows.").format(cause=f"`{cause}`"),
            _("The causes are {names}.").format(names=", ".join(f"`{c}`" for c in causes.CAUSES)),
        )
    if cause != found.cause:
        raise Wrong(
            "other-cause",
            _("You want to work on {given} first. Look at what the time goes to.").format(
                given=f"`{cause}`"
            ),
            _("Print `explanation.findings`: the costliest comes first."),
        )
    judge_reason(
        reason,
        _("The sum is right. Why this and not the faster network? A sentence is missing."),
        _("What happens to the time outside the network?"),
    )
    return _("That is an answer with a figure that you measured.")


def _three(given: Any) -> tuple[float, Any, Any]:
    """Return the gain, the cause and the reason that were given."""
    if not isinstance(given, tuple | list) or len(given) != 3:
        raise Wrong(
            "not-three",
            _("Three things are wanted: the gain of the whole, a cause, a reason."),
            _("`return gain, cause, reason`"),
        )
    return as_number(given[0]), given[1], given[2]


def latest_pipeline() -> Explanation:
    """Return the journal's latest explanation of the lesson's application in which a cause was found.

    Raises:
        Wrong: there is none yet.
    """
    for record in reversed(records.history("explanation")):
        try:
            found = Explanation.from_dict(record.payload)
        except (EdgelabError, KeyError, TypeError):
            continue  # of another version of the course
        named = found.names[1] == APPLICATION
        if named and "python" in found.evidence.without and found.cause:
            return found
    raise Wrong(
        "nothing-measured",
        _("Your journal holds no explanation of {name} yet.").format(name=f"*{APPLICATION}*"),
        _("Run the cell that explains the two applications, then this one."),
    )


@exercise(
    "25.5 break it",
    N_("Slower without touching the file"),
    hints=(
        N_("`Candidate` says how a file is run: with which runtime, with how many threads."),
        N_(
            'For instance `Candidate(file, threads=64)` or `Candidate(file, "litert-builtin")`, with '
            "the letter that fits."
        ),
    ),
)
def break_it(answer: Answer) -> str:
    """Check a way of running a file that wastes time, and the reason given for it."""
    from pathlib import Path

    file = Path("network.tflite")
    given = answer(file)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Wrong(
            "not-two",
            _("Two things are wanted: a `Candidate`, and the letter of the reason."),
            _('`return Candidate(file, …), "a"`'),
        )
    candidate, letter = given
    if not isinstance(candidate, Candidate):
        raise Wrong(
            "not-a-candidate",
            _("The first of the two should be a `Candidate`; it is {kind}.").format(
                kind=f"`{type(candidate).__name__}`"
            ),
            _("`from edgelab.runtimes import Candidate`"),
        )
    if Path(candidate.path) != file:
        raise Wrong(
            "other-file",
            _("That is another file. Slow down this one, without touching it."),
            _("Give `Candidate` the file that your function is given."),
        )
    _judge_reason(_slowed_by(candidate), letter)
    if candidate.runtime != _BUILTIN and candidate.threads <= machine.cores():
        return _(
            "There is a core for each of your threads: whether they wait for each other, `explain` "
            "measures below."
        )
    return _("Nothing in the file has changed. Let `explain` look for it.")


def _slowed_by(candidate: Candidate) -> set[str]:
    """Return the letters of what may slow a candidate down.

    Raises:
        Wrong: nothing does, or the runtime can't run the file.
    """
    if candidate.runtime not in (None, "litert", _BUILTIN):
        raise Wrong(
            "wrong-runtime",
            _("{runtime} does not run a `.tflite` file.").format(runtime=f"`{candidate.runtime}`"),
            _("Two runtimes do: `litert` and `{builtin}`.").format(builtin=_BUILTIN),
        )
    # Even as many threads as cores may wait for each other: the lesson measures it.
    reasons = {"a"} if candidate.threads > 1 else set()
    if candidate.runtime == _BUILTIN:
        reasons.add("b")
    if not reasons:
        raise Wrong(
            "harmless",
            _("Nothing here wastes time: one thread, fast kernels."),
            _("What can one ask of a processor that it does not have, or keep from the runtime?"),
        )
    return reasons


def _judge_reason(right: set[str], letter: Any) -> None:
    given = letter.strip().lower() if isinstance(letter, str) else letter
    if given in right:
        return
    if given not in ("a", "b", "c", "d"):
        raise Wrong(
            "no-such-reason",
            _("The reason is one of the letters a, b, c and d."),
            _('End with `return candidate, "a"`, with the letter that you can defend.'),
        )
    raise Wrong(
        "other-reason",
        _("Reason {letter} is not what your candidate does.").format(letter=given),
        _("What did you ask for that the file alone does not ask for?"),
    )
