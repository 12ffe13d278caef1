"""Running Olive: in a process of its own, its log in a file, nothing sent to its makers.

    result = run(configuration("dynamic", model="float32.onnx"), "dynamic-olive")

Olive takes seconds to import, writes hundreds of lines, reports each run to its makers unless it is told not to, and
waits for that report where there is no network. So it runs apart, and what it said stays in a file. Lesson 32.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

import edgelab
from edgelab import progress, workspace
from edgelab.errors import EdgelabError, InputError, MissingRuntimeError
from edgelab.olive import configurations, results
from edgelab.olive.results import Result

# The first is looked at before the second, and a report of the start is sent in between.
QUIET = {"CI": "1", "OLIVE_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
_NEEDED = ("olive", "torch", "transformers", "onnxruntime_genai")
_LAST_LINES = 3
_ERROR = re.compile(r"\[ERROR\]|^[\w.]*(Error|Exception|Fail|InvalidProtobuf)\b")
_CODE = ("runner.py", "process.py", "images.py", "results.py")


def run(configuration: Mapping[str, Any], folder: str | Path, timeout_s: float = 600.0) -> Result:
    """Run a configuration through Olive.

    Args:
        configuration: JSON values, as Olive's documentation describes them. Where results and cache go is decided
            here.
        folder: to make or to replace: the model, the configuration, Olive's record of its steps. The log goes to a
            file of this name with ".log".
        timeout_s: the run is stopped after so many seconds.

    Returns:
        The model and the candidates. Without an evaluator nothing is measured, and the same run is not made twice.

    Raises:
        InputError: Olive refuses the configuration: which key, and why.
        EdgelabError: the run failed or took too long; the message ends with the log's last lines.
        MissingRuntimeError: Olive or what it needs is not installed.
        StorageError: the folder could not be written.
    """
    missing = [module for module in _NEEDED if util.find_spec(module) is None]
    if missing:
        raise MissingRuntimeError(
            f"Olive needs {', '.join(missing)}, which is not installed here: "
            "`pip install -e '.[olive]' -c constraints.txt`, or all with `make lab`."
        )
    if not isinstance(configuration, Mapping):
        raise InputError(f"A configuration is a dictionary, not {type(configuration).__name__}.")
    target = workspace.artefact_path(folder)
    log = target.with_name(target.name + ".log")
    took = 0.0

    def make(place: Path) -> None:
        nonlocal took
        begun = time.monotonic()
        place.mkdir()
        with progress.task(f"Olive: {', '.join(configuration.get('passes', {})) or 'no pass'}"):
            _call(configuration, place, log, timeout_s)
        took = time.monotonic() - begun

    try:
        key = {
            "what": "a run of Olive",
            "configuration": configuration,
            "files": _files(configuration),
            "code": workspace.code_hashes(*(f"olive/{name}" for name in _CODE)),
            "versions": workspace.versions("olive-ai", "onnxruntime", "onnxruntime-genai"),
        }
        json.dumps(key)
    except TypeError as error:
        raise InputError(f"A configuration holds JSON values only: {error}.") from error
    if "evaluator" in configuration:  # what was measured once is no measurement of today
        with workspace.storing(target) as place:
            make(place)
    else:
        workspace.copy_to(workspace.cached(key, make, "-olive"), target)
    tried = results.candidates(target / "footprint.json")
    return Result(_model(target), target, log, took, tried)


def int4(source: str | Path, folder: str | Path) -> Path:
    """Write a language model with 4-bit weights through Olive, checked against its weights.

    Args:
        source: a Hugging Face folder of the Llama architecture.
        folder: of ONNX, to make or to replace.

    Returns:
        The folder, which `slm.load` takes.

    Raises:
        ParityError: the result has hardly anything to do with the source.
        InputError, FormatError, MissingRuntimeError, EdgelabError: as `run` and `slm.to_onnx.convert`.
    """
    from edgelab.slm import hf_folder, to_onnx

    checkpoint = hf_folder.read(source)
    name = workspace.existing(source).name
    to_onnx.check(checkpoint, name)
    target = workspace.artefact_path(folder)
    result = run(configurations.configuration("int4", source), f"{target.name}-olive")
    if result.path is None:
        raise EdgelabError(f"Olive made no model of {name}; its log is {result.log}.")
    made = result.path if result.path.is_dir() else result.path.parent
    with workspace.storing(target) as place:
        workspace.copy_to(made, place)
        to_onnx.finish(checkpoint, place, name, exact=False)
    return target


def _call(configuration: Mapping[str, Any], place: Path, log: Path, timeout_s: float) -> None:
    """Run Olive's process, and raise what it ends with."""
    answer, request = place / "answer.json", place / "workflow.json"
    request.write_text(json.dumps(configuration, indent=1) + "\n", encoding="utf-8")
    root = str(Path(edgelab.__file__).resolve().parents[1])
    paths = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "edgelab.olive.process", str(request), str(answer)]
    with (
        log.open("w", encoding="utf-8") as words,
        subprocess.Popen(
            command, stdout=words, stderr=words, env={**os.environ, **QUIET, "PYTHONPATH": paths}
        ) as process,
    ):
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise EdgelabError(
                f"Olive was stopped after {timeout_s:.0f} s. {_last_words(log)} Give it more time (timeout_s), less "
                "data, or fewer values to search."
            ) from error
        except BaseException:
            process.kill()  # an interrupted cell leaves nothing running
            raise
    found = json.loads(answer.read_text()) if answer.exists() else {"failed": "its process ended"}
    answer.unlink(missing_ok=True)
    if "refused" in found:
        raise InputError(
            f"Olive refuses the configuration: {found['refused']}. Mend it and run again."
        )
    if "failed" in found:
        raise EdgelabError(f"Olive's run failed: {found['failed']}. {_last_words(log)}")


def _last_words(log: Path) -> str:
    """Return the log's last errors, or its last lines where there is none."""
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip()[:200] for line in text.splitlines() if line.strip()]
    told = [line for line in lines if _ERROR.search(line)] or lines
    return f"Its log ({log}) ends with: {' / '.join(told[-_LAST_LINES:]) or 'nothing'}."


def _files(value: Any) -> dict[str, str]:
    """Return the hash of every file that a configuration names, so that a changed one is a new run."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return {name: content for item in value for name, content in _files(item).items()}
    if isinstance(value, str) and os.sep in value and Path(value).exists():
        return {value: workspace.file_hash(value)}
    return {}


def _model(folder: Path) -> Path | None:
    """Return the model in a folder: an .onnx file, or the folder of a language model."""
    for file in sorted(folder.rglob("genai_config.json")):
        return file.parent
    for file in sorted(folder.rglob("*.onnx")):
        return file
    return None
