"""What an exported Markdown worksheet said when it was written, kept in a comment at its end.

    text = sealed(text, schema)             # on export
    said = said_in(text)                    # said.places["3.analysis"], said.whole
    without(text)                           # the worksheet alone

So a file that comes back tells what was edited in it since, and what is only older than the worksheet.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgelab.classroom.worksheets import markdown_places, values
from edgelab.classroom.worksheets.answers import Value
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.values import clean

_DIGITS = 10
_COMMENT = re.compile(
    r"\n?<!-- exported (?P<id>[0-9a-f]+) (?P<whole>[0-9a-f]+)\s(?P<places>[^>]*)-->\n?"
)
_PLACE = re.compile(r"([a-z0-9_.]+)=([0-9a-f]+)")
# Signs that editors exchange by themselves.
_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "\u00a0": " ", "\u202f": " "}
)


@dataclass(frozen=True)
class Said:
    """What a file said when it was exported, as digests."""

    id: str = ""
    whole: str = ""
    places: Mapping[str, str] = field(default_factory=dict)  # of those that were not empty


def sealed(text: str, schema: Schema) -> str:
    """Return a filled worksheet with the comment that says what it says."""
    texts = markdown_places.parse(text, schema)
    digests = {name: digest(schema.field(name), typed) for name, typed in texts.items()}
    listed = " ".join(f"{name}={told}" for name, told in digests.items() if told)
    wrapped = textwrap.fill(listed, 100, break_long_words=False, break_on_hyphens=False)
    return f"{text}\n<!-- exported {secrets.token_hex(4)} {_hash(text)}\n{wrapped}\n-->\n"


def said_in(text: str) -> Said | None:
    """Return what an exported text said; None where it was not exported, or the comment is gone."""
    found = _COMMENT.search(clean(text))
    if found is None:
        return None
    return Said(found["id"], found["whole"], dict(_PLACE.findall(found["places"])))


def without(text: str) -> str:
    """Return the worksheet without that comment."""
    return _COMMENT.sub("", clean(text))


def is_untouched(text: str) -> bool:
    """Tell whether a file is still as it was exported."""
    said = said_in(text)
    return said is not None and said.whole == _hash(without(text))


def digest(field: Field, given: Value | None) -> str:
    """Return a short digest of an answer, typed or kept; "" of an empty place and of no tick."""
    value = values.understand(field, given).value
    if value is None or value is False:
        return ""
    if isinstance(value, str):
        return _hash(value)[:_DIGITS] if value.strip() else ""
    return _hash(repr(value if value is True else float(value)))[:_DIGITS]


def _hash(text: str) -> str:
    # Line ends, blanks at their ends and the form of quotation marks are an editor's, no edit.
    lines = "\n".join(line.rstrip() for line in text.strip().translate(_SIGNS).splitlines())
    return hashlib.sha256(lines.encode("utf-8", "replace")).hexdigest()[:16]
