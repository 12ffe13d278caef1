"""OpenVINO and ONNX Runtime on the course's language model: conversions, and four bits made twice.

Every conversion without rounding is held against the formula in NumPy; every engine's 4 bits against the lesson's own
quantizer of the same kind, with perplexity on the held-out passages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress, slm, workspace
from edgelab.slm import (
    forward,
    from_gguf,
    llama,
    parity,
    rounding,
    scores,
    to_onnx,
    to_openvino,
)
from edgelab.slm.llama import EMBEDDING, HEAD, Checkpoint
from edgelab.slm.rounding import Rule
from edgelab.slm.windows import Windows
from tests.bench import course_model
from tests.bench.figure import Figure, at_least, at_most

LOGITS = 100 * parity.FLOAT  # percent of the logits' range
PERPLEXITY = 0.5  # percent
PROMPTS = (
    "def read_file(path):\n",
    "class Stack:\n    ",
    "import os\nimport sys\n",
    "    for name in names:\n",
)
GREEDY = 32
PROMISED = {
    "OpenVINO and ONNX Runtime, largest difference of a logit": f"at most {LOGITS:g} % of their range",
    "OpenVINO and ONNX Runtime, greedy tokens like the formula's": "all",
    "int4 of NNCF and ONNX Runtime, perplexity beside our own quantizer's": f"at most {PERPLEXITY:g} %",
}
# Both round the activations where they have fast kernels for it; not here, where only the weights are asked for.
_PLAIN = {"openvino": {"cache": "f32", "dynamic_quantization": 0}, "onnxruntime": {}}


def figures() -> Iterator[Figure]:
    """Compare on the shipped model."""
    yield from course_model.figures(
        of, PROMISED, "openvino", "openvino_genai", "nncf", "onnxruntime_genai"
    )


def of(gguf: Path, passages: Windows) -> Iterator[Figure]:
    """Compare on a model.

    Args:
        gguf: float16.
        passages: what perplexity is measured on.
    """
    windows = passages.ids
    checkpoint = from_gguf.read(gguf)
    reference = [forward.logits(checkpoint, ids) for ids in windows]
    folder = to_openvino.convert(gguf, "bench-openvino")
    hf = from_gguf.convert(gguf, "bench-hf")
    full = to_onnx.convert(hf, "bench-onnx")
    for path in (folder, full):
        with slm.load(path) as model:
            yield logits(model, windows, reference)
            yield continuations(model, checkpoint)
    for name, path, ours in roundings(checkpoint, folder, hf):
        yield four_bits(name, path(), ours(), windows)


def logits(model: slm.LanguageModel, windows: np.ndarray, reference: list[np.ndarray]) -> Figure:
    """Return the largest difference of a logit from the formula."""
    largest, kl = 0.0, []
    for ids, wanted in zip(windows, reference, strict=True):
        found = model.logits(ids)
        largest = max(largest, float(np.abs(found - wanted).max() / np.ptp(wanted)))
        kl.append(scores.divergence(wanted, found).mean())
    note = f"{windows.size} tokens, KL {np.mean(kl):.1e}"
    return at_most(
        f"{model.engine}, largest difference of a logit",
        100 * largest,
        "% of their range",
        LOGITS,
        note=note,
    )


def continuations(model: slm.LanguageModel, checkpoint: Checkpoint) -> Figure:
    """Return how many of the next tokens are the formula's, and how close the first other choice was."""
    same, note = 0, "all the same"
    for prompt in PROMPTS:
        ids = model.encode(prompt)
        token = model.start(ids)
        for _ in range(GREEDY):
            wanted = forward.logits(checkpoint, ids)[-1]
            if token != int(wanted.argmax()):
                gap = float(wanted.max() - wanted[token])
                note = f"{prompt!r} parts where the two best are {gap:.5f} apart"
                break
            same += 1
            ids.append(token)
            token = model.step(token)
    total = GREEDY * len(PROMPTS)
    return at_least(
        f"{model.engine}, greedy tokens like the formula's", same, f"of {total}", total, note=note
    )


def roundings(
    checkpoint: Checkpoint, folder: Path, hf: Path
) -> Iterator[tuple[str, Callable[[], Path], Callable[[], Checkpoint]]]:
    """Yield each engine's way of rounding beside our own of the same kind."""
    asymmetric, symmetric = Rule("zero_point", 4, 32), Rule("extreme", 4, 64)
    eight = Rule("zero_point", 8, 0)  # what NNCF does with the embedding where it is spared
    for name, options, rule, table in (
        ("NNCF int4_asym, groups of 32", {"mode": "int4_asym", "group": 32}, asymmetric, eight),
        ("NNCF int4_sym, groups of 64", {"mode": "int4_sym", "group": 64}, symmetric, eight),
        (
            "NNCF int4_asym, all layers",
            {"mode": "int4_asym", "group": 32, "all_layers": True},
            asymmetric,
            asymmetric,
        ),
    ):
        yield (
            name,
            lambda options=options: _compressed(folder, options),
            lambda rule=rule, table=table: _tied(checkpoint, rule, table),
        )
    yield (
        "ONNX Runtime int4, blocks of 32",
        lambda: to_onnx.convert(hf, "bench-onnx-int4", "int4"),
        lambda: _untied(checkpoint, Rule("extreme", 4, 32, "float32")),
    )


def four_bits(name: str, path: Path, ours: Checkpoint, windows: np.ndarray) -> Figure:
    """Return by how many percent an engine's perplexity and our quantizer's differ."""
    surprise: list[list[np.ndarray]] = [[], []]
    kl = []
    engine = "openvino" if (path / "openvino_model.xml").is_file() else "onnxruntime"
    with slm.load(path, **_PLAIN[engine]) as model:
        for ids in progress.bar(windows, name, unit="window"):
            theirs, own = model.logits(ids), forward.logits(ours, ids)
            surprise[0].append(scores.surprise(theirs, ids))
            surprise[1].append(scores.surprise(own, ids))
            kl.append(scores.divergence(own, theirs).mean())
    perplexities = [math.exp(np.concatenate(values).mean()) for values in surprise]
    apart = 100 * abs(perplexities[0] / perplexities[1] - 1)
    note = f"{perplexities[0]:.3f} and {perplexities[1]:.3f}, KL {np.mean(kl):.1e}"
    return at_most(
        f"{name}, perplexity beside our own quantizer's", apart, "%", PERPLEXITY, note=note
    )


def _compressed(folder: Path, options: Mapping[str, Any]) -> Path:
    return to_openvino.compress(folder, workspace.artefact_path("bench-int4"), **options)


def _tied(checkpoint: Checkpoint, rule: Rule, table: Rule) -> Checkpoint:
    made = rounding.rounded(checkpoint, rule)
    values = rounding.quantize(checkpoint.tensors[EMBEDDING], table).values
    return made.with_tensors({EMBEDDING: values})


def _untied(checkpoint: Checkpoint, rule: Rule) -> Checkpoint:
    """Round the output layer, and leave the table of embeddings as it is."""
    made = rounding.rounded(checkpoint, rule)
    head = rounding.quantize(checkpoint.tensors[EMBEDDING], rule).values
    return llama.Checkpoint(
        replace(checkpoint.shape, tied=False),
        {**made.tensors, HEAD: head},
        checkpoint.tokenizer,
        checkpoint.facts,
    )
