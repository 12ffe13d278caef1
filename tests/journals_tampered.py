"""Every way that came to mind to change a journal after it was written, and what must notice it.

Each function takes the lines of a sound journal and gives the changed ones. `DETECTED` must be noticed from
the file alone, `CITED` when a worksheet cites the journal's last record, `HARMLESS` must not be held against
anybody, and `UNDETECTABLE` can't be noticed by anything that a student's machine keeps: who recomputes every hash
to the end has a valid chain. Against that helps only measuring again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from edgelab.classroom import chain

Lines = list[bytes]
Change = Callable[[Lines, random.Random], Lines]


def _body(line: bytes) -> dict[str, Any]:
    body = chain.parse(line)
    assert body is not None
    return body


def _encoded(body: dict[str, Any], **changes: Any) -> bytes:
    fields = {key: value for key, value in {**body, **changes}.items() if key != "hash"}
    return chain.encode(**fields)[0]


def _inner(lines: Sequence[bytes], rng: random.Random) -> int:
    return rng.randrange(1, len(lines) - 1)


def edited_figure(lines: Lines, rng: random.Random) -> Lines:
    """Change one digit of a payload."""
    lines = list(lines)
    places = [
        (row, at)
        for row, line in enumerate(lines)
        for at in range(line.index(b'"payload"'), line.index(b'"prev"'))
        if line[at : at + 1].isdigit()
    ]
    row, at = rng.choice(places)
    digit = b"%d" % ((int(lines[row][at : at + 1]) + rng.randint(1, 9)) % 10)
    lines[row] = lines[row][:at] + digit + lines[row][at + 1 :]
    return lines


def edited_and_rehashed(lines: Lines, rng: random.Random) -> Lines:
    """Change a payload and make its own hash fit again."""
    at = _inner(lines, rng)
    return [*lines[:at], _encoded(_body(lines[at]), payload={"value": 1}), *lines[at + 1 :]]


def edited_time(lines: Lines, rng: random.Random) -> Lines:
    """Move a record to another day."""
    at = rng.randrange(len(lines))
    line = lines[at].replace(b'"when":"2026', b'"when":"2025')
    return [*lines[:at], line, *lines[at + 1 :]]


def edited_machine(lines: Lines, rng: random.Random) -> Lines:
    """Pass a record off as another machine's."""
    at = rng.randrange(len(lines))
    own = _body(lines[at])["machine"].encode()
    return [*lines[:at], lines[at].replace(own, own[::-1]), *lines[at + 1 :]]


def edited_name(lines: Lines, rng: random.Random) -> Lines:
    """Give a record another name."""
    at = rng.randrange(len(lines))
    name = json.dumps(_body(lines[at])["name"], ensure_ascii=False).encode()
    line = lines[at].replace(b'"name":' + name, b'"name":"zz"')
    return [*lines[:at], line, *lines[at + 1 :]]


def exercise_passed(lines: Lines, rng: random.Random) -> Lines:
    """Turn failed exercises into passed ones."""
    return [line.replace(b'"passed":false', b'"passed":true', 1) for line in lines]


def removed_first(lines: Lines, rng: random.Random) -> Lines:
    """Drop the first records."""
    return lines[rng.randint(1, 3) :]


def removed_middle(lines: Lines, rng: random.Random) -> Lines:
    """Drop one record."""
    at = _inner(lines, rng)
    return [*lines[:at], *lines[at + 1 :]]


def removed_several(lines: Lines, rng: random.Random) -> Lines:
    """Drop a stretch."""
    at = rng.randrange(1, len(lines) - 4)
    return [*lines[:at], *lines[at + 3 :]]


def removed_and_renumbered(lines: Lines, rng: random.Random) -> Lines:
    """Drop one record and give the next its number, with a hash that fits."""
    at = _inner(lines, rng)
    number = _body(lines[at])["number"]
    later = [_encoded(_body(lines[at + 1]), number=number)] if at + 1 < len(lines) else []
    return [*lines[:at], *later, *lines[at + 2 :]]


def swapped(lines: Lines, rng: random.Random) -> Lines:
    """Swap two neighbours."""
    at = rng.randrange(len(lines) - 1)
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def shuffled(lines: Lines, rng: random.Random) -> Lines:
    """Put all in another order."""
    return [*lines[1:], lines[0]]


