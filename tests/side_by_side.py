"""Which tests stay in one process when they run side by side, and which begin.

A file stays together, because its fixtures are made once. The file that runs the lessons is taken apart:
each lesson's two runs stay together, and lessons run beside each other.
"""

from __future__ import annotations

LESSONS = "tests/notebooks/test_lessons.py"
# The files that take longest, longest first. A long one that begins last is waited for by everybody else.
LONGEST = (
    "test_models.py",
    "test_explain.py",
    "test_prune.py",
    "test_combined.py",
    "test_look.py",
    "test_benchmark.py",
    "test_lesson23_exercises.py",
    "test_structured.py",
    "test_distill.py",
    "test_quantize.py",
    "test_lab.py",
    "test_cifar_training.py",
    "test_clustering.py",
    "test_alone.py",
    "test_compare.py",
    "test_keras.py",
)


def unit(nodeid: str) -> str:
    """Return what a test stays together with: the name of its lesson, or its file."""
    file, _, test = nodeid.partition("::")
    return test.partition("[")[2].rstrip("]") if file == LESSONS else file


def place(file: str) -> int:
    """Return a file's place in the order of running; `--no-loadscope-reorder` keeps it."""
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)
