from __future__ import annotations

import gettext
from pathlib import Path

import polib
import pytest

from edgelab.classroom import translations

PATH = translations.catalogue_path("fr")


def test_the_french_catalogue_is_complete_and_well_set() -> None:
    assert translations.offenders("fr") == []


def test_the_compiled_catalogue_says_what_the_source_says() -> None:
    with PATH.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in polib.pofile(str(PATH)):
        if entry.msgid_plural:
            for count in (1, 2):
                text = compiled.ngettext(entry.msgid, entry.msgid_plural, count)
                assert text == entry.msgstr_plural[int(count > 1)]
        else:
            assert compiled.gettext(entry.msgid) == entry.msgstr


def test_no_text_is_found_without_the_marks_being_seen() -> None:
    texts = {singular for singular, _plural in translations.collect()}
    assert "{name}: passed" in texts
    assert "{n} earlier record." in texts
    assert "The scale of symmetric quantization" in texts


@pytest.mark.parametrize(
    ("message", "text", "problem"),
    [
        ("Guess", "", "not translated"),
        ("Guess: {value}", "Estimation\u00a0: {valeur}", "placeholders"),
        ("Guess: {value:.2f}", "Estimation\u00a0:", "placeholders"),
        ("Guess: {value}", "Estimation : {value}", "no-break space"),
        ("Why?", "Pourquoi ?", "no-break space"),
        ("Why?", "Pourquoi?", "no-break space"),
        ("50 %", "50 %", "no-break space"),
        ("“a”", "« a »", "no-break space"),
        ("the", "l'échelle", "apostrophe"),
    ],
)
def test_a_fault_in_a_translation_is_named(message: str, text: str, problem: str) -> None:
    assert any(problem in fault for fault in translations._faults(message, text))


@pytest.mark.parametrize(
    "text",
    [
        "Pourquoi\u00a0?",
        "Pourquoi\u202f?",
        "«\u00a0oui\u00a0»",
        "Exécutez `a[1:2]; b`.",
        "Voir https://example.org/a?b=c.",
        "50\u00a0%",
    ],
)
def test_well_set_french_has_no_fault(text: str) -> None:
    assert list(translations._faults("x", text)) == []


def test_update_keeps_translations_and_drops_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {("Guess", ""): ["a.py"], ("{n} day", "{n} days"): ["b.py"]}
    monkeypatch.setitem(translations.PACKAGES, translations.DOMAIN, tmp_path)
    monkeypatch.setattr(translations, "collect", lambda _domain: texts)
    translations.update("fr")
    path = translations.catalogue_path("fr")
    po = polib.pofile(str(path))
    po.find("Guess").msgstr = "Estimation"
    po.find("{n} day").msgstr_plural = {0: "{n} jour", 1: "{n} jours"}
    po.save()
    assert "older than its source" in " ".join(translations.offenders("fr"))
    translations.update("fr")
    assert translations.offenders("fr") == []

    del texts[("Guess", "")]
    texts[("Scale", "")] = ["a.py"]
    assert translations.offenders("fr") == [
        "no longer used: 'Guess'",
        "not in the catalogue: 'Scale'",
    ]
    translations.update("fr")
    assert translations.offenders("fr") == ["not translated: 'Scale'"]
    assert polib.pofile(str(path)).find("{n} day").msgstr_plural[1] == "{n} jours"
