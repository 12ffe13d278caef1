"""The one door to llama-cpp-python: found or missed with a clear word, quiet, and its reasons kept.

    llama_cpp = llama_library.package()              # or an error that says how to install it
    with llama_library.listening() as log:           # nothing goes to the screen
        ...
    log.complaints                                   # what llama.cpp said when something went wrong
    llama = llama_library.open_model("model.gguf", context=512, threads=1)

llama.cpp tells *why* it refuses something only in its log, so the log is listened to and the reason goes into the
error. Everything else in edgelab that runs a GGUF file comes through here. Lesson 31.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.slm import gguf_file
from edgelab.slm.gguf_file import FLOATS, TYPES

# What the key-value cache may be stored in.
CACHE_TYPES = ("f32", "f16", "q8_0", "q4_0")
_ERROR, _CONTINUED = 4, 5  # ggml's numbers for how serious a line is
_WARNING = 3


@dataclass
class Log:
    """What llama.cpp wrote while somebody was listening."""

    lines: list[tuple[int, str]] = field(default_factory=list)

    def add(self, level: int, text: str) -> None:
        """Keep a piece of text; a line may come in several."""
        if level == _CONTINUED and self.lines:
            before, begun = self.lines[-1]
            self.lines[-1] = before, begun + text
        else:
            self.lines.append((level, text))

    @property
    def text(self) -> str:
        """Return everything that was written."""
        return "".join(text for _, text in self.lines)

    @property
    def complaints(self) -> str:
        """Return the errors in one line, or the warnings where there are none, or ""."""
        for serious in (_ERROR, _WARNING):
            found = [text.strip() for level, text in self.lines if level == serious]
            if found:
                return "; ".join(dict.fromkeys(found))[-400:]  # the reason comes last
        return ""


def package() -> Any:
    """Return the module `llama_cpp`.

    Raises:
        MissingRuntimeError: it is not installed, or its compiled part does not load on this machine.
    """
    try:
        import llama_cpp
    except ImportError as error:
        raise MissingRuntimeError(
            "This needs llama.cpp (the package llama-cpp-python), which is not installed here. It is "
            "compiled while it is installed: `make lab` does it where there is a C++ compiler, or "
            "`pip install llama-cpp-python`. Without a compiler see `edgelab.slm.build.without_compiler()`."
        ) from error
    except (OSError, RuntimeError) as error:
        raise MissingRuntimeError(
            f"llama-cpp-python is installed but its compiled part does not load ({error}). It was built for "
            "another machine: `pip install --force-reinstall --no-cache-dir llama-cpp-python`."
        ) from error
    return llama_cpp


@contextlib.contextmanager
def listening() -> Iterator[Log]:
    """Keep llama.cpp's log instead of letting it onto the screen.

    One listener at a time: the library has one log for the whole process.
    """
    llama_cpp, log = package(), Log()

    def keep(level: int, text: bytes, _: object) -> None:
        log.add(level, text.decode("utf-8", errors="replace"))

    callback = llama_cpp.llama_log_callback(keep)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    try:
        yield log
    finally:
        # What the package installs when it is imported; a callback that was collected would crash.
        llama_cpp.llama_log_set(llama_cpp._logger.llama_log_callback, ctypes.c_void_p(0))


def open_model(
    path: str | os.PathLike[str],
    *,
    context: int = 512,
    threads: int = 1,
    keys: str = "f16",
    values: str = "f16",
    flash_attention: bool | None = None,
    seed: int = 0,
) -> Any:
    """Open a GGUF file with llama.cpp.

    Args:
        path: the file.
        context: tokens that prompt and answer may have together.
        threads: for prompt and generation.
        keys: how the keys in the cache are stored: one of `CACHE_TYPES`.
        values: how the values are.
        flash_attention: whether attention is computed piece by piece; None: only where `values` needs it.
        seed: of the sampling.

    Returns:
        A `llama_cpp.Llama`. Close it.

    Raises:
        FormatError: no GGUF file, truncated, or a network that this build does not know.
        InputError: a setting out of range, or a quantized value cache without flash attention.
        MissingRuntimeError: llama.cpp is not installed.
    """
    file = gguf_file.read(path)
    if threads < 1 or context < 1:
        raise InputError(f"context is {context} and threads {threads}; both are at least 1.")
    flash = checked_cache(keys, values, flash_attention)
    llama_cpp = package()
    with listening() as log:
        try:
            return llama_cpp.Llama(
                str(file.path),
                n_ctx=context,
                n_threads=threads,
                n_threads_batch=threads,
                type_k=TYPES[keys.upper()].number,
                type_v=TYPES[values.upper()].number,
                flash_attn=flash,
                seed=seed,
                verbose=False,
            )
        except (ValueError, RuntimeError) as error:
            raise FormatError(
                f"llama.cpp could not open {file.path.name}: {log.complaints or error}. The file may hold a "
                "network that this build does not know, or need more memory than there is."
            ) from error


def checked_cache(keys: str, values: str, flash_attention: bool | None = None) -> bool:
    """Return whether flash attention is used, for a cache stored like this.

    Raises:
        InputError: a type that a cache can't have, or a quantized value cache without flash attention.
    """
    for name, kind in (("keys", keys), ("values", values)):
        if kind not in CACHE_TYPES:
            raise InputError(f"{name} is {kind!r}; a cache is stored as {', '.join(CACHE_TYPES)}.")
    quantized = values.upper() not in FLOATS
    if quantized and flash_attention is False:
        raise InputError(
            f"A value cache in {values} needs flash attention, and flash_attention is False: ordinary "
            "attention reads the values by column, across the blocks that share a scale. Leave "
            "flash_attention out, or store the values as f16."
        )
    return quantized if flash_attention is None else flash_attention
