"""What somebody wrote into a Markdown worksheet where nothing is read: it must not get lost in silence.

for line, text in outside(text, schema):
    ...                         # 41, "My strong point, below a marker that was deleted"
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from edgelab.classroom.language import AVAILABLE, _, speaking
from edgelab.classroom.worksheets import citations, markdown
from edgelab.classroom.worksheets.markdown_places import Beside, walk
from edgelab.classroom.worksheets.schema import Schema

_COMMENT = re.compile(r"<!--.*?(?:-->|$)")
_DECORATION = re.compile(r"[\\*_`#>|~]|<br ?/?>")
_WRAPPED = 20  # characters of a piece of our own text that an editor wrapped


def outside(text: str, schema: Schema) -> list[tuple[int, str]]:
    """Return the pieces of text that stand at no place and are not the worksheet's own.

    Args:
        text: of an exported or blank worksheet, edited; without the list of what was exported.
        schema: the worksheet.

    Returns:
        The number of the line, from 1, and what was added there.
    """
    own, whole = _own(schema)
    found = []
    for piece in _beside(text, schema):
        bare = _bare(piece.text)
        known = bare in own or (len(bare) >= _WRAPPED and bare in whole)
        if known or not any(c.isalnum() for c in bare) or _is_told(piece.text):
            continue
        # Written behind a question, on its line: the question is ours.
        begun = max(
            (line for line in own if _asks(line) and bare.startswith(line)), key=len, default=""
        )
        found.append((piece.line, bare[len(begun) :].strip()))
    return found


def _beside(text: str, schema: Schema) -> Iterator[Beside]:
    yield from (piece for piece in walk(text, schema) if isinstance(piece, Beside))


def _own(schema: Schema) -> tuple[frozenset[str], str]:
    pieces = [
        _bare(piece.text)
        for lang in AVAILABLE
        for piece in _beside(markdown.blank(schema, lang), schema)
    ]
    return frozenset(pieces), " ".join(pieces)


@functools.lru_cache(maxsize=1)
def _records() -> re.Pattern[str]:
    names = []
    for lang in AVAILABLE:
        with speaking(lang):
            names.append(re.escape(_("record {number}")).replace(re.escape("{number}"), r"\d+"))
    return re.compile("|".join(names))


def _asks(line: str) -> bool:
    # One word of a table's head may well begin somebody's sentence.
    return line.endswith("?") or len(line) >= _WRAPPED


def _is_told(line: str) -> bool:
    """Tell whether a line is one that an export adds: which models, which record."""
    bare = line.strip()
    cited = bare.startswith("- *") and bare.endswith("*") and _records().search(bare)
    return bool(cited) or citations.subjects_in(line) is not None


def _bare(text: str) -> str:
    return " ".join(_DECORATION.sub(" ", _COMMENT.sub(" ", text)).split())
