"""MLX on the course's own model: the quantizer by hand against the framework's, and LoRA on a task with new questions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.slm import (
    engines,
    from_gguf,
    gguf_writer,
    grouped,
    llama,
    mlx_trial,
    parity,
    perplexity,
    to_mlx,
)
from edgelab.slm.windows import Windows
from tests.bench import course_model
from tests.bench.figure import Figure, at_least, at_most, reported

GRIDS = ((4, 64), (4, 32), (8, 64))
PROMISED = {
    "MLX in float, largest difference of a logit from the formula": "at most 0.1 % of their range",
    "codes, scales and biases by hand that are MLX's": "at least 100 %",
    "perplexity of the grid by hand, difference from MLX": "at most 0.5 %",
    "LoRA in MLX: unseen lines right before": "at most 0",
    "LoRA in MLX: unseen lines right after": "at least 80",
    "LoRA in MLX: seconds": "at most 60 s",
}


def figures() -> Iterator[Figure]:
    """Measure MLX on the shipped model, or say why that is not possible."""
    yield from course_model.figures(of, PROMISED, "mlx", "mlx_lm", "llama_cpp")


def of(source: Path, windows: Windows, **tuning: Any) -> Iterator[Figure]:
    """Measure any float model in a `.gguf` file."""
    checkpoint = from_gguf.read(source)
    names = list(PROMISED)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plain = to_mlx.convert(source, place / "float")
        told = parity.read(plain)
        share = 100 * told.max_abs / told.span
        yield at_most(names[0], share, "%", 0.1, note=f"{told!r}")
        with engines.load(plain) as model:
            reference = perplexity.Reference.of(model, windows)
        equal = []
        for bits, group in GRIDS:
            made = to_mlx.convert(source, place / f"{bits}-{group}", bits, group)
            equal.append(same_numbers(checkpoint, made, bits, group))
            yield from beside(checkpoint, made, reference, bits, group)
        yield at_least(names[1], 100 * min(equal), "%", 100)
    yield from tuning_figures(source, **tuning)


def same_numbers(checkpoint: llama.Checkpoint, made: Path, bits: int, group: int) -> float:
    """Return the share of 32-bit words, scales and biases of a folder that the quantizer by hand gives too."""
    from safetensors.numpy import load_file

    stored, same, all_of_them = load_file(made / "model.safetensors"), 0, 0
    for name in llama.matrices(checkpoint.shape, embedding=True):
        ours, key = (
            grouped.quantize(checkpoint.tensors[name], bits, group),
            name.removesuffix(".weight"),
        )
        for part, suffix in (
            (ours.words, "weight"),
            (ours.scales, "scales"),
            (ours.biases, "biases"),
        ):
            same += int(np.count_nonzero(part == stored[f"{key}.{suffix}"]))
            all_of_them += part.size
    return same / all_of_them


def beside(
    checkpoint: llama.Checkpoint, made: Path, reference: perplexity.Reference, bits: int, group: int
) -> Iterator[Figure]:
    """Compare MLX's quantized model with the grid by hand, which llama.cpp runs in 32 bits."""
    label = f"{bits} bits, groups of {group}"
    simulated = gguf_writer.write(
        grouped.rounded(checkpoint, bits, group), made.with_suffix(".gguf"), precision="f32"
    )
    with engines.load(made) as model:
        theirs = perplexity.compare(model, reference)
    with engines.load(simulated, keys="f32", values="f32") as model:
        ours = perplexity.compare(model, reference)
    error = 1.96 * theirs.standard_error
    size = (made / "model.safetensors").stat().st_size
    yield reported(
        f"MLX {label}: paired difference of log-likelihood",
        theirs.nll_difference,
        "nats",
        low=theirs.nll_difference - error,
        high=theirs.nll_difference + error,
        note=f"{size} bytes, {theirs.bits_per_weight:.2f} bits per weight, KL {theirs.kl:.5f}, same first choice "
        f"{theirs.top1_agreement:.4f}, perplexity {theirs.perplexity:.3f} (float: {theirs.reference_perplexity:.3f})",
    )
    percent = 100 * abs(ours.perplexity / theirs.perplexity - 1)
    note = f"by hand, in llama.cpp: perplexity {ours.perplexity:.3f}, KL {ours.kl:.5f}"
    yield at_most(f"{list(PROMISED)[2]}, {label}", percent, "%", 0.5, note=note)


def tuning_figures(source: Path, **options: Any) -> Iterator[Figure]:
    """Tune, and ask before and after."""
    run = mlx_trial.tuned(source, **options)
    before, after, seconds = list(PROMISED)[3:]
    curve = ", ".join(f"{step}: {loss:.3f}" for step, _, loss in run.curve)
    yield at_most(before, run.right_before, "lines", 0, note=f"of {run.asked}")
    yield at_least(after, run.right_after, "lines", 80, note=f"of {run.asked}")
    steps = run.curve[-1][0]
    note = f"{steps} steps, {steps / run.seconds:.2f} a second; loss on validation examples by step: {curve}"
    yield at_most(seconds, run.seconds, "s", 60, note=note)
