"""Notes behind a # in a sheet of marks: taken up before it is written again, and put back at their places.

    notes = found_in(before)
    put_into(after, notes)

A note above a line stays above the line of that name in that question, one behind a line stays behind it;
where the line is gone, the note moves above its question, and where that is gone, to the end. Nothing that a
person wrote is lost.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

# What the program itself writes at the top of a sheet, in whatever language, starts like this.
OURS = "#: "
_OURS_ONCE = frozenset(  # before it was told apart like that
    {
        "# Yours are `points` and `comment`, of each question and of the whole: nothing overwrites them.",
        "# Without `points`, the proposed ones count. All else, notes behind a # too, is written again by",
        "# each `edgelab grade`.",
    }
)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_END = ("", "")
_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")

Place = tuple[str, str]  # of a line: its question ("" for the whole sheet) and its key


@dataclass(frozen=True)
class Notes:
    """What a person wrote behind a #, by the line that it belongs to."""

    above: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __bool__(self) -> bool:
        return bool(self.above or self.beside)


@dataclass(frozen=True)
class _Line:
    place: Place
    start: int  # of the key, counted in characters
    takes: bool  # whether a note fits behind it


def found_in(text: str) -> Notes:
    """Return the notes in a sheet.

    Args:
        text: a sheet that can be read.
    """
    notes = Notes()
    if not any("#" in line for line in text.splitlines() if not _ours(line)) and "  #" not in text:
        return notes
    lines = _lines(text)
    starts = [line.start for line in lines]
    top = starts[0] if starts else len(text)
    for at, note in _comments(text):
        if at < top and _ours(note):
            added = note.find("  #")  # by a person, behind a line of ours
            if added >= 0:
                notes.above[lines[0].place if lines else _END].append(note[added:].strip())
            continue
        begin = text.rfind("\n", 0, at) + 1
        if text[begin:at].strip() and lines:
            before = max(0, bisect.bisect_right(starts, at) - 1)
            notes.beside[lines[before].place].append(note)
        else:
            after = bisect.bisect_left(starts, at)
            notes.above[lines[after].place if after < len(lines) else _END].append(note)
    return notes


def put_into(text: str, notes: Notes) -> str:
    """Return a sheet with notes at their places.

    Args:
        text: as `sheets` writes it: a line for each key, questions as a list.
        notes: from `found_in`.
    """
    if not notes:
        return text
    lines = {line.place: line for line in reversed(_lines(text))}
    added: dict[int, list[str]] = defaultdict(list)  # before the line that begins here
    behind: dict[int, str] = {}
    for place, several in notes.above.items():
        added[_begin(text, lines, place)] += several
    for place, several in notes.beside.items():
        line = lines.get(place)
        if line and line.takes:
            end = text.index("\n", line.start)
            behind[end] = "".join(f"  {note}" for note in several)
        else:
            added[_begin(text, lines, place)] += several
    out = []
    last = 0
    for at in sorted({*added, *behind}):
        out.append(text[last:at])
        indent = re.match(r" *", text[at:])
        out += [f"{indent[0] if indent else ''}{note}\n" for note in added.get(at, ())]
        out.append(behind.get(at, ""))
        last = at
    return "".join([*out, text[last:]])


def _begin(text: str, lines: dict[Place, _Line], place: Place) -> int:
    line = lines.get(place) or lines.get((place[0], "question"))
    return text.rfind("\n", 0, line.start) + 1 if line else len(text)


def _lines(text: str) -> list[_Line]:
    """Return the lines that hold a key of the sheet or of one of its questions."""
    root = yaml.compose(text, _LOADER)
    found: list[_Line] = []
    if not isinstance(root, yaml.MappingNode):
        return found
    for key, value in root.value:
        found.append(_line("", key, value))
        if key.value != "questions" or not isinstance(value, yaml.SequenceNode):
            continue
        for entry in value.value:
            if not isinstance(entry, yaml.MappingNode):
                continue
            names = [str(v.value) for k, v in entry.value if k.value == "question"]
            found += [_line(names[0] if names else "?", k, v) for k, v in entry.value]
    return found


def _line(question: str, key: yaml.Node, value: yaml.Node) -> _Line:
    starts, ends = key.start_mark.line, value.end_mark.line
    block = isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
    takes = ends == starts or value.start_mark.line > starts or block
    return _Line((question, str(key.value)), key.start_mark.index, takes)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield each note with its place, counted in characters: what stands between the tokens of YAML."""
    last = 0
    for token in yaml.scan(text, _LOADER):
        yield from _between(text, last, token.start_mark.index)
        last = max(last, token.end_mark.index)
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = _COMMENT.search(text, token.start_mark.index)
            line_end = text.find("\n", token.start_mark.index)
            if header and header.start() < line_end:
                yield header.start(), header[0].rstrip()
    yield from _between(text, last, len(text))


def _between(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    for match in _COMMENT.finditer(text, start, max(start, end)):
        yield match.start(), match[0].rstrip()


def _ours(line: str) -> bool:
    return line.startswith(OURS) or line.partition("  #")[0].rstrip() in _OURS_ONCE
