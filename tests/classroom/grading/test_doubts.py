"""What nothing proves, and a name that is another's, is put before the person who grades."""

from __future__ import annotations

import json
import random

import pytest

from edgelab.classroom.grading import batch, doubts
from tests import submissions_made as made


@pytest.fixture(scope="module")
def student(schema):
    return made.student(schema, "Zoé Martin", 1, random.Random(5), size=20)


def report(student, folder, name="Zoé Martin", **changes):
    hand = json.loads(student.content) | changes
    hand = {k: v for k, v in hand.items() if v is not None}
    (folder / "in" / name).mkdir(parents=True)
    (folder / "in" / name / "analysis.json").write_text(json.dumps(hand), "utf-8")
    (graded,) = batch.grade("analysis", folder / "in", folder / "out").graded
    return graded, (folder / "out" / "class.html").read_text("utf-8")


def test_a_sound_hand_in_needs_no_look(student, tmp_path, no_charts):
    graded, page = report(student, tmp_path)
    assert graded.doubts == ()
    assert "Look at these" not in page


def test_a_missing_journal_is_named(student, tmp_path, no_charts):
    _graded, page = report(student, tmp_path, journal=None, journal_head=None)
    assert "There is no journal: " in page


def test_an_emptied_journal_is_named(student, tmp_path, no_charts):
    _graded, page = report(student, tmp_path, journal=[], journal_head=None)
    assert "The journal is empty: " in page


def test_a_journal_cut_at_its_end_is_named(student, tmp_path, no_charts):
    lines = json.loads(student.content)["journal"]
    _graded, page = report(student, tmp_path, journal=lines[:-1])
    assert f"cites record {len(lines)}, which is not in the journal" in page


def test_a_figure_that_differs_is_named(student, tmp_path, no_charts):
    entries = json.loads(student.content)["entries"]
    entries["3.tests.load.result"] |= {"value": 99999.0, "typed": "99999"}
    _graded, page = report(student, tmp_path, entries=entries)
    assert "you typed" in page


def test_another_name_than_the_folders_is_named(student, tmp_path, no_charts):
    graded, page = report(student, tmp_path, name="Alice Martin")
    assert graded.doubts[0] in page.replace("&#x27;", "'")
    assert "bears the name “Zoé Martin”" in graded.doubts[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("dupontcamille", "Camille Dupont", True),
        ("martin", "Zoé Martin", True),
        ("01 Zoe MARTIN", "Martin, Zoé", True),
        ("Alice Martin", "Zoé Martin", False),
        ("Zoé", "Ali", False),
    ],
)
def test_names_that_may_be_one_persons(one, other, same):
    assert doubts.is_same_name(one, other) is same
