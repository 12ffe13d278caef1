"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edgelab import cli, doctor, lab, workspace
from edgelab.classroom import factory
from edgelab.doctor import ABSENT, FAIL, OK, Item, Report

LESSON = """\
# %% [markdown]
# # 24 · Which one?

# %% tags=["parameters"]
PROFILE = "class"

# %% tags=["result"]
print("the table of profile", PROFILE)
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone with one lesson, which the commands take for theirs."""
    folder = tmp_path / "clone"
    for name in ("solutions", "notebooks", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "solutions" / "24_workshop.py").write_text(LESSON)
    monkeypatch.setattr(workspace, "data_dir", lambda: folder / "data")
    return folder


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, arguments)


def test_doctor_prints_a_line_for_everything_and_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    items = (Item("machine", "Python", OK, "3.12.1"), Item("runtimes", "mlx", ABSENT, "–"))
    monkeypatch.setattr(doctor, "report", lambda **_: Report(items))
    result = invoke("doctor")
    assert result.exit_code == 0
    assert "[OK]   Python" in result.output
    assert "[--]   mlx" in result.output
    assert "Ready" in result.output


def test_doctor_ends_with_one_when_the_course_lacks_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = (Item("packages", "numpy", FAIL, "–", "call `make lab`"),)
    monkeypatch.setattr(doctor, "report", lambda **_: Report(items))
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "[FAIL] numpy" in result.output


def test_an_error_is_one_sentence_without_a_traceback(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["edgelab", "run", "99"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    shown = capsys.readouterr()
    assert shown.err == "edgelab: There is no lesson '99'. The lessons here are: 24.\n"
    assert shown.out == ""


def test_run_prints_the_table_and_where_the_report_is(clone: Path, tmp_path: Path) -> None:
    result = invoke("run", "24", "--profile", "ci", "--report", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    report = tmp_path / "out" / "24_workshop.html"
    assert "the table of profile ci" in result.output
    assert f"report: {report}" in result.output
    assert "the table of profile ci" in report.read_text()
    assert (tmp_path / "out" / "24_workshop.ipynb").exists()


def test_run_refuses_a_profile_that_is_none(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["edgelab", "run", "24", "--profile", "quick"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "There is no profile 'quick'; use one of ci, class, full." in capsys.readouterr().err


def test_notebooks_check_tells_what_drifted_and_fails(clone: Path) -> None:
    result = invoke("notebooks", "--check")
    assert result.exit_code == 1
    assert "notebooks/24_workshop.ipynb differs from its source" in result.output
    assert not list((clone / "notebooks").iterdir())


def test_notebooks_writes_what_drifted_and_then_nothing(clone: Path) -> None:
    assert "wrote notebooks/24_workshop.ipynb" in invoke("notebooks", "--no-execute").output
    assert (clone / "notebooks" / "24_workshop.ipynb").exists()
    result = invoke("notebooks", "--no-execute")
    assert result.output == "All notebooks match their sources.\n"


def test_lab_prints_the_address_where_there_is_no_browser(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is a process that ends at once: what counts here is what is printed."""
    import contextlib

    factory.generate(folder=clone, run=False)

    @contextlib.contextmanager
    def serve(notebook: str, root: Path) -> Any:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        yield lab.Server(f"http://127.0.0.1:8888/lab/tree/{notebook}?token=secret", ended)

    monkeypatch.setattr(lab, "serve", serve)
    monkeypatch.setattr(lab, "has_browser", lambda: False)
    result = invoke("lab", "24")
    assert result.exit_code == 0
    assert "/lab/tree/notebooks/24_workshop.ipynb?token=secret" in result.output
    assert "Open this address" in result.output


def test_journal_is_handed_on_with_its_own_help() -> None:
    result = invoke("journal", "path")
    assert result.exit_code == 0
    assert result.output.strip().endswith("journal.jsonl")


def test_the_command_loads_nothing_heavy() -> None:
    code = (
        "import sys, edgelab.cli; heavy = {'tensorflow', 'numpy', 'pandas', 'matplotlib', "
        "'jupytext', 'papermill', 'nbconvert', 'torch'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_load_sends_files_and_keeps_its_result(tmp_path: Path) -> None:
    from tests.serving.small_server import serving

    image, out = tmp_path / "cat.png", tmp_path / "load.json"
    image.write_bytes(b"content of a cat")
    with serving() as server:
        asked = ["load", server.url, str(image), "--seconds", "0.2", "--clients", "1"]
        result = CliRunner().invoke(cli.app, [*asked, "--out", str(out)])
        assert result.exit_code == 0, result.output
        assert b"content of a cat" in server.asked[0].body
    assert json.loads(out.read_text())["statuses"]["200"] == len(server.asked)
    assert "accepted" in result.output
