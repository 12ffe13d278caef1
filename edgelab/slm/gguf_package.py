"""The package gguf, which writes and decodes GGUF files: the one place that imports it."""

from __future__ import annotations

from typing import Any

from edgelab.errors import MissingRuntimeError


def package() -> Any:
    """Return the module gguf.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    try:
        import gguf
    except ImportError as error:
        raise MissingRuntimeError(
            "A GGUF file needs the package gguf: `pip install gguf`, or all with `make lab`."
        ) from error
    return gguf