def duplicated(lines: Lines, rng: random.Random) -> Lines:
    """Let a record stand twice."""
    return [*lines, lines[rng.randrange(len(lines))]]


def inserted(lines: Lines, rng: random.Random) -> Lines:
    """Put a made-up record between two others, chained to the first."""
    at = _inner(lines, rng)
    before = _body(lines[at - 1])
    made = _encoded(before, number=before["number"] + 1, prev=before["hash"], payload={"value": 2})
    return [*lines[:at], made, *lines[at:]]


def from_another_journal(lines: Lines, rng: random.Random) -> Lines:
    """Put somebody else's record in the place of one's own."""
    at = _inner(lines, rng)
    other = _encoded(_body(lines[at]), prev="ab" * 32, when="2026-01-01")
    return [*lines[:at], other, *lines[at + 1 :]]


def two_journals(lines: Lines, rng: random.Random) -> Lines:
    """Put another journal behind one's own."""
    prev, others = chain.GENESIS, []
    for line in lines[:3]:
        others.append(_encoded(_body(line), prev=prev, when="2026-01-01"))
        prev = _body(others[-1])["hash"]
    return [*lines, *others]


def written_otherwise(lines: Lines, rng: random.Random) -> Lines:
    """Write the same content in another way (spaces): it went through an editor or a script."""
    at = rng.randrange(len(lines))
    return [*lines[:at], json.dumps(json.loads(lines[at])).encode(), *lines[at + 1 :]]


def doubled_key(lines: Lines, rng: random.Random) -> Lines:
    """Hide a second value of a key behind the first."""
    at = rng.randrange(len(lines))
    return [*lines[:at], lines[at][:-1] + b',"lesson":"99"}', *lines[at + 1 :]]


def garbage(lines: Lines, rng: random.Random) -> Lines:
    """Write a line that is no record."""
    at = _inner(lines, rng)
    return [*lines[:at], b'{"note":"hello"}', *lines[at:]]


def cut_end(lines: Lines, rng: random.Random) -> Lines:
    """Drop the last records: the chain that is left is whole."""
    return lines[: -rng.randint(1, 3)]


def end_replaced(lines: Lines, rng: random.Random) -> Lines:
    """Change the last record and make its hash fit: nothing stands behind it."""
    return [*lines[:-1], _encoded(_body(lines[-1]), payload={"value": 3})]


def recomputed(lines: Lines, rng: random.Random) -> Lines:
    """Change a record and recompute every hash from there to the end."""
    at = _inner(lines, rng)
    prev, made = _body(lines[at - 1])["hash"], []
    for line in lines[at:]:
        changes: dict[str, Any] = {} if made else {"payload": {"value": 4}}
        made.append(_encoded(_body(line), prev=prev, **changes))
        prev = _body(made[-1])["hash"]
    return [*lines[:at], *made]


def windows_editor(lines: Lines, rng: random.Random) -> Lines:
    """Save in an editor on Windows: other line ends and a byte-order mark."""
    return [b"\xef\xbb\xbf" + lines[0] + b"\r", *(line + b"\r" for line in lines[1:])]


def interrupted(lines: Lines, rng: random.Random) -> Lines:
    """Lose power while a record is written; the next one starts on a new line."""
    at = _inner(lines, rng)
    return [*lines[:at], lines[at][: len(lines[at]) // 2], *lines[at:]]


DETECTED: tuple[Change, ...] = (
    edited_figure,
    edited_and_rehashed,
    edited_time,
    edited_machine,
    edited_name,
    exercise_passed,
    removed_first,
    removed_middle,
    removed_several,
    removed_and_renumbered,
    swapped,
    shuffled,
    duplicated,
    inserted,
    from_another_journal,
    two_journals,
    written_otherwise,
    doubled_key,
    garbage,
)
CITED: tuple[Change, ...] = (cut_end, end_replaced, recomputed)
UNDETECTABLE: tuple[Change, ...] = (cut_end, end_replaced, recomputed)
HARMLESS: tuple[Change, ...] = (windows_editor, interrupted)
