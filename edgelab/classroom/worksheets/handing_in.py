"""The file that a student hands in: the answers and every line of the journal, named after the student."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from edgelab.classroom.cards import Card
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import _
from edgelab.classroom.worksheets.answers import Answers, Citation, plain

_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def whole(answers: Answers, journal: Journal) -> Answers:
    """Return a copy of the answers with the journal inside, damaged lines included.

    Raises:
        JournalError: the journal is there and can't be read.
    """
    last = head(journal)  # a journal that can't be read says so here, with what to do
    content = journal.path.read_bytes() if journal.path.is_file() else b""
    lines = content.decode("utf-8", "replace").split("\n")
    copy = answers.model_copy(deep=True)
    copy.journal = lines[:-1] if lines[-1] == "" else lines
    copy.journal_head = last
    return copy


def told(whole: Answers, target: Path) -> str:
    """Return what to mend about a file that is handed in; "" where nothing is."""
    if plain(whole.entries.get("general.name")) is not None:
        return ""
    says = _(
        "The worksheet has no name yet, so nobody will know whose `{file}` is. Write it into "
        "`general.name`, then hand in again."
    )
    return says.format(file=target.name)


def tell(whole: Answers, target: Path) -> None:
    """Show what to mend about a file that is handed in; nothing where nothing is."""
    if text := told(whole, target):
        card = Card(_("Handed in without a name"), "attention")
        card.say(text)
        card.show()


def head(journal: Journal) -> Citation | None:
    """Return the last record of a journal as a citation."""
    last = journal.head()
    return Citation(record=last.number, hash=last.hash or "") if last and last.number else None


def file_name(answers: Answers) -> str:
    """Return a name that every system can keep: "analysis-camille-martin.json".

    Letters without accents, digits and hyphens; "unnamed" where nothing is left of the name.
    """
    name = str(plain(answers.entries.get("general.name")) or "")
    plain_letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    safe = _UNSAFE.sub("-", plain_letters).strip("-").lower()[:60]
    return f"{answers.worksheet}-{safe or 'unnamed'}.json"
