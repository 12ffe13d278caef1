"""The quantization ladder of the course's own model: what each rung holds, what it costs, and how long it takes.

Quality is told against the float16 file on the same held-out windows: the paired difference of negative
log-likelihood with its standard error, the divergence (KL) and the share of equal first choices.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from edgelab.slm import engines, ladder, perplexity
from edgelab.slm.windows import Windows
from tests.bench import course_model
from tests.bench.figure import Figure, at_least, at_most, reported

SECONDS_AT_MOST = 90.0
OTHERS = tuple(k for k in ladder.RECIPES if k not in (*ladder.LADDER, "F32", "MXFP4_MOE"))
PROMISED = {
    "rungs whose contents are what their name says": "all of them",
    "neighbours on the ladder where KL does not rise": "at most 0 pairs",
    "neighbours on the ladder where agreement does not fall": "at most 0 pairs",
    "perplexity, difference from an independent computation": "at most 0.1 %",
    "the ladder of the lessons, made and measured": f"at most {SECONDS_AT_MOST:g} s",
}


@dataclass(frozen=True)
class Step:
    """One rung and its quality."""

    rung: ladder.Rung
    quality: perplexity.Divergence


def figures() -> Iterator[Figure]:
    """Measure the ladder of the shipped model, or say why that is not possible."""
    yield from course_model.figures(of, PROMISED, "llama_cpp")


def of(source: Path, windows: Windows) -> Iterator[Figure]:
    """Measure the ladder of any model in 16 bits."""
    with empty_cache():
        begin = time.perf_counter()
        reference = logits_of(source, windows)
        steps = climb(source, ladder.LADDER, reference)
        seconds = time.perf_counter() - begin
        rest = climb(source, OTHERS, reference)
        all_seconds = time.perf_counter() - begin
        for step in [*steps, *rest]:
            yield row(step)
        every = [*steps, *rest]
        yield honesty(every)
        yield from order(steps)
        yield agreement(source, windows)
        yield agreement(Path(steps[-3].rung.path), windows)
    bar = list(PROMISED)[-1]
    made = sum(step.rung.seconds or 0.0 for step in steps)
    note = f"{len(steps)} rungs; llama.cpp quantized for {made:.1f} s of it; one thread"
    yield at_most(bar, seconds, "s", SECONDS_AT_MOST, note=note)
    yield reported("every recipe, made and measured", all_seconds, "s", note=f"{len(every)} rungs")


def logits_of(source: Path, windows: Windows) -> perplexity.Reference:
    """Return the logits that every rung is held against."""
    with engines.load(source) as model:
        return perplexity.Reference.of(model, windows)


def climb(source: Path, kinds: Sequence[str], reference: perplexity.Reference) -> list[Step]:
    """Make rungs and measure them."""
    found = []
    for rung in ladder.rungs(source, kinds):
        with engines.load(rung.path) as model:
            found.append(Step(rung, perplexity.compare(model, reference)))
    return found


def row(step: Step) -> Figure:
    """Return a rung's paired difference, with all the rest in the note."""
    rung, quality = step.rung, step.quality
    inside = ", ".join(f"{n} {kind}" for kind, n in rung.types.items())
    note = (
        f"{rung.size_bytes} bytes, {rung.bits_per_weight:.2f} bits per weight, {rung.block_bits_per_weight:.2f} in "
        f"the blocks, KL {quality.kl:.5f}, same first choice {quality.top1_agreement:.4f}, perplexity "
        f"{quality.perplexity:.3f}; {inside}; embedding {rung.embedding}"
    )
    difference, error = quality.nll_difference, 1.96 * quality.standard_error
    return reported(
        f"{rung.name}: paired difference of log-likelihood", difference, "nats",
        low=difference - error, high=difference + error, note=note,
    )  # fmt: skip


def honesty(steps: Sequence[Step]) -> Figure:
    """Return how many rungs hold what their name says; all must."""
    name = next(iter(PROMISED))
    wrong = [str(step.rung) for step in steps if not step.rung.honest]
    return at_least(name, len(steps) - len(wrong), "rungs", len(steps), note="; ".join(wrong))


def order(steps: Sequence[Step]) -> Iterator[Figure]:
    """Yield how often quality is not ordered by the bits of the blocks; never, that is."""
    by_bits = sorted(steps, key=lambda step: -step.rung.block_bits_per_weight)
    pairs = list(pairwise(by_bits))
    kl = [f"{a.rung.name} to {b.rung.name}" for a, b in pairs if b.quality.kl <= a.quality.kl]
    top = [
        f"{a.rung.name} to {b.rung.name}"
        for a, b in pairs
        if b.quality.top1_agreement >= a.quality.top1_agreement
    ]
    names = list(PROMISED)
    yield at_most(names[1], len(kl), "pairs", 0, note="; ".join(kl))
    yield at_most(names[2], len(top), "pairs", 0, note="; ".join(top))


def agreement(path: Path, windows: Windows) -> Figure:
    """Compare our perplexity with one that shares none of our code but the windows."""
    with engines.load(path) as model:
        ours = perplexity.measure(model, windows).value
    theirs = independent(path, windows.ids)
    name, kind = list(PROMISED)[3], ladder.inspect(path).name
    note = f"{kind}: ours {ours:.4f}, theirs {theirs:.4f}"
    return at_most(f"{name}, {kind}", 100 * abs(ours / theirs - 1), "%", 0.1, note=note)


def independent(path: Path, ids: np.ndarray) -> float:
    """Return the perplexity by llama-cpp-python's own calls and SciPy, token by token in float64."""
    import llama_cpp
    from scipy.special import logsumexp

    llama = llama_cpp.Llama(
        str(path),
        n_ctx=ids.shape[1],
        n_threads=1,
        n_threads_batch=1,
        logits_all=True,
        verbose=False,
    )
    total, count = 0.0, 0
    for window in ids.tolist():
        llama.reset()
        llama.eval(window)
        for scores, token in zip(llama.scores[: len(window) - 1], window[1:], strict=True):
            exact = scores.astype(np.float64)
            total += float(logsumexp(exact) - exact[token])
            count += 1
    llama.close()
    return math.exp(total / count)


@contextmanager
def empty_cache() -> Iterator[None]:
    """Let nothing come from an earlier run: the seconds are those of making everything."""
    before = os.environ.get("EDGELAB_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EDGELAB_CACHE"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["EDGELAB_CACHE"]
            else:
                os.environ["EDGELAB_CACHE"] = before
