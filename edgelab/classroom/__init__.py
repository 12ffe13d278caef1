"""The classroom: what turns a notebook into a lesson.

    from edgelab.classroom import begin, check, hint, journal, lesson_summary, predict, reveal

    begin("20", PROFILE)                                  # the lesson's first code cell
    predict("int8_size", "How many times smaller?", unit="×", canned=2.0)
    reveal("int8_size", measured=ratio)
    check("20.1 scale", scale_of)
    hint("20.1 scale", 1)
    question("20.q1")
    note("20.part1", principle="…", drawbacks=["…"])
    lesson_summary("20")
    worksheet_progress("20")                              # its last cell

Importing it sends every published measurement to the journal of the workspace. Nothing outside of
this package imports it.
"""

from __future__ import annotations

from edgelab import records
from edgelab.classroom import journal
from edgelab.classroom.context import begin
from edgelab.classroom.exercises import check, hint, working
from edgelab.classroom.feeding import worksheet_progress
from edgelab.classroom.notes import note
from edgelab.classroom.predictions import predict, reveal
from edgelab.classroom.questions import question
from edgelab.classroom.summary import lesson_summary

__all__ = [
    "begin",
    "check",
    "hint",
    "journal",
    "lesson_summary",
    "note",
    "predict",
    "question",
    "reveal",
    "working",
    "worksheet_progress",
]

records.use(journal.the_journal())
