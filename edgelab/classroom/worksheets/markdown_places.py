"""The places to write in a Markdown worksheet: their markers, and what stands at them.

marker("3.analysis")            # "<!-- 3.analysis -->"
parse(text, schema)             # what stands at every place that is found
read(path, schema)              # the text of a file, unknown and doubled markers refused
walk(text, schema)              # every place, and all text beside them
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelab.classroom.language import _
from edgelab.classroom.worksheets import decoding
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.values import clean
from edgelab.errors import InputError

END = "<!-- end -->"
OTHER = "other"  # of a choice: something that is none of its options
_MOST_BYTES = 20_000_000
# Comments of the writer's own ("<!-- todo -->") have no dot; they are no markers.
_MARKER = re.compile(r"<!--[ \t]*([a-z0-9_]+(?:\.[a-z0-9_]+)+)(?::([a-z0-9_]+))?[ \t]*-->")
_HEADING = re.compile(r"^#{2,3} ")
_END = re.compile(r"<!--[ \t]*end[ \t]*-->")
# "- [ x ]" and "- x" are ticks as well: whoever types them means one.
_BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])?\s*(?:\[(?P<box>[^\]]{0,20})\]|(?P<bare>[xX✓✔☑☒☐])(?=\s))")
_UNTICKED = {"", "☐", "no", "non", "false", "faux", "0"}
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)
_ENTITIES = {"&lt;": "<", "&amp;": "&"}


def marker(field: str, option: str = "") -> str:
    """Return the invisible marker of a place."""
    return f"<!-- {field}{':' if option else ''}{option} -->"


def escaped(text: str) -> str:
    """Return a text in which nothing can be taken for a marker or a line break of a table."""
    text = re.sub(r"&(?=(?:amp|lt);)", "&amp;", text)
    return re.sub(r"<(?=!--|br)", "&lt;", text, flags=re.IGNORECASE)


def in_cell(text: str) -> str:
    """Return a text that fits into one cell of a table."""
    return escaped(text).replace("|", r"\|").replace("\n", "<br>")


@dataclass(frozen=True)
class Place:
    """What stands at one place of the worksheet."""

    field: str
    text: str


@dataclass(frozen=True)
class Beside:
    """Text that stands at no place: headings, questions, and what was written where nothing is read."""

    line: int  # from 1
    text: str


def parse(text: str, schema: Schema) -> dict[str, str]:
    """Return what stands at each place of the worksheet that a Markdown text has.

    Args:
        text: an exported or a blank worksheet, edited in any way that leaves markers.
        schema: the worksheet; markers that are not of it are passed over.

    Returns:
        Texts by field, "" where a place is empty; of a choice the identifier of what is ticked, of a
        checklist's line "x". Of a place that stands twice, what stands at the first that is not empty.
    """
    known = {field.id for field in schema.fields}
    found: dict[str, str] = {}
    for place in walk(text, schema):
        if isinstance(place, Place) and place.field in known and not found.get(place.field):
            found[place.field] = place.text
    return found


def read(path: Path, schema: Schema) -> str:
    """Return the text of a Markdown worksheet, in one kind of line end.

    Raises:
        FormatError: its encoding is unknown.
        InputError: it is no worksheet in Markdown; it has a marker that is no field of this worksheet,
            with near names; or a place stands twice with different texts.
    """
    text = clean(_content(path))
    known = [field.id for field in schema.fields]
    nothing = _("Nothing was taken over.")
    seen: dict[str, str] = {}
    for place in walk(text, schema):
        if not isinstance(place, Place):
            continue
        name = place.field
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            says = _("{file} has a place “{name}”, which the worksheet “{worksheet}” has not.")
            told = [says.format(file=path.name, name=name, worksheet=schema.id)]
            told += [_("Did you mean {name}?").format(name=near[0])] if near else []
            raise InputError(" ".join([*told, nothing]))
        if place.text and seen.setdefault(name, place.text) != place.text:
            says = _("{file} has the place “{name}” twice, with different texts. Keep one.")
            raise InputError(f"{says.format(file=path.name, name=name)} {nothing}")
        seen.setdefault(name, "")
    if not seen:
        raise InputError(f"{no_place(path.name, schema)} {nothing}")
    return text


def no_place(name: str, schema: Schema) -> str:
    """Return what to tell about a text that has no marker of the worksheet."""
    says = _(
        "{file} has no place of the worksheet “{worksheet}”: the invisible markers (`<!-- 3.analysis -->`) "
        "are gone, or it is another file. Copy the answers into a new export or the blank worksheet."
    )
    return says.format(file=name, worksheet=schema.id)


def walk(text: str, schema: Schema) -> Iterator[Place | Beside]:
    """Yield each place with what stands there, and all text beside them, in the order of the text."""
    lines = clean(text.removeprefix("\ufeff")).split("\n")
    boxes = {field.id for field in schema.fields if field.kind in ("tick", "choice")}
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        first = _MARKER.search(line)
        if line.lstrip().startswith("|"):
            yield from _cells(line, number)
        elif first is None:
            yield Beside(number, line)
        elif first[1] in boxes or first[2]:
            yield from _ticked(first, line, number)
        else:
            yield Beside(number, line[: first.start()])
            inside, at, rest = _block(lines, at, line[first.end() :])
            yield Place(first[1], inside)
            yield Beside(at, rest)


def _content(path: Path) -> str:
    """Return the text of a file that can be a worksheet in Markdown, or say what it is instead."""
    says = ""
    if path.is_dir():
        says = _("{file} is a folder; give the Markdown file in it.")
    elif path.suffix.lower() == ".json":
        says = _(
            "{file} holds answers in JSON, and this reads Markdown. Open it with "
            "`Worksheet(path=…)`, or check it with `edgelab check-submission`."
        )
    elif path.suffix.lower() in (".html", ".htm", ".pdf", ".docx", ".odt"):
        says = _(
            "{file} is no Markdown: what is written into a page or a text document can't be taken "
            "over. Fill an export (`.md`) or the form."
        )
    elif path.stat().st_size > _MOST_BYTES:
        says = _("{file} is too long for a worksheet.")
    if says:
        raise InputError(says.format(file=path.name))
    return decoding.text_of(path.read_bytes(), path.name)


def _cells(line: str, number: int) -> Iterator[Place | Beside]:
    for cell in _UNESCAPED_BAR.split(line):
        found = _MARKER.search(cell)
        yield Beside(number, cell[: found.start()] if found else cell)
        if found:
            text = _BREAK.sub("\n", cell[found.end() :].replace(r"\|", "|"))
            yield Place(found[1], plain(text))


def _ticked(found: re.Match[str], line: str, number: int) -> Iterator[Place | Beside]:
    box = _BOX.match(line[: found.start()])
    written = (box["box"] or box["bare"] or "").strip() if box else ""
    ticked = written.casefold() not in _UNTICKED
    label = line[box.end() if box else 0 : found.start()]
    if found[2] is None:
        # One sign is a tick; a word ("oui") is understood later, or named.
        yield Place(found[1], "" if not ticked else "x" if len(written) == 1 else written)
    elif ticked and found[2] == OTHER:
        yield Place(found[1], plain(_BREAK.sub("\n", label.replace(r"\|", "|"))))
        label = ""
    else:
        yield Place(found[1], found[2] if ticked else "")
    yield Beside(number, label)
    yield Beside(number, line[found.end() :])


def _block(lines: list[str], at: int, rest: str) -> tuple[str, int, str]:
    """Return the text from a marker to its end, the number of lines up to there, and what follows the end."""
    if _END.search(rest):
        inside, _closing, after = _split(rest)
        return plain(inside), at, after
    end = _first(lines, at, _END)
    following = _first(lines, at, _MARKER)
    if end is None or (following is not None and following < end):
        # The end was deleted: the text goes to the next place or to the next heading.
        end = _first(lines, at, _HEADING, following)
    stop = len(lines) if end is None else end
    block = [rest, *lines[at:stop]]
    if stop < len(lines) and _END.search(lines[stop]):
        inside, _closing, after = _split(lines[stop])
        return plain("\n".join([*block, inside])), stop + 1, after
    return plain("\n".join(block)), stop, ""


def _split(line: str) -> tuple[str, str, str]:
    closing = _END.search(line)
    assert closing
    return line[: closing.start()], closing[0], line[closing.end() :]


def _first(
    lines: list[str], at: int, pattern: re.Pattern[str], limit: int | None = None
) -> int | None:
    stop = len(lines) if limit is None else limit
    return next((i for i in range(at, stop) if pattern.search(lines[i])), limit)


def plain(text: str) -> str:
    """Return a text as it was before `escaped`."""
    return re.sub(r"&(?:lt|amp);", lambda found: _ENTITIES[found[0]], text).strip()
