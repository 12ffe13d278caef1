"""The packages openvino, openvino_genai and nncf, as edgelab drives them: quiet, without telemetry, and checked.

    core = openvino_library.package().Core()
    openvino_library.pipeline("stdlib-4m-int4").generate("def read(", max_new_tokens=20)

Everything about language models that touches these packages imports them from here. Lesson 33.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgelab import keras, workspace
from edgelab.errors import FormatError, MissingRuntimeError
from edgelab.quantizing import openvino_quantize


def package() -> Any:
    """Return the module openvino.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    return _imported("openvino", "openvino")


def genai() -> Any:
    """Return the module openvino_genai: pipelines, tokenizers, and a reader of GGUF files.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    return _imported("openvino_genai", "openvino-genai")


def nncf() -> Any:
    """Return the module nncf, which compresses weights and quantizes networks.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    return openvino_quantize.library()


def extension() -> str:
    """Return the path of the library with the operators that tokenizers are made of.

    Raises:
        MissingRuntimeError: openvino-tokenizers is not installed.
    """
    return str(_imported("openvino_tokenizers", "openvino-tokenizers")._ext_path)


def pipeline(folder: str | Path, device: str = "CPU", **properties: Any) -> Any:
    """Return the package's own pipeline (`openvino_genai.LLMPipeline`), with chat and its own sampler.

    Args:
        folder: of OpenVINO, or a `.gguf` file.
        device: one of `openvino.Core().available_devices`.
        properties: of the device, as INFERENCE_NUM_THREADS=1.

    Raises:
        MissingFileError: there is no such folder.
        MissingRuntimeError: openvino-genai is not installed.
        FormatError: the package can't load it.
    """
    source = workspace.existing(folder)
    with loading(source.name):
        return genai().LLMPipeline(str(source), device, **properties)


@contextlib.contextmanager
def loading(name: str) -> Iterator[None]:
    """Turn what the packages raise while they read a file into an error that says which file.

    Raises:
        FormatError: they refused it.
    """
    try:
        with keras.quiet():
            yield
    except RuntimeError as error:
        raise FormatError(
            f"OpenVINO can't load {name}: {reason(error)}. It may be truncated, or made for another version: "
            "make it again."
        ) from error


def reason(error: Exception) -> str:
    """Return what an error of OpenVINO says, without the paths of the machine that it was built on."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and "/src/" not in line]
    return (told or lines or [type(error).__name__])[-1][:200]


def _imported(module: str, distribution: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingRuntimeError(
            f"This needs the package {distribution}, which is not installed here: "
            f"`pip install {distribution} -c constraints.txt`, or all with `make lab`."
        ) from error
