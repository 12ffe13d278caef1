"""What the classroom's tests share: English, no lesson running, and a journal of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgelab import records
from edgelab.classroom.journal import Journal


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
