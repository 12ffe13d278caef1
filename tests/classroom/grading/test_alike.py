"""Copied measurements, journals and texts are found; what the course gave to all is not."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest

from edgelab.classroom.grading import alike
from edgelab.classroom.grading.alike import Trace
from edgelab.classroom.worksheets import exemplars, loading
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


@pytest.mark.parametrize("every", [2, 3, 4])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_letter_added_to_every_few_words_hides_nothing(every, lang):
    answers = exemplars.build("excellent", lang)
    own = alike.trace("a", loading.load("analysis"), answers, ()).texts
    changed = {
        name: " ".join(w + "s" * (i % every == 0) for i, w in enumerate(text.split()))
        for name, text in own.items()
    }
    found = alike.compare([Trace("a", texts=own), Trace("b", texts=changed), *texts(30)]).texts
    assert {name for group in found for name in group.what.split(", ")} == set(own)


def test_a_copy_without_accents_is_found_among_many():
    traces = texts(300)
    bare = unicodedata.normalize("NFD", traces[3].texts["3.analysis"])
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    found = alike.compare([*traces, Trace("copy", texts={"3.analysis": bare})]).texts
    assert [group.keys for group in found] == [("copy", "s3")]


@pytest.mark.parametrize(
    ("ring", "others", "common"), [(7, 13, False), (8, 12, True), (8, 0, True)]
)
def test_a_text_of_most_of_the_class_is_named_as_such(ring, others, common):
    given = texts(1)[0].texts
    same = [Trace(f"c{i}", texts=given) for i in range(ring)]
    (group,) = alike.compare([*same, *texts(others, 1)]).texts
    assert (len(group.keys), group.common) == (ring, common)


def test_a_ring_of_edited_copies_is_one_group():
    given = texts(1)[0].texts["3.analysis"].split()
    ring = [
        Trace(
            f"c{i}",
            texts={
                "3.analysis": " ".join(w + "s" * (at % 9 == i % 9) for at, w in enumerate(given))
            },
        )
        for i in range(9)
    ]
    (group,) = alike.compare([*ring, *texts(40, 1)]).texts
    assert (len(group.keys), group.common) == (9, False)


def test_what_is_to_be_looked_at_counts_copied_measurements_once():
    same = {"x": 3}
    traces = [Trace("a", {"r": 1}, same), Trace("b", {"r": 1}, same), Trace("c", {}, {"y": 2})]
    assert len(alike.compare(traces).groups) == 1
    assert len(alike.compare([*traces, Trace("d", {}, {"y": 4})]).groups) == 2


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
