"""A student's answers: one JSON file, which is the hand-in.

    answers = read(path)                    # an empty sheet where there is no file yet
    answers.entries["3.tests.load.result"]  # Entry(value=12.4, typed="12,4", …)
    write(path, answers)

The file is written at every change, to a temporary name first, so a killed kernel loses at most the field
that was being typed. Widget state is never the source of anything. A damaged file is not overwritten: it is
kept beside, and the error says where.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field as Checked, ValidationError

from edgelab import workspace
from edgelab.classroom.language import _
from edgelab.classroom.worksheets import decoding
from edgelab.errors import FormatError

Value = bool | float | str
# Of a file, outside of strings; the worksheet has some hundred places, and a journal is inside of strings.
_MOST_OBJECTS = 5_000
_MOST_ITEMS = 50_000
# Also matches a string that does not end, so that no text makes the search start again and again.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class Citation(_Kept):
    """The record of the journal that a value was taken from or is held against."""

    record: int = Checked(ge=1)
    hash: str = Checked(max_length=64)
    value: Value | None = None  # as recorded, in the field's unit
    about: str = Checked(default="", max_length=500)  # the model, the configuration


class Entry(_Kept):
    """What stands in one field."""

    value: Value | None = None
    typed: str | None = Checked(default=None, max_length=100_000)  # as a person wrote it
    measured: Citation | None = None  # kept beside an overtyped value
    when: str = Checked(default="", max_length=40)


class Subjects(_Kept):
    """Which models part 3 speaks of: one comparison, the model before, the model after."""

    record: int | None = Checked(default=None, ge=1)
    original: str | None = Checked(default=None, max_length=500)
    optimised: str | None = Checked(default=None, max_length=500)
    chosen: bool = False  # by a person; a proposal gives way to a newer one


class Answers(_Kept):
    """Everything that a student wrote in one worksheet."""

    format: Literal[1] = 1
    worksheet: str = Checked(max_length=100)
    schema_hash: str = Checked(max_length=64)
    language: Literal["en", "fr"] = "en"
    saved: str = Checked(default="", max_length=40)
    subjects: Subjects = Subjects()
    entries: dict[str, Entry] = {}
    journal_head: Citation | None = None  # the last record when this was saved
    journal: list[str] | None = None  # the lines of the whole journal, when handed in


def parse(content: bytes, name: str = "the file") -> Answers:
    """Return the answers that a file holds.

    Raises:
        FormatError: it is no JSON, or not a worksheet's answers; says what and where. A file with more
            places than any worksheet is not read at all.
    """
    content = decoding.utf8(content, name)
    _refuse_crowded(content, name)
    try:
        return Answers.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        said = f"{place}: {first['msg']}" if place else first["msg"]
        more = f" (+ {error.error_count() - 1})" if error.error_count() > 1 else ""
        says = _("{file} holds no worksheet answers: {reason}.")
        raise FormatError(says.format(file=name, reason=said + more)) from error


def _refuse_crowded(content: bytes, name: str) -> None:
    """Stop at millions of empty places: in memory each takes fifty times its bytes."""
    if content.count(b"{") <= _MOST_OBJECTS and content.count(b",") <= _MOST_ITEMS:
        return
    # A journal is full of both, inside of strings, where they cost nothing.
    outside = _STRING.sub(b"", content)
    if outside.count(b"{") > _MOST_OBJECTS or outside.count(b",") > _MOST_ITEMS:
        says = _("{file} has more places than any worksheet; it was not read.")
        raise FormatError(says.format(file=name))


def read(path: Path) -> Answers | None:
    """Return the answers in a file, or None where there is no file yet.

    Raises:
        FormatError: the file is damaged. It is copied to `NAME.damaged-….json` first.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse(content, path.name)
    except FormatError as error:
        copy = path.with_name(f"{path.stem}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}.json")
        workspace.atomic_write(copy, content)
        raise FormatError(
            _(
                "{error} Nothing was overwritten; a copy is {copy}. Mend the file, or move it away to "
                "start with an empty worksheet."
            ).format(error=error, copy=copy.name)
        ) from error


def write(path: Path, answers: Answers) -> None:
    """Write the answers to a temporary file and put it in the place of the old one."""
    answers.saved = now()
    workspace.atomic_write(path, answers.model_dump_json(indent=1, exclude_none=True) + "\n")


def journal_content(answers: Answers) -> bytes | None:
    """Return the journal that was handed in with the answers, as the bytes of its file."""
    if answers.journal is None:
        return None
    return "".join(line + "\n" for line in answers.journal).encode("utf-8", "replace")


def now() -> str:
    """Return the present time as it stands in the file."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def plain(entry: Entry | None) -> Any:
    """Return what stands in a field, or None: nothing, or only blanks."""
    value = entry.value if entry else None
    return None if isinstance(value, str) and not value.strip() else value
