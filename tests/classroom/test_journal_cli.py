from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edgelab.classroom.journal import Journal
from edgelab.classroom.journal_cli import journal_app
from edgelab.classroom.worksheets import Worksheet


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


def handed_in(path: Path, **changes: Any) -> Path:
    written = Worksheet("analysis", lang="en").hand_in(path)
    content = json.loads(written.read_text("utf-8"))
    content["journal"] = content["journal"][: changes["lines"]]
    written.write_text(json.dumps(content), "utf-8")
    return written


def test_verify_says_what_a_journal_alone_cannot_tell(filled: Path) -> None:
    filled.write_text("".join(filled.read_text("utf-8").splitlines(True)[:2]), "utf-8")
    status, text = run("verify", str(filled))
    assert status == 0
    assert "cut off at the end can't be seen" in text


def test_verify_of_a_hand_in_knows_its_last_record(filled: Path, tmp_path: Path) -> None:
    status, text = run("verify", str(handed_in(tmp_path / "whole.json", lines=3)))
    assert status == 0
    assert "Record 3, the last one that the worksheet names, is there." in text
    status, text = run("verify", str(handed_in(tmp_path / "cut.json", lines=2)))
    assert status == 1
    assert "Record 3 is cited elsewhere and is not here" in text


def test_verify_holds_the_workspaces_journal_against_its_worksheet(filled: Path) -> None:
    Worksheet("analysis", lang="en").answer("general.name", "Ada")
    assert run("verify")[0] == 0
    filled.write_text("".join(filled.read_text("utf-8").splitlines(True)[:2]), "utf-8")
    assert run("verify")[0] == 1
