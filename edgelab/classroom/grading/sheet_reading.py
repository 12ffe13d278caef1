"""A sheet of marks as a person left it: read so that nothing typed turns into something else.

    content, notes, problems = read(path)

YAML takes `No` for a truth value, `0` for a number and a second `points` for the only one. Here a comment is
always the text that was typed, and what can't be kept apart is refused, with the line and what to do.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from edgelab.classroom.grading import comments
from edgelab.classroom.language import _
from edgelab.errors import FormatError

MOST_BYTES = 5_000_000
_LONGEST_SHOWN = 60  # characters of a line in a message
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times faster
_NULL = "tag:yaml.org,2002:null"
_TEXT = "tag:yaml.org,2002:str"
_ONLY_NOTE = re.compile(r"^ *(?:- )?comment: *(#.*)$", re.MULTILINE)


class Sheet(NamedTuple):
    """What stands in a sheet."""

    content: dict[str, Any]
    notes: comments.Notes
    problems: list[str]  # that lose nothing, for the person who marks


def read(path: Path) -> Sheet:
    """Return what stands in a sheet; nothing where there is none yet.

    Raises:
        FormatError: it is no sheet of marks, or something stands twice in it; says the line and what to do.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Sheet({}, comments.Notes(), [])
    except OSError as error:
        raise FormatError(f"{path.name}: {error.strerror}.") from error
    if len(raw) > MOST_BYTES:
        raise FormatError(_("{file} is too large.").format(file=path.name))
    text = ""
    try:
        text = _text_of(raw)
        content = _content(text, path.name)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FormatError(_no_yaml(path.name, text, error)) from error
    if not isinstance(content, dict) or not isinstance(content.get("questions", []), list):
        raise FormatError(_("{file} is no sheet of marks.").format(file=path.name))
    return Sheet(content, comments.found_in(text), _only_notes(path.name, text))


def _content(text: str, name: str) -> Any:
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}
        for mapping in _mappings(root, name):
            _refuse_doubles(mapping, name)
            mapping.value = [(key, _as_typed(key, value, text)) for key, value in mapping.value]
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _mappings(root: yaml.Node, name: str) -> list[yaml.MappingNode]:
    """Return the sheet and its questions.

    Raises:
        FormatError: a question stands twice.
    """
    if not isinstance(root, yaml.MappingNode):
        return []
    found = [root]
    first: dict[str, int] = {}
    for key, value in root.value:
        if key.value != "questions" or not isinstance(value, yaml.SequenceNode):
            continue
        for entry in value.value:
            if not isinstance(entry, yaml.MappingNode):
                continue
            found.append(entry)
            line = entry.start_mark.line + 1
            asked = next((str(v.value) for k, v in entry.value if k.value == "question"), "")
            if first.setdefault(asked, line) != line and asked:
                says = _(
                    "{file}: the question {name} stands twice, in lines {first} and {line}. Delete one."
                )
                told = {"file": name, "name": asked, "first": first[asked], "line": line}
                raise FormatError(says.format(**told))
    return found


def _refuse_doubles(mapping: yaml.MappingNode, name: str) -> None:
    first: dict[str, int] = {}
    for key, _value in mapping.value:
        line = key.start_mark.line + 1
        if first.setdefault(str(key.value), line) != line:
            says = _("{file}: `{key}` stands twice, in lines {first} and {line}. Delete one.")
            told = {"file": name, "key": key.value, "first": first[key.value], "line": line}
            raise FormatError(says.format(**told))


def _as_typed(key: yaml.Node, value: yaml.Node, text: str) -> yaml.Node:
    """Return a comment as the text that was typed: `No` and `0` are words there."""
    if key.value != "comment" or value.tag in (_NULL, _TEXT):
        return value
    typed = text[value.start_mark.index : value.end_mark.index].strip()
    return yaml.ScalarNode(_TEXT, typed, value.start_mark, value.end_mark)


def _only_notes(name: str, text: str) -> list[str]:
    """Name the comments that are none for YAML: all that was written there stands behind a #."""
    says = _(
        "{file}, line {line}: what stands behind # is a note of yours and reaches nobody. For the "
        "student, put it in quotes: {example}"
    )
    found = []
    for match in _ONLY_NOTE.finditer(text):
        note = match[1].strip("# ")[:_LONGEST_SHOWN]
        line = text.count("\n", 0, match.start()) + 1
        found.append(says.format(file=name, line=line, example=f'comment: "{note}"'))
    return found


def _no_yaml(name: str, text: str, error: Exception) -> str:
    place = getattr(error, "problem_mark", None)
    if place is None:
        return _("{file} is no YAML.").format(file=name)
    lines = text.splitlines()
    shown = lines[place.line].strip()[:_LONGEST_SHOWN] if place.line < len(lines) else ""
    says = _(
        "{file} is no YAML in line {line}, “{text}”. A text with a colon or with a sign at its beginning "
        "needs quotes: {example}"
    )
    return says.format(file=name, line=place.line + 1, text=shown, example='comment: "…: …"')


def _text_of(raw: bytes) -> str:
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if wide else "utf-8-sig")
