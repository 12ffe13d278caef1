"""Only the mark's cell changes in a file that a platform exported."""

from __future__ import annotations

import csv
import io
import random

import pytest

from edgelab.classroom.grading import lms, spans, students
from edgelab.classroom.grading.lms import Result
from edgelab.errors import FormatError, InputError

MOODLE = (
    "\ufeffIdentifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,"
    'Dernière modification (note),"Feedback par commentaires"\r\n'
    'Participant 101,"Dupont, Zoé",zoe@ecole.fr,"Remis pour évaluation - ",,"20,00",-,\r\n'
    'Participant 102,Ali Ben,ali@ecole.fr,"Remis, en retard",,"20,00",-,\r\n'
    'Participant 103,Eve Z,eve@ecole.fr,"",,"20,00",-,\r\n'
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Analysis (77),Final Score\n"
    "    Points Possible,,,,,50,(read only)\n"
    '"Dupont, Zoé",9001,s1,zdupont,BTS,,91.2\n'
    '"Ben, Ali",9002,s2,aben,BTS,12,80\n'
)


def result(name, points=80.0, number="", typed=(), comment=""):
    return Result(students.Student(name.lower(), name, number), points, tuple(typed), comment)


def cells(content, encoding="utf-8-sig", delimiter=","):
    return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))


def changed(before, after, delimiter=","):
    pairs = zip(cells(before, delimiter=delimiter), cells(after, delimiter=delimiter), strict=True)
    return {
        (r, c): new
        for r, (old_row, new_row) in enumerate(pairs)
        for c, (old, new) in enumerate(zip(old_row, new_row, strict=True))
        if old != new
    }


def test_moodles_export_gets_marks_on_its_scale_with_its_decimal_comma():
    before = MOODLE.encode()
    found = lms.fill(before, [result("Zoé Dupont", 72.5, "101"), result("x", 50, "103")], 100)
    assert changed(before, found.content) == {(1, 4): "14,5", (3, 4): "10"}
    assert (found.column, found.rows, found.scale) == ("Note", 2, 0.2)
    assert found.content.startswith(b"\xef\xbb\xbf")
    assert found.content.count(b"\r\n") == 4


def test_all_other_bytes_stay():
    before = MOODLE.encode()
    after = lms.fill(before, [result("Ali Ben", 100)], 100).content
    assert after.replace(b'en retard",20,', b'en retard",,') == before


def test_an_export_with_nobody_to_fill_is_returned_as_it_came():
    for text in (MOODLE, CANVAS):
        assert lms.fill(text.encode(), [], 100).content == text.encode()


def test_the_comment_goes_into_the_feedback_column_and_is_no_formula():
    found = lms.fill(MOODLE.encode(), [result("Eve Z", 10, comment="=1+1")], 100)
    assert changed(MOODLE.encode(), found.content)[3, 7] == "'=1+1"


def test_canvas_row_of_points_gives_the_scale_and_is_left_alone():
    found = lms.fill(CANVAS.encode(), [result("dupontzoe", 80, "9001")], 100)
    assert changed(CANVAS.encode(), found.content) == {(2, 5): "40"}


def test_a_mark_that_stands_there_is_never_overwritten():
    found = lms.fill(CANVAS.encode(), [result("Ali Ben", 80)], 100)
    assert found.content == CANVAS.encode()
    assert "has 12 already, the sheets give 40" in found.problems[0]


def test_students_are_found_by_login_email_and_name_in_any_order():
    for name in ("zdupont", "ZOE dupont", "Dupont Zoé", "Zoé, Dupont"):
        assert lms.fill(CANVAS.encode(), [result(name)], 100).rows == 1, name
    assert lms.fill(MOODLE.encode(), [result("zoe@ecole.fr")], 100).rows == 1


def test_a_typed_name_counts_last_and_is_named():
    found = lms.fill(MOODLE.encode(), [result("folder 7", typed=["Zoé Dupont"])], 100)
    assert found.rows == 1
    assert "typed in the worksheet" in found.problems[0]
    # The folder's own number wins over a typed name.
    taken = lms.fill(MOODLE.encode(), [result("?", 50, "102", ["Zoé Dupont"])], 100)
    assert changed(MOODLE.encode(), taken.content) == {(2, 4): "10"}


def test_two_hand_ins_for_one_row_fill_nothing():
    both = [result("Zoé Dupont"), result("b", typed=["Zoé Dupont"])]
    found = lms.fill(MOODLE.encode(), both, 100)
    assert found.content == MOODLE.encode()
    assert any("several hand-ins" in problem for problem in found.problems)


def test_two_rows_for_one_name_fill_nothing():
    doubled = MOODLE.replace("Eve Z", "Ali Ben").encode()
    found = lms.fill(doubled, [result("Ali Ben")], 100)
    assert found.content == doubled
    assert "2 rows fit" in found.problems[0]


