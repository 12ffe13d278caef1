"""Requests made from the application's own description, and every answer held against it.

`make test` puts schemathesis into `.setup/schemathesis`, beside `.venv` and not into it: inside, its
plugins would be loaded by every run of pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgelab.serving import configuration
from edgelab.serving.background import Background
from tests.serving import made

ROOT = Path(__file__).resolve().parents[2]
SCHEMATHESIS = ROOT / ".setup" / "schemathesis"
pytestmark = [
    pytest.mark.lesson,
    pytest.mark.skipif(
        not (SCHEMATHESIS / "packages.txt").exists(),
        reason="schemathesis is not in .setup/schemathesis; `make test` installs it there",
    ),
]

# What stands for a picture in the description must be one, or a valid request would be refused.
PICTURES = """
import base64, io
import schemathesis
from hypothesis import strategies
from PIL import Image

files = []
for kind in ("PNG", "JPEG", "GIF"):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 8), "red").save(buffer, kind)
    files.append(buffer.getvalue())
schemathesis.openapi.format("binary", strategies.sampled_from(files))
encoded = [base64.b64encode(file).decode() for file in files]
schemathesis.openapi.format("base64-image", strategies.sampled_from(encoded))
"""
NOISE = PICTURES.replace("buffer.getvalue()", "b'no picture'")


def found(server: Background, folder: Path, hooks: str, *options: str) -> tuple[int, str]:
    """Let schemathesis look for faults, and return its exit status and what it says."""
    (folder / "hooks.py").write_text(hooks)
    places = [str(SCHEMATHESIS), str(folder), str(ROOT)]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"]
    done = subprocess.run(
        [*command, "--seed", "1", "--no-color", *options],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(places), "SCHEMATHESIS_HOOKS": "hooks", "NO_PROXY": "*"},
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
    )
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_found_against_the_own_description(network, tmp_path):
    with Background(configuration.checked(made.settings(network, search=True))) as server:
        status, said = found(server, tmp_path, PICTURES, "--max-examples", "60")
        assert status == 0, said
        assert "No issues found" in said
        # And it does find something where a valid request is refused.
        status, said = found(
            server, tmp_path, NOISE, "--phases", "fuzzing", "--include-path", "/predict"
        )
        assert status == 1, said
        assert "422" in said
