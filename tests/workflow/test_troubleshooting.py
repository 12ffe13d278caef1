from __future__ import annotations

import ast
from pathlib import Path

import pytest

from edgelab.errors import FormatError, InputError
from edgelab.workflow import labels, troubleshoot, troubleshooting
from edgelab.workflow.labels import FOLDER

ROOT = Path(__file__).resolve().parent.parent.parent
ENTRIES = troubleshooting.entries()
TEXT = (FOLDER / "troubleshooting.yaml").read_text(encoding="utf-8")
LESSONS = {"10", "20", "21", "25", "30", "31", "32", "33", "34", "35"}


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_the_test_that_reproduces_an_entry_exists(name: str) -> None:
    entry = ENTRIES[name]
    assert entry.lesson in LESSONS
    if entry.test is None:
        return
    file, function = entry.test.split("::")
    defined = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    assert function in {node.name for node in defined if isinstance(node, ast.FunctionDef)}


def test_most_entries_are_reproduced() -> None:
    assert sum(entry.test is not None for entry in ENTRIES.values()) >= 0.75 * len(ENTRIES)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("int8 slower than float", "slower_after_int8"),
        ("Mon réseau élagué n'est pas plus rapide", "pruned_not_faster"),
        ("ValueError: Failed to create llama_context", "quantized_cache"),
        ("OSError: [Errno 98] Address already in use", "port_in_use"),
        ("quantisation dynamique : convolutions plus lentes", "dynamic_convolutions"),
        ("openvino bfloat", "silent_bfloat16"),
        ("two requests at once kill the server", "two_calls_at_once"),
        ("rope theta after conversion", "rope_theta"),
        ("installling llama-cpp-python without compilr", "no_compiler"),
    ],
)
def test_a_search_finds_the_entry_first(words: str, name: str) -> None:
    assert troubleshoot(words).entries[0] is ENTRIES[name]


@pytest.mark.parametrize("name", [n for n, e in ENTRIES.items() if e.message])
def test_a_message_is_found_within_a_longer_one(name: str) -> None:
    said = f"Traceback … SomeError: {ENTRIES[name].message}, sorry"
    assert ENTRIES[name] in troubleshoot(said).entries


@pytest.mark.parametrize("name", sorted(ENTRIES))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_its_own_symptom_finds_an_entry(name: str, language: str) -> None:
    assert ENTRIES[name] in troubleshoot(ENTRIES[name].symptom.say(language)).entries


def test_nothing_found_says_so_in_both_languages() -> None:
    found = troubleshoot("xyzzy plugh")
    assert len(found) == 0
    assert "Nothing found" in repr(found)
    assert "Rien trouvé" in found.table("fr").notes[0]


@pytest.mark.parametrize("words", ["", "  ", None])
def test_no_words_are_refused(words: str) -> None:
    with pytest.raises(InputError, match="Say in a few words"):
        troubleshoot(words)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    lesson: ", "    leson: ", "leson: this key is unknown here"),
        ("    test: ", "    untested: {en: a, fr: b}\n    test: ", "why there is none"),
        ('lesson: "25"', 'lesson: "x"', "lesson"),
        ("    test: tests/", "    test: somewhere/", "test"),
    ],
)
def test_a_defect_in_the_file_is_named(old: str, new: str, fault: str) -> None:
    with pytest.raises(FormatError, match=fault):
        labels.parse(TEXT.replace(old, new, 1), troubleshooting._Entries, "troubleshooting.yaml")
