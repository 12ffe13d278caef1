"""One made-up class, graded once for the tests that look at what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from edgelab.classroom.grading import batch, class_page
from edgelab.classroom.worksheets import loading
from tests import submissions_made


@dataclass
class Class:
    folder: Path
    out: Path
    made: list[submissions_made.Made]
    planted: submissions_made.Planted
    result: batch.Result

    def of(self, name):
        return next(g for g in self.result.graded if g.name == name)


@pytest.fixture(scope="session")
def schema():
    return loading.load("analysis")


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory, schema):
    folder = tmp_path_factory.mktemp("class")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGELAB_LANG", "en")
        made, planted = submissions_made.make_class(schema, 26, seed=3, size=30)
        submissions_made.write_folders(folder / "submissions", made)
        result = batch.grade("analysis", folder / "submissions", folder / "grades", processes=1)
    return Class(folder / "submissions", folder / "grades", made, planted, result)


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    monkeypatch.setenv("EDGELAB_LANG", "en")


@pytest.fixture
def no_charts(monkeypatch):
    """Leave out what takes longest and is looked at elsewhere."""
    for place, name in (
        (class_page.statistics, "spread"),
        (class_page.statistics, "by_question"),
        (class_page.machines_chart, "chart"),
    ):
        monkeypatch.setattr(place, name, lambda *_: None)
