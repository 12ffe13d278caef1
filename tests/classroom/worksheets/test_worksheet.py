"""Answering, filling, choosing subjects and handing in, as a student does it in code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edgelab import records
from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import answers as files, audit as audits
from edgelab.classroom.worksheets.worksheet import Worksheet, answers_path
from edgelab.errors import FormatError, InputError, StorageError
from tests.classroom.worksheets import made


@pytest.fixture
def ws(journal: Journal) -> Worksheet:
    return Worksheet("analysis", journal=journal)


def test_an_answer_is_in_the_file_at_once(ws: Worksheet) -> None:
    ws.answer("3.analysis", "Half the time, a quarter of the size.")
    kept = json.loads(answers_path().read_text("utf-8"))
    assert kept["entries"]["3.analysis"]["value"] == "Half the time, a quarter of the size."
    assert Worksheet("analysis").value("3.analysis") == "Half the time, a quarter of the size."


def test_several_answers_at_once_are_all_kept_or_none(ws: Worksheet) -> None:
    with pytest.raises(InputError, match="no number"):
        ws.answer({"3.analysis": "fine", "3.tests.load.result": "fast"})
    assert ws.value("3.analysis") is None
    ws.answer({"3.analysis": "fine", "3.tests.load.result": "fast"}, keep=True)
    assert ws.value("3.tests.load.result") == "fast"
    assert [f.kind for f in ws.audit().of("3.tests.load.result")] == ["invalid"]


def test_an_unknown_field_is_named_with_near_ones(ws: Worksheet) -> None:
    with pytest.raises(InputError, match=r"no field '3.analysys'.*3\.analysis"):
        ws.answer("3.analysys", "…")


@pytest.mark.parametrize("wrong", [["a", "list"], {"a": 1}, b"bytes", object(), float("nan")])
def test_a_value_of_a_wrong_type_is_refused_and_changes_nothing(
    ws: Worksheet, wrong: object
) -> None:
    ws.answer("3.tests.load.result", 12)
    with pytest.raises(InputError):
        ws.answer("3.tests.load.result", wrong)
    assert ws.value("3.tests.load.result") == 12


def test_a_file_pasted_by_mistake_is_refused_a_long_text_is_kept_and_named(ws: Worksheet) -> None:
    with pytest.raises(InputError, match="100001 characters"):
        ws.answer("3.analysis", "x" * 100_001)
    ws.answer("3.analysis", "x" * 30_000, keep=True)
    assert [f.kind for f in ws.audit().of("3.analysis")] == ["invalid"]
    assert len(str(Worksheet("analysis").value("3.analysis"))) == 30_000


def test_measured_cells_fill_and_cite_their_record(ws: Worksheet) -> None:
    number = made.publish_all()
    changed = ws.fill()
    assert "3.tests.load.result" in changed
    values = {f.id: ws.value(f.id) for f in ws.schema.fields_of("3.before_after")}
    assert values["3.before_after.size.before"] == 14
    assert values["3.before_after.size.after"] == 4
    assert values["3.before_after.size.improvement"] == 71.43
    assert values["3.before_after.accuracy.improvement"] == -1
    assert values["3.before_after.cpu.after"] == 25
    assert ws.value("3.tests.load.result") == 12.4
    assert ws.value("3.tests.batch.result") == 80  # 32 images at 400 a second
    cited = ws.answers.entries["3.tests.one_image.result"].measured
    assert cited
    assert cited.record == number
    assert cited.about == "int8, litert, 1 thread, median of 101 runs"
    assert ws.value("3.tests.one_image.configuration") == cited.about
    assert ws.fill() == ()


def test_an_overtyped_cell_keeps_both_values(ws: Worksheet) -> None:
    number = made.publish_all()
    ws.answer("3.tests.size_optimised.result", "16 kB")
    ws.fill()
    entry = ws.answers.entries["3.tests.size_optimised.result"]
    assert (entry.value, entry.typed) == (0.016, "16 kB")
    assert entry.measured
    assert (entry.measured.value, entry.measured.record) == (4, number)
    (found,) = ws.audit().of("3.tests.size_optimised.result")
    assert found.kind == "differs"
    assert found.text.startswith(
        f"you typed 16\xa0kB, recorded 4\u202f000\xa0kB in record {number}"
    )
    ws.answer("3.tests.size_optimised.result", None)
    assert ws.value("3.tests.size_optimised.result") == 4


def test_words_of_a_lesson_are_taken_over_until_somebody_rewrites_them(ws: Worksheet) -> None:
    parts = [["principle", ["Few codes."]], ["advantages", ["One.", "Two.", "Three."]]]
    records.publish("note", "20.part1", {"parts": parts})
    ws.fill()
    assert ws.value("1.quantization_principle") == "Few codes."
    assert ws.value("1.quantization_advantages.r3.text") == "Three."
    ws.answer("1.quantization_principle", "Mine.")
    again = [["principle", ["Codes."]], ["advantages", ["1.", "2.", "3."]]]
    records.publish("note", "20.part1", {"parts": again})
    ws.fill()
    assert ws.value("1.quantization_principle") == "Mine."
    assert ws.value("1.quantization_advantages.r3.text") == "3."


def test_the_latest_comparison_is_proposed_a_chosen_one_stays(ws: Worksheet) -> None:
    first = made.publish(made.compared())
    ws.fill()
    second = made.publish(made.compared(int8_ms=2.0))
    ws.fill()
    assert ws.answers.subjects.record == second
    assert ws.value("3.before_after.latency.after") == 2
    ws.subjects(record=first)
    ws.fill()
    assert ws.answers.subjects.record == first
    assert ws.value("3.before_after.latency.after") == 4


def test_other_subjects_change_the_measured_cells(ws: Worksheet) -> None:
    made.publish_all()
    chosen = ws.subjects(original="int8", optimised="float32")
    assert chosen.record == 1
    assert ws.value("3.before_after.size.before") == 4
    with pytest.raises(InputError, match="record 1: float32, int8"):
        ws.subjects(optimised="int4")
    with pytest.raises(InputError, match="choose two"):
        ws.subjects(original="int8", optimised="int8")


@pytest.mark.parametrize("flag", [{"simulated": True}, {"measured_here": False}, {"size": None}])
def test_what_only_pretends_is_no_subject(ws: Worksheet, flag: dict[str, object]) -> None:
    made.publish(made.without(made.compared(), **flag))
    assert ws.comparisons() == ()
    assert ws.fill() == ()


def test_two_notebooks_may_answer_the_same_worksheet(ws: Worksheet) -> None:
    other = Worksheet("analysis")
    ws.answer("3.analysis", "one")
    other.answer("4.strengths", "two")
    ws.answer("4.suggestions", "three")
    assert [
        Worksheet("analysis").value(f) for f in ("3.analysis", "4.strengths", "4.suggestions")
    ] == [
        "one",
        "two",
        "three",
    ]


def test_a_damaged_file_is_kept_and_never_overwritten(ws: Worksheet) -> None:
    ws.path.parent.mkdir(parents=True, exist_ok=True)
    ws.path.write_text('{"worksheet": "analysis", "ent', "utf-8")
    with pytest.raises(FormatError, match="Nothing was overwritten"):
        Worksheet("analysis")
    with pytest.raises(FormatError):
        ws.answer("3.analysis", "late")
    assert ws.path.read_text("utf-8") == '{"worksheet": "analysis", "ent'
    assert list(ws.path.parent.glob("analysis.damaged-*.json"))


def test_answers_of_another_worksheet_are_refused(ws: Worksheet) -> None:
    files.write(ws.path, files.Answers(worksheet="survey", schema_hash="0"))
    with pytest.raises(InputError, match="'survey'"):
        Worksheet("analysis")


def test_an_unwritable_folder_loses_nothing(tmp_path: Path, journal: Journal) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    ws = Worksheet("analysis", path=blocked / "analysis.json", journal=journal)
    with pytest.raises(StorageError, match="Nothing is lost"):
        ws.answer("3.analysis", "kept")
    assert ws.unsaved
    assert ws.value("3.analysis") == "kept"
    blocked.unlink()
    ws.answer("4.strengths", "too")
    assert not ws.unsaved
    again = Worksheet("analysis", path=ws.path, journal=journal)
    assert (again.value("3.analysis"), again.value("4.strengths")) == ("kept", "too")


def test_the_hand_in_is_one_file_with_the_journal_inside(ws: Worksheet, journal: Journal) -> None:
    made.publish_all()
    made.answer_all(ws)
    ws.answer("general.name", "Éloïse O'Neil / ../../x")
    target = ws.hand_in()
    assert target.name == "analysis-eloise-o-neil-x.json"
    handed = files.parse(target.read_bytes())
    assert files.journal_content(handed) == journal.path.read_bytes()
    reading = audits.read_embedded(handed)
    assert reading
    assert len(reading.entries) == 7
    assert audits.audit(ws.schema, handed, reading).findings == ()
    assert handed.journal_head
    assert handed.journal_head.record == 7


def test_a_worksheet_without_a_name_is_handed_in_as_unnamed_and_says_so(
    ws: Worksheet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ws.hand_in(tmp_path).name == "analysis-unnamed.json"
    assert "Handed in without a name" in capsys.readouterr().out
    ws.answer("general.name", "Ada")
    ws.hand_in(tmp_path)
    assert capsys.readouterr().out == ""
    ws.answer("general.name", "")
    assert ws.hand_in(tmp_path / "mine.json") == tmp_path / "mine.json"


def test_the_language_is_kept_with_the_answers(ws: Worksheet) -> None:
    ws.lang = "fr"
    assert Worksheet("analysis").lang == "fr"
    with pytest.raises(InputError, match="no language"):
        ws.lang = "xx"


def test_progress_is_shown_in_the_worksheets_language(
    ws: Worksheet, capsys: pytest.CaptureFixture[str]
) -> None:
    ws.lang = "fr"
    ws.answer("general.name", "Ada")
    ws.show()
    shown = capsys.readouterr().out
    assert "Informations générales" in shown
    assert "1 / 2" in shown


def test_what_a_killed_kernel_left_is_swept_when_it_is_old(ws: Worksheet) -> None:
    ws.answer("3.analysis", "x")
    old, young = (ws.path.parent / f".partial-{name}" for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir()
        (folder / "analysis.json").write_text("{")
    os.utime(old, (1, 1))
    assert Worksheet("analysis").value("3.analysis") == "x"
    assert (old.exists(), young.exists()) == (False, True)


def test_a_wrong_unit_is_told_with_the_right_one(ws: Worksheet) -> None:
    with pytest.raises(InputError, match="This place is counted in ms"):
        ws.answer("3.tests.load.result", "12.4 MB")
    ws.lang = "fr"
    with pytest.raises(InputError, match="se compte en Mo"):
        ws.answer("3.tests.size_optimised.result", "12 ms")


def test_a_negative_time_is_refused_a_negative_improvement_is_not(ws: Worksheet) -> None:
    with pytest.raises(InputError, match="below zero"):
        ws.answer("3.tests.load.result", "-3 ms")
    ws.answer("3.before_after.size.improvement", "-12 %")
    assert ws.value("3.before_after.size.improvement") == -12
