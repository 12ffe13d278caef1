"""Lessons as they are read from their sources: for the student, and worked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgelab.classroom import lessons
from edgelab.errors import LessonError
from tests.classroom.tiny_lesson import edit, make_clone, source_of


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


def test_the_student_gets_a_stub_with_the_indent_of_the_solution(clone: Path) -> None:
    notebook = lessons.student(lessons.read(source_of(clone)))
    assert notebook.cells[3].source == ('def half(x):\n    """Return half of a number."""\n    ...')
    assert "SOLUTION" not in "".join(cell.source for cell in notebook.cells)


def test_the_worked_lesson_keeps_the_solution_and_loses_the_markers(clone: Path) -> None:
    notebook = lessons.worked(lessons.read(source_of(clone)))
    assert notebook.cells[3].source.endswith("    y = x / 2\n    return y")


def test_several_solutions_in_a_cell_are_each_replaced() -> None:
    begin, end = lessons.BEGIN_SOLUTION, lessons.END_SOLUTION
    source = f"a = 1\n{begin}\nb = 2\n{end}\nfor c in []:\n    {begin}\n    d = 4\n    {end}"
    assert lessons.strip_solutions(source) == "a = 1\n...\nfor c in []:\n    ..."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    ### END SOLUTION\n", "", "never ends"),
        ("    ### BEGIN SOLUTION\n", "", "'### BEGIN SOLUTION' was expected"),
        ("    y = x / 2\n", "    ### BEGIN SOLUTION\n", "'### END SOLUTION' was expected"),
        ("### BEGIN SOLUTION", "## BEGIN SOLUTION", "not a marker that the factory knows"),
    ],
)
def test_markers_that_do_not_pair_are_refused_with_their_place(
    clone: Path, old: str, new: str, said: str
) -> None:
    edit(source_of(clone), old, new)
    with pytest.raises(LessonError, match=said) as caught:
        lessons.read(source_of(clone))
    assert "20_half.py, cell 4" in str(caught.value)


def test_a_cell_keeps_its_id_when_another_is_put_before_it(clone: Path) -> None:
    before = {cell.source: cell.id for cell in lessons.read(source_of(clone)).cells}
    edit(source_of(clone), "# %%\nimport os", "# %%\nfirst = 1\n\n# %%\nimport os")
    after = {cell.source: cell.id for cell in lessons.read(source_of(clone)).cells}
    assert before.items() <= after.items()


def test_equal_cells_get_different_ids(clone: Path) -> None:
    source_of(clone).write_text("# %% [markdown]\n# # 20 · Q\n" + "\n# %%\n1\n" * 3)
    ids = [cell.id for cell in lessons.read(source_of(clone)).cells]
    assert len(set(ids)) == len(ids) == 4


def test_student_and_worked_notebooks_share_their_ids(clone: Path) -> None:
    notebook = lessons.read(source_of(clone))
    ids = [
        [c.id for c in made.cells] for made in (lessons.student(notebook), lessons.worked(notebook))
    ]
    assert ids[0] == ids[1]


def test_a_lesson_without_its_question_is_refused(clone: Path) -> None:
    edit(source_of(clone), "# # 20 · ", "# # 21 · ")
    with pytest.raises(LessonError, match="heading `# 20 · …`"):
        _ = lessons.get("20", clone).title


def test_an_unknown_lesson_is_answered_with_those_that_are_there(clone: Path) -> None:
    assert lessons.get("20", clone).name == "20_half"
    with pytest.raises(LessonError, match=r"There is no lesson '7'\. The lessons here are: 20"):
        lessons.get("7", clone)


def test_two_lessons_with_one_number_are_refused(clone: Path) -> None:
    shutil.copy(source_of(clone), clone / "solutions" / "20_other.py")
    with pytest.raises(LessonError, match=r"20_half\.py and 20_other\.py have the same number"):
        lessons.find(clone)


def test_a_source_with_a_strange_name_is_refused(clone: Path) -> None:
    source_of(clone).rename(clone / "solutions" / "Half.py")
    with pytest.raises(LessonError, match="not named like"):
        lessons.find(clone)
