"""What a lesson has brought for the analysis worksheet: its last cell.

    worksheet_progress("20")        # the places that lesson 20 feeds, and what stands in them

It fills what the journal can fill, so that a student sees a measurement arrive. Lesson 00.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelab.classroom.cards import Card
from edgelab.classroom.language import _, language
from edgelab.errors import EdgelabError, InputError

if TYPE_CHECKING:  # a lesson that asks for no worksheet need not wait for it
    from edgelab.classroom.worksheets.worksheet import Worksheet


def worksheet_progress(lesson: str, name: str = "analysis") -> None:
    """Fill the worksheet from the journal and show the places that a lesson feeds.

    Args:
        lesson: two digits.
        name: of the worksheet.

    Raises:
        InputError: the lesson is not named by two digits.
    """
    if not re.fullmatch(r"\d\d", lesson):
        raise InputError(f'A lesson is named by two digits, such as "20"; this one is {lesson!r}.')
    from edgelab.classroom.worksheets.worksheet import Worksheet

    try:
        worksheet = Worksheet(name)
        worksheet.fill()
    except EdgelabError as error:
        # A lesson has run to its end: a damaged or locked file is told, it does not stop the notebook.
        card = Card(_("The worksheet could not be filled"), tone="attention")
        card.say(str(error))
        card.show()
        return
    page(worksheet, lesson).show()


def page(worksheet: Worksheet, lesson: str) -> Card:
    """Return the places that a lesson feeds as a card, in the language of the moment."""
    from edgelab.classroom.worksheets import card as cards, progress

    lang, schema, answers = language(), worksheet.schema, worksheet.answers
    fed = [(part, q) for part in schema.parts for q in part.questions if lesson in q.lessons]
    card = Card(_("The worksheet after lesson {lesson}").format(lesson=lesson), tone="info")
    if not fed:
        card.say(_("This lesson feeds no question of the worksheet."))
    rows, waiting = [], 0
    for part, question in fed:
        fields = schema.fields_of(f"{part.id}.{question.id}")
        asked = [f for f in fields if progress.is_asked(schema, f, answers)] or list(fields)
        filled = sum(progress.is_filled(schema, f, answers) for f in asked)
        waiting += len(asked) - filled
        title = cards.schema_part(part.id, part.title.say(lang))
        rows.append([title, question.label.say(lang), f"{filled} / {len(asked)}"])
    if rows:
        card.table([_("Part"), _("Question"), _("Filled")], rows)
    if waiting:
        told = _("Lesson 01 opens the form: write there what only you can say.")
        card.say(told)
    parts = progress.progress(schema, answers)
    whole = _("The whole worksheet: {filled} of {asked} places filled.")
    card.say(
        whole.format(filled=sum(p.filled for p in parts), asked=sum(p.asked for p in parts)),
        quiet=True,
    )
    return card
