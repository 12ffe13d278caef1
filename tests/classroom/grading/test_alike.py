"""Copied measurements, journals and texts are found; what the course gave to all is not."""

from __future__ import annotations

import random
import time

from edgelab.classroom.grading import alike
from edgelab.classroom.grading.alike import Trace
from tests import submissions_made as made


def texts(count, seed=0, question="3.analysis"):
    rng = random.Random(seed)
    return [
        Trace(f"s{i}", texts={question: alike.normalised(made.text(rng, "fr", 5))})
        for i in range(count)
    ]


def test_texts_that_differ_in_some_letters_are_near_identical():
    traces = texts(30)
    copied = traces[3].texts["3.analysis"].replace("le", "mon", 2) + " voila"
    found = alike.compare([*traces, Trace("copy", texts={"3.analysis": copied})])
    assert [group.keys for group in found.texts] == [("copy", "s3")]
    assert 85 <= found.texts[0].share < 100
    assert found.of("s3") == ("copy",)


def test_students_who_wrote_themselves_are_not_named():
    assert alike.compare(texts(300)).texts == ()


def test_a_text_of_most_of_the_class_came_from_the_course():
    given = texts(1)[0].texts
    same = [Trace(f"c{i}", texts=given) for i in range(12)]
    assert alike.compare([*same, *texts(20, 1)]).texts == ()
    few = alike.compare([*same[:3], *texts(20, 1)]).texts
    assert [group.keys for group in few] == [("c0", "c1", "c2")]


def test_shared_measurements_form_a_group_with_their_records():
    traces = [
        Trace("a", timed={"x": 3, "y": 4, "z": 9}),
        Trace("b", timed={"x": 5, "y": 6}),
        Trace("c", timed={"y": 6}),
        Trace("d", timed={"w": 1}),
    ]
    (group,) = alike.compare(traces).measurements
    assert group.keys == ("a", "b", "c")
    assert group.what.startswith("3–4")


def test_the_same_figures_in_another_chain_are_found():
    rng = random.Random(1)
    _, entries = made.journal(rng, 20)
    once = {alike._figures(e.payload) for e in entries if e.kind == "comparison"}
    again = {
        alike._figures(dict(reversed(e.payload.items()))) for e in entries if e.kind == "comparison"
    }
    assert once == again


def test_reference_runs_of_the_course_are_not_evidence_of_copying():
    assert alike._shipped({"measured_here": False})
    assert alike._shipped({"measurements": [{"measured_here": True}, {"measured_here": False}]})
    assert not alike._shipped({"measurements": "none"})


def test_a_thousand_texts_take_seconds():
    traces = texts(1000, 2)
    begin = time.perf_counter()
    alike.compare(traces)
    assert time.perf_counter() - begin < 8
