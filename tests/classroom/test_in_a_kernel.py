"""Lessons run in kernels: what a person sees, and what a run without one leaves in the notebook."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from edgelab.classroom.journal import Journal

WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = """
from edgelab.classroom import *
begin("20", "class")
"""
LESSON = [
    SETUP,
    'predict("size", "How many times smaller?", unit="×", canned=2.0)',
    'reveal("size", 3.6)',
    'check("20.1 scale", lambda v, bits=8: v.max() / 127)\nhint("20.1 scale", 1)',
    'question("20.q1")',
    'lesson_summary("20")\njournal.show()',
]


class Person:
    """A front end that can ask for input, as JupyterLab does, and presses the widgets' buttons."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell and return what it displays, updates included; an error fails the test."""
        shown: list[dict[str, Any]] = []

        def collect(message: dict[str, Any]) -> None:
            kind, content = message["header"]["msg_type"], message["content"]
            assert kind != "error", "\n".join(content["traceback"])
            if kind in ("display_data", "update_display_data"):
                shown.append(content["data"])
            elif kind == "stream" and shown and shown[-1].get("stream") == content["name"]:
                shown[-1]["text/plain"] += content["text"]  # one print may come in several pieces
            elif kind == "stream":
                shown.append({"stream": content["name"], "text/plain": content["text"]})

        self.client.execute_interactive(code, output_hook=collect, allow_stdin=True, timeout=60)
        return shown


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    from jupyter_client.manager import KernelManager

    folder = tmp_path_factory.mktemp("person")
    manager = KernelManager(kernel_name="python3")
    environment = {
        "EDGELAB_WORKSPACE": str(folder),
        "EDGELAB_LANG": "fr",
        "EDGELAB_PROFILE": "class",
    }
    manager.start_kernel(env=os.environ | environment)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    seated = Person(client)
    seated.run(SETUP)
    yield seated
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def typing(text: str) -> str:
    """Return code that types into the last field shown, as the front end would."""
    return (
        "import ipywidgets\n"
        "from ipywidgets.widgets.widget import _instances\n"
        f"[w for w in _instances.values() if type(w) is ipywidgets.Text][-1].value = {text!r}"
    )


def pressing(label: str) -> str:
    return (
        "from ipywidgets.widgets.widget import _instances\n"
        f"[w for w in _instances.values() if getattr(w, 'description', '') == {label!r}][-1].click()"
    )


def test_a_person_is_asked_and_the_guess_takes_the_fields_place(person: Person) -> None:
    (field,) = person.run('predict("size", "Combien de fois plus petit ?", unit="×", canned=2.0)')
    assert WIDGET in field
    assert "Pas encore d’estimation." in field["text/plain"]
    updates = person.run(typing("4,2"))
    assert [WIDGET in update for update in updates] == [False]
    assert "Votre estimation\u00a0: 4,2\u00a0×" in updates[0]["text/plain"]
    assert "<strong>4,2\u00a0×</strong>" in updates[0]["text/html"]
    (shown,) = person.run('reveal("size", 8.4)')
    assert "La mesure vaut 2 fois votre estimation." in shown["text/plain"]


def test_what_is_no_number_is_told_and_not_kept(person: Person) -> None:
    person.run('predict("speed", "Combien de fois plus rapide ?", unit="×")')
    assert person.run(typing("oui")) == []
    told = person.run(
        "from ipywidgets.widgets.widget import _instances\n"
        "print([w.value for w in _instances.values() if 'pas un nombre' in str(getattr(w, 'value', ''))])"
    )
    assert "oui" in told[0]["text/plain"]
    assert person.run('print(journal.find(name="20.speed"))')[0]["text/plain"] == "[]\n"


def test_asked_again_the_field_opens_with_the_guess(person: Person) -> None:
    code = 'predict("again", "?", unit="×")'
    person.run(code)
    person.run(typing("1 234,5"))
    (field,) = person.run(code)
    assert WIDGET in field
    assert "1\u202f234,5" in field["text/plain"]
    # Keeping the same guess closes the field and records nothing new.
    (closed,) = person.run(pressing("Garder mon estimation"))
    assert WIDGET not in closed
    count = person.run('print(len(journal.find("prediction", "20.again")))')
    assert count[0]["text/plain"] == "1\n"


def test_a_question_is_answered_by_its_button(person: Person) -> None:
    (asked,) = person.run('question("20.q1")')
    assert WIDGET in asked
    assert asked["text/html"].count("<details") == 3
    assert person.run(pressing("Répondre")) == []  # nothing chosen yet
    person.run(
        "import ipywidgets\n"
        "from ipywidgets.widgets.widget import _instances\n"
        "[w for w in _instances.values() if type(w) is ipywidgets.RadioButtons][-1].value = 'b'"
    )
    (answered,) = person.run(pressing("Répondre"))
    assert WIDGET not in answered
    assert "(votre réponse)" in " ".join(answered["text/plain"].split())
    recorded = person.run('print(journal.find("answer")[-1].payload["choice"])')
    assert recorded[0]["text/plain"] == "b\n"


def test_a_new_kernel_shows_the_kept_guess_without_a_field(person: Person) -> None:
    person.run('predict("kept", "?")')
    person.run(typing("3"))
    # What a new kernel knows: the journal, and nothing that was asked before.
    person.run("from edgelab.classroom import predictions; predictions._asked.clear()")
    (card,) = person.run('predict("kept", "?")')
    assert WIDGET not in card
    assert "Votre estimation\u00a0: 3" in card["text/plain"]


def test_a_canned_guess_does_not_stand_in_for_a_persons(person: Person) -> None:
    person.run('import os; os.environ["EDGELAB_HEADLESS"] = "1"')
    person.run("from edgelab.classroom import predictions")
    person.run('predict("headless", "?", unit="×", canned=2.0)\nreveal("headless", 3.0)')
    person.run('del os.environ["EDGELAB_HEADLESS"]; predictions._asked.clear()')
    (field,) = person.run('predict("headless", "?", unit="×", canned=2.0)')
    assert WIDGET in field
    assert "Pas encore d’estimation." in field["text/plain"]
    # The same number as the canned one is a guess of its own, made before anything was shown.
    (kept,) = person.run(typing("2"))
    assert "Votre estimation\u00a0: 2\u00a0×" in kept["text/plain"]
    told = person.run('found = predictions.find("20.headless")\nprint(found.source, found.late)')
    assert told[0]["text/plain"] == "person False\n"


def test_the_profile_does_not_decide_whether_a_person_is_asked(person: Person) -> None:
    person.run('begin("20", "ci")')
    (field,) = person.run('predict("in_ci", "?", canned=2.0)')
    assert WIDGET in field
    (asked,) = person.run('question("20.q2")')
    assert WIDGET in asked
    person.run('begin("20", "class")')


def test_a_notebook_run_without_a_person_holds_text_and_html_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient

    monkeypatch.setenv("EDGELAB_PROFILE", "class")
    cells = [nbformat.v4.new_code_cell(source) for source in LESSON]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert len(outputs) == 7
    for output in outputs:
        assert output.output_type == "display_data"
        assert set(output.data) == {"text/plain", "text/html"}
    assert "widgets" not in notebook.metadata
    text = json.dumps(notebook)
    assert "canned one" in text
    assert "Take the absolute values first." in text
    kinds = [entry.kind for entry in Journal().find()]
    assert kinds == ["prediction", "outcome", "exercise"]
