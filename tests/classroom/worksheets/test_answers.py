"""The file of answers: strict when it is read, whole when it is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgelab.classroom.worksheets import answers as files
from edgelab.errors import FormatError

GOOD = {"worksheet": "analysis", "schema_hash": "0" * 16, "entries": {"3.analysis": {"value": "é"}}}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    given = files.parse(json.dumps(GOOD).encode())
    given.journal = ['{"a": 1}', "torn"]
    files.write(tmp_path / "a" / "analysis.json", given)
    assert files.read(tmp_path / "a" / "analysis.json") == given
    assert files.journal_content(given) == b'{"a": 1}\ntorn\n'
    assert "é" in (tmp_path / "a" / "analysis.json").read_text("utf-8")


def test_there_may_be_no_file_yet(tmp_path: Path) -> None:
    assert files.read(tmp_path / "analysis.json") is None
    assert files.journal_content(files.parse(json.dumps(GOOD).encode())) is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"' + b"[" * 5000,
        b"[" * 100_000,
        *(
            json.dumps(GOOD | change).encode()
            for change in (
                {"format": 2},
                {"unknown": 1},
                {"language": "de"},
                {"entries": []},
                {"entries": {"x": {"value": [1]}}},
                {"entries": {"x": {"value": 1, "more": 1}}},
                {"entries": {"x": {"typed": "x" * 100_001}}},
                {"subjects": {"record": "1"}},
                {"journal": "text"},
                {"journal_head": {"record": 0, "hash": ""}},
            )
        ),
        json.dumps(GOOD).replace('"\\u00e9"', "NaN").encode(),
        json.dumps(GOOD).replace('"\\u00e9"', "1e999").encode(),
    ],
)
def test_what_is_no_sheet_of_answers_is_named(wrong: bytes) -> None:
    with pytest.raises(FormatError, match=r"analysis\.json holds no worksheet answers"):
        files.parse(wrong, "analysis.json")


def test_a_damaged_file_is_copied_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "analysis.json"
    file.write_bytes(b"{")
    with pytest.raises(FormatError, match=r"a copy is analysis\.damaged-"):
        files.read(file)
    assert file.read_bytes() == b"{"
    (copy,) = tmp_path.glob("analysis.damaged-*.json")
    assert copy.read_bytes() == b"{"
