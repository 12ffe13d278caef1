"""How often each kind of tampering with a journal is noticed, and what can't be."""

from __future__ import annotations

import random
from collections.abc import Iterator

from edgelab.classroom import chain, tampering
from tests import journals_tampered as ways, submissions_made
from tests.bench.figure import Figure, at_most, reported, share_at_least

JOURNALS = 50
FEWEST_KINDS = 12


def figures() -> Iterator[Figure]:
    """Tamper with many journals in every way and count what is noticed."""
    journals = [submissions_made.journal(random.Random(i), 25)[0] for i in range(JOURNALS)]
    assert len(ways.DETECTED) >= FEWEST_KINDS
    yield reported("kinds of tampering that must be noticed", len(ways.DETECTED), "")
    for way in ways.DETECTED:
        hits, total = _noticed(way, journals, cite=False)
        yield share_at_least(f"noticed: {_name(way)}", hits, total, 100)
    for way in ways.CITED:
        hits, total = _noticed(way, journals, cite=True)
        yield share_at_least(f"noticed where cited: {_name(way)}", hits, total, 100)
    for way in ways.UNDETECTABLE:
        hits, total = _noticed(way, journals, cite=False)
        note = "a valid chain is left; documented"
        yield reported(
            f"noticed from the file alone: {_name(way)}", 100 * hits / total, "%", note=note
        )
    for way in ways.HARMLESS:
        hits, _total = _noticed(way, journals, cite=False)
        yield at_most(f"held against an honest student: {_name(way)}", hits, "", 0)


def _noticed(way: ways.Change, journals: list[list[bytes]], cite: bool) -> tuple[int, int]:
    hits = total = 0
    for seed, lines in enumerate(journals):
        changed = way(lines, random.Random(seed))
        if changed == lines:
            continue
        total += 1
        head = chain.decode(lines[-1])
        cited = {head.number: head.hash} if cite and head and head.number and head.hash else None
        reading = tampering.read(b"\n".join(changed) + b"\n", cited)
        hits += any(problem.tampering for problem in reading.problems)
    return hits, total


def _name(way: ways.Change) -> str:
    return way.__name__.replace("_", " ")
