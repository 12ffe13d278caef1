"""A worksheet as a file to read, print or edit by hand.

    text("html", schema, answers, audit)       # one page, to print
    put(text, path, keep)                       # written; an edited file there is kept as a copy

Lesson 01.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.cards import Card
from edgelab.classroom.language import _
from edgelab.classroom.worksheets import decoding, exported, markdown, page
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import FormatError, InputError

KINDS = ("md", "html")


def text(kind: str, schema: Schema, answers: Answers, audit: Callable[[], Audit]) -> str:
    """Return the filled worksheet as Markdown or as a page.

    Args:
        kind: "md" or "html".
        schema: the worksheet.
        answers: what stands in it, and in which language.
        audit: gives that of these answers; only the page shows it.

    Raises:
        InputError: another kind.
    """
    if kind not in KINDS:
        raise InputError(f"A worksheet is exported as 'md' or 'html'; this asks for {kind!r}.")
    if kind == "md":
        return exported.sealed(markdown.written(schema, answers, answers.language), schema)
    return page.written(schema, answers, answers.language, audit())


def put(text: str, target: Path, keep: Callable[[], bool]) -> tuple[Path, Path | None]:
    """Write an exported worksheet, without destroying one that was edited.

    Args:
        text: to write.
        target: where to.
        keep: tells of a file there whether anything in it stands nowhere else.

    Returns:
        Where it stands, and where a copy of the edited file is, None where there was none.
    """
    copy = None
    if target.suffix == ".md" and target.is_file():
        content = target.read_bytes()
        if not _untouched(content, target.name) and keep():
            when = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
            copy = target.with_name(f"{target.stem}.edited-{when}.md")
            workspace.atomic_write(copy, content)
    return workspace.atomic_write(target, text), copy


def tell_copy(target: Path, copy: Path | None) -> None:
    """Show that an edited file was kept, and what to do with it."""
    if copy is None:
        return
    card = Card(_("{file} had been edited").format(file=target.name), "attention")
    says = _('It was kept as `{copy}`. To take over what you wrote there: `ws.take("{copy}")`.')
    card.say(says.format(copy=copy.name))
    card.show()


def _untouched(content: bytes, name: str) -> bool:
    try:
        return exported.is_untouched(decoding.text_of(content, name))
    except FormatError:
        return False
