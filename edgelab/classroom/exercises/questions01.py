"""The questions at the end of lesson 01."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "01.q1",
    N_("You typed 16 MB into a measured cell, the record says 61 MB. What does the worksheet do?"),
    Option(
        N_("It puts 61 MB back."),
        N_("A typed value is never overwritten: you may have a reason, and write it beside."),
    ),
    Option(
        N_("It keeps both, and the audit names the difference to you and to the instructor."),
        N_("Both values stand there. Explain the difference, or empty the cell."),
        right=True,
    ),
    Option(
        N_("It refuses to save until they agree."),
        N_(
            "Everything is saved as it is typed. What does not agree is named, and nothing is lost."
        ),
    ),
)

define(
    "01.q2",
    N_("After filling part 3 you measure the same two models again. What is “stale” now?"),
    Option(
        N_("The whole worksheet: all cells must be filled anew."),
        N_("Texts and the other cells are not touched by a measurement."),
    ),
    Option(
        N_("Nothing: a record stays valid for ever."),
        N_("It does stay valid. Still, a reader wants to know why you cite the older one."),
    ),
    Option(
        N_(
            "The choice of the comparison: the audit says that there is a newer one of the same models."
        ),
        N_("Choose the newer one, and the cells fill again; or say why the older one is better."),
        right=True,
    ),
)

define(
    "01.q3",
    N_("The audit finds nothing. What do you know?"),
    Option(
        N_("Everything is filled, and the figures are those of the records."),
        N_("Exactly this, and no more. Nobody has read the texts yet."),
        right=True,
    ),
    Option(
        N_("The worksheet will get all points."),
        N_("The points for texts are given by a person who reads them."),
    ),
    Option(
        N_("The measurements are right."),
        N_(
            "The records are unchanged. Whether they were measured well, lesson 10 teaches to judge."
        ),
    ),
)
