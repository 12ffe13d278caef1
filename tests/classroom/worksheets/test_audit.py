"""What the audit finds, and what it leaves alone."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from edgelab.classroom import tampering
from edgelab.classroom.journal import Journal
from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import audit as audits
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry
from edgelab.classroom.worksheets.worksheet import Worksheet
from tests.classroom.worksheets import made


@pytest.fixture
def ws(journal: Journal) -> Worksheet:
    made.publish_all()
    worksheet = Worksheet("analysis", journal=journal)
    made.answer_all(worksheet)
    return worksheet


def kinds(found: audits.Audit) -> list[str]:
    return [finding.kind for finding in found.findings]


def test_a_complete_worksheet_has_no_findings(ws: Worksheet) -> None:
    assert ws.audit().findings == ()
    assert all(part.filled == part.asked for part in ws.audit().progress)


def test_an_empty_worksheet_misses_every_place_once(journal: Journal) -> None:
    empty = Worksheet("analysis", journal=journal).audit()
    assert set(kinds(empty)) == {"missing"}
    asked = sum(part.asked for part in empty.progress)
    assert len(empty.findings) == asked
    assert len({finding.field for finding in empty.findings}) == asked


def test_a_ticked_line_asks_how_an_empty_one_does_not(ws: Worksheet) -> None:
    how = "6.competencies.b2_3.how"
    ws.answer(how, None)
    assert [f.field for f in ws.audit().findings] == [how]
    ws.answer("6.competencies.b2_3", False)
    assert ws.audit().findings == ()


def test_a_question_with_points_is_missing_until_it_is_answered(ws: Worksheet) -> None:
    ws.answer("3.choice", None)
    assert [(f.kind, f.field) for f in ws.audit().findings] == [("missing", "3.choice")]


def test_a_question_that_is_not_required_is_never_missing() -> None:
    schema = made.tiny_schema(type="text", required=False)
    answers = Answers(worksheet=schema.id, schema_hash=schema.hash)
    assert audits.audit(schema, answers, None).findings == ()


def test_an_overtyped_value_differs_in_the_worksheets_language(ws: Worksheet) -> None:
    ws.lang = "fr"
    ws.answer("3.tests.size_optimised.result", "16 ko")
    ws.answer("3.before_after.size.improvement", "10 %")
    differs, derived = ws.audit().findings
    assert (differs.kind, differs.severity, differs.part) == ("differs", "error", "3")
    assert differs.text.startswith(
        "saisi\xa0: 16\xa0ko, enregistré\xa0: 4\u202f000\xa0ko dans l’enregistrement 1"
    )
    assert (derived.kind, derived.field) == ("derived", "3.before_after.size.improvement")
    assert "71,4" in derived.text
    assert str(derived).startswith("Avant et après optimisation, Taille : Amélioration\xa0: ")


def test_a_value_forged_in_the_file_is_held_against_the_record(ws: Worksheet) -> None:
    entry = ws.answers.entries["3.tests.one_image.result"]
    entry.value = 0.1
    assert entry.measured
    entry.measured = entry.measured.model_copy(update={"value": 0.1})
    assert kinds(ws.audit()) == ["differs"]


def test_a_newer_measurement_of_the_same_file_makes_a_cell_stale(ws: Worksheet) -> None:
    from edgelab import records

    again = {"peak_bytes": 9_000_000, "load_ms": 31.0, "first_ms": 1.0, "artefact": made.AFTER}
    records.publish("footprint", "alone", again)
    (found,) = ws.audit().findings
    assert (found.kind, found.severity, found.field) == ("stale", "error", "3.tests.load.result")
    ws.fill()
    assert ws.audit().findings == ()


def test_a_newer_comparison_of_the_same_models_is_named_once(ws: Worksheet) -> None:
    ws.subjects(record=1)
    newer = made.publish(made.compared(int8_ms=3.0))
    (found,) = ws.audit().findings
    assert (found.kind, found.severity, found.field) == ("stale", "warning", None)
    assert f"Record {newer} compares the same models as record 1" in found.text


def test_a_figure_without_any_record_is_uncited(journal: Journal) -> None:
    worksheet = Worksheet("analysis", journal=journal)
    worksheet.answer("3.tests.load.result", "12 ms")
    (found,) = worksheet.audit().of("3.tests.load.result")
    assert (found.kind, found.severity) == ("uncited", "warning")


def test_a_hand_in_without_a_journal_proves_nothing(ws: Worksheet) -> None:
    found = audits.audit(ws.schema, ws.answers, None)
    assert kinds(found) == ["no_journal"]


def test_an_edited_record_is_named_and_is_no_evidence(ws: Worksheet, journal: Journal) -> None:
    lines = journal.path.read_bytes().split(b"\n")
    lines[4] = lines[4].replace(b'"load_ms":12.4', b'"load_ms":1.24')
    found = audits.audit(ws.schema, ws.answers, tampering.read(b"\n".join(lines)))
    assert Counter(kinds(found)) == {"journal": 1, "uncited": 1}
    assert "was edited" in next(f.text for f in found.findings if f.kind == "journal")


def test_a_journal_that_was_cut_off_lacks_the_cited_records(
    ws: Worksheet, journal: Journal
) -> None:
    lines = journal.path.read_bytes().split(b"\n")
    found = audits.audit(ws.schema, ws.answers, tampering.read(b"\n".join(lines[:4]) + b"\n"))
    gone = [f.text for f in found.findings if f.kind == "stale" and f.field is None]
    assert [text.split(",")[0] for text in gone] == [
        f"The worksheet cites record {n}" for n in (5, 6, 7)
    ]


def test_another_journal_under_the_same_numbers_is_noticed(ws: Worksheet) -> None:
    entry = ws.answers.entries["3.tests.one_image.result"]
    entry.measured = Citation(record=1, hash="f" * 64, value=4.0)
    (found,) = ws.audit().findings
    assert (found.kind, found.severity) == ("journal", "error")
    assert "Record 1 of the journal is not the one" in found.text


def test_answers_for_another_edition_are_a_warning(ws: Worksheet) -> None:
    ws.answers.schema_hash = "0" * 16
    assert kinds(ws.audit()) == ["stale"]
    ws.answers.entries["9.gone"] = Entry(value="x")
    assert "9.gone" in ws.audit().findings[0].text
    ws.answers.worksheet = "survey"
    assert ws.audit().findings[0].kind == "invalid"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("3.tests.load.result", "12"),
        ("3.tests.load.result", 1e305),
        ("6.self_analysis", "perhaps"),
        ("6.competencies.b1_1", "x"),
        ("3.analysis", 3.5),
    ],
)
def test_a_value_of_another_kind_is_invalid(ws: Worksheet, field: str, value: object) -> None:
    ws.answers.entries[field] = Entry.model_construct(
        value=value, typed=None, measured=None, when=""
    )
    assert "invalid" in [f.kind for f in ws.audit().of(field)]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"measurements": None},
        {"measurements": ["x", 1, {}]},
        {"measurements": [{"name": "float32"}, {"name": "int8", "size": "big"}]},
        {"measurements": [{"name": 3, "runtime": [], "threads": {}}] * 3},
    ],
)
def test_a_record_of_any_shape_is_survived(journal: Journal, payload: dict[str, object]) -> None:
    journal.append("comparison", "odd", payload)
    journal.append("note", "20.part1", {"parts": 7} | payload)
    journal.append("choice", "24.choice", {"paragraph": ["x"]} | payload)
    worksheet = Worksheet("analysis", journal=journal)
    assert worksheet.fill() == ()
    assert worksheet.comparisons() == ()
    assert set(kinds(worksheet.audit())) == {"missing"}


def test_a_finding_reads_well_alone(ws: Worksheet) -> None:
    ws.answer("1.architectures.r2.traits", None)
    with speaking("fr"):
        (found,) = audits.audit(ws.schema, ws.answers, ws.journal.reading()).findings
        assert (
            str(found)
            == "Architectures efficaces : types étudiés, Caractéristiques clés (2)\xa0: Pas encore rempli."
        )
    assert json.dumps(found.__dict__)
