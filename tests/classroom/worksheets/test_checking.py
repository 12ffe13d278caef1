"""What students type about a real comparison: right in several ways, and wrong in others."""

from __future__ import annotations

import pytest

from edgelab.classroom import tampering
from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import (
    audit as audits,
    filling,
    loading,
    measuring,
    values,
)
from edgelab.classroom.worksheets.answers import Answers, Entry, Subjects
from edgelab.classroom.worksheets.citations import line

SCHEMA = loading.load("analysis")
ROW = "3.before_after.{}.{}"


@pytest.fixture(scope="module")
def reading() -> tampering.Reading:
    return tampering.read(measuring.journal_path().read_bytes())


def filled(reading: tampering.Reading, optimised: str, typed: dict[str, str]) -> Answers:
    subjects = Subjects(record=1, original="float32", optimised=optimised, chosen=True)
    answers = Answers(worksheet=SCHEMA.id, schema_hash=SCHEMA.hash, subjects=subjects)
    for name, text in typed.items():
        value = values.understand(SCHEMA.field(name), text).value
        answers.entries[name] = Entry(value=value, typed=text)
    filling.fill(SCHEMA, answers, reading.entries)
    return answers


def found(reading: tampering.Reading, optimised: str, typed: dict[str, str]) -> list[str]:
    with speaking("en"):
        audit = audits.audit(SCHEMA, filled(reading, optimised, typed), reading)
    return [f.kind for name in typed for f in audit.of(name)]


# What this journal has: float32 24.485 µs, int8 48.791 µs, ratio measured in turn 2.013; 96.4 % and 96.6 %;
# dynamic range 0.958 in turn; pruned slower by 0.2 % by the medians, and "cannot tell"; distilled 95.4 %.
@pytest.mark.parametrize(
    ("optimised", "row", "text"),
    [
        ("int8", "latency", "-99.3"),  # from the recorded figures
        ("int8", "latency", "-101.3"),  # from the ratio
        ("int8", "latency", "-101"),
        ("int8", "latency", "\N{EN DASH}99,2 %"),
        ("dynamic range", "latency", "4.2"),
        ("dynamic range", "latency", "4"),
        ("pruned 90%", "latency", "-0.2"),
        ("pruned 90%", "latency", "0.05"),
        ("distilled", "latency", "75.9"),
        ("int8", "accuracy", "0.2 pp"),
    ],
)
def test_an_improvement_may_follow_from_records_or_from_the_ratio(
    reading: tampering.Reading, optimised: str, row: str, text: str
) -> None:
    assert found(reading, optimised, {ROW.format(row, "improvement"): text}) == []


@pytest.mark.parametrize(
    ("optimised", "row", "text"),
    [
        ("int8", "latency", "99.3"),
        ("int8", "latency", "-103"),
        ("int8", "size", "73.8"),
        ("pruned 90%", "latency", "0.3"),
        ("int8", "accuracy", "-0.2"),
        ("int8", "accuracy", "0.3"),
    ],
)
def test_a_wrong_improvement_is_one(
    reading: tampering.Reading, optimised: str, row: str, text: str
) -> None:
    assert found(reading, optimised, {ROW.format(row, "improvement"): text}) == ["derived"]


def test_an_improvement_may_follow_from_rounded_cells_that_are_right(
    reading: tampering.Reading,
) -> None:
    cells = {ROW.format("latency", "before"): "0.024", ROW.format("latency", "after"): "0.049"}
    for improvement in ("-104", "-99.3"):
        assert not found(
            reading, "int8", {**cells, ROW.format("latency", "improvement"): improvement}
        )
    cells = {ROW.format("accuracy", "before"): "96", ROW.format("accuracy", "after"): "97"}
    assert not found(reading, "int8", {**cells, ROW.format("accuracy", "improvement"): "0.2"})


def test_what_follows_from_invented_cells_is_not_right(reading: tampering.Reading) -> None:
    cells = {ROW.format("size", "before"): "200", ROW.format("size", "after"): "100"}
    both = filled(reading, "int8", cells)
    with speaking("en"):
        (wrong,) = audits.audit(SCHEMA, both, reading).of(ROW.format("size", "improvement"))
    assert wrong.kind == "derived"
    assert "beside a value that differs from its record" in wrong.text
    assert "72.38" in wrong.text


@pytest.mark.parametrize("text", ["96.4", "97.1", "98.5"])
def test_another_models_accuracy_is_not_this_ones(reading: tampering.Reading, text: str) -> None:
    assert found(reading, "distilled", {ROW.format("accuracy", "after"): text}) == ["differs"]
    assert found(reading, "distilled", {ROW.format("accuracy", "after"): "95.4"}) == []


@pytest.mark.parametrize(("text", "record"), [("0.81", 1), ("1.43", 8), ("1434 us", 8)])
def test_either_loading_time_may_be_typed_and_its_record_is_cited(
    reading: tampering.Reading, text: str, record: int
) -> None:
    name = "3.tests.load.result"
    assert found(reading, "int8", {name: text}) == []
    answers = filled(reading, "int8", {name: text})
    with speaking("en"):
        assert f"record {record} " in line(SCHEMA.field(name), answers)
    assert found(reading, "int8", {name: "1.1"}) == ["differs"]


def test_a_finding_quotes_what_was_typed(reading: tampering.Reading) -> None:
    name = "3.tests.size_original.result"
    with speaking("en"):
        audit = audits.audit(SCHEMA, filled(reading, "int8", {name: "224.50 kB"}), reading)
        (told,) = audit.of(name)
    assert told.text.startswith("you typed 224.50\N{NO-BREAK SPACE}kB, recorded 229.9")
