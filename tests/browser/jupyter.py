"""A notebook in a real JupyterLab, driven by a real browser.

    with jupyter.lab(folder, "lesson.ipynb") as url, jupyter.browser() as page:
        jupyter.open_notebook(page, url)
        jupyter.run_all(page)

Used by the browser tests and by `look.py`. The browser is the system's Chromium (Debian's package
`chromium`, or the one that CHROMIUM names); where there is none, `chromium()` returns None.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from edgelab import lab as edgelab_lab

# Without a network, Chromium's own background services only fill the log with refused connections.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# JupyterLab draws only the cells in view; for a picture of all of them it must draw every one.
SETTINGS = {
    **edgelab_lab.SETTINGS,
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
_PRIVATE_FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)
SECOND = 1000.0  # milliseconds, the unit of Playwright's time limits


def chromium() -> str | None:
    """Return the path of this machine's Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return named or next((path for path in found if path), None)


@contextlib.contextmanager
def lab(
    root: Path,
    notebook: str,
    environment: Mapping[str, str] | None = None,
    log: IO[bytes] | None = None,
    dark: bool = False,
) -> Iterator[str]:
    """Serve a folder with JupyterLab, with settings of its own, and give the notebook's address."""
    theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
    settings = {**SETTINGS, "@jupyterlab/apputils-extension:themes": theme}
    with tempfile.TemporaryDirectory(prefix="edgelab-home-") as home:
        private = {name: str(Path(home) / name.lower()) for name in _PRIVATE_FOLDERS}
        variables = {**private, **(environment or {})}
        with edgelab_lab.serve(notebook, root, settings, variables, log) as server:
            yield server.url.replace("?token=", "?reset&token=")


@contextlib.contextmanager
def browser(width: int = 1280, height: int = 1400, language: str = "en-GB") -> Iterator[Any]:
    """Start Chromium without a window and give a page; what goes wrong in it is in `page.errors`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        size = {"width": width, "height": height}
        page: Any = chrome.new_context(viewport=size, locale=language).new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        try:
            yield page
        finally:
            chrome.close()


def open_notebook(page: Any, url: str) -> None:
    """Open a notebook and wait until its kernel is idle: a command before that is dropped silently."""
    page.goto(url)
    _expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=60 * SECOND)
    _expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=60 * SECOND)
    wait_until_idle(page, 60)


def run_all(page: Any, seconds: float = 600) -> None:
    """Run all cells and wait until the last one is done."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_timeout(1 * SECOND)
    _wait_for_cells(page, seconds)


def restart_and_run_all(page: Any, seconds: float = 600) -> None:
    """Start a new kernel, run all cells in it and wait until the last one is done."""
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Restart Kernel and Run All Cells…", exact=True).click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    # A new kernel takes its time; until it is there, the cells look as the old one left them.
    _expect(page.locator(".jp-InputPrompt", has_text="*").first).to_be_visible(timeout=60 * SECOND)
    _wait_for_cells(page, seconds)


def _wait_for_cells(page: Any, seconds: float) -> None:
    # A cell that waits or runs shows an asterisk where its number will be.
    waiting = page.locator(".jp-InputPrompt", has_text="*")
    _expect(waiting).to_have_count(0, timeout=seconds * SECOND)
    wait_until_idle(page, 60)


def wait_until_idle(page: Any, seconds: float) -> None:
    """Wait until the kernel has nothing to do."""
    idle = page.get_by_role("button", name=re.compile(r"\| Idle$"))
    _expect(idle).to_be_visible(timeout=seconds * SECOND)


def complaints(page: Any) -> list[str]:
    """Return what a student should not see: errors and warnings in the notebook or in the page."""
    found = [f"page error: {error}" for error in page.errors]
    for kind in ("error", "stderr"):
        mime = f"application/vnd.jupyter.{kind}"
        outputs = page.locator(f".jp-OutputArea-output[data-mime-type='{mime}']").all()
        found += [f"{kind} output: {output.inner_text()[:500]}" for output in outputs]
    return found


def _expect(locator: Any) -> Any:
    from playwright.sync_api import expect

    return expect(locator)
