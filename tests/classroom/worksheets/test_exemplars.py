"""The exemplars: what each level shows, and that their figures are those of the journal beside them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from edgelab import workspace
from edgelab.classroom import tampering
from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import (
    answers as files,
    audit as audits,
    exemplars,
    loading,
    measuring,
    submission,
)
from edgelab.classroom.worksheets.questions import Language

SCHEMA = loading.load("analysis")
LANGUAGES = ("en", "fr")


@pytest.fixture(scope="module")
def reading() -> tampering.Reading:
    return tampering.read(measuring.journal_path().read_bytes())


def kinds(level: str, lang: Language, reading: tampering.Reading) -> Counter[str]:
    with speaking(lang):
        found = audits.audit(SCHEMA, exemplars.build(level, lang), reading)
    return Counter(finding.kind for finding in found.findings)


def test_their_journal_is_a_sound_one_of_a_real_run(reading: tampering.Reading) -> None:
    assert reading.problems == ()
    assert Counter(entry.kind for entry in reading.entries) == {
        "comparison": 1,
        "footprint": 5,
        "throughput": 5,
        "cpu": 5,
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_excellent_one_is_complete_and_agrees_with_its_journal(
    lang: Language, reading: tampering.Reading
) -> None:
    assert kinds("excellent", lang, reading) == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_adequate_one_lacks_a_few_places_and_is_wrong_nowhere(
    lang: Language, reading: tampering.Reading
) -> None:
    assert kinds("adequate", lang, reading) == {"missing": 5}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_weak_one_shows_what_the_audit_finds(
    lang: Language, reading: tampering.Reading
) -> None:
    found = kinds("weak", lang, reading)
    assert found["missing"] > 40
    assert {kind: found[kind] for kind in ("invalid", "differs", "derived")} == {
        "invalid": 1,
        "differs": 2,
        "derived": 1,
    }


@pytest.mark.parametrize("level", exemplars.LEVELS)
def test_both_languages_fill_the_same_places_with_words_of_their_own(level: str) -> None:
    english, french = (exemplars.build(level, lang).entries for lang in LANGUAGES)
    assert english.keys() == french.keys()
    texts = [name for name, entry in english.items() if len(str(entry.value)) > 40]
    assert all(english[name].value != french[name].value for name in texts)
    left = [name for name in texts if re.search(r"\[\w+.*\|", str(french[name].value))]
    assert left == []


def test_the_code_that_they_cite_is_there() -> None:
    root = workspace.data_dir().parent
    for level in ("excellent", "adequate"):
        entries = exemplars.build(level, "en").entries
        named = [str(entries[f"2.optimisations.r{n}.file"].value) for n in (1, 2, 3)]
        assert all((root / path).is_file() for path in named)


@pytest.mark.parametrize("level", exemplars.LEVELS)
def test_the_files_can_be_checked_like_a_hand_in(level: str) -> None:
    path = loading.solutions() / f"{level}.fr.json"
    assert files.parse(path.read_bytes()).language == "fr"
    checked = submission.check(path)
    assert bool(checked.errors) is (level != "excellent")
    assert "no_journal" not in {finding.kind for finding in checked.errors}
