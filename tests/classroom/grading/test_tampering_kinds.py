"""Every kind of tampering is noticed, or documented as what can't be; honest accidents are forgiven."""

from __future__ import annotations

import random

import pytest

from edgelab.classroom import chain, tampering
from tests import journals_tampered as ways, submissions_made


def problems(lines, cited=None):
    return [p for p in tampering.read(b"\n".join(lines) + b"\n", cited).problems if p.tampering]


@pytest.fixture(scope="module")
def lines():
    return submissions_made.journal(random.Random(8), 20)[0]


def head(lines):
    entry = chain.decode(lines[-1])
    return {entry.number: entry.hash}


def test_there_are_a_dozen_kinds_and_more():
    assert len(ways.DETECTED) >= 12


@pytest.mark.parametrize("way", ways.DETECTED, ids=lambda way: way.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_tampering_is_noticed(way, seed, lines):
    changed = way(lines, random.Random(seed))
    assert changed == lines or problems(changed)


@pytest.mark.parametrize("way", ways.CITED, ids=lambda way: way.__name__)
def test_a_citation_notices_what_the_file_can_not_tell(way, lines):
    changed = way(lines, random.Random(1))
    assert problems(changed) == []
    assert problems(changed, head(lines))


@pytest.mark.parametrize("way", ways.HARMLESS, ids=lambda way: way.__name__)
def test_accidents_are_not_held_against_anybody(way, lines):
    assert problems(way(lines, random.Random(1)), head(lines)) == []
