"""A chain of records: each line carries the hash of the one before, so a change shows.

    line, entry = encode(number=1, prev=GENESIS, kind="measurement", name="int8", payload={...})
    reading = read(Path("journal.jsonl").read_bytes())
    reading.entries, reading.problems

A line is one JSON object in canonical form (sorted keys, no spaces), whose `hash` is the SHA-256 of
the same object without `hash`. Changing, removing, moving or adding a line breaks the chain at a
place that can be named. It is *tamper-evident, not tamper-proof*: who recomputes every hash from
the altered line to the end, or cuts off the end, leaves a valid chain. The second shows when a
worksheet cites a record that is gone (`read(..., cited=...)`); against the first only measuring
again helps.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from edgelab.classroom.language import _
from edgelab.errors import JournalError
from edgelab.records import Record

GENESIS = "0" * 64
_TEXTS = ("kind", "name", "when", "edgelab", "profile", "machine", "prev", "hash")
FIELDS = frozenset([*_TEXTS, "number", "payload", "lesson"])
# No record nests deeper; a forged one that does must not exhaust the reader's stack.
_DEEPEST = 40
_MOST_RECORDS = 10**9
_Line = tuple[int, dict[str, Any]]  # its place in the file, from 1, and what it holds
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?$)')
# JSON has no word for these; a measurement may hold them.
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Entry(Record):
    """A record as it stands in a journal, with its place in the chain."""

    lesson: str | None = None
    profile: str = ""
    machine: str = ""  # fingerprint of the kind of machine, see `edgelab.machine`
    edgelab: str = ""
    prev: str = ""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a journal, in words that name the record."""

    kind: str  # "edited", "removed", "reordered", "duplicated", "inserted", "unreadable",
    # "cut" (a cited record is gone from the end) or "interrupted"
    text: str
    number: int | None = None  # of the record, where it is known
    line: int | None = None  # in the file, from 1

    @property
    def tampering(self) -> bool:
        """Tell whether somebody changed the file; an interrupted write is an accident."""
        return self.kind != "interrupted"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Reading:
    """What a journal holds: its sound records in the order of the file, and what is wrong."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()


def encode(**fields: Any) -> tuple[bytes, Entry]:
    """Return one record as the line to be written (without line end) and as it will be read.

    Args:
        fields: all of `FIELDS` but `hash`; the payload may hold NumPy values, paths and non-finite
            numbers.

    Raises:
        JournalError: the payload holds something that JSON cannot keep.
    """
    body = _plain(fields, "payload")
    body["hash"] = _digest(body)
    if _too_deep(body):
        raise JournalError(f"The payload of {body['name']!r} is nested too deeply for a journal.")
    return _canonical(body), _entry(body)


def decode(line: bytes) -> Entry | None:
    """Return the record of a line as it claims to be, or None where the line is none."""
    body = _parse(line)
    return None if body is None else _entry(body)


def read(content: bytes, cited: Mapping[int, str] | None = None) -> Reading:
    """Read a whole journal and find everything that is wrong with it.

    Args:
        content: the bytes of the file.
        cited: hashes of records, by number, that other documents cite; a record that is gone or
            different is a problem.

    Returns:
        The records that count as evidence (content and chain fit), and the problems, both in the
        order of the file.
    """
    bodies: list[_Line] = []
    problems: list[Problem] = []
    sound: list[Entry] = []
    edited: set[int] = set()
    for at, line in _lines(content):
        body = _parse(line)
        if body is None:
            problems.append(_broken(at, line))
            continue
        bodies.append((at, body))
        if body["hash"] == _digest(body) and line == _canonical(body):
            sound.append(_entry(body))
            continue
        edited.add(body["number"])
        says = _("{record}, line {line}, was edited: its content does not fit its hash.")
        problems.append(
            Problem("edited", says.format(record=_title(body), line=at), body["number"], at)
        )
    problems += _order_problems(bodies) + _link_problems(bodies, edited)
    sound = _evidence(sound, {p.number for p in problems if p.kind == "edited"}, bodies)
    known = {entry.hash for entry in sound}
    for number, hash_ in sorted((cited or {}).items()):
        if hash_ not in known and not any(p.number == number for p in problems):
            says = _("Record {number} is cited elsewhere and is not here as it was then.")
            problems.append(Problem("cut", says.format(number=number), number))
    problems.sort(key=lambda problem: (problem.line or math.inf, problem.number or math.inf))
    return Reading(tuple(sound), tuple(problems))


def _evidence(sound: list[Entry], replaced: set[int | None], bodies: list[_Line]) -> list[Entry]:
    """Return one record per number, without those that the next one shows to be replaced."""
    continued = {body["prev"] for _, body in bodies}
    best: dict[int | None, Entry] = {}
    for entry in sound:
        rival = best.setdefault(entry.number, entry)
        if entry.hash in continued and rival.hash not in continued:
            best[entry.number] = entry
    return [e for e in sound if e is best[e.number] and e.number not in replaced]


def kind_name(kind: str) -> str:
    """Return what students call a kind of record."""
    names = {
        "measurement": _("measurement"),
        "comparison": _("comparison"),
        "prediction": _("prediction"),
        "outcome": _("outcome"),
        "exercise": _("exercise"),
        "answer": _("answer"),
        "choice": _("choice"),
    }
    return names.get(kind, kind)


def _order_problems(bodies: list[_Line]) -> list[Problem]:
    """Find records that are missing, doubled or in the wrong place, by their numbers."""
    problems: list[Problem] = []
    first: dict[int, tuple[int, str]] = {}
    highest = 0
    for at, body in bodies:
        number = body["number"]
        if number in first:
            kind = "duplicated" if first[number][1] == body["hash"] else "inserted"
            says = (
                _("{record} stands twice, in lines {first} and {line}.")
                if kind == "duplicated"
                else _("{record}: lines {first} and {line} bear that number, one was inserted.")
            ).format(record=_title(body), first=first[number][0], line=at)
            problems.append(Problem(kind, says, number, at))
            continue
        first[number] = at, body["hash"]
        if number < highest:
            says = _("{record}, line {line}, stands after record {highest}: lines were moved.")
            says = says.format(record=_title(body), line=at, highest=highest)
            problems.append(Problem("reordered", says, number, at))
        highest = max(highest, number)
    before = 0
    for number in sorted(first):
        if number > before + 1:
            says = (
                _("Record {first} was removed: it is missing before record {next}.")
                if number == before + 2
                else _("Records {first} to {last} were removed: missing before record {next}.")
            ).format(first=before + 1, last=number - 1, next=number)
            problems.append(Problem("removed", says, before + 1, first[number][0]))
        before = number
    return problems


def _link_problems(bodies: list[_Line], edited: set[int]) -> list[Problem]:
    """Find neighbours of which the second was chained to something else than the first."""
    by_number: dict[int, list[_Line]] = {}
    for at, body in bodies:
        by_number.setdefault(body["number"], []).append((at, body))
    problems = []
    for number, same in by_number.items():
        before = by_number.get(number - 1, [])
        hashes = {body["hash"] for _, body in before} if number > 1 else {GENESIS}
        if not hashes or any(body["prev"] in hashes for _, body in same):
            continue
        if number in edited or number - 1 in edited:
            continue  # named already: an edited record may carry any hash
        if before:
            at, body = before[0]
            says = _("{record}, line {line}, was replaced: record {next} continues another one.")
        else:
            at, body = same[0]
            says = _("{record}, line {line}, is the beginning of another journal.")
        says = says.format(record=_title(body), line=at, next=number)
        problems.append(Problem("edited", says, body["number"], at))
    return problems


def _broken(at: int, line: bytes) -> Problem:
    if not _cut_off(line):
        says = _("Line {line} is not a record of this journal.")
        return Problem("unreadable", says.format(line=at), None, at)
    says = _("Line {line} is an interrupted write; the records around it are complete.")
    return Problem("interrupted", says.format(line=at), None, at)


def _cut_off(line: bytes) -> bool:
    """Tell whether a line is the beginning of a record, or what a power cut leaves of one."""
    if not line.strip(b"\0"):
        return True
    without_strings = _STRING.sub(b"", line)
    return line.startswith(b"{") and without_strings.count(b"{") > without_strings.count(b"}")


def _lines(content: bytes) -> list[tuple[int, bytes]]:
    # An editor on Windows may have added a byte-order mark and carriage returns: harmless.
    bare = content.removeprefix(b"\xef\xbb\xbf")
    return [
        (at, line)
        for at, raw in enumerate(bare.split(b"\n"), start=1)
        if (line := raw.rstrip(b"\r"))
    ]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(line.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
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
    return body if fits and not _too_deep(body) else None


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


def _digest(body: Mapping[str, Any]) -> str:
    without = {key: value for key, value in body.items() if key != "hash"}
    return hashlib.sha256(_canonical(without)).hexdigest()


def _title(body: Mapping[str, Any]) -> str:
    name = body["name"] if len(body["name"]) <= 40 else body["name"][:40] + "…"
    return _("Record {number} ({kind} “{name}”)").format(
        number=body["number"], kind=kind_name(body["kind"])[:20], name=name
    )


def _entry(body: Mapping[str, Any]) -> Entry:
    return Entry(**{**body, "payload": _restored(body["payload"])})


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


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"__float__"} and value["__float__"] in _SPECIAL:
            return _SPECIAL[value["__float__"]]
        return {key: _restored(item) for key, item in value.items()}
    return [_restored(item) for item in value] if isinstance(value, list) else value
