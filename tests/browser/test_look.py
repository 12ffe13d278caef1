"""A notebook in a real JupyterLab: it runs, nothing pops up, and it can be photographed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import jupyter, look

pytestmark = pytest.mark.skipif(jupyter.chromium() is None, reason="no Chromium on this machine")


def test_a_notebook_runs_in_jupyterlab_and_is_photographed(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# A lesson\n\n" + "Some text.\n\n" * 60),
        nbformat.v4.new_code_cell("import sys\nprint(6 * 7)"),
        nbformat.v4.new_code_cell("print('careful', file=sys.stderr)"),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "a.ipynb")
    with jupyter.lab(tmp_path, "a.ipynb") as url, jupyter.browser(height=900) as page:
        jupyter.open_notebook(page, url)
        jupyter.run_all(page, seconds=60)
        shown = page.locator(".jp-OutputArea-output").all_inner_texts()
        assert [text.strip() for text in shown] == ["42", "careful"]
        assert page.locator(".Toastify__toast, .jp-Dialog").count() == 0
        assert jupyter.complaints(page) == ["stderr output: careful\n"]
        pictures = look.photograph(page, tmp_path, "a")
    assert len(pictures) >= 2
    assert all(picture.stat().st_size > 5_000 for picture in pictures)
