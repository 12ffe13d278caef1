from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from edgelab.classroom.translations import _faults
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.workflow import labels
from edgelab.workflow.labels import FOLDER, Label, Source, Strict

FILES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("profiles/*.yaml")])


class Small(Strict):
    title: Label
    source: Source


GOOD = 'title: {en: One, fr: Un}\nsource: "measured: 33"\n'


def texts(value: object) -> list[dict[str, str]]:
    """Return every text in two languages below a value of YAML."""
    if isinstance(value, dict):
        if set(value) == {"en", "fr"}:
            return [value]
        return [found for item in value.values() for found in texts(item)]
    return [found for item in value for found in texts(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_french_text_is_well_set_and_no_copy_of_the_english(file: Path) -> None:
    found = texts(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert found
    for text in found:
        assert list(_faults("x", text["fr"])) == [], text
        same = {word for word in re.findall(r"\w+", text["en"]) if len(word) > 2}
        assert text["en"] != text["fr"] or len(same) < 3, text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_text_has_a_dash_that_the_course_does_not_use(file: Path) -> None:
    assert "\N{EM DASH}" not in file.read_text(encoding="utf-8")


def test_a_label_speaks_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    small = labels.parse(GOOD, Small, "here")
    assert (small.title.say("en"), small.title.say("fr")) == ("One", "Un")
    monkeypatch.setenv("EDGELAB_LANG", "fr_FR")
    assert small.title.say() == "Un"
    assert small.source.say() == "mesuré, leçon 33"
    with pytest.raises(InputError, match="'de'"):
        small.title.say("de")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD + "colour: red\n", "colour: this key is unknown here"),
        ('source: "measured: 33"\n', "title: this key is missing"),
        (GOOD.replace(", fr: Un", ""), r"title\.fr: this key is missing"),
        (GOOD.replace("measured", "guessed"), "source"),
        (GOOD + GOOD, "the key 'title' stands twice"),
        ("title: {en: One", "no readable YAML"),
        ("just words", "here"),
    ],
)
def test_a_defect_is_named(text: str, fault: str) -> None:
    with pytest.raises(FormatError, match=fault):
        labels.parse(text, Small, "here")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"gone\.yaml"):
        labels.read(tmp_path / "gone.yaml", Small)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        labels.read(tmp_path / "bytes.yaml", Small)
