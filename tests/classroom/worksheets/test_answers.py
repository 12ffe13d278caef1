"""The file of answers: strict when it is read, whole when it is written."""

from __future__ import annotations

import json
import time
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
    "crowded",
    [
        b'{"entries":{' + b",".join(b'"%x":{}' % i for i in range(100_000)) + b"}}",
        b'{"journal":[' + b'"",' * 400_000 + b'""]}',
    ],
)
def test_a_file_that_would_fill_the_memory_is_not_parsed(
    crowded: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(_: bytes) -> None:
        raise AssertionError("the parser saw it")

    monkeypatch.setattr(files.Answers, "model_validate_json", parsed)
    with pytest.raises(FormatError, match=r"zoe\.json has more places than any worksheet"):
        files.parse(crowded, "zoe.json")


def test_what_a_journal_holds_does_not_make_a_file_crowded() -> None:
    lines = ['{"payload": {"a": 1, "b": "say \\"{,\\""}}'] * 60_000
    whole = GOOD | {"journal": ["".join(lines)]}
    assert files.parse(json.dumps(whole).encode()).journal == ["".join(lines)]


def test_looking_for_strings_takes_time_in_proportion() -> None:
    begin = time.perf_counter()
    for evil in (b'"' + b'\\"' * 10**6, b'"\\' * 10**6, b'"' * 10**6 + b"\\"):
        with pytest.raises(FormatError):
            files.parse(b"{" * 6000 + evil)
    assert time.perf_counter() - begin < 5


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
