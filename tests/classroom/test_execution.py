"""Running a lesson headless, and its report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from edgelab.classroom import execution

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a small notebook that really ran in profile ci."""
    notebook = new_notebook(
        metadata=KERNEL,
        cells=[
            new_markdown_cell("# A title\n\n$x^2$"),
            new_code_cell('PROFILE = "class"', metadata={"tags": ["parameters"]}),
            new_code_cell("import os\nprint(PROFILE, os.environ['EDGELAB_PROFILE'])"),
            new_code_cell("import ipywidgets\nipywidgets.IntSlider()"),
            new_code_cell("print(os.environ['EDGELAB_WORKSPACE'])"),
            new_code_cell("'the table'", metadata={"tags": ["result"]}),
        ],
    )
    folder = tmp_path_factory.mktemp("own")
    return execution.execute(notebook, "demo", workspace=folder, profile="ci", progress=False)


def printed(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_the_profile_reaches_the_lesson_as_parameter_and_as_variable(executed: Any) -> None:
    assert printed(executed).startswith("ci ci\n")


def test_the_lesson_works_in_the_workspace_it_was_given(executed: Any) -> None:
    assert printed(executed).split("\n")[1].startswith("/")
    assert "own" in printed(executed)


def test_nothing_but_outputs_is_left_in_the_notebook(executed: Any) -> None:
    assert "widgets" not in executed.metadata
    assert "papermill" not in executed.metadata
    assert all(set(cell.metadata) <= {"tags"} for cell in executed.cells)


def test_the_result_cell_is_what_the_command_prints(executed: Any) -> None:
    assert execution.result_text(executed) == "'the table'"


def test_a_figure_is_not_printed_as_the_name_of_its_class() -> None:
    output = new_output("display_data", {"image/png": "iVBOR", "text/plain": "<Figure size 1x1>"})
    cell = new_code_cell("plot()", metadata={"tags": ["result"]}, outputs=[output])
    assert execution.result_text(new_notebook(cells=[cell])) == ""


def test_the_report_needs_no_other_file_and_no_network(executed: Any, tmp_path: Path) -> None:
    page = execution.write_html(executed, tmp_path / "r.html", "A title").read_text()
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']([^\"']*)", page)
    assert [address for address in loaded if not address.startswith("data:")] == []
    assert not re.search(r"import\([^)]*http", page)
    assert "<title>A title</title>" in page
    assert "the table" in page


def test_the_environment_is_as_before(executed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    assert "EDGELAB_HEADLESS" not in os.environ
