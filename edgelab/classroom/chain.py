"""A chain of records: each line carries the hash of the one before, so a change shows.

    line, entry = encode(number=1, prev=GENESIS, kind="measurement", name="int8", payload={...})
    decode(line) == entry

A line is one JSON object in canonical form (sorted keys, no spaces), whose `hash` is the SHA-256 of
the same object without `hash`. Changing, removing, moving or adding a line breaks the chain at a
place that `tampering.py` names. It is *tamper-evident, not tamper-proof*: who recomputes every hash from
the altered line to the end, or cuts off the end, leaves a valid chain. The second shows when a
worksheet cites a record that is gone (`read(..., cited=...)` there); against the first only measuring
again helps.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from edgelab.errors import JournalError
from edgelab.records import Record

GENESIS = "0" * 64
_TEXTS = ("kind", "name", "when", "edgelab", "profile", "machine", "prev", "hash")
FIELDS = frozenset([*_TEXTS, "number", "payload", "lesson"])
# No record nests deeper; a forged one that does must not exhaust the reader's stack.
_DEEPEST = 40
_MOST_RECORDS = 10**9
# JSON has no word for these; a measurement may hold them.
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Entry(Record):
    """A record as it stands in a journal, with its place in the chain."""

    lesson: str | None = None
    profile: str = ""
    machine: str = ""  # fingerprint of the kind of machine, see `edgelab.measuring.machine`
    edgelab: str = ""
    prev: str = ""


def encode(**fields: Any) -> tuple[bytes, Entry]:
    """Return one record as the line to be written (without line end) and as it will be read.

    Args:
        fields: all of `FIELDS` but `hash`; the payload may hold NumPy values, paths and non-finite
            numbers.

    Raises:
        JournalError: the payload holds something that JSON cannot keep.
    """
    body = _plain(fields, "payload")
    body["hash"] = hashlib.sha256(_canonical(body)).hexdigest()
    line = _canonical(body)
    entry = decode(line)
    if entry is None:
        raise JournalError(f"The payload of {body['name']!r} is nested too deeply for a journal.")
    return line, entry


def decode(line: bytes) -> Entry | None:
    """Return the record of a line as it claims to be, or None where the line is none."""
    body = parse(line)
    return None if body is None else Entry(**body)


def parse(line: bytes) -> dict[str, Any] | None:
    """Return the fields of a line, or None where it is no record."""
    try:
        body = json.loads(
            line.decode("utf-8"),
            parse_constant=_refuse,
            parse_float=_finite,
            object_hook=_special if b"__float__" in line else None,
        )
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or set(body) != FIELDS:
        return None
    fits = (
        type(body["number"]) is int
        and 1 <= body["number"] < _MOST_RECORDS
        and isinstance(body["payload"], dict)
        and isinstance(body["lesson"], str | None)
        and all(isinstance(body[key], str) for key in _TEXTS)
    )
    flat = line.count(b"[") + line.count(b"{") < _DEEPEST
    return body if fits and (flat or not _too_deep(body)) else None


def _too_deep(value: Any) -> bool:
    # Level by level instead of by recursion, which is what too deep a nesting breaks.
    level = [value]
    for _level in range(_DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _special(found: dict[str, Any]) -> Any:
    word = found.get("__float__")
    return _SPECIAL[word] if isinstance(word, str) and word in _SPECIAL else found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _canonical(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(
        body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    # A file name may hold bytes that are no characters; as a JSON escape they survive.
    return text.encode("utf-8", "backslashreplace")


def fits_its_hash(body: Mapping[str, Any], line: bytes) -> bool:
    """Tell whether a line is exactly what its hash was made from."""
    # Taken from the bytes themselves, not from what they were read as: so a doubled key or another
    # way to write the same number shows as well. "hash" is the second key in sorted order.
    before = _canonical({"edgelab": body["edgelab"]})[:-1] + b","
    own = _canonical({"hash": body["hash"]})[1:-1] + b","
    if not line.startswith(before + own):
        return False
    without = before + line[len(before) + len(own) :]
    return bool(body["hash"] == hashlib.sha256(without).hexdigest())


def _plain(value: Any, where: str) -> Any:
    """Turn a value into what JSON has: NumPy values, paths, tuples and non-finite floats too."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        value = value.tolist()  # a NumPy scalar or array
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"__float__": str(value)}
    if isinstance(value, str | None | bool | int):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, f"{where}[{at}]") for at, item in enumerate(value)]
    raise JournalError(
        f"A journal keeps numbers, text, lists and dictionaries; {where} is a "
        f"{type(value).__name__}. Give its values instead."
    )
