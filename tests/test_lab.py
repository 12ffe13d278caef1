"""JupyterLab as `edgelab lab` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest

from edgelab import lab
from edgelab.errors import EdgelabError, MissingFileError


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """Return a port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture(scope="module")
def server(taken: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Server]:
    """Serve a folder, although somebody took the port first that was free a moment ago."""
    root = tmp_path_factory.mktemp("clone")
    (root / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), root / "notebooks" / "00_start.ipynb")
    with contextlib.ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            ports = [taken, lab._free_port()]
            patch.setattr(lab, "_free_port", lambda: ports.pop(0))
            running = stack.enter_context(lab.serve("notebooks/00_start.ipynb", root))
            assert ports == [], "the taken port was not tried"
        yield running


def get(server: lab.Server, path: str, with_token: bool = True) -> bytes:
    parts = urlsplit(server.url)
    query = f"?token={parse_qs(parts.query)['token'][0]}" if with_token else ""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{parts.scheme}://{parts.netloc}/{path}{query}", timeout=30) as answer:
        return bytes(answer.read())


def test_the_address_opens_the_lesson_and_the_lesson_is_served(server: lab.Server) -> None:
    assert "/lab/tree/notebooks/00_start.ipynb?token=" in server.url
    served = json.loads(get(server, "api/contents/notebooks/00_start.ipynb"))
    assert served["type"] == "notebook"


def test_nobody_gets_in_without_the_token(server: lab.Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(server, "api/contents", with_token=False)
    assert caught.value.code == 403


@pytest.mark.skipif(os.name == "nt", reason="asks a shell of Unix")
def test_a_terminal_finds_the_commands_of_the_course(server: lab.Server) -> None:
    websocket = pytest.importorskip("websocket")
    parts = urlsplit(server.url)
    token = {"Authorization": f"token {parse_qs(parts.query)['token'][0]}"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(
        f"{parts.scheme}://{parts.netloc}/api/terminals", b"", token, method="POST"
    )
    name = json.loads(opener.open(asked, timeout=30).read())["name"]
    address = f"ws://{parts.netloc}/terminals/websocket/{name}"
    line = websocket.create_connection(address, timeout=30, header=token)
    try:
        scripts = Path(sys.executable).parent
        asked_for = f"case :$PATH: in *:{scripts}:*) echo fo''und;; *) echo mis''sing;; esac\r"
        line.send(json.dumps(["stdin", asked_for]))
        told = ""
        while "found" not in told and "missing" not in told:
            kind, text = json.loads(line.recv())[:2]
            told += text if kind == "stdout" else ""
        assert "found" in told
    finally:
        line.close()


def test_no_news_are_asked_for(server: lab.Server) -> None:
    plugin = "@jupyterlab/apputils-extension:notification"
    settings = json.loads(get(server, f"lab/api/settings/{plugin}"))
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert settings["schema"]["properties"]["checkForUpdates"]["default"] is False


def test_it_listens_on_this_machine_only(server: lab.Server) -> None:
    import psutil

    sockets = psutil.Process(server.process.pid).net_connections("inet")
    listening = {(s.laddr.ip, s.laddr.port) for s in sockets if s.status == psutil.CONN_LISTEN}
    assert ("127.0.0.1", urlsplit(server.url).port) in listening
    assert {ip for ip, _ in listening} == {"127.0.0.1"}


def test_the_token_is_not_on_the_command_line(server: lab.Server) -> None:
    import psutil

    token = parse_qs(urlsplit(server.url).query)["token"][0]
    assert token not in " ".join(psutil.Process(server.process.pid).cmdline())


def test_a_missing_notebook_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="make notebooks"), lab.serve("00.ipynb", tmp_path):
        pass


def test_a_server_that_does_not_start_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "00.ipynb").touch()
    monkeypatch.setattr(lab.sys, "executable", "/bin/false")
    with pytest.raises(EdgelabError, match="did not start"), lab.serve("00.ipynb", tmp_path):
        pass


def test_no_browser_is_expected_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not lab.has_browser()


def test_no_browser_is_expected_for_root_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert not lab.has_browser()
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert lab.has_browser()


def test_a_port_that_somebody_takes_meanwhile_is_left_to_them(
    server: lab.Server, taken: int
) -> None:
    assert f":{taken}/" not in server.url
    assert json.loads(get(server, "api"))["version"]
