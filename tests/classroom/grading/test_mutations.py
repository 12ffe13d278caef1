"""Broken and hostile hand-ins: none crashes, all are in the gradebook, none injects, nothing leaves `out`."""

from __future__ import annotations

import csv

from edgelab.classroom.grading import batch
from tests import grading_audited, submissions_mutated as mutated

ROUNDS = 3


def test_hostile_hand_ins_do_no_harm(graded_class, tmp_path, no_charts):
    kinds = [*mutated.CHANGES, *mutated.BYTES, *mutated.PACKINGS]
    assert len(kinds) >= 30
    folder, out = tmp_path / "submissions", tmp_path / "grades"
    bases = [one.content for one in graded_class.made[:4]]
    count = mutated.write(folder, bases, ROUNDS * len(kinds), seed=1)
    before = grading_audited.snapshot(tmp_path, out)
    batch.grade("analysis", folder, out, processes=1)
    assert grading_audited.offences(out, count) == []
    assert grading_audited.snapshot(tmp_path, out) == before
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as stream:
        states = [row["status"] for row in csv.DictReader(stream)]
    assert states.count("unreadable") > count / 4
    assert states.count("to mark") > count / 4
