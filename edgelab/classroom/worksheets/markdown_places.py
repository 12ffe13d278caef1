"""The places to write in a Markdown worksheet: their markers, and what stands at them.

marker("3.analysis")            # "<!-- 3.analysis -->"
parse(text, schema)             # what stands at every place that is found
read(path, schema)              # the same from a file, unknown and doubled markers refused
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

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
_BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])\s*\[([^\]]?)\]")
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
    for name, content in _places(clean(text.removeprefix("\ufeff"))):
        if name in known and not found.get(name):
            found[name] = content
    return found


def read(path: Path, schema: Schema) -> dict[str, str]:
    """Return what stands at each place of a Markdown file (see `parse`).

    Raises:
        InputError: it is no text; it has a marker that is no field of this worksheet, with near names;
            or a place stands twice with different texts.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(
                f"{path.name} has {path.stat().st_size} bytes; no worksheet is so long."
            )
        text = clean(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is no text in UTF-8 ({error.reason} at byte {error.start}). Save it as UTF-8."
        ) from error
    known = [field.id for field in schema.fields]
    seen: dict[str, str] = {}
    for name, content in _places(text):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise InputError(
                f"{path.name} has a place {name!r}, which the worksheet {schema.id!r} has not.{hint} "
                "Nothing was taken over."
            )
        if content and seen.setdefault(name, content) != content:
            raise InputError(
                f"{path.name} has the place {name!r} twice, with different texts. Keep one; nothing was taken over."
            )
    return parse(text, schema)


def _places(text: str) -> Iterator[tuple[str, str]]:
    """Yield each place with what stands there, in the order of the text."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        first = _MARKER.search(line)
        if first is None:
            continue
        if line.lstrip().startswith("|"):
            yield from _cells(line)
        elif box := _BOX.match(line):
            yield from _ticked(first, line, box)
        else:
            block, at = _block(lines, at, line[first.end() :])
            yield first[1], block


def _cells(line: str) -> Iterator[tuple[str, str]]:
    for cell in _UNESCAPED_BAR.split(line):
        if found := _MARKER.search(cell):
            text = _BREAK.sub("\n", cell[found.end() :].replace(r"\|", "|"))
            yield found[1], _plain(text)


def _ticked(found: re.Match[str], line: str, box: re.Match[str]) -> Iterator[tuple[str, str]]:
    ticked = bool(box[1].strip())
    if found[2] is None:
        yield found[1], "x" if ticked else ""
    elif ticked and found[2] == OTHER:
        text = line[box.end() : found.start()].replace(r"\|", "|")
        yield found[1], _plain(_BREAK.sub("\n", text))
    else:
        yield found[1], found[2] if ticked else ""


def _block(lines: list[str], at: int, rest: str) -> tuple[str, int]:
    """Return the text from a marker to its end, and the number of the line behind it."""
    end = _first(lines, at, _END) if not _END.search(rest) else at
    following = _first(lines, at, _MARKER)
    if end is None or (following is not None and following < end):
        # The end was deleted: the text goes to the next place or to the next heading.
        end = _first(lines, at, _HEADING, following)
    if _END.search(rest):
        return _plain(_END.split(rest)[0]), at
    stop = len(lines) if end is None else end
    inside = [rest, *lines[at:stop]]
    behind = stop
    if stop < len(lines) and (closing := _END.search(lines[stop])):
        inside.append(lines[stop][: closing.start()])
        behind = stop + 1
    return _plain("\n".join(inside)), behind


def _first(
    lines: list[str], at: int, pattern: re.Pattern[str], limit: int | None = None
) -> int | None:
    stop = len(lines) if limit is None else limit
    return next((i for i in range(at, stop) if pattern.search(lines[i])), limit)


def _plain(text: str) -> str:
    return re.sub(r"&(?:lt|amp);", lambda found: _ENTITIES[found[0]], text).strip()
