"""What a fresh process needs to load a language model and answer with it.

    memory.measure(model)            # Footprint(peak_bytes=…, load_ms=…, first_token_ms=…)

A running notebook can't tell: freed memory is used again, and the second model seems to cost nothing. A GGUF file
is mapped, so the pages of it that were read count as memory of the process, as long as nobody else needs the
room. Lesson 31.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from edgelab import history, progress
from edgelab.measuring import child, memory as _memory
from edgelab.records import amount
from edgelab.slm import engines, record
from edgelab.slm.model import LanguageModel
from edgelab.slm.prompts import Prompts
from edgelab.slm.record import LanguageRecord

KIND = "language-memory"
PROMPT = 256
TOKENS = 16


@dataclass(frozen=True, kw_only=True)
class Footprint(LanguageRecord):
    """Memory and start-up of one language model in a fresh process."""

    peak_bytes: int  # highest resident set, less the same process just before loading
    runtime_bytes: int  # resident set before loading: Python and the engine's package
    import_ms: float  # importing the engine's package
    load_ms: float
    first_token_ms: float  # the first prompt, up to its first token
    prompt: int  # tokens of that prompt
    tokens: int  # that were generated after it

    def __repr__(self) -> str:
        return (
            f"{self.model}: {amount(self.peak_bytes)} at the peak beside {amount(self.runtime_bytes)} of Python "
            f"and the engine; loaded in {self.load_ms:.0f} ms, first token after {self.first_token_ms:.0f} ms "
            f"({self.prompt} tokens of prompt)"
        )


def measure(model: LanguageModel, prompt: int = PROMPT, tokens: int = TOKENS) -> Footprint:
    """Load and run a model's artefact in a fresh process, with the same engine and options, and publish it.

    Args:
        model: the model; it stays loaded here, and is not touched.
        prompt: tokens of the prompt; at most the context less `tokens`.
        tokens: to generate after it.

    Raises:
        EdgelabError: the artefact can't be loaded there, or the process died.
    """
    tokens = max(1, min(tokens, model.context // 2))
    prompt = max(1, min(prompt, model.context - tokens))
    with progress.task(f"{model.name}, memory in a fresh process"):
        values = child.run(
            "edgelab.slm.memory:probe",
            threads=model.threads,
            path=str(model.path.resolve()),
            engine=model.engine,
            engine_threads=model.threads,
            options=model.options,
            prompt=prompt,
            tokens=tokens,
        )
    result = Footprint(**record.facts(model), **values, prompt=prompt, tokens=tokens)
    history.publish(KIND, result.model, result)
    return result


def probe(
    *,
    path: str,
    engine: str,
    engine_threads: int,
    options: dict[str, Any],
    prompt: int,
    tokens: int,
) -> dict[str, Any]:
    """Measure this very process; runs in the child."""
    begin = time.perf_counter()
    engines.import_packages(engine)
    import_ms = (time.perf_counter() - begin) * 1e3
    _memory.forget_peak()
    before = _memory.resident()
    begin = time.perf_counter()
    model = engines.load(path, engine_threads, engine, **options)
    load_ms = (time.perf_counter() - begin) * 1e3
    ids = Prompts(model, prompt).next()
    begin = time.perf_counter()
    token = model.start(ids)
    first_token_ms = (time.perf_counter() - begin) * 1e3
    for _ in range(tokens):
        token = model.step(token)
    return {
        "peak_bytes": max(0, max(_memory.peak(), _memory.resident()) - before),
        "runtime_bytes": before,
        "import_ms": import_ms,
        "load_ms": load_ms,
        "first_token_ms": first_token_ms,
    }
