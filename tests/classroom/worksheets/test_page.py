"""The printable page: complete, alone, and safe whatever was written."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import loading, page
from edgelab.classroom.worksheets.worksheet import Worksheet
from tests.classroom.worksheets import made

SCHEMA = loading.load("analysis")
VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Collects tags and text, and checks that every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_blank_page_asks_everything_in_its_language(lang: str) -> None:
    read = Tags(page.blank(SCHEMA, lang))
    assert ("html", {"lang": lang}) in read.seen
    for part in SCHEMA.parts:
        for question in part.questions:
            assert question.label.say(lang) in read.text


def test_a_page_needs_nothing_beside_itself(journal: Journal) -> None:
    ws = Worksheet("analysis", journal=journal)
    made.publish_all()
    made.answer_all(ws)
    text = page.written(SCHEMA, ws.answers, "en", ws.audit())
    tags = Tags(text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in tags.seen}
    assert "url(" not in text
    assert "@import" not in text
    assert "record 1 (int8, litert, 1 thread, median of 101 runs)" in tags.text
    assert "Everything is filled" in tags.text


def test_whatever_was_written_is_text(journal: Journal) -> None:
    ws = Worksheet("analysis", journal=journal)
    evil = "</style></div><script>alert(1)</script><img src=x onerror=alert(1)> \" ' &amp; <!--"
    texts = [f for f in SCHEMA.fields if f.kind == "text" and f.form == "text"]
    ws.answer({f.id: evil for f in texts})
    ws.answer({f.id: evil for f in SCHEMA.fields if f not in texts}, keep=True)
    filled = Tags(page.written(SCHEMA, ws.answers, "en", ws.audit()))
    assert not {"script", "img"} & {tag for tag, _ in filled.seen}
    assert not [a for _, attributes in filled.seen for a in attributes if a.startswith("on")]
    assert filled.text.count(evil) >= len(texts)


def test_an_export_is_written_beside_the_answers(journal: Journal) -> None:
    ws = Worksheet("analysis", lang="fr", journal=journal)
    ws.answer("general.name", "Ada")
    file = ws.export("html")
    assert file == ws.path.with_name("analysis.fr.html")
    assert "Ada" in file.read_text("utf-8")
