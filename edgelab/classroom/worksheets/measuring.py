"""The measurements that the exemplars cite: a small real run, made once and shipped.

    python -m edgelab.classroom.worksheets.measuring        # writes solutions/worksheets/journal.jsonl

One network for digits: as it is, with dynamic-range and full-integer quantization, pruned, and a distilled
student. Everything that part 3 of the worksheet asks for is measured for every file. It takes a few
minutes; close other programs before.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from edgelab import records, workspace
from edgelab.classroom.journal import FILE_NAME, Journal
from edgelab.classroom.worksheets import loading

PRUNED_SHARE = 0.9


def journal_path() -> Path:
    """Return where the journal of the exemplars is."""
    return loading.solutions() / FILE_NAME


def measure() -> None:
    """Measure the five files; the records go to the store of the moment."""
    from edgelab import benchmark, convert, data, distill, models, prune, quantize

    digits = data.digits()
    baseline = models.load("digits_cnn")
    pruned = prune.gradually(
        baseline, digits, prune.sparing_ends(baseline, PRUNED_SHARE), epochs=12
    )
    student = distill.train(distill.small(), baseline, digits.train, epochs=12)
    files = {
        "float32": convert.to_tflite(baseline, "float32.tflite"),
        "dynamic range": quantize.dynamic_range(baseline, "dynamic.tflite"),
        "int8": quantize.full_integer(baseline, digits.calibration, "int8.tflite"),
        f"pruned {PRUNED_SHARE:.0%}": convert.to_tflite(pruned, "pruned.tflite"),
        "distilled": convert.to_tflite(student, "distilled.tflite"),
    }
    benchmark.compare(files, on=digits.test, memory=True)
    for file in files.values():
        benchmark.footprint(file)
        benchmark.throughput(file, batches=(1, 8, 32))
        benchmark.cpu_use(file)


def main() -> int:
    """Measure in a workspace of its own and put the journal in its place."""
    with tempfile.TemporaryDirectory(prefix="edgelab-exemplars-") as own:
        os.environ["EDGELAB_WORKSPACE"] = own
        os.environ["EDGELAB_LESSON"] = "01"
        journal = Journal(Path(own) / FILE_NAME)
        records.use(journal)
        measure()
        workspace.copy_to(journal.path, journal_path())
        count = len(journal.read())
    print(f"{count} records in {journal_path()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
