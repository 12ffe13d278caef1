"""llama.cpp as a `LanguageModel`: GGUF files, driven through its C interface.

    with slm.load("stdlib-4m-f16.gguf", threads=1, keys="f32", values="f32") as model:
        model.raw.create_chat_completion(...)        # the package's own class: chat, grammar, embeddings

The package's class keeps the common beginning of two prompts in its cache, copies tokens one by one in Python,
and stores the logits of a whole context. What is measured here goes past it to the functions that it calls, so
that the figures are llama.cpp's. Lesson 31.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edgelab.errors import EdgelabError, InputError
from edgelab.slm import gguf_file, llama_library
from edgelab.slm.engines import register
from edgelab.slm.model import LanguageModel

# A larger context only costs memory and time in class.
DEFAULT_CONTEXT = 2048
# The longest text of one token; llama.cpp says how much it needs where this is not enough.
_PIECE_BYTES = 64


@register
class LlamaCpp(LanguageModel):
    """GGUF files on llama.cpp.

    Options of `load`:
        keys, values: how the key-value cache is stored: "f16" (llama.cpp's default), "f32" (to compare logits),
            "q8_0" or "q4_0" (values: with flash attention only).
        flash_attention: attention computed piece by piece; None: only where `values` needs it.
    """

    engine: ClassVar[str] = "llama.cpp"
    package: ClassVar[str] = "llama-cpp-python"
    modules: ClassVar[tuple[str, ...]] = ("llama_cpp",)
    kinds: ClassVar[tuple[str, ...]] = ("gguf",)

    def __init__(self, path: Path, threads: int, options: dict[str, Any]) -> None:
        super().__init__(path, threads, options)
        wanted, cache = _split(options)
        file = gguf_file.read(path)
        trained = file.setting("context_length") or DEFAULT_CONTEXT
        context = wanted or min(int(trained), DEFAULT_CONTEXT)
        self.raw: Any = llama_library.open_model(path, context=context, threads=threads, **cache)
        self._lib: Any = llama_library.package()
        self._memory = self._lib.llama_get_memory(self.raw.ctx)
        self._vocab = self._lib.llama_model_get_vocab(self.raw.model)
        self.context = context  # llama.cpp rounds up what it allocates, to a multiple of 256
        self.vocabulary = int(self.raw.n_vocab())
        is_end, vocab = self._lib.llama_vocab_is_eog, self._vocab
        self.ends = frozenset(t for t in range(self.vocabulary) if is_end(vocab, t))
        self.settings = {
            "context": self.context,
            "keys": cache.get("keys", "f16"),
            "values": cache.get("values", "f16"),
            "flash_attention": llama_library.checked_cache(
                cache.get("keys", "f16"), cache.get("values", "f16"), cache.get("flash_attention")
            ),
        }
        self.bits_per_weight = file.bits_per_weight
        self._block = int(self.raw.n_batch)
        # One token at a time needs no new memory: llama.cpp reads it from here.
        self._one = (ctypes.c_int32 * 1)()
        self._one_batch = self._lib.llama_batch_get_one(self._one, 1)
        self._address, self._scores = 0, np.empty(0, np.float32)

    def _encode(self, text: str) -> list[int]:
        return list(self.raw.tokenize(text.encode("utf-8"), add_bos=False, special=True))

    def _decode(self, ids: list[int]) -> str:
        return b"".join(map(self._piece, ids)).decode("utf-8", errors="replace")

    def _piece(self, token: int) -> bytes:
        # The package's own detokenize drops every token of more than 32 bytes.
        size = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)
            n = self._lib.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if n >= 0:
                return buffer.raw[:n]
            size = -n

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        self._forget()
        result = np.empty((len(ids), self.vocabulary), np.float32)
        batch = self._lib.llama_batch_init(self._block, 0, 1)
        try:
            for begin in range(0, len(ids), self._block):
                part = ids[begin : begin + self._block]
                _fill(batch, part, begin)
                self._decoded(batch)
                address = self._lib.llama_get_logits(self.raw.ctx)
                result[begin : begin + len(part)] = np.ctypeslib.as_array(
                    address, shape=(len(part), self.vocabulary)
                )
        finally:
            self._lib.llama_batch_free(batch)
        return result

    def _start(self, ids: np.ndarray) -> np.ndarray:
        self._forget()
        for begin in range(0, len(ids), self._block):
            part = ids[begin : begin + self._block]
            tokens = (ctypes.c_int32 * len(part)).from_buffer_copy(part.tobytes())
            self._decoded(self._lib.llama_batch_get_one(tokens, len(part)))
        return self._last()

    def _step(self, token: int) -> np.ndarray:
        self._one[0] = token
        self._decoded(self._one_batch)
        return self._last()

    def _close(self) -> None:
        self.raw.close()

    def _forget(self) -> None:
        """Empty the cache, and tell the package's class so: it would take the old prompt to be there."""
        self._lib.llama_memory_clear(self._memory, False)
        self.raw.reset()

    def _decoded(self, batch: Any) -> None:
        status = self._lib.llama_decode(self.raw.ctx, batch)
        if status != 0:
            raise EdgelabError(
                f"llama.cpp could not process the tokens (llama_decode returned {status}). With 1 the context "
                f"of {self.context} tokens is full; otherwise load the model again."
            )

    def _last(self) -> np.ndarray:
        """Return a view of the last token's logits; it is overwritten by the next step."""
        pointer = self._lib.llama_get_logits_ith(self.raw.ctx, -1)
        address = ctypes.addressof(pointer.contents)
        if (
            address != self._address
        ):  # it rarely moves, and making a view costs as much as a small layer
            values: Any = (ctypes.c_float * self.vocabulary).from_address(address)
            self._address, self._scores = address, np.frombuffer(values, np.float32)
        return self._scores


def _fill(batch: Any, ids: np.ndarray, position: int) -> None:
    """Put tokens into a batch that asks for the logits of every one."""
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids.tolist()):
        batch.token[i] = token
        batch.pos[i] = position + i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = 1


def _split(options: dict[str, Any]) -> tuple[int | None, dict[str, Any]]:
    """Return the context that was asked for, and the settings of the cache."""
    known = ("keys", "values", "flash_attention")
    unknown = sorted(set(options) - {"context", *known})
    if unknown:
        raise InputError(f"llama.cpp has no option {unknown[0]!r}; it takes {', '.join(known)}.")
    cache = {key: options[key] for key in known if key in options}
    return options.get("context"), cache
