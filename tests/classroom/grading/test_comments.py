"""A note that a person writes behind a # in a sheet stays, wherever it stands and whatever changes around it."""

from __future__ import annotations

import random

import pytest
import yaml

from edgelab.classroom.grading import comments, sheets
from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.grading.sheets import Shown
from edgelab.classroom.language import speaking

HEAD = {"student": "zoe", "name": "Zoé #2", "file": "analysis.json", "problem": ""}
MARKS = (Mark("1.a", 3, None, "to judge", "s1"), Mark("1.b", 4, 2.5, "5 of 8", "s2"))
SHOWN = {
    "1.a": Shown(
        "Why # so?",
        {"x": "first\n# no note\nlast", "y": "tab\t# neither " + 30 * "ü#ü "},
        ("one", "two\n# three"),
    )
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "zoe.yaml"
    store(path)
    return path


def store(path, marks=MARKS, shown=SHOWN, lang="en"):
    with speaking(lang):
        return sheets.store(path, HEAD, marks, shown)


def edit(path, *changes):
    text = path.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def means(text, marks):
    try:
        return yaml.safe_load(text) == marks
    except yaml.YAMLError:
        return False


def lines(path):
    return path.read_text("utf-8").splitlines()


def test_a_note_stays_above_or_behind_its_line(path):
    edit(
        path,
        ("- question: 1.a", "# ask Zoé about this\n- question: 1.a  # the hard one"),
        ("  points: null", "  # half a point for the sketch\n  points: 1.5  # generous"),
    )
    decided = store(path)
    assert decided.points("1.a") == 1.5
    assert decided.problems == ()
    got = lines(path)
    at = got.index("- question: 1.a  # the hard one")
    assert got[at - 1] == "# ask Zoé about this"
    mark = got.index("  points: 1.5  # generous")
    assert got[mark - 1] == "  # half a point for the sketch"


def test_notes_at_the_top_and_at_the_end_stay_there(path):
    edit(path, ("student: zoe", "# to be marked by Friday\nstudent: zoe"))
    path.write_text(path.read_text("utf-8") + "# done, A. L.\n", "utf-8")
    store(path)
    got = lines(path)
    assert got[got.index("student: zoe") - 1] == "# to be marked by Friday"
    assert got[-1] == "# done, A. L."


def test_what_is_no_note_is_not_taken_for_one(path):
    before = path.read_bytes()
    assert not comments.found_in(before.decode())
    store(path)
    assert path.read_bytes() == before


def test_a_note_behind_the_beginning_of_a_long_text_stays(path):
    edit(path, ("x: |-", "x: |-  # copied?"), ("  answer:", "  answer:  # see also Max"))
    store(path)
    assert "  answer:  # see also Max  # copied?" in lines(path)
    text = path.read_text("utf-8")
    assert yaml.safe_load(text)["questions"][0]["answer"]["x"] == SHOWN["1.a"].answer["x"]


def test_where_the_line_or_the_question_is_gone_the_note_stays(path):
    edit(path, ("  points: null", "  points: 2"), ("    x: |-", "    # of the answer\n    x: |-"))
    newer = (Mark("1.a", 3, None, "to judge", "changed"), MARKS[1])
    store(path, newer)
    edit(path, ("  check:", "  # seen on Monday\n  check:"), ("  seen: s2", "  seen: s2  # b"))
    content = [line for line in lines(path) if not line.startswith("  check:")]
    path.write_text("\n".join(content) + "\n", "utf-8")
    store(path, (MARKS[0],))
    got = path.read_text("utf-8")
    for note in ("# seen on Monday", "# of the answer", "# b"):
        assert got.count(note) == 1


def test_a_mark_from_the_notebook_keeps_the_notes(path):
    edit(path, ("  points: null", "  points: null  # wait for part 3"))
    sheets.decide(path, "1.a", points=2, comment="Good.")
    assert "  points: 2  # wait for part 3" in lines(path)


def test_the_programs_own_lines_are_no_notes(path):
    older = (
        "# Yours are `points` and `comment`, of each question and of the whole: nothing overwrites them.\n"
        "# Without `points`, the proposed ones count. All else, notes behind a # too, is written again by\n"
        "# each `edgelab grade`.\n"
    )
    body = [line for line in lines(path) if not line.startswith("#:")]
    path.write_text(older + "\n".join(body) + "\n", "utf-8")
    store(path, lang="fr")
    store(path)
    assert [line for line in lines(path) if line.startswith("#")] == [
        "#: Yours are `points` and `comment`, of each question and of the whole, and notes behind a #:",
        "#: nothing overwrites them. Without `points`, the proposed ones count. All else is written again",
        "#: by each `edgelab grade`.",
    ]


@pytest.mark.parametrize("save", [lambda t: t.encode("utf-16"), lambda t: t.encode("utf-8-sig")])
def test_an_editors_encoding_and_line_ends_change_nothing(path, save):
    edit(path, ("  points: null", "  points: 3  # voilà"))
    path.write_bytes(save(path.read_text("utf-8").replace("\n", "\r\n")))
    assert store(path).points("1.a") == 3
    assert "  points: 3  # voilà" in lines(path)


def test_a_sheet_of_nothing_but_notes_keeps_them(path):
    path.write_text("# empty for now\n{}  # really\n", "utf-8")
    store(path)
    assert lines(path)[-2:] == ["# empty for now", "# really"]


def test_notes_anywhere_survive_and_change_no_mark(path):
    """Put notes at random places: what a YAML reader skips must survive, and nothing else may change."""
    rng = random.Random(7)
    clean = path.read_text("utf-8")
    marks = yaml.safe_load(clean)
    tried = 0
    while tried < 40:
        made = clean.splitlines()
        for number in range(rng.randint(1, 4)):
            at = rng.randrange(len(made) + 1)
            if rng.random() < 0.5 and at < len(made):
                made[at] += f"  # note {number}"
            else:
                made.insert(at, " " * rng.choice((0, 2, 4)) + f"# note {number}")
        text = "\n".join(made) + "\n"
        if not means(text, marks):
            continue  # inside of a text: no note, but part of it, or its end
        tried += 1
        path.write_text(text, "utf-8")
        store(path)
        once = path.read_text("utf-8")
        assert yaml.safe_load(once) == marks
        assert once.count("# note") == text.count("# note")
        store(path)
        assert path.read_text("utf-8") == once
