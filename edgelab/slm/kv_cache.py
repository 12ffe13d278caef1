"""How much memory a conversation takes: the key-value cache, by formula and measured.

    kv_cache.plan("model.gguf", context=2048)             # 47,185,920 bytes; its parts are in the record
    kv_cache.plan("model.gguf", 2048, "q8_0").bytes
    kv_cache.measure("model.gguf", contexts=(512, 2048))  # the same, seen from outside

For every token of the context and every layer the network keeps one key and one value for each key-value head:

    bytes = layers × (key length + value length) × key-value heads × context × bytes of one number

llama.cpp takes all of it when the context is opened, not when it fills. Stored in 8 bits instead of 16 it is nearly
half as large; values in fewer than 16 bits need flash attention. Lesson 31.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgelab import progress
from edgelab.errors import FormatError, InputError
from edgelab.measuring import child
from edgelab.serialize import Serializable
from edgelab.slm import gguf_file, llama_library
from edgelab.slm.gguf_file import TYPES

CONTEXT_STEP = 256  # llama.cpp rounds the context up to a multiple of this


@dataclass(frozen=True)
class Cache(Serializable):
    """The key-value cache of one model at one length of context."""

    context: int  # tokens, as llama.cpp rounds them up
    layers: int
    heads: float  # key-value heads of a layer, on average where layers differ
    key_length: int  # numbers of one head's key
    value_length: int
    keys: str  # how they are stored: "f32", "f16", "q8_0", "q4_0"
    values: str
    bytes: int

    @property
    def token_bytes(self) -> float:
        """Return the bytes that each token of the context takes."""
        return self.bytes / self.context


@dataclass(frozen=True)
class Measured(Serializable):
    """What opening a context really added to a fresh process."""

    cache: Cache
    told_bytes: int  # what llama.cpp itself says that it reserved, to a hundredth of a MiB
    growth_bytes: (
        int  # resident memory after, less before; holds some bookkeeping besides the cache
    )


def plan(
    gguf: str | os.PathLike[str], context: int, keys: str = "f16", values: str | None = None
) -> Cache:
    """Return the size of the key-value cache by formula.

    Args:
        gguf: the model.
        context: tokens.
        keys: how keys are stored: "f32", "f16", "q8_0" or "q4_0".
        values: how values are stored; default: as the keys.

    Raises:
        InputError: another type, a context below 1, heads whose length the type can't cut into blocks, or a
            network that does not keep every token in every layer, which the formula does not describe.
        FormatError: no GGUF file, or it does not hold a network.
    """
    file = gguf_file.read(gguf)
    values = keys if values is None else values
    llama_library.checked_cache(keys, values)
    if context < 1:
        raise InputError(f"context is {context}; it is at least 1 token.")
    prefix = file.architecture
    for unusual in (f"{prefix}.attention.sliding_window", f"{prefix}.ssm.state_size"):
        if file.metadata.get(unusual):
            raise InputError(
                f"{file.path.name} does not keep every token in every layer ({unusual} is "
                f"{file.metadata[unusual]}); this formula would be wrong for it. Measure it instead."
            )
    layers, heads = int(file.setting("block_count")), file.setting("attention.head_count")
    given = file.metadata.get(f"{prefix}.attention.head_count_kv", heads)
    shared = list(given) if isinstance(given, list) else [int(given)] * layers
    if len(shared) != layers:
        raise FormatError(
            f"{file.path.name} has {layers} layers and lists the heads of {len(shared)}."
        )
    width = int(file.setting("embedding_length")) // max(
        heads if isinstance(heads, list) else [heads]
    )
    lengths = [
        int(file.metadata.get(f"{prefix}.attention.{name}_length", width))
        for name in ("key", "value")
    ]
    rounded = -(-context // CONTEXT_STEP) * CONTEXT_STEP
    total = 0
    for kind, length in zip((keys, values), lengths, strict=True):
        stored = TYPES[kind.upper()]
        if length % stored.block:
            raise InputError(
                f"{kind} cuts numbers into blocks of {stored.block}, and a head of {file.path.name} is {length} "
                "long. Use f16."
            )
        total += sum(shared) * length * rounded * stored.size // stored.block
    return Cache(rounded, layers, sum(shared) / layers, lengths[0], lengths[1], keys, values, total)


def measure(
    gguf: str | os.PathLike[str],
    contexts: Sequence[int] = (512, 1024, 2048),
    keys: str = "f16",
    values: str | None = None,
) -> tuple[Measured, ...]:
    """Open contexts of several lengths, each in a fresh process, and see how much memory that takes.

    Read differences: what is there besides the cache (a megabyte or so of bookkeeping) hardly depends on the
    length. The buffers for computing come later, when text is processed, and are not part of this.

    Args:
        gguf: the model.
        contexts: tokens.
        keys: as in `plan`.
        values: as in `plan`.

    Returns:
        One record for each context.

    Raises:
        As `plan`; also
        MissingRuntimeError: llama.cpp is not installed.
    """
    llama_library.package()
    caches = [plan(gguf, context, keys, values) for context in contexts]
    path = str(gguf_file.read(gguf).path)
    found = []
    with progress.bar(caches, "Measuring caches", unit="contexts") as bar:
        for cache in bar:
            grown = child.run(
                "edgelab.slm.kv_cache:probe",
                path=path,
                context=cache.context,
                keys=cache.keys,
                values=cache.values,
            )
            found.append(Measured(cache, **grown))
    return tuple(found)


def probe(path: str, context: int, keys: str, values: str) -> dict[str, int]:
    """Open a context and see by how much this very process grows; runs in the child."""
    import psutil

    llama_cpp, process = llama_library.package(), psutil.Process()
    settings: Any = llama_cpp.llama_context_default_params()
    settings.n_ctx = context
    settings.type_k, settings.type_v = (TYPES[kind.upper()].number for kind in (keys, values))
    settings.flash_attn_type = int(llama_library.checked_cache(keys, values))
    with llama_library.listening() as log:
        llama_cpp.llama_backend_init()
        model = llama_cpp.llama_model_load_from_file(
            path.encode(), llama_cpp.llama_model_default_params()
        )
        if not model:
            raise FormatError(f"llama.cpp could not load {path}: {log.complaints}")
        before = int(process.memory_info().rss)
        opened = llama_cpp.llama_init_from_model(model, settings)
        after = int(process.memory_info().rss)
        if not opened:
            raise InputError(f"llama.cpp could not open a context of {context}: {log.complaints}")
    told = sum(map(float, re.findall(r"KV buffer size = +([\d.]+) MiB", log.text)))
    return {"told_bytes": round(told * 2**20), "growth_bytes": after - before}
