"""Hand-ins are found in every form, and nothing in a name or an archive does harm."""

from __future__ import annotations

import os
import stat
import zipfile

import pytest

from edgelab.classroom.grading import archives, students, submissions
from edgelab.errors import FormatError, InputError, MissingFileError

GOOD = b"{}"


def found(folder):
    return {s.student.key: s for s in submissions.find(folder)}


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def written(path, content=GOOD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_folder_a_student(tmp_path):
    written(tmp_path / "Zoé Dupont" / "analysis.json")
    written(tmp_path / "Ali" / "work" / "analysis-ali.json")
    written(tmp_path / "Ali" / "journal.jsonl")
    own = found(tmp_path)
    assert set(own) == {"zoe-dupont", "ali"}
    assert [s.shown for s in own["ali"].sources] == ["journal.jsonl", "work/analysis-ali.json"]


def test_a_file_a_student_named_by_the_worksheets_own_export(tmp_path):
    written(tmp_path / "analysis-zoe-dupont.json")
    assert set(found(tmp_path)) == {"zoe-dupont"}


def test_moodles_folders_and_flat_files(tmp_path):
    written(tmp_path / "Zoé Dupont_101_assignsubmission_file_" / "analysis.json")
    written(tmp_path / "Ali Ben_102_assignsubmission_file_analysis-x.json")
    own = found(tmp_path)
    assert {k: (s.student.name, s.student.number) for k, s in own.items()} == {
        "zoe-dupont-101": ("Zoé Dupont", "101"),
        "ali-ben-102": ("Ali Ben", "102"),
    }


def test_canvas_flat_files_late_or_not(tmp_path):
    zipped(
        tmp_path / "submissions.zip",
        {"dupontzoe_9001_55_analysis.json": GOOD, "benali_LATE_9002_56_analysis.json": GOOD},
    )
    numbers = {s.student.name: s.student.number for s in submissions.find(tmp_path)}
    assert numbers == {"dupontzoe": "9001", "benali": "9002"}


def test_one_archive_of_a_class(tmp_path):
    names = [f"Student {i}_{i}_assignsubmission_file_/analysis.json" for i in range(100, 105)]
    path = zipped(tmp_path / "class.zip", dict.fromkeys(names, GOOD))
    own = submissions.find(path)
    assert len(own) == 5
    assert submissions.read(own[0].answers[0]) == GOOD


def test_a_folder_around_everything_is_looked_through(tmp_path):
    files = {"download/ali/analysis.json": GOOD, "download/zoe/analysis.json": GOOD}
    assert [s.student.key for s in submissions.find(zipped(tmp_path / "c.zip", files))] == [
        "ali",
        "zoe",
    ]


def test_a_students_own_archive(tmp_path):
    zipped(tmp_path / "zoe.zip", {"work/analysis.json": GOOD, "work/journal.jsonl": b""})
    own = found(tmp_path)["zoe"]
    assert [s.name for s in own.answers] == ["analysis.json"]
    assert [s.name for s in own.journals] == ["journal.jsonl"]


def test_what_is_no_worksheet_is_a_submission_with_its_reason(tmp_path):
    written(tmp_path / "report.pdf")
    (tmp_path / "Eve").mkdir()
    written(tmp_path / "Tom" / "essay.docx")
    own = found(tmp_path)
    assert all("no worksheet file" in s.problem for s in own.values())
    assert "essay.docx" in own["tom"].problem


def test_files_of_the_system_are_nobodys(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/a/analysis.json"):
        written(tmp_path / name)
    assert found(tmp_path) == {}


def test_zip_slip_absolute_names_and_links_are_refused(tmp_path):
    path = zipped(
        tmp_path / "zoe.zip",
        {
            "../../evil.json": GOOD,
            "/etc/evil.json": GOOD,
            "C:/evil.json": GOOD,
            "..\\evil.json": GOOD,
        },
    )
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    own = found(tmp_path)["zoe"]
    assert own.sources == ()
    assert "points outside of the archive" in own.problem
    assert len(own.notes) == 5


def test_nested_archives_are_refused(tmp_path):
    zipped(tmp_path / "inner.zip", {"analysis.json": GOOD})
    inner = (tmp_path / "inner.zip").read_bytes()
    (tmp_path / "inner.zip").unlink()
    zipped(tmp_path / "zoe.zip", {"inner.zip": inner})
    assert "archive in an archive" in found(tmp_path)["zoe"].problem


def test_a_bomb_costs_no_more_than_the_limit(tmp_path):
    zipped(tmp_path / "zoe.zip", {"analysis.json": b"0" * (submissions.MOST_BYTES + 10)})
    assert (tmp_path / "zoe.zip").stat().st_size < 100_000
    with pytest.raises(FormatError, match=r"larger than 24\sMB"):
        submissions.read(found(tmp_path)["zoe"].answers[0])


def test_a_broken_archive_has_its_reason(tmp_path):
    written(tmp_path / "zoe.zip", b"PK\x03\x04 no archive")
    assert "no readable ZIP file" in found(tmp_path)["zoe"].problem


def test_a_damaged_member_is_an_error_of_ours(tmp_path):
    path = zipped(tmp_path / "zoe.zip", {"analysis.json": bytes(range(256)) * 20})
    content = bytearray(path.read_bytes())
    content[60:80] = b"\xff" * 20
    path.write_bytes(bytes(content))
    own = found(tmp_path)["zoe"]
    with pytest.raises(FormatError, match="cannot be read"):
        submissions.read(own.answers[0])


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_not_followed(tmp_path):
    secret = written(tmp_path / "secret" / "analysis.json", b"secret")
    folder = tmp_path / "submissions"
    (folder / "Zoé").mkdir(parents=True)
    (folder / "Zoé" / "analysis.json").symlink_to(secret)
    (folder / "Ali").symlink_to(secret.parent)
    own = found(folder)
    assert own["zoe"].sources == ()
    assert "link" in own["zoe"].problem
    assert "link" in own["ali"].problem
    with pytest.raises(FormatError, match="link"):
        archives.file_bytes(folder / "Zoé" / "analysis.json", 100)


def test_the_graders_own_folder_is_left_out(tmp_path):
    written(tmp_path / "grades" / "gradebook.json")
    written(tmp_path / "zoe" / "analysis.json")
    own = submissions.find(tmp_path, leave_out=[tmp_path / "grades"])
    assert [s.student.key for s in own] == ["zoe"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..",
        "con",
        "a" * 400,
        "<script>",
        "=cmd|calc",
        "名前",
        "\u202eevil",
        "a/b\\c",
        " ",
        "-",
    ],
)
def test_keys_are_safe_in_file_names(name):
    student = students.of_folder(name)
    assert student.key
    assert len(student.key) < 100
    assert set(student.key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert student.key not in ("con", "-")
    assert student.name.isprintable()


def test_two_students_of_one_key_stay_apart(tmp_path):
    for name in ("Zoe Dupont", "Zoé Dupont", "zoe-dupont"):
        written(tmp_path / name / "analysis.json")
    own = submissions.find(tmp_path)
    assert len({s.student.key for s in own}) == 3
    assert [s.student.key for s in own] == [s.student.key for s in submissions.find(tmp_path)]


def test_no_folder_and_no_archive_are_said_so(tmp_path):
    with pytest.raises(MissingFileError, match="no folder of submissions"):
        submissions.find(tmp_path / "none")
    with pytest.raises(InputError, match="neither a folder"):
        submissions.find(written(tmp_path / "a.txt"))
