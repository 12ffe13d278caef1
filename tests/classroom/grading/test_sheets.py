"""What a person wrote in a sheet is never overwritten, and every conflict has a name."""

from __future__ import annotations

import random

import pytest
import yaml

from edgelab.classroom.grading import sheets
from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.grading.sheets import Shown
from edgelab.errors import FormatError

HEAD = {"student": "zoe", "name": "Zoé", "file": "analysis.json", "problem": ""}
MARKS = (
    Mark("1.a", 3, None, "to judge", "s1"),
    Mark("1.b", 4, 2.5, "5 of 8", "s2"),
)


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    monkeypatch.setenv("EDGELAB_LANG", "en")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "zoe.yaml"


def store(path, marks=MARKS, head=HEAD, **shown):
    return sheets.store(path, head, marks, shown)


def edit(path, **changes):
    """Change a sheet as a person does: `a` and `b` are the questions, others stand at the top."""
    content = yaml.safe_load(path.read_text("utf-8"))
    for key, value in changes.items():
        if key in ("a", "b"):
            content["questions"]["ab".index(key)].update(value)
        else:
            content[key] = value
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def test_without_a_person_the_proposed_points_count(path):
    decided = store(path)
    assert (decided.points("1.a"), decided.points("1.b"), decided.total) == (None, 2.5, 2.5)
    assert decided.open == ("1.a",)


def test_a_persons_points_count_instead_and_stay(path):
    store(path)
    edit(
        path, a={"points": 2}, b={"points": 0, "comment": "Bien !"}, comment="Revoyez la partie 3."
    )
    for _ in range(3):
        decided = store(path)
    assert (decided.points("1.a"), decided.points("1.b")) == (2, 0)
    assert decided.comment_on("1.b") == "Bien !"
    assert decided.comment == "Revoyez la partie 3."
    assert decided.open == decided.problems == ()
    assert decided.total == 2


def test_a_sheet_that_did_not_change_is_not_written_again(path):
    store(path)
    stamp = path.stat().st_mtime_ns
    store(path)
    assert path.stat().st_mtime_ns == stamp


def test_decimal_comma_counts(path):
    store(path)
    edit(path, a={"points": "1,5"})
    assert store(path).points("1.a") == 1.5


@pytest.mark.parametrize("wrong", [5, -1, "good", True, [2], float("nan"), float("inf")])
def test_points_that_are_none_are_named_kept_and_not_counted(path, wrong):
    store(path)
    edit(path, b={"points": wrong})
    decided = store(path)
    assert decided.points("1.b") is None
    assert "1.b" in decided.problems[0]
    again = yaml.safe_load(path.read_text("utf-8"))["questions"][1]["points"]
    assert again == wrong or wrong != wrong  # noqa: PLR0124 - nan


def test_an_answer_that_changed_after_marking_is_named_until_the_line_is_deleted(path):
    store(path)
    edit(path, a={"points": 2})
    newer = (Mark("1.a", 3, None, "to judge", "changed"), MARKS[1])
    for _ in range(2):
        decided = store(path, newer)
        assert decided.points("1.a") == 2
        assert "changed after it was marked" in decided.problems[0]
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["questions"][0]["check"]
    path.write_text(yaml.safe_dump(content), "utf-8")
    assert store(path, newer).problems == ()


def test_a_misspelt_key_is_named_and_kept(path):
    store(path)
    edit(path, a={"point": 3}, commment="x")
    decided = store(path)
    assert any("“point”" in p for p in decided.problems)
    assert any("“commment”" in p for p in decided.problems)
    assert "point: 3" in path.read_text("utf-8")
    assert "commment: x" in path.read_text("utf-8")


def test_a_mark_of_a_question_that_is_gone_is_kept_and_named(path):
    store(path)
    edit(path, a={"points": 2})
    decided = store(path, MARKS[1:])
    assert "no longer a question" in decided.problems[0]
    assert "1.a" in path.read_text("utf-8")
    assert store(path).points("1.a") == 2


def test_a_sheet_that_is_no_yaml_is_left_alone(path):
    path.write_text("questions: [unclosed", "utf-8")
    decided = store(path)
    assert path.read_text("utf-8") == "questions: [unclosed"
    assert "can't be read" in decided.problems[0]
    assert (path.parent / "zoe.new.yaml").exists()


def test_a_sheet_of_another_student_is_named(path):
    store(path)
    edit(path, a={"points": 1})
    decided = store(path, head=HEAD | {"name": "Zoe"})
    assert "was of “Zoé”" in decided.problems[0]


def test_decide_writes_a_mark_and_nothing_else(path):
    store(path)
    sheets.decide(path, "1.a", points=2.5, comment="Mieux.")
    decided = store(path)
    assert (decided.points("1.a"), decided.comment_on("1.a")) == (2.5, "Mieux.")
    sheets.decide(path, "1.a", points=None, comment="")
    assert store(path).points("1.a") is None


