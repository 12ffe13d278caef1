"""What the tests of the web application share: a network, an application, a server in a process."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelab.serving import configuration
from edgelab.serving.background import Background
from edgelab.serving.logs import Log
from tests.serving import made

# The application is an extra; where it is not installed, its tests are not there either.
collect_ignore_glob = [] if importlib.util.find_spec("flask_openapi") else ["test_*.py"]


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_LANG", "en")


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.network(tmp_path_factory.mktemp("network") / "colours.onnx")


@pytest.fixture
def lines() -> io.StringIO:
    """Return where the log of `application` goes."""
    return io.StringIO()


@pytest.fixture
def application(network: Path, lines: io.StringIO) -> Iterator[Callable[..., Any]]:
    """Return a function that makes an application with changed settings."""
    from edgelab.serving import api

    made_apps = []

    def make(**changes: Any) -> Any:
        settings = configuration.checked(made.settings(network, **changes))
        app = api.create(settings, Log(enabled=settings.practices.structured_logs, stream=lines))
        made_apps.append(app)
        return app

    yield make
    for app in made_apps:
        app.service.close()


@pytest.fixture
def client(application: Callable[..., Any]) -> Any:
    return application().test_client()


@pytest.fixture(scope="module")
def server(network: Path) -> Iterator[Background]:
    """Start one server for the tests of a module, in a process of its own."""
    limits = {"seconds": 2.0, "body_bytes": 200_000}
    settings = configuration.checked(made.settings(network, limits=limits))
    with Background(settings) as running:
        yield running
