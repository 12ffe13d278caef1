"""PyTorch as a `LanguageModel`: Hugging Face folders in float32, the reference for every other engine.

    with slm.load("stdlib-4m") as model:             # a folder with config.json and model.safetensors
        model.logits(model.encode("def read(path):"))

It is the framework in which such models are trained, so its logits are what a conversion has to reproduce.
Lesson 30.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edgelab.errors import FormatError, InputError
from edgelab.slm import hf_folder
from edgelab.slm.engines import register
from edgelab.slm.model import LanguageModel


@register
class Torch(LanguageModel):
    """Hugging Face folders in PyTorch, weights and arithmetic in float32. No options."""

    engine: ClassVar[str] = "torch"
    package: ClassVar[str] = "torch"
    modules: ClassVar[tuple[str, ...]] = ("torch", "transformers", "tokenizers")
    kinds: ClassVar[tuple[str, ...]] = ("huggingface",)

    def __init__(self, path: Path, threads: int, options: dict[str, Any]) -> None:
        super().__init__(path, threads, options)
        unknown = sorted(set(options) - {"context"})
        if unknown:
            raise InputError(f"torch has no option {unknown[0]!r}; it takes context only.")
        import tokenizers

        words = path / "tokenizer.json"
        if not words.is_file():
            raise FormatError(f"{path} has no tokenizer.json, so no text becomes tokens.")
        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(words))
        self._model: Any = _network(path)
        config = self._model.config
        self.vocabulary = int(config.vocab_size)
        self.context = min(options.get("context") or 2048, int(config.max_position_embeddings))
        self.ends = hf_folder.end_tokens(path)
        self.settings = {"context": self.context, "precision": "f32"}
        self.bits_per_weight = 32.0  # whatever the folder stores, it is widened
        self._cache: Any = None

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        self._cache = None
        return self._run(ids, keep=False)

    def _start(self, ids: np.ndarray) -> np.ndarray:
        self._cache = None
        return self._run(ids, keep=True)

    def _step(self, token: int) -> np.ndarray:
        return self._run(np.array([token]), keep=True)

    def _close(self) -> None:
        self._model = self._cache = None

    def _run(self, ids: np.ndarray, keep: bool) -> np.ndarray:
        """Return all tokens' logits and keep no cache, or the last one's and keep it."""
        import torch

        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)  # one setting for the whole process
        with torch.inference_mode():
            result = self._model(
                input_ids=torch.from_numpy(ids.astype(np.int64))[None],
                past_key_values=self._cache,
                use_cache=keep,
                logits_to_keep=1 if keep else 0,  # 0 means all of them
            )
        self._cache = result.past_key_values if keep else None
        scores: np.ndarray = result.logits[0, -1 if keep else slice(None)].numpy()
        return scores


def _network(path: Path) -> Any:
    import torch
    import transformers

    talk: Any = transformers.logging
    talk.set_verbosity_error()
    talk.disable_progress_bar()
    network: Any = transformers.AutoModelForCausalLM.from_pretrained(
        path, dtype=torch.float32, local_files_only=True
    )
    return network.eval()
