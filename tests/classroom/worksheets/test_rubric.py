"""The rubric covers the worksheet, and a rubric that does not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edgelab.classroom.worksheets import loading, rubric as rubrics
from edgelab.errors import InputError, MissingFileError

SCHEMA = loading.load("analysis")
PATH = Path("analysis.rubric.yaml")


def test_every_question_with_points_is_covered_in_both_languages() -> None:
    guidance = rubrics.load("analysis").guidance()
    asked = {name for name, question in SCHEMA.questions() if question.points}
    assert guidance["en"].keys() == guidance["fr"].keys() == asked
    assert all(lines for by_question in guidance.values() for lines in by_question.values())


def test_the_lines_give_the_points_of_each_criterion() -> None:
    lines = rubrics.load("analysis").lines("3.tests", "fr")
    assert lines[0].startswith("4,8 pt\xa0: Les six résultats")
    assert lines[1].startswith("1,2 pt\xa0: Chacun dit sa configuration")
    assert lines[2].startswith("Erreur\xa0: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"3.nothing": {"criteria": [{"share": 1, "label": {"en": "a", "fr": "b"}}]}},
            r"3\.nothing",
        ),
        ({"3.analysis": None}, "no rubric"),
        (
            {"3.analysis": {"criteria": [{"share": 0.5, "label": {"en": "a", "fr": "b"}}]}},
            "make 0.5 instead of 1",
        ),
        ({"3.analysis": {"criteria": [{"share": 1, "label": {"en": "a"}}]}}, "fr"),
        ({"3.analysis": {"criterias": []}}, "criterias"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], message: str) -> None:
    whole = yaml.safe_load((loading.solutions() / PATH).read_text("utf-8"))
    whole["questions"] |= change
    with pytest.raises(InputError, match=message):
        rubrics.parse(yaml.safe_dump(whole).encode(), PATH, SCHEMA)


def test_a_question_without_an_entry_is_named() -> None:
    whole = yaml.safe_load((loading.solutions() / PATH).read_text("utf-8"))
    del whole["questions"]["3.analysis"]
    with pytest.raises(InputError, match=r"nothing is said about: 3\.analysis"):
        rubrics.parse(yaml.safe_dump(whole).encode(), PATH, SCHEMA)


def test_a_course_without_its_solutions_says_what_is_missing() -> None:
    with pytest.raises(MissingFileError, match="instructor"):
        rubrics.load("survey")
