from __future__ import annotations

import pkgutil

import pytest

from edgelab.classroom import exercises, questions
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import _, speaking
from edgelab.classroom.questions import Option, define, find, given, page, question
from edgelab.errors import InputError

LESSONS = [
    module.name.removeprefix("lesson")
    for module in pkgutil.iter_modules(exercises.__path__)
    if module.name.startswith("lesson")
]
ALL = [asked.name for lesson in LESSONS for asked in questions.questions_of(lesson)]


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "_asked", set())
    monkeypatch.setattr(questions, "_questions", dict(questions._questions))


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_every_question_is_explained_in_both_languages(name: str) -> None:
    asked = find(name)
    explanations = [option.why for option in asked.options]
    assert len(set(explanations)) == len(explanations)
    assert any(not option.right for option in asked.options)
    with speaking("fr"):
        texts = [asked.text, *explanations, *(option.text for option in asked.options)]
        assert all(_(text) != text for text in texts)


def test_the_right_option_does_not_always_stand_in_the_same_place() -> None:
    places = {tuple(option.right for option in find(name).options) for name in ALL}
    assert len(places) > 1


def test_before_the_answer_each_option_opens_its_explanation() -> None:
    asked = find("20.q1")
    html = page(asked, None).html
    assert html.count("<details") == len(asked.options)
    for option in asked.options:
        assert option.why in html.replace("&#x27;", "'")


def test_after_the_answer_every_option_is_explained() -> None:
    asked = find("20.q1")
    shown = page(asked, "a")
    assert "<details" not in shown.html
    assert "always faster. (your answer)" in shown.text
    assert shown.text.count("No. ") == 2
    assert shown.text.count("Right. ") == 1


def test_an_answer_is_recorded_once(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    for choice in ("a", "a", "b"):
        question("20.q1", answer=choice)
    assert [
        (e.payload["choice"], e.payload["right"], e.payload["attempt"])
        for e in journal.find("answer", "20.q1")
    ] == [("a", False, 1), ("b", True, 2)]
    assert given("20.q1") == "b"
    assert "(your answer)" in " ".join(capsys.readouterr().out.split())


def test_the_last_answer_is_shown_again(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    question("20.q1", answer="b")
    capsys.readouterr()
    question("20.q1")
    assert "(your answer)" in " ".join(capsys.readouterr().out.split())
    assert len(journal.find()) == 1


def test_an_answer_that_no_longer_exists_is_as_none(journal: Journal) -> None:
    assert page(find("20.q1"), "z").html.count("<details") == 3
    assert not questions.is_right(find("20.q1"), "z")


def test_bad_names_and_options_are_refused() -> None:
    with pytest.raises(InputError, match=r"no question '20\.q99'; did you mean"):
        question("20.q99")
    with pytest.raises(InputError, match=r"has the options a, b, c; not 'd'"):
        question("20.q1", answer="d")
    with pytest.raises(InputError, match="named like"):
        define("20.1", "Why?", Option("a", "b", right=True), Option("c", "d"))
    with pytest.raises(InputError, match="one of them right"):
        define("20.q9", "Why?", Option("a", "b"), Option("c", "d"))


def test_an_unwritable_journal_does_not_hide_the_explanations(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGELAB_WORKSPACE", "/dev/null/nowhere")
    question("20.q1", answer="b")
    shown = capsys.readouterr().out
    assert "Right. " in shown
    assert "Nothing is lost" in shown
