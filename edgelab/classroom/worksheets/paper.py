"""A worksheet as a file to read, print or edit by hand, and what was written into such a file.

    text("html", schema, answers, audit)       # one page, to print
    changed(path, schema, answers)              # {field: text} that an edited Markdown file adds

Lesson 01.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.worksheets import markdown, page, values
from edgelab.classroom.worksheets.answers import Answers, Value, plain
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import InputError

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
        return markdown.written(schema, answers, answers.language)
    return page.written(schema, answers, answers.language, audit())


def changed(path: Path, schema: Schema, answers: Answers) -> Mapping[str, str]:
    """Return what an edited Markdown worksheet says otherwise than the answers, by field.

    A place that is empty there says nothing.

    Raises:
        MissingFileError: there is no such file.
        InputError: a marker in the file is no field of this worksheet.
    """
    texts = markdown.read(workspace.existing(path), schema)
    return {
        name: typed
        for name, typed in texts.items()
        if typed.strip() and not _same(schema.field(name), typed, plain(answers.entries.get(name)))
    }


def _same(field: Field, typed: str, here: Value | None) -> bool:
    return values.understand(field, typed).value == here or typed.strip() == str(here).strip()
