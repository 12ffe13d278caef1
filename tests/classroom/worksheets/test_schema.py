"""What a worksheet's schema may say, and how it tells what is wrong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edgelab.classroom import lessons
from edgelab.classroom.worksheets import loading
from edgelab.classroom.worksheets.figures import FIGURES, in_unit, same_family, units_of
from edgelab.classroom.worksheets.questions import TableQuestion
from edgelab.errors import InputError, MissingFileError
from tests.classroom.worksheets import made

SCHEMA = loading.load("analysis")


def test_the_analysis_worksheet_is_what_the_course_promises() -> None:
    assert SCHEMA.points == 100
    assert [part.id for part in SCHEMA.parts] == [
        "general",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "conclusion",
    ]
    assert len({field.id for field in SCHEMA.fields}) == len(SCHEMA.fields)
    assert {field.kind for field in SCHEMA.fields} == {"text", "number", "choice", "tick"}
    rows = {name: len(q.rows) for name, q in SCHEMA.questions() if isinstance(q, TableQuestion)}
    assert rows["2.optimisations"] == 4
    assert rows["4.proposals"] == rows["5.techniques"] == rows["1.architectures"] == 3


def test_every_measured_cell_names_a_figure_in_a_unit_that_it_has() -> None:
    measured = [f for f in SCHEMA.fields if f.source and f.source.figure and f.kind == "number"]
    assert len(measured) == 16
    for field in measured:
        assert field.source
        assert field.source.figure
        assert field.unit in units_of(field.source.figure)


def test_every_lesson_that_there_is_feeds_a_question() -> None:
    feeding = {lesson for _name, question in SCHEMA.questions() for lesson in question.lessons}
    assert {lesson.number for lesson in lessons.find()} <= feeding


def test_a_table_is_one_field_a_cell_with_what_its_row_and_column_say() -> None:
    label = {"en": "a", "fr": "b"}
    schema = made.tiny_schema(
        type="table",
        columns=[
            {"id": "x", "label": label, "type": "number", "unit": "ms"},
            {"id": "y", "label": label},
        ],
        rows=[
            {"id": "r1"},
            {"id": "r2", "label": label, "cells": {"x": {"unit": "s", "tolerance": 0.1}}},
        ],
    )
    assert [(f.id, f.kind, f.unit) for f in schema.fields] == [
        ("1.q.r1.x", "number", "ms"),
        ("1.q.r1.y", "text", ""),
        ("1.q.r2.x", "number", "s"),
        ("1.q.r2.y", "text", ""),
    ]
    assert schema.field("1.q.r2.x").tolerance == 0.1
    assert schema.field("1.q.r2.x").label.say("fr") == "b : b"


def test_an_edition_is_known_by_all_that_it_asks() -> None:
    one, two = made.tiny_schema(type="text"), made.tiny_schema(type="text", lines=5)
    assert one.hash != two.hash
    assert one.hash == made.tiny_schema(type="text").hash


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"type": "text", "linez": 3}, "linez"),
        ({"type": "essay"}, "essay"),
        ({"type": "number", "from": {"figure": "speed", "model": "original"}}, "no figure 'speed'"),
        ({"type": "number", "from": {"figure": "load_ms"}}, "belong together"),
        (
            {"type": "text", "from": {"note": "20.part1", "part": "a", "choice": "24.choice"}},
            "exactly one",
        ),
        (
            {
                "type": "number",
                "derived": {"rule": "reduction_percent", "before": "1.q", "after": "1.z"},
            },
            "no field",
        ),
        (
            {"type": "choice", "options": [{"id": "a", "label": {"en": "a", "fr": "b"}}]},
            "at least 2",
        ),
        (
            {"type": "number", "unit": "MB", "from": {"figure": "load_ms", "model": "original"}},
            "its units are ms, s",
        ),
        ({"type": "text", "points": -1}, "greater than or equal to 0"),
    ],
)
def test_a_mistake_in_a_schema_is_named(
    tmp_path: Path, question: dict[str, Any], message: str
) -> None:
    whole = made.tiny_schema(type="text").model_dump(by_alias=True, exclude_none=True)
    content = yaml.safe_load(yaml.safe_dump(_plain(whole)))
    content["parts"][0]["questions"] = [{"id": "q", "label": {"en": "a", "fr": "b"}} | question]
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(InputError, match=message):
        loading.load(file)


def test_a_file_that_is_no_yaml_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("{", "utf-8")
    with pytest.raises(InputError, match="no YAML"):
        loading.load(tmp_path / "x.yaml")
    with pytest.raises(MissingFileError, match="no worksheet schema"):
        loading.load("survey")


def test_units_of_a_family_convert_into_each_other() -> None:
    assert in_unit(61_000, "size_file_bytes", "kB") == 61
    assert in_unit(0.25, "cpu_share", "%") == 25
    assert same_family("MB")["kB"] == pytest.approx(0.001)
    assert list(same_family("ms"))[-1] == "s"
    assert same_family("points") == {"points": 1.0}
    assert all(units_of(figure) for figure in FIGURES)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
