"""A run of MLX that ships with the course, for machines on which MLX can't be installed.

    run = mlx_reference.read()
    slm.table(run.records)                    # every row is marked "not measured here"
    run.tuning.curve

    python -m edgelab.slm.mlx_reference       # make it again, on a machine with MLX and the course's model

Its figures are those of another machine and are never mixed up with measured ones: every record says
`measured_here=False`, and no exercise or worksheet takes them as evidence. Lesson 34.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from edgelab import workspace
from edgelab.errors import EdgelabError, FormatError, InputError, MissingDataError
from edgelab.slm import (
    course,
    engines,
    memory,
    mlx_library,
    mlx_trial,
    perplexity,
    pump_task,
    speed,
    to_mlx,
)
from edgelab.slm.record import LanguageRecord
from edgelab.slm.windows import Windows

FILE = "mlx-reference.json"
COMMAND = "python -m edgelab.slm.mlx_reference"
_KINDS = {
    kind.__name__: kind
    for kind in (perplexity.Perplexity, perplexity.Divergence, speed.Speed, memory.Footprint)
}


class Variant(NamedTuple):
    """One MLX folder of the course's model."""

    name: str
    bits: int | None
    group: int = 64


VARIANTS = (
    Variant("float32", None),
    Variant("8 bits, groups of 64", 8),
    Variant("4 bits, groups of 64", 4),
    Variant("4 bits, groups of 32", 4, 32),
)


@dataclass(frozen=True)
class Run:
    """Everything that was measured of MLX in one run.

    Args:
        records: perplexity, distance to the float model, speeds and memory of each of `VARIANTS`.
        tuning: the LoRA run.
        source: SHA-256 of the model's file.
        date: of the run.
    """

    records: tuple[LanguageRecord, ...]
    tuning: mlx_trial.Tuning
    source: str
    date: str


def measure(
    source: str | Path,
    windows: Windows,
    variants: Sequence[Variant] = VARIANTS,
    task: pump_task.Task | None = None,
    **tuning: Any,
) -> Run:
    """Measure MLX on this machine, as the run that ships was measured.

    Args:
        source: the course's model as `.gguf` file.
        windows: the text to predict.
        variants: the folders to make; the first is what the others are compared with.
        task: what to learn; None takes the course's.
        tuning: options of `mlx_lora.tune`.

    Raises:
        MissingRuntimeError: mlx, mlx-lm or llama-cpp-python is not installed.
        EdgelabError: a conversion or measurement failed.
    """
    path = workspace.existing(source)
    mlx_library.package()
    with tempfile.TemporaryDirectory() as folder:
        records = tuple(_measured(path, Path(folder), windows, variants))
    return Run(
        records,
        mlx_trial.tuned(path, task, **tuning),
        workspace.file_hash(path),
        datetime.now(UTC).date().isoformat(),
    )


def write(run: Run, path: str | Path | None = None) -> Path:
    """Write a run as the one that ships, marked as not measured where it is read.

    Args:
        run: from `measure`.
        path: None takes `data/mlx-reference.json`.

    Raises:
        StorageError: the file system refused.
    """
    records = [
        {"record": type(r).__name__, **r.to_dict(), "measured_here": False} for r in run.records
    ]
    content = {
        "what": "a run of MLX on another machine: nothing in it was measured where it is read",
        "command": COMMAND,
        "date": run.date,
        "source": run.source,
        "records": records,
        "tuning": run.tuning.to_dict() | {"measured_here": False},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return workspace.atomic_write(path or workspace.data_dir() / FILE, text + "\n")


def read(path: str | Path | None = None) -> Run:
    """Return the run that ships.

    Args:
        path: None takes `data/mlx-reference.json`.

    Raises:
        MissingDataError: it is not there.
        FormatError: it is damaged, or claims to have been measured here.
    """
    file = Path(path) if path else workspace.data_dir() / FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        run = Run(
            tuple(_record(values) for values in content["records"]),
            mlx_trial.Tuning.from_dict(content["tuning"]),
            content["source"],
            content["date"],
        )
    except FileNotFoundError as error:
        raise MissingDataError(
            f"The reference run of MLX is not at {file}. It is part of the repository: restore it with git, or "
            f"make it on a machine with MLX (`{COMMAND}`)."
        ) from error
    except (ValueError, KeyError, TypeError, InputError) as error:
        raise FormatError(f"{file} is damaged ({error}). Restore it with git.") from error
    if run.tuning.measured_here or any(item.measured_here for item in run.records):
        raise FormatError(
            f"{file} says that something was measured here. Make it again: `{COMMAND}`."
        )
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Make MLX's reference run again.")
    parser.add_argument("--out", type=Path, help=f"file to write (default: data/{FILE})")
    given = parser.parse_args(arguments)
    try:
        passages = Windows("held-out", course.held_out().ids)
        run = measure(course.course_model(), passages)
        path = write(run, given.out)
    except EdgelabError as error:
        print(error)
        return 1
    print(f"{path}: {len(run.records)} records on {mlx_library.device()}. {run.tuning!r}")
    return 0


def _measured(
    path: Path, folder: Path, windows: Windows, variants: Sequence[Variant]
) -> Iterator[LanguageRecord]:
    """Yield the records of every variant; the first one is what the others are compared with."""
    reference: perplexity.Reference | None = None
    for variant in variants:
        made = to_mlx.convert(path, folder / variant.name, variant.bits, variant.group)
        with engines.load(made, name=f"{course.NAME}, {variant.name}") as model:
            yield perplexity.measure(model, windows)
            reference = reference or perplexity.Reference.of(model, windows)
            if variant != variants[0]:
                yield perplexity.compare(model, reference)
            yield speed.prompt(model, min(256, model.context))
            yield speed.generation(model)
            yield memory.measure(model)


def _record(values: Mapping[str, Any]) -> LanguageRecord:
    fields = dict(values)
    kind = _KINDS[fields.pop("record")]
    return kind.from_dict(fields)


if __name__ == "__main__":
    raise SystemExit(main())
