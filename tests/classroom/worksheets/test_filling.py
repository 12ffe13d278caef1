"""What the journal has for a worksheet, and which records count."""

from __future__ import annotations

import pytest

from edgelab import records
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import filling
from edgelab.classroom.worksheets.answers import Subjects
from edgelab.classroom.worksheets.questions import Source
from tests.classroom.worksheets import made
from tests.records_made import comparison, measurement


def of(figure: str, model: str = "optimised") -> Source:
    return Source.model_validate({"figure": figure, "model": model})


@pytest.mark.parametrize(
    ("figure", "unit", "value", "kind"),
    [
        ("latency_ms", "ms", 4, "comparison"),
        ("latency_ms", "µs", 4000, "comparison"),
        ("accuracy", "%", 89, "comparison"),
        ("size_file_bytes", "kB", 4000, "comparison"),
        ("size_gzip_bytes", "MB", 2, "comparison"),
        ("memory_bytes", "MB", 12, "comparison"),
        ("load_ms", "ms", 12.4, "footprint"),
        ("batch_ms", "s", 0.08, "throughput"),
        ("cpu_share", "%", 25, "cpu"),
    ],
)
def test_each_figure_is_found_in_its_record(
    journal: Journal, figure: str, unit: str, value: float, kind: str
) -> None:
    made.publish_all()
    entries = journal.find()
    subjects = filling.proposed_subjects(entries)
    assert subjects == Subjects(record=1, original="float32", optimised="int8")
    cited = filling.measured(entries, subjects, of(figure), unit)
    assert cited
    assert cited.value == pytest.approx(value)
    record = next(entry for entry in entries if entry.number == cited.record)
    assert (record.kind, record.hash) == (kind, cited.hash)


@pytest.mark.parametrize(
    ("busy", "told"),
    [
        (True, "int8, litert, 1 thread, machine busy"),
        (False, "int8, litert, 1 thread, median of 101 runs"),
    ],
)
def test_how_a_time_was_measured_fits_on_one_line(journal: Journal, busy: bool, told: str) -> None:
    made.publish(made.without(made.compared(), busy=busy))
    cited = filling.measured(
        journal.find(),
        Subjects(record=1, original="float32", optimised="int8"),
        of("latency_ms"),
        "ms",
    )
    assert cited
    assert cited.about == told


def test_the_latest_record_of_a_file_counts_and_those_of_other_files_do_not(
    journal: Journal,
) -> None:
    made.publish_all()
    for digest, load_ms in ((made.AFTER, 30.0), ("c" * 64, 99.0)):
        records.publish(
            "footprint", "again", {"peak_bytes": 1, "load_ms": load_ms, "artefact": digest}
        )
    entries = journal.find()
    cited = filling.measured(entries, Subjects(record=1, optimised="int8"), of("load_ms"), "ms")
    assert cited
    assert cited.value == 30


def test_a_comparison_without_memory_takes_it_from_a_footprint(journal: Journal) -> None:
    made.publish(made.without(made.compared(), memory_bytes=None))
    records.publish(
        "footprint", "int8", {"peak_bytes": 9e6, "load_ms": 1.0, "artefact": made.AFTER}
    )
    entries = journal.find()
    cited = filling.measured(
        entries, Subjects(record=1, optimised="int8"), of("memory_bytes"), "MB"
    )
    assert cited
    assert (cited.record, cited.value) == (2, 9)


def test_the_smallest_of_the_others_is_proposed_as_the_optimised_one(journal: Journal) -> None:
    three = [measurement(n, 1.0, size) for n, size in (("a", 300), ("b", 100), ("c", 200))]
    made.publish(comparison(*three))
    pretended = [measurement("a", 1.0, 300), measurement("b", 1.0, 1, simulated=True)]
    made.publish(comparison(*pretended))
    entries = journal.find()
    assert filling.proposed_subjects(entries) == Subjects(record=1, original="a", optimised="b")
    (only,) = filling.comparisons(entries)
    assert only.models == ("a", "b", "c")
    assert only.label == "record 1: a, b, c"


def test_how_it_was_measured_is_told_in_the_language_of_the_moment(journal: Journal) -> None:
    made.publish_all()
    with speaking("fr"):
        cited = filling.measured(
            journal.find(), Subjects(record=1, optimised="int8"), of("batch_ms"), "ms"
        )
    assert cited
    assert cited.about == "int8, litert, 1 fil d’exécution, un lot de 32 images"


def test_nothing_is_found_without_records_models_or_subjects(journal: Journal) -> None:
    assert filling.proposed_subjects([]) is None
    made.publish_all()
    entries = journal.find()
    for subjects in (
        Subjects(),
        Subjects(record=1),
        Subjects(record=9, optimised="int8"),
        Subjects(record=1, optimised="int4"),
    ):
        assert filling.measured(entries, subjects, of("latency_ms"), "ms") is None
    assert filling.noted(entries, Source(choice="24.choice")) is None


def test_words_are_taken_from_the_latest_note_and_choice(journal: Journal) -> None:
    for number in (1, 2):
        parts = [["principle", [f"P{number}"]], ["drawbacks", ["a", "b"]]]
        records.publish("note", "20.part1", {"parts": parts})
        records.publish("choice", "24.choice", {"paragraph": f"I choose {number}."})
    entries = journal.find()

    def text(**source: object) -> object:
        cited = filling.noted(entries, Source.model_validate(source))
        return cited.value if cited else None

    assert text(note="20.part1", part="principle") == "P2"
    assert text(note="20.part1", part="drawbacks", item=1) == "b"
    assert text(note="20.part1", part="drawbacks", item=2) is None
    assert text(note="20.part1", part="drawbacks") == "a\nb"
    assert text(note="20.part1", part="advantages") is None
    assert text(choice="24.choice") == "I choose 2."
