"""Which operators a runtime's fast kernels take: the coverage that decides on speed, on an NPU as on a CPU.

    coverage.taken(Path("int8.tflite"))       # {0, 1, 2, …}: numbers of the operators in the file

LiteRT hands its graph to a delegate, XNNPACK on a CPU. The delegate takes the operators that it knows, in
pieces, and the rest stays with slow general kernels. Lesson 25 counts both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgelab import keras, workspace

_DELEGATE = "DELEGATE"


def taken(path: Path) -> set[int]:
    """Return the numbers of the operators that XNNPACK takes over when LiteRT loads a file.

    LiteRT replaces what its delegate can run by DELEGATE steps and keeps the rest on its own kernels.
    A step computes everything between its inputs and its outputs.
    """
    steps = _steps(path)
    makers = {
        int(out): i
        for i, step in enumerate(steps)
        if step["op_name"] != _DELEGATE
        for out in step["outputs"]
    }
    found: set[int] = set()
    for step in steps:
        if step["op_name"] != _DELEGATE:
            continue
        borders = {int(i) for i in step["inputs"]}
        waiting = [int(o) for o in step["outputs"]]
        while waiting:
            tensor = waiting.pop()
            maker = makers.get(tensor)
            if tensor in borders or maker is None or maker in found:
                continue
            found.add(maker)
            waiting += [int(i) for i in steps[maker]["inputs"] if i >= 0]
    return found


def pieces(path: Path) -> int:
    """Return into how many pieces the delegate's part of a file is cut; 1 is best, 0 is none of it."""
    return sum(step["op_name"] == _DELEGATE for step in _steps(path))


def _steps(path: Path) -> list[dict[str, Any]]:
    from ai_edge_litert.interpreter import Interpreter

    with keras.quiet():
        interpreter = Interpreter(
            model_content=workspace.existing(path).read_bytes(), num_threads=1
        )
        interpreter.allocate_tensors()
    steps: list[dict[str, Any]] = interpreter._get_ops_details()
    return steps