def test_decide_refuses_a_sheet_that_cant_be_read(path):
    path.write_text("- a", "utf-8")
    with pytest.raises(FormatError, match="no sheet of marks"):
        sheets.decide(path, "1.a", points=1, comment="")


def test_any_answer_stands_in_the_sheet_as_it_was_written(path):
    rng = random.Random(3)
    alphabet = "ab é:#-'\"\n\t|>&*!%@`{}[],?\\\u2028\x85\ufeff=~0"
    for _ in range(150):
        text = "".join(rng.choices(alphabet, k=rng.randint(0, 60)))
        sheets.store(path, HEAD, MARKS, {"1.a": Shown("t", {"x": text})})
        shown = yaml.safe_load(path.read_bytes())["questions"][0]["answer"]["x"]
        assert shown == sheets._cut(text)


def test_no_answer_can_pass_for_a_mark(path):
    attack = 'x"\n  points: 3\n- question: 1.a\n  points: 3\n...\n---\n!!python/object:os.system'
    head = HEAD | {"name": "Zoé\npoints: 3"[:4]}
    sheets.store(path, head, MARKS, {"1.a": Shown(attack, {attack: attack}, (attack,))})
    decided = sheets.store(path, head, MARKS, {})
    assert decided.points("1.a") is None
    assert decided.problems == ()


def typed(path, before, after):
    """Change the text of a sheet as a person does in an editor."""
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


@pytest.mark.parametrize("word", ["No", "0", "yes", "1.50", "2026-11-21", "[voir p. 3]", "~x"])
def test_a_comment_is_the_text_that_was_typed(path, word):
    store(path)
    typed(path, "comment: null\n  of", f"comment: {word}\n  of")
    for _ in range(2):
        assert store(path).comment_on("1.a") == word


def test_a_comment_behind_a_hash_is_named_with_its_line_and_kept(path):
    store(path)
    typed(path, "comment: null\n  of", "comment: # the mask is missing\n  of")
    line = path.read_text("utf-8").split("# the mask")[0].count("\n") + 1
    (problem,) = store(path).problems
    assert f"line {line}" in problem
    assert 'comment: "the mask is missing"' in problem
    assert "# the mask is missing" in path.read_text("utf-8")


def test_a_second_line_of_points_is_refused_and_nothing_is_lost(path):
    store(path)
    typed(path, "points: null", "points: 1\n  points: 2")
    before = path.read_bytes()
    decided = store(path)
    assert "`points` stands twice" in decided.problems[0]
    assert "Delete one" in decided.problems[0]
    assert decided.given == {}
    assert path.read_bytes() == before


def test_a_question_that_stands_twice_is_refused(path):
    store(path)
    typed(path, "- question: 1.b", "- question: 1.a")
    assert "question 1.a stands twice" in store(path).problems[0]


def test_a_colon_in_a_comment_is_told_with_the_quotes_that_it_needs(path):
    store(path)
    typed(path, "comment: null\n  of", "comment: Très bien : oui\n  of")
    problem = store(path).problems[0]
    assert "Très bien : oui" in problem
    assert 'quotes: comment: "' in problem


def test_marks_in_the_sheet_that_stands_in_stay_and_count(path):
    store(path)
    typed(path, "comment: null\n  of", "comment: Très bien : oui\n  of")
    store(path)
    beside = path.with_name("zoe.new.yaml")
    typed(beside, "points: null", "points: 1.5")
    typed(beside, "comment: null", "comment: marked here")
    for _ in range(2):
        decided = store(path)
        assert decided.points("1.a") == 1.5
        assert "marked here" in beside.read_text("utf-8")
    typed(path, "Très bien : oui", "Très bien")  # mended
    decided = store(path)
    assert decided.comment_on("1.a") == "Très bien"
    assert "zoe.new.yaml has marks too" in decided.problems[0]
    assert "marked here" in beside.read_text("utf-8")


def test_the_sheet_that_stood_in_goes_when_nobody_wrote_in_it(path):
    store(path)
    good = path.read_text("utf-8")
    path.write_text("questions: [unclosed", "utf-8")
    store(path)
    path.write_text(good, "utf-8")
    assert store(path).problems == ()
    assert not path.with_name("zoe.new.yaml").exists()


def test_two_sheets_that_cannot_be_read_are_both_left_alone(path):
    beside = path.with_name("zoe.new.yaml")
    for one in (path, beside):
        one.write_text("questions: [unclosed", "utf-8")
    assert len(store(path).problems) == 2
    assert {p.read_text("utf-8") for p in (path, beside)} == {"questions: [unclosed"}