def test_a_mark_that_is_not_complete_stays_empty():
    found = lms.fill(MOODLE.encode(), [result("Ali Ben", None)], 100)
    assert found.rows == 0
    assert "not marked completely yet" in found.problems[0]


def test_several_columns_for_marks_need_a_choice():
    two = CANVAS.replace("Final Score", "Quiz (78)").encode()
    with pytest.raises(InputError, match=r"“Analysis \(77\)”, “Quiz \(78\)”"):
        lms.fill(two, [], 100)
    assert lms.fill(two, [result("zdupont")], 100, "Quiz (78)").column == "Quiz (78)"
    with pytest.raises(InputError, match="no column “Nothing”"):
        lms.fill(two, [], 100, "Nothing")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end_survives(encoding, delimiter, line_end):
    text = f'Nom{delimiter}Note{delimiter}"Divers"{line_end}Zoé{delimiter}{delimiter}"a ""b"" {delimiter}{line_end}c"{line_end}'
    found = lms.fill(text.encode(encoding), [result("Zoé", 7)], 100)
    assert found.content.decode(encoding) == text.replace(f"Zoé{delimiter}", f"Zoé{delimiter}7")


def test_cells_stand_where_pythons_reader_sees_them():
    rng = random.Random(5)
    alphabet = ["a", "é", " ", ",", '"', "\n", ";"]
    for _ in range(300):
        rows = [
            ["".join(rng.choices(alphabet, k=rng.randint(0, 5))) for _ in range(3)]
            for _ in range(rng.randint(1, 4))
        ]
        target = io.StringIO()
        csv.writer(target, lineterminator="\n").writerows([["x", "y", "z"], *rows])
        sheet = spans.parse(target.getvalue().encode())
        assert [[cell.value for cell in row] for row in sheet.rows[1:]] == rows
        row, column = rng.randrange(1, len(sheet.rows)), rng.randrange(3)
        after = spans.parse(spans.filled(sheet, {(row, column): 'new, "one"'}))
        rows[row - 1][column] = 'new, "one"'
        assert [[cell.value for cell in row] for row in after.rows[1:]] == rows


def test_what_is_no_csv_is_refused():
    with pytest.raises(FormatError, match="empty"):
        spans.parse(b"")
    with pytest.raises(FormatError, match="without end in line 2"):
        spans.parse(b'a,b\n"c,d\n')


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "'=1", "\u00a0=1", "＝1", '"=1']
)
def test_formulas_are_defused(text):
    assert spans.harmless(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Zoé", "a=1", "3-1"])
def test_harmless_text_stays(text):
    assert spans.harmless(text) == text


GRADEBOOK = (
    "Prénom,Nom de famille,Numéro d'identification,Adresse de courriel,Devoir : Analyse (Brut)\n"
    "Zoé,Dupont,,zoe@ecole.fr,-\nAli,Ben,,ali@ecole.fr,-\nZoé,Dupond,,z2@ecole.fr,-\n"
)


def test_moodles_gradebook_has_first_and_last_names_apart():
    found = lms.fill(GRADEBOOK.encode(), [result("Zoé Dupont", 80)], 100, "Devoir : Analyse (Brut)")
    assert changed(GRADEBOOK.encode(), found.content) == {(1, 4): "80"}
    assert found.problems == ()


def test_the_scale_is_told_once():
    several = [result("Zoé Dupont", 31.5, "101"), result("Ali Ben", 50, "102")]
    (scale, _absent) = lms.fill(MOODLE.encode(), several, 100).notes
    assert scale == "The platform counts out of 20: 31.5/100 becomes 6.3/20."
    assert lms.fill(MOODLE.encode(), several, 20).notes[0].startswith("1 student")


def test_a_file_without_a_maximum_is_said_to_have_none():
    found = lms.fill(GRADEBOOK.encode(), [result("Ali Ben")], 100, "Devoir : Analyse (Brut)")
    assert "says no maximum" in found.notes[0]
    assert "out of 100" in found.notes[0]


def test_who_handed_nothing_in_stands_in_one_line():
    found = lms.fill(GRADEBOOK.encode(), [result("Ali Ben")], 100, "Devoir : Analyse (Brut)")
    assert (
        found.notes[1] == "2 students of the exported file have no hand-in: Zoé Dupont, Zoé Dupond."
    )


def test_what_is_not_marked_stands_in_one_line():
    found = lms.fill(MOODLE.encode(), [result("Ali Ben", None), result("Eve Z", None)], 100)
    assert len(found.problems) == 1
    assert "Ali Ben, Eve Z" in found.problems[0]
