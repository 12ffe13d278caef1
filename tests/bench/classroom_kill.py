"""A student's answers survive `kill -9`: the file always parses, and at most the last field is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edgelab.classroom.worksheets import answers as files
from edgelab.errors import FormatError
from tests.bench.figure import Figure, at_most, reported

KILLS = 40
# Answers as fast as it can and says, after each answer is saved, which one it was.
_CHILD = """
import sys
from edgelab.classroom.worksheets.worksheet import Worksheet
sheet = Worksheet("analysis", lang="en", path=sys.argv[1])
for n in range(10**6):
    sheet.answer("3.analysis", f"answer {n}")
    print(n, flush=True)
"""


def figures() -> Iterator[Figure]:
    """Kill a process that answers, again and again, and read what it left."""
    damaged = lost = saved = 0
    rng = random.Random(2)
    for _ in range(KILLS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "analysis.json"
            last = _killed(path, rng.uniform(0.0, 0.25))
            saved += last + 1
            try:
                found = files.parse(path.read_bytes(), path.name)
            except FormatError:
                damaged += 1
                continue
            # The one that was being saved when the process died may be there or not.
            lost += found.entries["3.analysis"].value not in (
                f"answer {last}",
                f"answer {last + 1}",
            )
    yield at_most("answers damaged by kill -9", damaged, "", 0, note=f"{KILLS} kills")
    yield at_most("answers lost by kill -9, beyond the one being typed", lost, "", 0)
    yield reported("answers saved before the kills", saved, "")


def _killed(path: Path, seconds: float) -> int:
    """Start a child, kill it after a while, and return which answer it said was saved last."""
    command = [sys.executable, "-c", _CHILD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(seconds)
        child.kill()
        told = first + child.stdout.read()
    return int(told.rsplit("\n", 2)[-2])
