"""Measure what the project promises, print it as a table, and write `build/bench.json`.

    python -m tests.bench                         # every area
    python -m tests.bench --area core             # one
    python -m tests.bench --area core --only core_harness core_comparison

A part is a module `<area>_<what>.py` beside this one with a function `figures()`. A missed bar is
reported as missed, and then the command ends with status 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
import time
from pathlib import Path

from edgelab import workspace
from edgelab.measuring import machine
from tests.bench.figure import Figure

AREAS = ("core", "phase2", "classroom", "slm", "workflow", "serving")
FOLDER = Path(__file__).resolve().parent
RESULT = FOLDER.parent.parent / "build" / "bench.json"


def parts(area: str | None) -> list[str]:
    """Return the names of the modules that measure an area (None: all areas)."""
    wanted = AREAS if area is None else (area,)
    found = sorted(p.stem for p in FOLDER.glob("*.py"))
    return [name for name in found if name.split("_")[0] in wanted]


def written(figure: Figure) -> str:
    """Return a figure's value and interval as text."""
    if math.isnan(figure.value):
        return "not measured"
    value = f"{figure.value:.4g} {figure.unit}"
    if figure.low is None or figure.high is None:
        return value
    return f"{value} [{figure.low:.4g}, {figure.high:.4g}]"


def row(area: str, figure: Figure) -> str:
    """Return one line of the printed table."""
    verdict = "met" if figure.met else "MISSED"
    name = f"{area}.{figure.name}"
    note = f"  ({figure.note})" if figure.note else ""
    return f"{name:<58} {written(figure):<36} {figure.bar:<22} {verdict}{note}"


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen parts and return 0 when every bar is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--area", choices=AREAS)
    parser.add_argument("--only", nargs="*", help="names of parts, for instance core_harness")
    options = parser.parse_args(arguments)
    chosen = [p for p in parts(options.area) if options.only is None or p in options.only]
    if not chosen:
        print("There is nothing to measure here yet: no part of this area or name.")
        return 0
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    missed = 0
    lines = []
    for part in chosen:
        area = part.split("_")[0]
        begin = time.perf_counter()
        for figure in importlib.import_module(f"tests.bench.{part}").figures():
            lines.append(row(area, figure))
            print(lines[-1], flush=True)
            missed += not figure.met
            results[f"{area}.{figure.name}"] = {
                "value": None if math.isnan(figure.value) else figure.value,
                "unit": figure.unit,
                "bar": figure.bar,
                "met": figure.met,
                "low": figure.low,
                "high": figure.high,
                "note": figure.note,
                "machine": machine.fingerprint(),
            }
        # After every part, so that an interrupted run keeps what it has.
        workspace.atomic_write(RESULT, json.dumps(results, indent=1, sort_keys=True) + "\n")
        print(f"  {part}: {time.perf_counter() - begin:.0f} s", flush=True)
    print("\n" + "\n".join(lines))
    print(f"\n{len(lines)} figures, {missed} missed; written to {RESULT.relative_to(Path.cwd())}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
