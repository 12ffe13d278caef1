"""ONNX Runtime as a `LanguageModel`: folders with a genai_config.json, as its model builder and Olive write them.

    with slm.load("stdlib-4m-onnx-int4") as model:
        model.generate("def read(path):")

The folder's network takes the keys and values of all tokens so far as inputs and gives them back with the new ones
added. Here they live in one array for the whole context, which the runtime writes into; without that each token would
copy all that came before. Lesson 32.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.slm.engines import register
from edgelab.slm.model import LanguageModel

DEFAULT_CONTEXT = 2048
_CPU = ("cpu", 0)
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@register
class OnnxRuntime(LanguageModel):
    """ONNX folders on ONNX Runtime's CPU kernels. No options."""

    engine: ClassVar[str] = "onnxruntime"
    package: ClassVar[str] = "onnxruntime"
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime", "tokenizers")
    kinds: ClassVar[tuple[str, ...]] = ("onnx",)

    def __init__(self, path: Path, threads: int, options: dict[str, Any]) -> None:
        super().__init__(path, threads, options)
        if unknown := sorted(set(options) - {"context"}):
            raise InputError(f"onnxruntime has no option {unknown[0]!r}; it takes context only.")
        import onnxruntime
        import tokenizers

        facts = _facts(path)
        decoder = facts["decoder"]
        words = path / "tokenizer.json"
        if not words.is_file():
            raise FormatError(f"{path} has no tokenizer.json, so no text becomes tokens.")
        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(words))
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
        settings.log_severity_level = 3
        # Otherwise its threads wait for work in a loop and take a core from whatever runs beside.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            path / decoder["filename"], settings, providers=["CPUExecutionProvider"]
        )
        self._values: Any = onnxruntime.OrtValue
        self.vocabulary = int(facts["vocab_size"])
        self.context = min(options.get("context") or DEFAULT_CONTEXT, int(facts["context_length"]))
        ends = facts.get("eos_token_id", [])
        self.ends = frozenset(ends if isinstance(ends, list) else [ends])
        self.bits_per_weight = _bits(path)
        self._numbers = {i.name: _TYPES.get(i.type) for i in self._session.get_inputs()}
        self._result = self._session.get_outputs()[0]
        names = [
            (decoder["inputs"][f"past_{kind}_names"], decoder["outputs"][f"present_{kind}_names"])
            for kind in ("key", "value")
        ]
        self._pairs = [
            (past % layer, present % layer)
            for layer in range(int(decoder["num_hidden_layers"]))
            for past, present in names
        ]
        shape = (1, int(decoder["num_key_value_heads"]), self.context, int(decoder["head_size"]))
        numbers = self._numbers[self._pairs[0][0]] or np.float32
        self.settings = {
            "context": self.context,
            "precision": "f32" if _TYPES.get(self._result.type) is np.float32 else "f16",
            "cache": "f32" if numbers is np.float32 else "f16",
            "device": "CPU",
        }
        self._cache = {
            past: self._values.ortvalue_from_numpy(np.zeros(shape, numbers))
            for past, _ in self._pairs
        }
        self._ones = np.ones((1, self.context), np.int64)
        self._position = 0
        # One token at a time needs nothing new but a longer mask: rebuilding the rest would cost a fifth more.
        self._token = np.zeros((1, 1), np.int64)
        numbers = _TYPES.get(self._result.type, np.float32)
        self._scores = np.empty((1, 1, self.vocabulary), numbers)
        self._one = self._bound()
        self._one.bind_ortvalue_input("input_ids", self._values.ortvalue_from_numpy(self._token))
        address = self._scores.ctypes.data
        self._one.bind_output(self._result.name, *_CPU, numbers, self._scores.shape, address)

    def pipeline(self) -> Any:
        """Return the package's own model (`onnxruntime_genai.Model`), with its generator and samplers.

        Raises:
            MissingRuntimeError: onnxruntime-genai is not installed.
        """
        try:
            import onnxruntime_genai as genai
        except ImportError as error:
            raise MissingRuntimeError(
                "The pipeline of ONNX Runtime is the package onnxruntime-genai: "
                "`pip install onnxruntime-genai -c constraints.txt`."
            ) from error
        config = genai.Config(str(self.path))
        threads = {"session_options": {"intra_op_num_threads": self.threads}}
        config.overlay(json.dumps({"model": {"decoder": threads}}))
        return genai.Model(config)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        return self._prompted(ids)

    def _start(self, ids: np.ndarray) -> np.ndarray:
        last: np.ndarray = self._prompted(ids)[-1]
        return last

    def _step(self, token: int) -> np.ndarray:
        self._token[0, 0] = token
        self._run(self._one, 1)
        last: np.ndarray = self._scores[0, 0]
        return last

    def _close(self) -> None:
        self._session = self._tokenizer = self._one = None
        self._cache = {}

    def _prompted(self, ids: np.ndarray) -> np.ndarray:
        self._position = 0
        binding = self._bound()
        tokens = ids.astype(np.int64)[None]
        binding.bind_cpu_input("input_ids", tokens)
        binding.bind_output(self._result.name, *_CPU)
        self._run(binding, len(ids))
        found: np.ndarray = binding.get_outputs()[-1].numpy()[0]
        return found

    def _bound(self) -> Any:
        """Return a binding of the network to the cache, which is read and written in place."""
        binding = self._session.io_binding()
        for past, present in self._pairs:
            binding.bind_ortvalue_input(past, self._cache[past])
            binding.bind_ortvalue_output(present, self._cache[past])
        return binding

    def _run(self, binding: Any, tokens: int) -> None:
        """Process bound tokens after those that are in the cache."""
        first, self._position = self._position, self._position + tokens
        binding.bind_cpu_input("attention_mask", self._ones[:, : self._position])
        if "position_ids" in self._numbers:
            places = np.arange(first, self._position)[None]
            binding.bind_cpu_input("position_ids", places)
        self._session.run_with_iobinding(binding)


def _facts(folder: Path) -> dict[str, Any]:
    file = folder / "genai_config.json"
    try:
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["model"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{file} is damaged ({error}): make the folder again.") from error
    if "decoder" not in facts or "vocab_size" not in facts:
        raise FormatError(
            f"{file} describes no language model with one decoder, the kind that is read here."
        )
    return facts


def _bits(folder: Path) -> float | None:
    """Return the bits of a weight: all numbers of the network over the number of weights, where that is told."""
    file, numbers = folder / "config.json", folder / "model.onnx.data"
    if not (file.is_file() and numbers.is_file()):
        return None
    parameters = json.loads(file.read_text(encoding="utf-8")).get("parameters")
    return 8 * numbers.stat().st_size / parameters if parameters else None
