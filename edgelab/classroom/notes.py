"""A student's own words, kept in the journal beside the figures that they rest on.

    note(
        "20.part1",
        principle="Codes of 8 bits stand for the weights.",
        drawbacks=["The file keeps names and scales.", ...],     # not written yet
    )

A part is a text or a list of texts. While one of them is still `...`, nothing is recorded and the
notebook goes on; nobody judges the words. `lesson_summary` shows the latest version. Lesson 20.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from types import EllipsisType
from typing import Any

from edgelab import records
from edgelab.classroom.cards import Card
from edgelab.classroom.language import _
from edgelab.errors import InputError, JournalError

Part = str | EllipsisType | None
_GIST_CHARACTERS = 60


def note(name: str, /, **parts: Part | Sequence[Part]) -> None:
    """Keep a student's words as a record; wait politely while a part is still `...`.

    Args:
        name: the lesson and a word, "20.part1".
        parts: the texts by name; each a text, or a list of texts.

    Raises:
        InputError: the name has another form, there is no part, or a part is neither.
    """
    if not re.fullmatch(r"\d\d\.\w+", name):
        raise InputError(f'A note is named like "20.part1"; this one is {name!r}.')
    if not parts:
        raise InputError(f'Note {name} has no parts: note("{name}", principle="…").')
    missing = [part for part, given in parts.items() if not _written(name, part, given)]
    if missing:
        card = Card(_("Note {name}: not written yet").format(name=name), tone="neutral")
        text = _("Still to write: {parts}. Replace each `...`, then run that cell and this one.")
        card.say(text.format(parts=", ".join(map(_title, missing))))
        card.show()
        return
    # A list, because a record does not keep the order of names.
    written = [[part, _texts(given)] for part, given in parts.items()]
    number, trouble = _keep(name, written)
    card = Card(_("Note {name}").format(name=name), tone="info" if trouble else "success")
    card.say(as_text(written))
    said = _("Kept as record {number}. To change it, run this cell again.")
    card.say(trouble or said.format(number=number), quiet=True)
    card.show()


def kept(entries: Sequence[records.Record]) -> list[records.Record]:
    """Return the latest version of each note among records."""
    return list({entry.name: entry for entry in entries if entry.kind == "note"}.values())


def as_text(parts: Sequence[Any]) -> str:
    """Return the parts of a note's record, each text on a line of its own behind the part's name."""
    return "\n".join(
        line for part, texts in parts for line in (f"**{_title(part)}**", *map(str.strip, texts))
    )


def shortened(parts: Sequence[Any]) -> str:
    """Return how a note begins."""
    return textwrap.shorten(parts[0][1][0], _GIST_CHARACTERS, placeholder=" …")


def _written(name: str, part: str, given: Any) -> bool:
    """Tell whether a part holds text only, none of it empty."""
    texts = _texts(given)
    wrong = [text for text in texts if not (text is None or text is ... or isinstance(text, str))]
    if wrong:
        raise InputError(
            f"{part} of note {name} holds {wrong[0]!r}; give a text, or a list of texts."
        )
    return bool(texts) and all(isinstance(text, str) and text.strip() for text in texts)


def _texts(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]


def _title(part: str) -> str:
    titles = {
        "principle": _("Principle"),
        "advantages": _("Advantages"),
        "drawbacks": _("Drawbacks"),
    }
    return titles.get(part, part)


def _keep(name: str, parts: list[list[Any]]) -> tuple[int | None, str]:
    """Publish a note unless it was kept last; return its record's number, or trouble in words."""
    payload = {"parts": parts}
    before = records.history("note", name)
    if before and before[-1].payload == payload:
        return before[-1].number, ""
    try:
        return records.publish("note", name, payload).number, ""
    except JournalError as error:
        return None, str(error)
