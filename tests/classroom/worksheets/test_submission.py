"""`edgelab check-submission` and `edgelab worksheets`, as they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgelab import cli
from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import answers as files, submission
from edgelab.classroom.worksheets.worksheet import Worksheet
from edgelab.errors import EdgelabError, FormatError, InputError, MissingFileError
from tests.classroom.worksheets import made


@pytest.fixture
def ws(journal: Journal) -> Worksheet:
    made.publish_all()
    worksheet = Worksheet("analysis", journal=journal)
    made.answer_all(worksheet)
    return worksheet


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["check-submission", *arguments])
    return result.exit_code, result.stdout


def test_a_complete_worksheet_passes(ws: Worksheet) -> None:
    code, told = check()
    assert code == 0
    assert "Everything is filled, and every figure agrees with the journal." in told


def test_what_is_missing_and_wrong_is_named_with_exit_code_1(ws: Worksheet) -> None:
    ws.answer({"3.analysis": None, "3.tests.memory.result": "99 MB"})
    code, told = check()
    assert code == 1
    assert "recorded 12\xa0MB in record 1" in told.replace("\n", " ")
    assert "3.analysis: Analysis of the results" in told
    assert "1 place is empty, 1 is wrong." in told


def test_a_hand_in_is_checked_against_the_journal_inside(ws: Worksheet, tmp_path: Path) -> None:
    target = ws.hand_in(tmp_path)
    ws.journal.path.unlink()
    assert submission.check(target).errors == ()


def test_a_journal_beside_the_file_counts_too(ws: Worksheet, tmp_path: Path) -> None:
    files.write(tmp_path / "analysis.json", ws.answers)
    assert [f.kind for f in submission.check(tmp_path / "analysis.json").errors] == ["no_journal"]
    (tmp_path / "journal.jsonl").write_bytes(ws.journal.path.read_bytes())
    assert submission.check(tmp_path / "analysis.json").errors == ()


def test_a_markdown_worksheet_is_checked_as_the_grader_reads_it(
    ws: Worksheet, tmp_path: Path
) -> None:
    file = ws.export("md", tmp_path / "mine.md")
    (tmp_path / "journal.jsonl").write_bytes(ws.journal.path.read_bytes())
    for encoding in ("utf-8", "utf-16"):
        file.write_text(ws.export("md", tmp_path / "again.md").read_text("utf-8"), encoding)
        assert submission.check(file).errors == ()


def test_mixed_up_files_are_told_apart(ws: Worksheet, tmp_path: Path) -> None:
    ws.export("html", tmp_path / "page.html")
    (tmp_path / "mine.md").write_text("# My report", "utf-8")
    for path, told in (
        (tmp_path, r"is a folder; give the worksheet in it: mine\.md"),
        (tmp_path / "page.html", "no worksheet: hand in the JSON file"),
        (tmp_path / "mine.md", "no place of the worksheet"),
    ):
        with pytest.raises(EdgelabError, match=told):
            submission.check(path)


def test_files_that_are_no_worksheet_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="lesson 01"):
        submission.check()
    file = tmp_path / "analysis.json"
    file.write_text("{", "utf-8")
    with pytest.raises(FormatError, match=r"analysis\.json holds no worksheet answers"):
        submission.check(file)
    file.write_bytes(b'{"entries":[' + b"{}," * 100_000 + b"{}]}")
    with pytest.raises(FormatError, match="more places than any worksheet"):
        submission.check(file)
    files.write(file, files.Answers(worksheet="../../etc/passwd", schema_hash=""))
    with pytest.raises(InputError, match="this course has analysis"):
        submission.check(file)


def test_the_worksheets_command_finds_nothing_to_do() -> None:
    result = CliRunner().invoke(cli.app, ["worksheets", "--check"])
    assert (result.exit_code, result.stdout.strip()) == (
        0,
        "All worksheets match what they are made from.",
    )
