"""A student's defended choice as a record of the journal, beside the comparison that it rests on.

    card.say(choices.kept("24.choice", result, name, paragraph, reason), quiet=True)

The worksheet cites such a record. Lesson 24 keeps two of them.
"""

from __future__ import annotations

from edgelab import records
from edgelab.classroom.language import _
from edgelab.errors import JournalError
from edgelab.records import Comparison


def kept(choice: str, result: Comparison, name: str, paragraph: str, reason: str) -> str:
    """Record a choice, unless it was the last one kept; return where it stands in the journal.

    Args:
        choice: its name in the journal.
        result: the comparison that was chosen from.
        name: the model that was chosen.
        paragraph: the text that defends it.
        reason: the student's own sentence.

    Returns:
        A sentence with both records' numbers, or with what kept the journal from being written.
    """
    compared = records.history("comparison", " / ".join(result.names))
    number = compared[-1].number if compared else None
    payload = {
        "model": name,
        "reason": str(reason),
        "paragraph": paragraph,
        "comparison_record": number,
        "summary": name,
    }
    earlier = records.history("choice", choice)
    try:
        own = earlier[-1] if earlier and earlier[-1].payload == payload else None
        own = own or records.publish("choice", choice, payload)
    except JournalError as error:
        return str(error)
    return _("Built from record {number} of your journal; your choice is record {own}.").format(
        number=number, own=own.number
    )
