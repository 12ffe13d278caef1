from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from edgelab import keras, progress


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.01)
    monkeypatch.setattr(progress, "_TICK_S", 0.01)


def test_short_work_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress.bar([1, 2, 3], "Counting")) == [1, 2, 3]
    with progress.task("Converting"):
        pass
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("at_once")
def test_long_work_leaves_one_line_where_nobody_watches(capfd: pytest.CaptureFixture[str]) -> None:
    for _ in progress.bar(range(5), "Scanning layers", unit="layers"):
        time.sleep(0.01)
    with progress.task("Converting"):
        time.sleep(0.05)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Scanning layers: 5 layers in 0.")
    assert lines[1].startswith("Converting: done in 0.")


@pytest.mark.usefixtures("at_once")
def test_a_bar_that_is_moved_by_hand_tells_its_last_figure(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with progress.bar(None, "Training", total=3, unit="epoch") as bar:
        for epoch in range(2):
            time.sleep(0.01)
            bar.set_postfix_str(f"loss {epoch}")
            bar.update()
    line = capfd.readouterr().err
    assert line.startswith("Training: 2 of 3 epochs in ")
    assert line.endswith(", loss 1\n")


@pytest.mark.usefixtures("at_once")
def test_an_interrupted_task_does_not_say_done(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), progress.task("Converting"):
        time.sleep(0.03)
        raise KeyError
    assert "Converting: stopped after" in capfd.readouterr().err


@pytest.mark.usefixtures("at_once")
def test_a_terminal_sees_the_seconds_go_by_although_the_work_is_silenced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = (tmp_path / "screen").open("wb")

    class Watched:
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            return screen.fileno()

    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", Watched())
        shown = progress.task("Converting")
        shown.__enter__()
    with keras.quiet():
        time.sleep(0.2)
    shown.__exit__(None, None, None)
    screen.close()
    text = (tmp_path / "screen").read_bytes().decode()
    assert text.count("\r") > 2
    assert text.split("\r")[-1].startswith("\x1b[2KConverting: done in")
    assert text.endswith("\n")


def test_an_executed_notebook_keeps_one_line_and_no_widget(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    code = """
import time
from edgelab import keras, progress
progress.SHOW_AFTER_S = progress._TICK_S = 0.05
for _ in progress.bar(range(8), "Counting"):
    time.sleep(0.05)
with progress.task("Converting"), keras.quiet():
    time.sleep(0.4)
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    root = Path(progress.__file__).parents[1]
    client.NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(root)}}
    ).execute()
    outputs: list[Any] = notebook.cells[0].outputs
    lines = [output["data"]["text/plain"] for output in outputs]
    assert [line.split(" in ")[0] for line in lines] == ["Counting: 8 steps", "Converting: done"]
    assert "widgets" not in notebook.metadata
