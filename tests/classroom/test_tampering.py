from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from edgelab.classroom import chain, tampering
from edgelab.classroom.language import speaking
from tests.classroom.journal_made import line_of

Lines = list[bytes]


def journal_of(count: int) -> Lines:
    lines, prev = [], chain.GENESIS
    for number in range(1, count + 1):
        line, prev = line_of(number, prev, latency_ms=number / 7)
        lines.append(line)
    return lines


def whole(lines: Lines) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def rehashed(line: bytes, **changes: object) -> bytes:
    """Return a line with changed fields whose own hash was computed anew."""
    body = json.loads(line) | changes
    del body["hash"]
    return chain.encode(**body)[0]


def edit_a_value(lines: Lines) -> Lines:
    lines[2] = lines[2].replace(b"0.42857142857142855", b"0.1")
    return lines


def edit_a_name(lines: Lines) -> Lines:
    lines[2] = lines[2].replace(b'"int8"', b'"float"')
    return lines


def edit_the_time(lines: Lines) -> Lines:
    lines[2] = lines[2].replace(b"T10:", b"T09:")
    return lines


def edit_the_hash(lines: Lines) -> Lines:
    body = json.loads(lines[2])
    lines[2] = lines[2].replace(body["hash"].encode(), b"f" * 64)
    return lines


def edit_and_hash_again(lines: Lines) -> Lines:
    lines[2] = rehashed(lines[2], payload={"latency_ms": 0.1})
    return lines


def double_a_key(lines: Lines) -> Lines:
    lines[2] = lines[2].replace(b'"payload":{', b'"payload":{"latency_ms":0.1,')
    return lines


def reformat(lines: Lines) -> Lines:
    lines[2] = json.dumps(json.loads(lines[2])).encode()
    return lines


def remove_one(lines: Lines) -> Lines:
    return lines[:2] + lines[3:]


def remove_several(lines: Lines) -> Lines:
    return lines[:1] + lines[3:]


def remove_the_first(lines: Lines) -> Lines:
    return lines[1:]


def remove_and_renumber(lines: Lines) -> Lines:
    return lines[:2] + [rehashed(line, number=n) for n, line in enumerate(lines[3:], start=3)]


def swap_neighbours(lines: Lines) -> Lines:
    lines[2], lines[3] = lines[3], lines[2]
    return lines


def move_to_the_end(lines: Lines) -> Lines:
    return lines[:2] + lines[3:] + [lines[2]]


def copy_a_line(lines: Lines) -> Lines:
    return [*lines, lines[2]]


def insert_a_forged_one(lines: Lines) -> Lines:
    before = json.loads(lines[1])["hash"]
    forged, _hash = line_of(3, before, latency_ms=0.1)
    return [*lines[:2], forged, *lines[2:]]


def begin_with_another_journal(lines: Lines) -> Lines:
    first, _hash = line_of(1, "a" * 64)
    return [first, *lines[1:]]


def garble_a_line(lines: Lines) -> Lines:
    lines[2] = b'{"number":3}'
    return lines


TAMPERING: list[tuple[Callable[[Lines], Lines], str, int | None]] = [
    (edit_a_value, "edited", 3),
    (edit_a_name, "edited", 3),
    (edit_the_time, "edited", 3),
    (edit_the_hash, "edited", 3),
    (edit_and_hash_again, "edited", 3),
    (double_a_key, "edited", 3),
    (reformat, "edited", 3),
    (remove_one, "removed", 3),
    (remove_several, "removed", 2),
    (remove_the_first, "removed", 1),
    (remove_and_renumber, "edited", 2),
    (swap_neighbours, "reordered", 3),
    (move_to_the_end, "reordered", 3),
    (copy_a_line, "duplicated", 3),
    (insert_a_forged_one, "inserted", 3),
    (begin_with_another_journal, "edited", 1),
    (garble_a_line, "unreadable", None),
]


@pytest.mark.parametrize(
    ("tamper", "kind", "number"), TAMPERING, ids=lambda v: getattr(v, "__name__", "")
)
def test_tampering_is_found_and_the_record_named(
    tamper: Callable[[Lines], Lines], kind: str, number: int | None
) -> None:
    problems = tampering.read(whole(tamper(journal_of(5)))).problems
    named = [p for p in problems if p.kind == kind and p.number == number]
    assert named, problems
    assert all(p.tampering for p in problems)
    if number:
        assert str(number) in named[0].text


def test_an_untouched_journal_has_no_problem() -> None:
    reading = tampering.read(whole(journal_of(5)))
    assert reading.problems == ()
    assert [entry.number for entry in reading.entries] == [1, 2, 3, 4, 5]


def test_an_altered_record_is_no_evidence_and_the_others_are() -> None:
    for tamper in (edit_a_value, edit_and_hash_again, garble_a_line, remove_one):
        entries = tampering.read(whole(tamper(journal_of(5)))).entries
        assert [entry.number for entry in entries] == [1, 2, 4, 5], tamper.__name__


def test_of_two_records_with_one_number_the_chained_one_counts() -> None:
    entries = tampering.read(whole(insert_a_forged_one(journal_of(5)))).entries
    assert [entry.payload["latency_ms"] for entry in entries] == [n / 7 for n in range(1, 6)]


def test_a_cut_off_end_shows_only_where_it_is_cited() -> None:
    lines = journal_of(5)
    last = json.loads(lines[4])["hash"]
    assert tampering.read(whole(lines[:3])).problems == ()
    problems = tampering.read(whole(lines[:3]), cited={5: last}).problems
    assert [(p.kind, p.number) for p in problems] == [("cut", 5)]


def test_recomputing_the_whole_chain_is_beyond_it() -> None:
    lines, prev = [], chain.GENESIS
    for number in range(1, 4):
        line, prev = line_of(number, prev, latency_ms=0.001)
        lines.append(line)
    assert tampering.read(whole(lines)).problems == ()


def test_an_interrupted_write_is_an_accident_and_costs_one_record() -> None:
    lines = journal_of(3)
    reading = tampering.read(whole(lines[:2]) + lines[2][:80])
    assert [p.kind for p in reading.problems] == ["interrupted"]
    assert not reading.problems[0].tampering
    assert [entry.number for entry in reading.entries] == [1, 2]


def test_line_ends_of_another_system_are_harmless() -> None:
    content = b"\xef\xbb\xbf" + whole(journal_of(3)).replace(b"\n", b"\r\n")
    assert tampering.read(content).problems == ()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 100,
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"9" * 10_000,
        b"null",
        b'"text"',
        b"{}",
        b"NaN",
    ],
)
def test_garbage_never_stops_the_reader(garbage: bytes) -> None:
    lines = journal_of(2)
    reading = tampering.read(whole([lines[0], garbage, lines[1]]))
    assert len(reading.entries) == 2
    assert len(reading.problems) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "3"),
        ("number", True),
        ("number", 0),
        ("number", 10**30),
        ("payload", [1]),
        ("name", None),
        ("lesson", 20),
    ],
)
def test_a_field_of_the_wrong_type_makes_a_line_unreadable(field: str, value: object) -> None:
    lines = journal_of(1)
    body = json.loads(lines[0]) | {field: value}
    assert [p.kind for p in tampering.read(whole([json.dumps(body).encode()])).problems] == [
        "unreadable"
    ]


def test_problems_are_named_in_french_too() -> None:
    with speaking("fr"):
        (problem,) = tampering.read(whole(remove_one(journal_of(5)))).problems
    assert problem.text.startswith("L’enregistrement 3 a été supprimé")
