"""Work that needs a process of its own.

Two kinds of measurement can't be made inside a notebook's kernel: peak memory (freed memory is
reused, so a second model seems to cost nothing) and anything whose threads are fixed when its package
is imported. `run` starts a fresh Python, calls one function there, and brings the result back.

    child.run("edgelab.measuring.memory:probe", path="int8.tflite", threads=1)
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edgelab
from edgelab import errors
from edgelab.errors import EdgelabError

_TICK = "edgelab:tick"
# TensorFlow reads the first two when it builds its pools, the others are OpenMP's and BLAS's.
_THREAD_VARIABLES = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def run(
    function: str,
    *,
    threads: int = 1,
    tick: Callable[[], object] = lambda: None,
    **arguments: Any,
) -> Any:
    """Call a function in a fresh Python process and return its result.

    Args:
        function: "module:name"; takes JSON values by keyword and returns JSON values.
        threads: how many threads its libraries may use.
        tick: called whenever the function calls `child.tick()` over there.
        arguments: JSON values.

    Raises:
        EdgelabError: what the function raised, or that the process died, with its last words.
    """
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(threads))
    root = str(Path(edgelab.__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join([root, environment.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        answer, request = Path(folder) / "answer.json", Path(folder) / "request.json"
        # In a file: an image is longer than what a command line may hold.
        task = {"function": function, "arguments": arguments, "answer": str(answer)}
        request.write_text(json.dumps(task))
        with (
            (Path(folder) / "errors.txt").open("w+") as words,
            subprocess.Popen(
                [sys.executable, "-m", "edgelab.measuring.child", str(request)],
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                env=environment,
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    if line.strip() == _TICK:
                        tick()
                process.wait()
            except BaseException:
                process.kill()  # an interrupted cell must not leave a measurement running
                raise
            words.seek(0)
            last_words = words.read().strip().splitlines()[-3:]
        if not answer.exists():
            raise EdgelabError(
                f"The process that ran {function} ended with status {process.returncode} and no "
                f"result. Its last words: {' / '.join(last_words) or 'none'}. If it says killed or "
                "-9, the machine ran out of memory: close other programs."
            )
        return value(json.loads(answer.read_text()))


def tick() -> None:
    """Tell the parent that one step is done."""
    sys.stdout.write(_TICK + "\n")
    sys.stdout.flush()


def answered(function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a function and return what goes back to the parent: its value, or what it raised."""
    module, name = function.split(":")
    try:
        return {"value": getattr(importlib.import_module(module), name)(**arguments)}
    except EdgelabError as error:
        return {"error": str(error), "kind": type(error).__name__}


def value(result: dict[str, Any]) -> Any:
    """Return the value of an answer.

    Raises:
        EdgelabError: the one that the function raised over there.
    """
    if "error" in result:
        kind = getattr(errors, result["kind"], EdgelabError)
        raise kind(result["error"])
    return result["value"]


def _main(request: str) -> None:
    task = json.loads(Path(request).read_text())
    result = answered(task["function"], task["arguments"])
    Path(task["answer"]).write_text(json.dumps(result))
    # Some runtimes crash while Python shuts down; the answer is written, so leave at once.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _main(sys.argv[1])
