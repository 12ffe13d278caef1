"""Look at a notebook as a student sees it: run it in JupyterLab and photograph every part of it.

    python -m tests.browser.look solutions/20_quantization.py       # from the source, just edited
    python -m tests.browser.look notebooks/20_quantization.ipynb --profile class
    python -m tests.browser.look any.ipynb --no-run --width 900 --language fr-FR --dark

A copy of the notebook is opened (the file itself never changes), all cells are run, and pictures of
the whole page, from top to bottom, go to `build/screens/NAME-01.png`, `-02.png`, … The command
prints their paths and everything that a student should not see (errors, warnings, page errors); its
exit code is 1 when there was any. A source `.py` is shown as its worked notebook (with solutions),
or with `--student` as the student's.

`--workspace` keeps the journal and artefacts of the run in a folder of your choice; without it they
are thrown away. `--language` sets the browser's and, by its first two letters, EDGELAB_LANG.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from tests.browser import jupyter

ROOT = Path(__file__).resolve().parents[2]
OVERLAP_PIXELS = 40  # so that a line cut at the edge of one picture is whole in the next


def main() -> int:
    """Take the pictures and return the exit code."""
    options = _options()
    if jupyter.chromium() is None:
        print("No Chromium here: install it (Debian: apt-get install chromium), or set CHROMIUM.")
        return 1
    name = options.notebook.stem + ("-student" if options.student else "")
    options.out.mkdir(parents=True, exist_ok=True)
    for old in options.out.glob(f"{name}-[0-9][0-9].png"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="edgelab-look-") as folder:
        root = Path(folder)
        _copy(options, root / f"{name}.ipynb")
        environment = {
            "EDGELAB_PROFILE": options.profile,
            "EDGELAB_WORKSPACE": str((options.workspace or root / "workspace").resolve()),
            "EDGELAB_LANG": options.language[:2],
        }
        begin = time.monotonic()
        with (
            (options.out / f"{name}.log").open("wb") as log,
            jupyter.lab(root, f"{name}.ipynb", environment, log, options.dark) as url,
            jupyter.browser(options.width, options.height, options.language) as page,
        ):
            jupyter.open_notebook(page, url)
            if not options.no_run:
                jupyter.run_all(page, options.seconds)
            seconds = time.monotonic() - begin
            pictures = photograph(page, options.out, name)
            complaints = jupyter.complaints(page)
    print(f"{name}: {len(pictures)} pictures after {seconds:.0f} s")
    for line in (*pictures, *(f"SEEN: {complaint}" for complaint in complaints)):
        print(f"  {line}")
    return 1 if complaints else 0


def photograph(page: Any, folder: Path, name: str) -> list[Path]:
    """Photograph the open notebook from top to bottom and return the pictures' paths."""
    # Only the notebook: the file browser and the launcher take a third of the width.
    page.keyboard.press("Control+b")
    page.wait_for_timeout(0.5 * jupyter.SECOND)
    notebook = page.locator(".jp-NotebookPanel:visible .jp-Notebook").first
    scroller = notebook.evaluate_handle(
        """element => {
            const inside = [element, ...element.querySelectorAll('.jp-WindowedPanel-outer')];
            return inside.find(e => e.scrollHeight > e.clientHeight + 5
                && getComputedStyle(e).overflowY !== 'visible') || element;
        }"""
    )
    # JupyterLab can scroll past the end; the last cell is where a reader stops.
    total, view = scroller.evaluate(
        """e => {
            const last = [...e.querySelectorAll('.jp-Notebook-cell')].at(-1);
            const bottom = last.getBoundingClientRect().bottom - e.getBoundingClientRect().top;
            return [bottom + e.scrollTop, e.clientHeight];
        }"""
    )
    pictures: list[Path] = []
    top = 0
    while True:
        scroller.evaluate("(e, top) => { e.scrollTop = top; }", top)
        page.wait_for_timeout(0.3 * jupyter.SECOND)
        pictures.append(folder / f"{name}-{len(pictures) + 1:02d}.png")
        box = notebook.bounding_box()
        height = min(view, max(total - top, OVERLAP_PIXELS))  # no empty page below the last cell
        page.screenshot(path=pictures[-1], clip={**box, "height": height})
        if top + view >= total:
            return pictures
        top += view - OVERLAP_PIXELS


def _copy(options: argparse.Namespace, target: Path) -> None:
    source: Path = options.notebook
    if source.suffix == ".py":
        from edgelab.classroom import lessons

        notebook = lessons.read(source)
        notebook = lessons.student(notebook) if options.student else lessons.worked(notebook)
    else:
        notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r'PROFILE = "\w+"', f'PROFILE = "{options.profile}"', cell.source)
    nbformat.write(notebook, target)
    pictures = ROOT / "notebooks" / "img"
    if pictures.is_dir():
        shutil.copytree(pictures, target.parent / "img")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebook", type=Path, help="a notebook, or a lesson's source (.py)")
    parser.add_argument(
        "--student", action="store_true", help="of a source: the student's notebook"
    )
    parser.add_argument("--profile", default="ci", choices=("ci", "class", "full"))
    parser.add_argument("--no-run", action="store_true", help="show it as it is stored")
    parser.add_argument("--seconds", type=float, default=600, help="limit for the whole run")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    parser.add_argument("--height", type=int, default=1400, help="of the window, in pixels")
    parser.add_argument("--language", default="en-GB", help="for instance fr-FR")
    parser.add_argument("--dark", action="store_true", help="in JupyterLab's dark theme")
    parser.add_argument("--workspace", type=Path, help="keep the run's journal and artefacts here")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screens")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
