"""Lessons 00 and 01 as a student meets them: in a real JupyterLab, unsolved, clicked and typed into.

Pictures of what was seen stay in `build/screens/`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from edgelab.classroom import lessons
from tests.browser import jupyter, look

pytestmark = [
    pytest.mark.skipif(jupyter.chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.lesson,
    pytest.mark.timeout(1200),
]
SCREENS = lessons.root() / "build" / "screens"
TYPING_SECONDS = 40
# Another lesson runs beside this one, on few cores perhaps.
RUN_SECONDS = 420


@contextlib.contextmanager
def opened(number: str, folder: Path, language: str = "en") -> Iterator[Any]:
    """Serve one lesson as a student gets it, in profile `ci`, and give the page with it."""
    notebook = lessons.student(lessons.read(lessons.get(number).source))
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace('PROFILE = "class"', 'PROFILE = "ci"')
    nbformat.write(notebook, folder / "lesson.ipynb")
    environment = {
        "EDGELAB_WORKSPACE": str(folder / "workspace"),
        "EDGELAB_PROFILE": "ci",
        "EDGELAB_LANG": language,
    }
    SCREENS.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "lab.log").open("wb") as log,
        jupyter.lab(folder, "lesson.ipynb", environment, log) as url,
        jupyter.browser(language=language) as page,
    ):
        jupyter.open_notebook(page, url)
        yield page


def place(page: Any, name: str) -> Any:
    """Return the input with an accessible name."""
    return page.get_by_role("textbox", name=name, exact=True)


def part(page: Any, name: str) -> Any:
    """Return the button that opens a part of the worksheet."""
    return page.locator(".edgelab-parts button", has_text=name)


def test_lesson_00_runs_as_a_student_opens_it(tmp_path: Path) -> None:
    with opened("00", tmp_path) as page:
        jupyter.run_all(page, seconds=RUN_SECONDS)
        assert look.photograph(page, SCREENS, "browser-00")
        assert jupyter.complaints(page) == []
        assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0


def test_the_french_form_keeps_what_is_typed_over_a_new_kernel(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=TYPING_SECONDS * jupyter.SECOND)
    with opened("01", tmp_path, "fr") as page:
        jupyter.run_all(page, seconds=RUN_SECONDS)
        assert jupyter.complaints(page) == []
        use_the_chart(page)

        place(page, "Nom").fill("Zoé Brûlé")
        place(page, "Date").fill("21/11/2026")
        place(page, "Date").blur()
        expect(part(page, "Informations générales")).to_contain_text("complet")
        part(page, "3. Mesures de performance").click()
        cell = place(page, "Tests effectués, Taille du modèle optimisé : Résultat")
        measured = cell.input_value()
        assert "," in measured, "a decimal comma, in French"
        cell.fill("16,0 Mo")
        cell.blur()
        expect(part(page, "3. Mesures")).to_contain_text("1 à revoir")
        seen = page.locator(".edgelab-wrong", has=cell)
        expect(seen).to_contain_text("enregistrement 1")
        page.locator(".edgelab-worksheet").screenshot(path=SCREENS / "browser-01-form.png")
        kept = json.loads((tmp_path / "workspace" / "answers" / "analysis.json").read_text("utf-8"))
        assert kept["entries"]["general.name"]["value"] == "Zoé Brûlé"

        jupyter.restart_and_run_all(page, seconds=RUN_SECONDS)
        expect(place(page, "Nom")).to_have_value("Zoé Brûlé")
        part(page, "3. Mesures de performance").click()
        expect(cell).to_have_value("16,0 Mo")
        cell.fill("")
        cell.blur()
        expect(cell).to_have_value(measured)
        assert look.photograph(page, SCREENS, "browser-01")
        assert jupyter.complaints(page) == []


def use_the_chart(page: Any) -> None:
    """Choose another figure in the comparison chart and see another picture."""
    from playwright.sync_api import expect

    chart = page.locator(".jp-OutputArea-output", has=page.locator(".widget-dropdown select"))
    picture = chart.first.locator("img").first
    before = picture.get_attribute("src")
    chart.first.locator("select").first.select_option(index=1)
    expect(picture).not_to_have_attribute("src", before)
