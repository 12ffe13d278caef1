"""What happened to a journal after it was written: edited, removed, moved and added records.

    reading = read(Path("journal.jsonl").read_bytes())
    reading.entries       # the records that count as evidence
    reading.problems      # each names its record; [] for an untouched file

`chain.py` has the format and says what it can and cannot prove.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgelab.classroom import chain
from edgelab.classroom.chain import Entry
from edgelab.classroom.language import _

_Line = tuple[int, dict[str, Any]]  # its place in the file, from 1, and what it holds
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?$)')


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
        body = chain.parse(line)
        if body is None:
            problems.append(_broken(at, line))
            continue
        bodies.append((at, body))
        if chain.fits_its_hash(body, line):
            sound.append(Entry(**body))
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
        "note": _("note"),
        "cpu": _("CPU use"),
        "throughput": _("throughput"),
        "footprint": _("footprint"),
        "overhead": _("overhead"),
        "explanation": _("explanation"),
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
        hashes = {body["hash"] for _, body in before} if number > 1 else {chain.GENESIS}
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


def _title(body: Mapping[str, Any]) -> str:
    name = body["name"] if len(body["name"]) <= 40 else body["name"][:40] + "…"
    return _("Record {number} ({kind} “{name}”)").format(
        number=body["number"], kind=kind_name(body["kind"])[:20], name=name
    )
