from __future__ import annotations

from pathlib import Path

import pytest

from tests import side_by_side
from tests.notebooks import test_lessons


def test_the_two_runs_of_a_lesson_stay_together_and_lessons_do_not(
    request: pytest.FixtureRequest,
) -> None:
    file = Path(test_lessons.__file__).relative_to(request.config.rootpath).as_posix()
    runs = [
        f"{file}::{name}[{lesson}]"
        for name in vars(test_lessons)
        if name.startswith("test_")
        for lesson in ("20_quantization", "21_pruning")
    ]
    assert len(runs) == 4
    assert {side_by_side.unit(run) for run in runs} == {"20_quantization", "21_pruning"}


def test_a_file_stays_together() -> None:
    first, second = "tests/a/test_b.py::test_c[x]", "tests/a/test_b.py::Group::test_d"
    assert side_by_side.unit(first) == side_by_side.unit(second) == "tests/a/test_b.py"


def test_every_long_file_is_there() -> None:
    for name in side_by_side.LONGEST:
        assert len(list(Path(__file__).parent.rglob(name))) == 1, name
