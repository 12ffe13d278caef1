from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgelab.classroom.journal import Journal
from edgelab.classroom.journal_cli import journal_app


@pytest.fixture
def filled() -> Path:
    written = Journal()
    for name in ("a", "b", "c"):
        written.append("measurement", name, {"x": 2.5})
    return written.path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(journal_app, list(arguments))
    return result.exit_code, result.output


def test_path_is_the_workspaces(own_workspace: Path) -> None:
    assert run("path") == (0, f"{own_workspace / 'journal.jsonl'}\n")


def test_verify_accepts_a_sound_journal(filled: Path) -> None:
    status, text = run("verify")
    assert status == 0
    assert "3 sound records" in text


def test_verify_names_an_edited_record_and_fails(filled: Path) -> None:
    filled.write_text(filled.read_text("utf-8").replace("2.5", "0.5", 1), "utf-8")
    status, text = run("verify", str(filled))
    assert status == 1
    assert "Record 1 (measurement “a”), line 1, was edited" in text


def test_verify_forgives_an_interrupted_write(filled: Path) -> None:
    filled.write_bytes(filled.read_bytes()[:-30])
    status, text = run("verify")
    assert status == 0
    assert "interrupted" in text


def test_show_lists_as_many_records_as_asked_for(filled: Path) -> None:
    status, text = run("show", "--limit", "2")
    assert status == 0
    assert "2 earlier" not in text
    assert "1 earlier record." in text


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    status, text = run("verify", str(tmp_path / "none.jsonl"))
    assert status == 2
    assert "There is no file" in text
