"""OpenVINO as a `LanguageModel`: folders with an `openvino_model.xml`, and GGUF files where it is asked for.

    with slm.load("stdlib-4m-openvino") as model:
        model.settings                               # {"precision": "f32", "cache": "f16", …}: read back, not wished
    slm.load("model-q4_1.gguf", engine="openvino")   # 4 bits with a whole zero point: not quite the same model

OpenVINO computes in bfloat16 where the processor can, unless it is told otherwise, and rounds the activations of
quantized layers to 8 bits. Which it does is part of the result, so it is set here and recorded. The package's own
pipeline answers from its cache when a prompt begins as the last one did; this engine goes past it to the network
itself, with an empty cache each time. Lesson 33.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edgelab.errors import FormatError, InputError
from edgelab.slm import artefact, openvino_library
from edgelab.slm.engines import register
from edgelab.slm.model import LanguageModel

DEFAULT_CONTEXT = 2048
_TYPES = ("f32", "f16", "bf16", "u8")
_OPTIONS = ("precision", "cache", "dynamic_quantization")


@register
class OpenVINO(LanguageModel):
    """OpenVINO folders, and GGUF files through the reader of openvino-genai, on the CPU.

    Options of `load`:
        precision: of the arithmetic: "f32", "bf16", "f16", or None for what OpenVINO chooses by itself.
        cache: how keys and values are stored: "f32" (to compare logits), "f16", "u8"; None for OpenVINO's choice.
        dynamic_quantization: inputs of quantized layers are rounded to 8 bits, in groups of so many; 0 keeps them
            as they are, None leaves it to OpenVINO.
    """

    engine: ClassVar[str] = "openvino"
    package: ClassVar[str] = "openvino"
    modules: ClassVar[tuple[str, ...]] = ("openvino", "openvino_genai")
    kinds: ClassVar[tuple[str, ...]] = ("openvino", "gguf")

    def __init__(self, path: Path, threads: int, options: dict[str, Any]) -> None:
        super().__init__(path, threads, options)
        self._properties = _properties(threads, options)
        self.folder = _folder(path)
        facts = _facts(self.folder)
        ov = openvino_library.package()
        with openvino_library.loading(path.name):
            self._core: Any = ov.Core()
            self._graph: Any = self._core.read_model(self.folder / "openvino_model.xml")
            self._tokenizer: Any = openvino_library.genai().Tokenizer(str(self.folder))
            self._bytes = _bytes(self._tokenizer)
            self._last: Any = self._compiled(last_only=True)
        self._all: Any = (
            None  # made when it is first needed: prompts need the last token's scores only
        )
        self.vocabulary = int(self._graph.output(0).get_partial_shape()[2].get_length())
        self.context = min(options.get("context") or DEFAULT_CONTEXT, facts["context"])
        self.ends = frozenset(facts["ends"] or {int(self._tokenizer.get_eos_token_id())})
        self.bits_per_weight = _bits(self.folder, facts["parameters"])
        self.settings = {"context": self.context, **_told(self._last.get_compiled_model())}
        # Kept for all steps: the request reads these arrays in place.
        self._token = np.zeros((1, 1), np.int64)
        self._place = np.zeros((1, 1), np.int64)
        self._ones = np.ones((1, self.context), np.int64)
        self._beam = np.zeros(1, np.int32)

    def pipeline(self) -> Any:
        """Return the package's own pipeline on this artefact: chat, streaming, its own sampler and cache."""
        return openvino_library.pipeline(self.folder, **self._properties)

    def _encode(self, text: str) -> list[int]:
        tokens = self._tokenizer.encode(text, add_special_tokens=False).input_ids.data
        return [int(token) for token in tokens[0]]

    def _decode(self, ids: list[int]) -> str:
        if not self._bytes:
            return str(self._tokenizer.decode(ids, skip_special_tokens=True))
        return b"".join(self._bytes[token] for token in ids).decode("utf-8", errors="replace")

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        if self._all is None:
            self._all = self._compiled(last_only=False)
        return np.array(self._prompted(self._all, ids))

    def _start(self, ids: np.ndarray) -> np.ndarray:
        last: np.ndarray = self._prompted(self._last, ids)[-1]
        self._position = len(ids)
        return last

    def _step(self, token: int) -> np.ndarray:
        self._token[0, 0], self._place[0, 0] = token, self._position
        self._position += 1
        scores: np.ndarray = self._run(self._last, self._token, self._place)[-1]
        return scores

    def _close(self) -> None:
        self._last = self._all = self._graph = self._tokenizer = self._core = None

    def _compiled(self, last_only: bool) -> Any:
        graph = self._graph.clone()
        if last_only:
            _keep_last(graph)
        return self._core.compile_model(graph, "CPU", self._properties).create_infer_request()

    def _prompted(self, request: Any, ids: np.ndarray) -> np.ndarray:
        request.reset_state()
        self._position = 0
        return self._run(request, ids.astype(np.int64)[None], np.arange(len(ids))[None])

    def _run(self, request: Any, ids: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return a view of the logits, (tokens or 1, vocabulary); the next run overwrites it."""
        read = places[0, -1] + 1
        inputs = {
            "input_ids": ids,
            "attention_mask": self._ones[:, :read],
            "position_ids": places,
            "beam_idx": self._beam,
        }
        found: np.ndarray = request.infer(inputs, share_inputs=True, share_outputs=True)[0][0]
        return found


def _properties(threads: int, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `load` under OpenVINO's own names."""
    if unknown := sorted(set(options) - {"context", *_OPTIONS}):
        raise InputError(f"OpenVINO has no option {unknown[0]!r}; it takes {', '.join(_OPTIONS)}.")
    precision, cache = options.get("precision", "f32"), options.get("cache")
    for name, value, fits in (("precision", precision, _TYPES[:3]), ("cache", cache, _TYPES)):
        if value is not None and value not in fits:
            raise InputError(f"{name} is {value!r}; use one of {', '.join(fits)}, or None.")
    group = options.get("dynamic_quantization")
    if group is not None and (not isinstance(group, int) or group < 0):
        raise InputError(f"dynamic_quantization is {group!r}; use 0, a size of groups, or None.")
    wanted = {
        "INFERENCE_PRECISION_HINT": precision,
        "KV_CACHE_PRECISION": cache,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": group,
    }
    return {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        **{name: value for name, value in wanted.items() if value is not None},
    }


def _told(compiled: Any) -> dict[str, Any]:
    """Return what the compiled network says that it does."""
    return {
        "precision": compiled.get_property("INFERENCE_PRECISION_HINT").to_string(),
        "cache": compiled.get_property("KV_CACHE_PRECISION").to_string(),
        "dynamic_quantization": int(compiled.get_property("DYNAMIC_QUANTIZATION_GROUP_SIZE")),
        "device": "CPU",
    }


def _folder(path: Path) -> Path:
    """Return the folder of a model: itself, or what a GGUF file becomes, which is kept."""
    if artefact.kind(path) == "openvino":
        return path
    from edgelab.slm import (
        to_openvino,
    )  # which compares what it writes with the help of this engine

    return to_openvino.kept(path)


def _facts(folder: Path) -> dict[str, Any]:
    """Return context, end tokens and number of weights, as far as the folder's files say them."""
    found: dict[str, Any] = {}
    for name in ("config.json", "generation_config.json"):
        file = folder / name
        try:
            found |= json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except ValueError as error:
            raise FormatError(f"{file} is damaged ({error}): make the folder again.") from error
    ends = found.get("eos_token_id")
    return {
        "context": found.get("max_position_embeddings", DEFAULT_CONTEXT),
        "ends": set(ends) if isinstance(ends, list) else set() if ends is None else {ends},
        "parameters": found.get("parameters"),
    }


def _bytes(tokenizer: Any) -> dict[int, bytes]:
    """Return the bytes of every token, none of a special one; nothing for another tokenizer than byte-level BPE.

    The package's own way back to text drops the bytes of a character that is not complete, and says nothing.
    """
    words = {number: word for word, number in tokenizer.get_vocab().items()}
    if sum(len(word) == 1 for word in words.values()) < 256:
        return {}
    for number, word in words.items():
        looks_special = word.startswith(b"<") and word.endswith(b">") and len(word) > 2
        if looks_special and not tokenizer.decode([number], skip_special_tokens=True):
            words[number] = b""
    return words


def _bits(folder: Path, parameters: int | None) -> float | None:
    """Return the bits of a weight: all numbers of the graph, scales included, over the number of weights."""
    if not parameters:
        return None
    return 8 * (folder / "openvino_model.bin").stat().st_size / parameters


def _keep_last(graph: Any) -> None:
    """Let the output layer see the last token only: the others' scores are not needed to go on.

    openvino-genai does the same to its graph. The embedding is used a second time as the output layer, so this is
    a quarter of the work of a small model's prompt.
    """
    from openvino import opset13

    layer = graph.get_results()[0].input_value(0).get_node()
    if layer.get_type_name() != "MatMul":
        return  # another kind of network: all scores are computed, and the last is taken
    step, end = np.array([1]), np.array([np.iinfo(np.int64).max])
    last = opset13.slice(layer.input_value(0), np.array([-1]), end, step, np.array([1]))
    layer.input(0).replace_source_output(last.output(0))
    graph.validate_nodes_and_infer_types()
