"""The questions at the end of lesson 00."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "00.q1",
    N_("A student opens the journal in an editor and makes a latency smaller. What happens?"),
    Option(
        N_("The worksheet shows the smaller number, and nobody can know."),
        N_("Each record carries the hash of the one before: a changed record no longer fits."),
    ),
    Option(
        N_("The changed record is found, and does not count as evidence."),
        N_("Its hash is another one now. The other records stay valid; measuring again mends it."),
        right=True,
    ),
    Option(
        N_("The whole journal is lost."),
        N_("Only the changed record is set aside."),
    ),
)

define(
    "00.q2",
    N_("Your guess was far from the measurement. What now?"),
    Option(
        N_("Run the cell again and correct the guess."),
        N_("You may, and the journal says that it came after the measurement. It helps nobody."),
    ),
    Option(
        N_("Leave out the next guesses."),
        N_("Without a guess, any number looks as expected, and little stays in the memory."),
    ),
    Option(
        N_("Ask what explains the difference."),
        N_("That is what guesses are for. None of them is graded."),
        right=True,
    ),
)
