"""Run a lesson from top to bottom without anybody there, and make a report of it.

    executed = execution.execute(notebook, "24_workshop", profile="ci", workspace=folder)
    execution.write_html(executed, folder / "24_workshop.html", "24_workshop")

papermill runs the cells; what it and the kernel leave behind in the notebook (times, paths, the
state of widgets) is removed again. `edgelab run` and the lesson factory use this.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgelab import workspace as places
from edgelab.errors import LessonError

RESULT_TAG = "result"  # the cell whose output `edgelab run` prints at the end
# nbconvert's page loads scripts from the network for formulas and live widgets. Without a network
# they only delay it, and every widget of the course has a picture that stands for it.
_PAGE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
  body.jp-Notebook { max-width: 60rem; margin: 0 auto; overflow: visible; }
</style>
{%- endblock -%}
"""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def execute(
    notebook: Any,
    name: str,
    *,
    workspace: Path,
    profile: str | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> Any:
    """Execute a notebook in a kernel of its own and return it with outputs.

    Args:
        notebook: the lesson, solutions inside.
        name: for the progress bar and for messages.
        workspace: the folder that the lesson's journal and artefacts go to.
        profile: "ci", "class" or "full"; the notebook's own when not given.
        cache: the folder of cached results; this process's when not given.
        progress: show a bar that counts cells.

    Raises:
        LessonError: a cell failed; the message quotes it.
    """
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    with tempfile.TemporaryDirectory(prefix="edgelab-run-") as folder:
        source, target = Path(folder) / f"{name}.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(notebook, source)
        try:
            with _variables(
                EDGELAB_CACHE=str(cache or places.cache_dir()),
                EDGELAB_WORKSPACE=str(workspace),
                EDGELAB_PROFILE=profile or "class",
                EDGELAB_HEADLESS="1",
            ):
                papermill.execute_notebook(
                    source,
                    target,
                    parameters={"PROFILE": profile} if profile else None,
                    kernel_name="python3",
                    cwd=folder,
                    progress_bar=_bar(name) if progress else False,
                    # Else every kernel warns that its loopback connection is not encrypted.
                    extra_arguments=["--log-level=ERROR"],
                )
        except PapermillExecutionError as error:
            raise LessonError(_failure(name, error)) from error
        executed = nbformat.read(target, as_version=4)
    return clean(executed)


def clean(notebook: Any) -> Any:
    """Remove what a run leaves in a notebook beside its outputs, and return the notebook."""
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.metadata.get("tags") == []:
            del cell.metadata["tags"]
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def write_notebook(notebook: Any, path: Path) -> Path:
    """Write a notebook, complete or not at all."""
    import nbformat

    return places.atomic_write(path, nbformat.writes(notebook) + "\n")


def write_html(notebook: Any, path: Path, title: str) -> Path:
    """Write a notebook as one HTML file that needs no other file and no network."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(embed_images=True, raw_template=_PAGE)
    resources = {"metadata": {"name": title}}
    body, _ = exporter.from_notebook_node(notebook, resources)
    return places.atomic_write(path, body)


def result_text(notebook: Any) -> str:
    """Return, as plain text, what the lesson's result cell shows ("" when it has none)."""
    texts = [
        _plain(output)
        for cell in notebook.cells
        if RESULT_TAG in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
    ]
    return "\n\n".join(text for text in texts if text)


def _bar(name: str) -> dict[str, Any]:
    """Return tqdm's settings: a bar that moves for a person, a line a minute for a log."""
    watched = sys.stderr.isatty()
    return {"desc": name, "unit": "cell", "ncols": 88, "mininterval": 0.2 if watched else 60.0}


def _plain(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text).rstrip()
    data = output.get("data", {})
    if "image/png" in data and "text/html" not in data:
        return ""  # a figure's text is only the name of its class
    return str(data.get("text/plain", "")).rstrip()


def _failure(name: str, error: Any) -> str:
    code = "\n".join(f"    {line}" for line in str(error.source).splitlines()[:12])
    reason = _ESCAPES.sub("", str(error.evalue)).strip()
    return f"Lesson {name} stopped in code cell {error.exec_count} with {error.ename}: {reason}\n{code}"


@contextlib.contextmanager
def _variables(**values: str) -> Iterator[None]:
    """Set environment variables for the kernel that is started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
