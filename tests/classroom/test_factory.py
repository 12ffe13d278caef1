"""The lesson factory, on a tiny clone with one lesson."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from edgelab import timetable
from edgelab.classroom import execution, factory
from edgelab.errors import LessonError
from edgelab.measuring import compare
from tests.classroom.tiny_lesson import edit, make_clone, source_of


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone whose notebooks were really made, once for all tests."""
    folder = make_clone(tmp_path_factory.mktemp("generated") / "clone")
    factory.generate(folder=folder)
    return folder


@pytest.fixture
def made(generated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(generated, tmp_path / "clone"))


def never_execute(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a lesson was executed")

    monkeypatch.setattr(execution, "execute", refuse)


def test_generated_notebooks_match_their_source(generated: Path) -> None:
    assert factory.check(generated) == []
    worked = nbformat.read(generated / "solutions" / "20_half.ipynb", as_version=4)
    assert worked.cells[2].outputs[0].text == "class class True\n"
    assert worked.cells[5].outputs[0].data["text/plain"] == "1.5"
    student = nbformat.read(generated / "notebooks" / "20_half.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in student.cells)


def test_a_second_call_writes_nothing_and_executes_nothing(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_execute(monkeypatch)
    assert factory.generate(folder=made) == []


def test_a_change_of_prose_is_carried_over_without_executing(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(source_of(made), "goes on: ", "still goes on: ")
    assert len(factory.check(made)) == 2
    never_execute(monkeypatch)
    factory.generate(folder=made)
    assert factory.check(made) == []
    worked = nbformat.read(made / "solutions" / "20_half.ipynb", as_version=4)
    assert "still goes on" in worked.cells[4].source
    assert worked.cells[5].outputs[0].data["text/plain"] == "1.5"


def test_a_change_of_code_is_noticed_and_executed_again(made: Path) -> None:
    edit(source_of(made), "half(3)", "half(5)")
    assert "was run from another version of its code" in " ".join(factory.check(made))
    written = factory.generate(folder=made, run=False)
    assert [path.parent.name for path in written] == ["notebooks"]  # the worked one is left alone
    factory.generate(folder=made)
    assert factory.check(made) == []
    worked = nbformat.read(made / "solutions" / "20_half.ipynb", as_version=4)
    assert worked.cells[5].outputs[0].data["text/plain"] == "2.5"


def test_a_notebook_that_was_measured_by_an_older_method_has_drifted(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "METHOD", compare.METHOD + 1)
    assert "was measured by an older method" in " ".join(factory.check(made))
    factory.generate(folder=made)
    assert factory.check(made) == []


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_a_notebook_edited_by_hand_has_drifted(made: Path, folder: str) -> None:
    edit(made / folder / "20_half.ipynb", "half(3)", "half(4)")
    assert len(factory.check(made)) == 1


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_a_notebook_without_source_has_drifted(made: Path, folder: str) -> None:
    shutil.copy(made / folder / "20_half.ipynb", made / folder / "21_old.ipynb")
    assert factory.check(made) == [f"{folder}/21_old.ipynb has no source"]


def test_a_notebook_that_somebody_worked_in_is_kept(made: Path, own_workspace: Path) -> None:
    path = made / "notebooks" / "20_half.ipynb"
    work = nbformat.read(path, as_version=4)
    work.cells[3].source = "def half(x):\n    return x / 2"
    work.cells[3].execution_count = 1
    nbformat.write(work, path)
    told: list[str] = []
    factory.generate(folder=made, say=told.append)
    kept = own_workspace / "notebooks" / "20_half-1.ipynb"
    assert "return x / 2" in kept.read_text()
    assert str(kept) in told[0]
    assert factory.check(made) == []


def test_a_truncated_worked_notebook_has_drifted(made: Path) -> None:
    path = made / "solutions" / "20_half.ipynb"
    path.write_text(path.read_text()[:100])
    assert factory.check(made) == ["solutions/20_half.ipynb is missing or unreadable"]


def test_the_readme_holds_the_table_of_lessons(made: Path) -> None:
    text = (made / "README.md").read_text()
    assert "| [20](notebooks/20_half.ipynb) | What is left of a half? | under 1 |" in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    edit(made / "README.md", "under 1", "7")
    assert factory.check(made) == ["README.md holds an old table of lessons"]


def test_the_time_of_an_executed_lesson_is_recorded(generated: Path) -> None:
    runs = timetable.recorded(generated / "data" / timetable.FILE)
    assert runs["20"].title == "What is left of a half?"
    assert 0 < runs["20"].seconds < 120


def test_a_failing_cell_is_quoted(clone: Path) -> None:
    edit(source_of(clone), "half(3)", "half('three')")
    with pytest.raises(LessonError, match="TypeError") as caught:
        factory.generate(folder=clone)
    assert "20_half" in str(caught.value)
    assert "half('three')" in str(caught.value)
    assert not (clone / "solutions" / "20_half.ipynb").exists()


def test_the_files_carry_no_trace_of_the_machine(generated: Path) -> None:
    for folder in ("notebooks", "solutions"):
        stored = json.loads((generated / folder / "20_half.ipynb").read_text())
        assert set(stored["metadata"]) <= {"kernelspec", "language_info", "edgelab"}
        assert stored["metadata"]["language_info"] == {"name": "python"}
        assert all(set(cell["metadata"]) <= {"tags"} for cell in stored["cells"])
