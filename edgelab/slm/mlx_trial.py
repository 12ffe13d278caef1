"""One LoRA tuning in MLX from end to end: tune, merge, write as GGUF, and ask what the model could not do before.

    mlx_trial.tuned(slm.course_model())       # Tuning(right_before=0, right_after=…, seconds=…, curve=…)

The answers come from llama.cpp: the detours were learned in one framework and are used in another. Lesson 34.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgelab import workspace
from edgelab.measuring import machine
from edgelab.serialize import Serializable
from edgelab.slm import engines, from_gguf, gguf_writer, lora, mlx_library, mlx_lora, pump_task


@dataclass(frozen=True)
class Tuning(Serializable):
    """A LoRA tuning on the pump task, and what it changed.

    Args:
        curve: step, loss of the training batch (None at the start), loss on validation examples.
        seconds: of the tuning, looks at the validation examples included.
        trainable: numbers that learned.
        parameters: weights of the model.
        right_before: exact answers of the model as it was, of `asked` unseen lines.
        right_after: exact answers of the tuned model, merged and written as GGUF.
        asked: unseen lines.
        measured_here: False in the run that ships.
        machine: what it was measured on.
        versions: of the packages.
    """

    curve: tuple[tuple[int, float | None, float], ...]
    seconds: float
    trainable: int
    parameters: int
    right_before: int
    right_after: int
    asked: int
    measured_here: bool = True
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        place = "" if self.measured_here else ", not measured here"
        return (
            f"LoRA in MLX: {self.right_before} of {self.asked} unseen lines right before, {self.right_after} after "
            f"{self.curve[-1][0]} steps in {self.seconds:.0f} s; {self.trainable:,} numbers learned, "
            f"{self.trainable / self.parameters:.1%} of the model{place}."
        )


def tuned(source: str | Path, task: pump_task.Task | None = None, **options: Any) -> Tuning:
    """Tune a model in MLX on the pump task and ask it, in llama.cpp, before and after.

    Args:
        source: a `.gguf` file with float weights.
        task: what to learn; None takes the course's.
        options: of `mlx_lora.tune`.

    Raises:
        MissingRuntimeError: mlx, mlx-lm or llama-cpp-python is not installed.
    """
    given = task or pump_task.data()
    checkpoint = from_gguf.read(source)
    mlx_library.models("tuner.lora")  # importing takes seconds, which are not the tuning's
    begin = time.perf_counter()
    found = mlx_lora.tune(checkpoint, given.train, given.validation, **options)
    seconds = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        right = [
            _right(gguf_writer.write(model, Path(folder) / "asked.gguf", "f32"), given.test)
            for model in (checkpoint, lora.merge(checkpoint, found))
        ]
    return Tuning(
        curve=found.curve,
        seconds=seconds,
        trainable=found.trainable,
        parameters=checkpoint.shape.parameters,
        right_before=right[0],
        right_after=right[1],
        asked=len(given.test),
        machine=machine.describe(),
        versions=workspace.versions("mlx", "mlx-lm", "llama-cpp-python", "numpy"),
    )


def _right(path: Path, asked: Sequence[pump_task.Example]) -> int:
    with engines.load(path) as model:
        return pump_task.exact(model, asked).right
