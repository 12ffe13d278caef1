"""A worksheet is read in the encoding in which an editor saved it, or refused with what to do."""

from __future__ import annotations

import pytest

from edgelab.classroom.worksheets import answers, decoding
from edgelab.errors import FormatError

TEXT = "Déjà vu : l’élève gagne 12 % — « œuvre » à 4 µs"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_the_usual_encodings_are_read(encoding):
    assert decoding.text_of(TEXT.encode(encoding), "a.md") == TEXT


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.replace("œ", "oe").replace("’", "'").encode("mac_roman"),
        "Привет".encode("cp1251"),
        "déjà vu".encode()[:-1] + b" \xc3",
        b"\xff\xfea",
    ],
)  # fmt: skip
def test_what_can_only_be_guessed_is_refused_with_what_to_do(raw):
    with pytest.raises(FormatError, match="save it as UTF-8"):
        decoding.text_of(raw, "a.md")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_answers_are_read_in_any_of_them(encoding):
    content = '{"worksheet": "analysis", "schema_hash": "0", "entries": {"3.analysis": {"value": "Déjà"}}}'
    assert answers.parse(content.encode(encoding)).entries["3.analysis"].value == "Déjà"
