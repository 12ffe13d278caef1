"""What the classroom's tests share: English, no lesson running, and a journal of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgelab import records
from edgelab.classroom.journal import Journal
from tests.classroom import answers


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of `answers` with each answer of the module that imports them."""
    if metafunc.function.__module__ == answers.__name__:
        for fixture, values in answers.cases(metafunc.module):
            if fixture in metafunc.fixturenames:
                metafunc.parametrize(fixture, values)


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_LANG", "en")
    for variable in ("EDGELAB_LESSON", "EDGELAB_HEADLESS", "JPY_SESSION_NAME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def journal() -> Iterator[Journal]:
    """Install a journal in the test's workspace as the store of records."""
    installed = Journal()
    before = records.use(installed)
    yield installed
    records.use(before)
