"""The exemplars: what each level shows, and that their figures are those of the journal beside them."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelab import workspace
from edgelab.classroom import tampering
from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import (
    answers as files,
    audit as audits,
    exemplars,
    facts,
    loading,
    measuring,
    submission,
)
from edgelab.classroom.worksheets.answers import Subjects
from edgelab.classroom.worksheets.questions import Language
from edgelab.errors import InputError

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
    assert kinds("adequate", lang, reading) == {"missing": 6}


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


def changed(reading: tampering.Reading, change: Any) -> tuple[Any, ...]:
    first, *rest = reading.entries
    payload = json.loads(json.dumps(first.payload))
    change(payload)
    return replace(first, payload=payload), *rest


def of(payload: dict[str, Any], name: str, place: str = "measurements") -> dict[str, Any]:
    return next(m for m in payload[place] if m["name"] == name)


def test_their_claims_hold_in_their_journal(reading: tampering.Reading) -> None:
    assert exemplars.breaches(reading.entries) == ()


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (lambda p: p["machine"]["int8"].append("AVX-512 VNNI"), "[machine|int8] lacks VNNI"),
        (lambda p: p.update(busy=False), "[machine|busy] == True"),
        (lambda p: of(p, "int8", "ratios").update(verdict="faster"), "[int8|verdict] == slower"),
        (lambda p: of(p, "int8", "ratios").update(value=1.02), "[int8|ratio] > 1.5"),
        (
            lambda p: of(p, "distilled")["accuracy"].update(correct=965),
            "[distilled|accuracy] is the smallest",
        ),
        (
            lambda p: of(p, "pruned 90%")["size"].update(file_bytes=1),
            "[pruned 90%|size_file_bytes] == [float32|size_file_bytes]",
        ),
    ],
)
def test_a_run_that_contradicts_a_claim_is_refused(
    reading: tampering.Reading, monkeypatch: pytest.MonkeyPatch, change: Any, breach: str
) -> None:
    entries = changed(reading, change)
    assert [line for line in exemplars.breaches(entries) if line.endswith(breach)]
    monkeypatch.setattr(exemplars, "_journal", lambda: entries)
    with pytest.raises(InputError, match="say what their journal does not"):
        exemplars.build("excellent", "en")


def test_a_new_run_takes_the_place_only_where_the_texts_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "journal.jsonl"
    assert measuring.put_in_place(measuring.journal_path(), target) == ()
    kept = target.read_bytes()
    monkeypatch.setattr(exemplars, "breaches", lambda _entries: ("excellent, 3.choice: x",))
    assert measuring.put_in_place(measuring.journal_path(), target)
    assert target.read_bytes() == kept
    assert (tmp_path / "journal.refused.jsonl").exists()


def test_the_choice_is_the_only_model_that_meets_its_limits() -> None:
    text = str(exemplars.build("excellent", "en").entries["3.choice"].value)
    assert "integers only" in text
    assert "slowest of the 5" in text


def test_batches_are_spoken_of_as_they_were_measured(reading: tampering.Reading) -> None:
    rates = next(e.payload for e in reading.entries if e.kind == "throughput")["images_per_second"]
    assert max(rates, key=rates.get) == "8"
    entries = exemplars.build("excellent", "en").entries
    assert "best batch here is 8" in str(entries["2.optimisations.r4.impact"].value)


def test_a_date_is_that_of_the_measurements(reading: tampering.Reading) -> None:
    day = reading.entries[-1].when[:10]
    for level in ("excellent", "adequate"):
        for lang in LANGUAGES:
            assert exemplars.build(level, lang).entries["general.date"].value == day


@pytest.mark.parametrize(
    "condition",
    ["int8 is good", "[int8|speed] > 1", "[int9|accuracy] > 1", "[machine|colour] has x"],
)
def test_a_condition_on_what_is_not_there_is_an_error(
    reading: tampering.Reading, condition: str
) -> None:
    subjects = Subjects(record=1, original="float32", optimised="int8")
    with pytest.raises(InputError):
        facts.Facts(reading.entries, subjects).holds(condition)


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
