"""The measurements that the exemplars cite: a small real run, made once and shipped.

    python -m edgelab.classroom.worksheets.measuring        # writes solutions/worksheets/journal.jsonl

One network for digits: as it is, with dynamic-range and full-integer quantization, pruned, and a distilled
student. Everything that part 3 of the worksheet asks for is measured for every file. It takes a few
minutes; close other programs before. A run that contradicts what the exemplars say is not put in place: their
words are to be mended first (`requires` in `exemplars.yaml`).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from edgelab import records, workspace
from edgelab.classroom import tampering
from edgelab.classroom.journal import FILE_NAME, Journal
from edgelab.classroom.worksheets import loading
from edgelab.errors import InputError

PRUNED_SHARE = 0.9
EPOCHS = 12  # of pruning and of distilling
CALIBRATION = 200  # images
# What the exemplars may say about this run and no record holds.
DONE = {"epochs": EPOCHS, "calibration": CALIBRATION}


def journal_path() -> Path:
    """Return where the journal of the exemplars is."""
    return loading.solutions() / FILE_NAME


def measure() -> None:
    """Measure the five files; the records go to the store of the moment."""
    from edgelab import benchmark, convert, data, distill, models, prune, quantize

    digits = data.digits()
    if len(digits.calibration) != CALIBRATION:
        raise InputError(
            f"The exemplars speak of {CALIBRATION} calibration images; there are {len(digits.calibration)}."
        )
    baseline = models.load("digits_cnn")
    pruned = prune.gradually(
        baseline, digits, prune.sparing_ends(baseline, PRUNED_SHARE), epochs=EPOCHS
    )
    student = distill.train(distill.small(), baseline, digits.train, epochs=EPOCHS)
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


def put_in_place(made: Path, target: Path) -> tuple[str, ...]:
    """Put a journal where the exemplars take it from, unless their texts say something else.

    Returns:
        What the texts say and the journal does not; then it is kept beside the old one, which stays.
    """
    from edgelab.classroom.worksheets import exemplars

    wrong = exemplars.breaches(tampering.read(made.read_bytes()).entries)
    workspace.copy_to(made, target.with_suffix(".refused.jsonl") if wrong else target)
    return wrong


def main() -> int:
    """Measure in a workspace of its own and put the journal in its place."""
    target = journal_path()
    with tempfile.TemporaryDirectory(prefix="edgelab-exemplars-") as own:
        os.environ["EDGELAB_WORKSPACE"] = own
        os.environ["EDGELAB_LESSON"] = "01"
        journal = Journal(Path(own) / FILE_NAME)
        records.use(journal)
        measure()
        wrong = put_in_place(journal.path, target)
        count = len(journal.read())
    if wrong:
        print(f"{target} was not replaced. The new run contradicts exemplars.yaml:")
        print("\n".join(f"  {line}" for line in wrong))
        return 1
    print(f"{count} records in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
