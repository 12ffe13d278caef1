"""JupyterLab, opened on a lesson: on this machine only, without news popups, root or not.

    from edgelab import lab
    with lab.serve("notebooks/00_start.ipynb") as server:
        print(server.url)

`edgelab lab` (and `make lab`) is this with a browser, or with the address printed where there is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from edgelab.errors import EdgelabError, MissingFileError

_ATTEMPTS = 5
FIRST_PORT = 8888
START_SECONDS = 90.0  # a cold start on a slow disk takes twenty

# No question about news and no look for updates: a class has one lesson on the screen and perhaps
# no network.
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: the address that opens the lesson, and its process."""

    url: str
    process: subprocess.Popen[bytes]


def has_browser() -> bool:
    """Tell whether a browser can be expected to open here.

    Not on Linux without a display, and not for root, for whom browsers refuse to start (a container).
    """
    if sys.platform in ("win32", "darwin"):
        return True
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(display) and os.geteuid() != 0


def address(port: int, notebook: str, token: str) -> str:
    """Return the address of a notebook in JupyterLab on this machine."""
    return f"http://127.0.0.1:{port}/lab/tree/{notebook}?token={token}"


@contextlib.contextmanager
def serve(
    notebook: str,
    root: Path,
    settings: Mapping[str, Any] = SETTINGS,
    environment: Mapping[str, str] | None = None,
    log: IO[bytes] | None = None,
) -> Iterator[Server]:
    """Run JupyterLab on the loopback address while the block lasts.

    Args:
        notebook: the notebook to open, relative to `root`.
        root: the folder that JupyterLab shows.
        settings: overrides of JupyterLab's settings, by plugin.
        environment: variables for the server and its kernels, beside this process's.
        log: where the server's log goes; None for nowhere.

    Raises:
        MissingFileError: the notebook is not there.
        EdgelabError: the server did not start.
    """
    if not (root / notebook).is_file():
        raise MissingFileError(
            f"There is no notebook {notebook} in {root}. "
            "Make the notebooks from their sources with `make notebooks`."
        )
    import tempfile

    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="edgelab-lab-") as folder:
        (Path(folder) / "overrides.json").write_text(json.dumps(settings))
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
            *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"),
            *(f"--LabServerApp.app_settings_dir={folder}", "--ServerApp.answer_yes=True"),
            *_terminals(),
            *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]
        # The token travels in the environment: a command line can be read by every user.
        variables = {**os.environ, **(environment or {}), "JUPYTER_TOKEN": token}
        # A terminal in JupyterLab finds `edgelab` and the right Python, also where nobody activated them.
        scripts = str(Path(sys.executable).parent)
        variables["PATH"] = os.pathsep.join(filter(None, [scripts, variables.get("PATH")]))
        output = log if log is not None else subprocess.DEVNULL
        for attempt in range(_ATTEMPTS):
            port = _free_port()
            process = subprocess.Popen(
                [*command, f"--port={port}"],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            try:
                if not _is_ready(process, port, token):
                    # Somebody else's server may have taken the port meanwhile.
                    if process.poll() is not None and attempt < _ATTEMPTS - 1:
                        continue
                    raise EdgelabError(
                        "JupyterLab did not start. Run `.venv/bin/python -m jupyterlab` to read why, "
                        "or install again: remove the folder .venv and call `make lab`."
                    )
                yield Server(address(port, notebook, token), process)
                return
            finally:
                _stop(process)


def _terminals() -> list[str]:
    """Keep terminals from starting as login shells, which on many systems set the PATH anew."""
    if sys.platform == "win32":
        return []
    shell = os.environ.get("SHELL") or "sh"
    return [f"--ServerApp.terminado_settings={json.dumps({'shell_command': [shell]})}"]


def _free_port() -> int:
    for port in (*range(FIRST_PORT, FIRST_PORT + 20), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise EdgelabError("No port of this machine is free for JupyterLab. Close other servers.")


def _is_ready(process: subprocess.Popen[bytes], port: int, token: str) -> bool:
    """Wait until the server answers; False when it ended, or takes too long."""
    status = f"http://127.0.0.1:{port}/api/status?token={token}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            opener.open(status, timeout=5).close()
            return True
        time.sleep(0.2)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
