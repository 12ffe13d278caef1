"""Which operators a runtime's fast kernels take: the coverage that decides on speed, on an NPU as on a CPU.

    coverage.taken(Path("int8.tflite"))       # {0, 1, 2, …}: numbers of the operators in the file

LiteRT hands its graph to a delegate, XNNPACK on a CPU. The delegate takes the operators that it knows, in
pieces, and the rest stays with slow general kernels. Lesson 25 counts both.
"""

from __future__ import annotations

from pathlib import Path

from edgelab import keras


def taken(path: Path) -> set[int]:
    """Return the numbers of the operators that XNNPACK takes over when LiteRT loads a file.

    LiteRT replaces what its delegate can run by DELEGATE steps and keeps the rest on its own kernels.
    A step computes everything between its inputs and its outputs.
    """
    from ai_edge_litert.interpreter import Interpreter

    with keras.quiet():
        interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
        interpreter.allocate_tensors()
    steps = interpreter._get_ops_details()
    makers = {
        int(out): i
        for i, step in enumerate(steps)
        if step["op_name"] != "DELEGATE"
        for out in step["outputs"]
    }
    taken: set[int] = set()
    for step in steps:
        if step["op_name"] != "DELEGATE":
            continue
        borders = {int(i) for i in step["inputs"]}
        waiting = [int(o) for o in step["outputs"]]
        while waiting:
            tensor = waiting.pop()
            maker = makers.get(tensor)
            if tensor in borders or maker is None or maker in taken:
                continue
            taken.add(maker)
            waiting += [int(i) for i in steps[maker]["inputs"] if i >= 0]
    return taken
