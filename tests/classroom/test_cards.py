from __future__ import annotations

import html.parser

import pytest

from edgelab.classroom.cards import TONES, Card, markup, plain

VOID = {"br"}


class Balanced(html.parser.HTMLParser):
    """Checks that every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the signature of html.parser
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def full_card() -> Card:
    card = Card("Title", tone="success")
    card.say("Some **bold** text with `code`.")
    card.code("x = a < b")
    card.table(["Name", "Size (kB)"], [["float32", "244"], ["int8", "61.5"]])
    card.fold("More", "The rest.")
    return card


def test_both_twins_say_the_same() -> None:
    card = full_card()
    for word in ("Title", "bold", "code", "float32", "61.5", "More", "The rest."):
        assert word in card.text
        assert word in card.html
    assert card.bundle() == {"text/plain": card.text, "text/html": card.html}
    assert repr(card) == card.text


def test_the_html_is_well_formed_and_has_no_script() -> None:
    parser = Balanced()
    parser.feed(full_card().html)
    assert parser.open == []
    assert "<script" not in full_card().html
    assert "<style" not in full_card().html


def test_what_a_person_typed_cannot_become_html() -> None:
    card = Card("<b>x</b>")
    evil = "<img src=x onerror=alert(1)>"
    card.say(evil)
    card.code(evil)
    card.table([evil], [[evil]])
    card.fold(evil, evil)
    assert "<img" not in card.html
    assert "<b>x" not in card.html


def test_markup_knows_code_bold_and_line_ends_only() -> None:
    assert markup("a `b<c` **d**\ne") == "a <code>b&lt;c</code> <strong>d</strong><br>e"


def test_numbers_are_aligned_to_the_right_in_both_twins() -> None:
    card = Card()
    card.table(["Name", "Size"], [["a", "244 kB"], ["b", "61 kB"]])
    assert card.text.splitlines()[2:] == ["  a     244 kB", "  b      61 kB"]
    assert card.html.count("text-align:right") == 3


def test_a_table_without_rows_shows_its_header() -> None:
    card = Card()
    card.table(["Name", "Size"], [])
    assert "Name" in card.text


def test_every_colour_has_a_fallback_outside_of_jupyterlab() -> None:
    assert all(", #" in colour for colour in TONES.values())


def test_outside_of_a_notebook_the_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    full_card().show()
    assert capsys.readouterr().out == full_card().text + "\n"


def test_powers_in_code_are_no_marks_for_bold() -> None:
    text = "`q ** n` and `n * q ** (n - 1)`, **both**"
    assert markup(text) == (
        "<code>q ** n</code> and <code>n * q ** (n - 1)</code>, <strong>both</strong>"
    )
    assert plain(text) == "`q ** n` and `n * q ** (n - 1)`, both"
