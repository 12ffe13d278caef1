"""A program that answers is killed again and again: at most the field being written is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from edgelab.classroom.worksheets import answers as files

KILLS = 20
# One process per kill would spend its time on starting Python: a parent forks, children are killed.
CHILD = """
import os, sys
from edgelab.classroom.worksheets.worksheet import Worksheet

ws = Worksheet("analysis", path=sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        n = int(line)
        while True:
            n += 1
            ws.answer("3.analysis", f"answer {n} " + "x" * 5000)
            os.write(1, b"%d\\n" % n)
    print("child", child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def test_answers_survive_kill_9_at_any_moment(tmp_path: Path) -> None:
    import os
    import signal

    path = tmp_path / "answers" / "analysis.json"
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin
    assert parent.stdout
    assert parent.stdout.readline() == "ready\n"
    chance = random.Random(1)
    written = 0
    for _kill in range(KILLS):
        parent.stdin.write(f"{written}\n")
        parent.stdin.flush()
        child, confirmed = None, written
        first = None
        while child is None or first is None:
            word = parent.stdout.readline().strip()
            if word.startswith("child "):
                child = int(word.split()[1])
            else:
                first = confirmed = int(word)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        while (word := parent.stdout.readline().strip()) != "gone":
            confirmed = int(word)
        kept = files.read(path)
        assert kept is not None
        text = str(kept.entries["3.analysis"].value)
        written = int(text.split()[1])
        assert text == f"answer {written} " + "x" * 5000
        assert written in (confirmed, confirmed + 1)  # saved, perhaps before it could say so
    parent.stdin.close()
    assert parent.wait(10) == 0
