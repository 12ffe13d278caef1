"""Feedback is in the worksheet's language, tells nothing of others, and nothing in it can run."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from edgelab.classroom.grading import feedback, gradebook
from edgelab.classroom.grading.decisions import Decided, Decision
from edgelab.classroom.grading.feedback import Told
from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.grading.sheets import Shown
from edgelab.classroom.worksheets.audit import Audit, Finding

ATTACK = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' style='x"


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def told(text, **more):
    mark = Mark("1.pruning_principle", 2, None, text, "")
    decided = Decided((mark,), {mark.question: Decision(1, text, written=1)}, text)
    found = Audit(
        (Finding("1.pruning_principle", "differs", text), Finding(None, "journal", text)), ()
    )
    shown = {mark.question: Shown(text, {text: text}, (text,))}
    return Told(text, decided, found, shown, **more)


def test_whatever_is_in_it_is_text(schema):
    for problem in ("", ATTACK):
        reader = read(feedback.page(schema, "fr", told(ATTACK, problem=problem)))
        assert not {"script", "img", "iframe", "a", "form", "object"} & set(reader.tags)
        assert not [name for name in reader.attributes if name.startswith("on")]


def test_a_policy_forbids_scripts_and_requests(schema):
    assert "default-src 'none'" in feedback.page(schema, "en", told("x"))


def test_unseen_and_direction_changing_characters_are_shown_as_such():
    assert feedback.safe("a\u202eb\x00c\u2066") == "a\ufffdb\ufffdc\ufffd"


def test_a_huge_answer_is_cut():
    assert len(feedback.safe("x" * 10**6)) < 21_000


@pytest.mark.parametrize(("lang", "word"), [("en", "Your answer"), ("fr", "Votre réponse")])
def test_it_is_in_the_language_of_the_worksheet(schema, lang, word):
    page = feedback.page(schema, lang, told("x"))
    assert word in page
    assert f'<html lang="{lang}">' in page


def test_nobody_reads_about_others(graded_class):
    for one, other in graded_class.planted.same_journal + graded_class.planted.same_text:
        page = (graded_class.out / "feedback" / f"{graded_class.of(one).key}.html").read_text(
            "utf-8"
        )
        assert other not in page


def test_a_cell_of_the_gradebook_is_one_harmless_line():
    assert gradebook.cell("=1+1\n\r\tx") == "'=1+1 x"
    assert gradebook.cell("\t=1") == "'=1"
    assert len(gradebook.cell("x" * 10**6)) == 500


def test_points_that_are_open_are_said_to_be(schema):
    decided = Decided((Mark("1.pruning_principle", 2, None, "", ""),))
    page = feedback.page(schema, "en", Told("Zoé", decided, Audit((), ()), {}))
    assert "1 question is not marked yet" in page
    assert "not marked yet, 2 points at most" in page
