"""Which engine runs which artefact: the registry, and `load`.

    model = engines.load("stdlib-4m-f16.gguf")
    engines.available()                       # {"llama.cpp": "0.3.36", "torch": "2.13.0"}

To add an engine, write a module `engine_<name>.py` in this folder with a registered subclass of `LanguageModel`;
it is found by its name. Lesson 30 loads one model with each.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from importlib import metadata, util
from pathlib import Path
from typing import Any

from edgelab import workspace
from edgelab.errors import EdgelabError, FormatError, InputError, MissingRuntimeError
from edgelab.slm import artefact
from edgelab.slm.model import LanguageModel

_registry: dict[str, type[LanguageModel]] = {}


def register(cls: type[LanguageModel]) -> type[LanguageModel]:
    """Add an engine under its name (a decorator)."""
    _registry[cls.engine] = cls
    return cls


def names() -> tuple[str, ...]:
    """Return the names of all engines that edgelab knows, installed or not."""
    return tuple(_known())


def available() -> dict[str, str]:
    """Return the version of every engine that is installed here, by the engine's name."""
    found: dict[str, str] = {}
    for cls in _known().values():
        if all(util.find_spec(module) for module in cls.modules):
            with contextlib.suppress(metadata.PackageNotFoundError):
                found[cls.engine] = metadata.version(cls.package)
    return found


def engine_class(kind: str, engine: str | None = None) -> type[LanguageModel]:
    """Return the engine for a kind of artefact.

    Args:
        kind: one of `artefact.KINDS`.
        engine: another one than the kind's own.

    Raises:
        InputError: there is no such engine, or it does not read this kind.
        FormatError: no engine reads this kind.
    """
    known = _known()
    if engine is not None:
        if engine not in known:
            raise InputError(f"There is no engine {engine!r}; choose from {', '.join(known)}.")
        if kind not in known[engine].kinds:
            kinds = " and ".join(known[engine].kinds)
            raise InputError(f"{engine} reads {kinds}; this artefact is {kind}. Convert it first.")
        return known[engine]
    for cls in known.values():
        if cls.kinds[0] == kind:
            return cls
    raise FormatError(f"No engine of this edgelab reads a language model of kind {kind!r}.")


def import_packages(engine: str) -> None:
    """Import what an engine needs, so that loading a model afterwards is the model's own time and memory.

    Raises:
        KeyError: there is no such engine.
    """
    for module in _known()[engine].modules:
        importlib.import_module(module)


def load(
    path: str | Path,
    threads: int = 1,
    engine: str | None = None,
    context: int | None = None,
    name: str | None = None,
    **options: Any,
) -> LanguageModel:
    """Load a language model with the engine that its artefact asks for.

    Args:
        path: a .gguf file, or a folder of OpenVINO, ONNX, MLX or Hugging Face; a bare name is looked for here
            and in the workspace.
        threads: how many threads the engine may use.
        engine: another engine than the artefact's own ("openvino" also reads a .gguf).
        context: tokens that prompt and answer may have together; None takes what the model was trained for,
            2,048 at most.
        name: for tables and records; None takes the artefact's file name.
        options: of the engine; its class documents them.

    Raises:
        MissingFileError: there is no such artefact.
        FormatError: it is truncated, or none that edgelab knows.
        MissingRuntimeError: the engine is not installed.
        InputError: threads or context below 1, an unknown engine or option.
    """
    if threads < 1:
        raise InputError(f"threads is {threads}; an engine needs at least 1.")
    if context is not None and context < 1:
        raise InputError(f"context is {context}; it holds at least 1 token.")
    source = workspace.existing(path)
    cls = engine_class(artefact.kind(source), engine)
    for module in cls.modules:
        if util.find_spec(module) is None:
            raise MissingRuntimeError(
                f"{source.name} needs {cls.engine}, and its package {module} is not installed here. "
                f"{cls.how_to_install()}"
            )
    try:
        model = cls(source, threads, options | {"context": context})
    except (EdgelabError, TypeError):
        raise  # a TypeError is a mistake in an engine, not in the file
    except Exception as error:
        reason = "".join(str(error).strip().splitlines()[:1])[:200]
        raise FormatError(
            f"{source.name} could not be loaded by {cls.engine} ({type(error).__name__}: {reason}). The "
            "artefact may be truncated or made for another version: make it again."
        ) from error
    model.name = name or model.name
    return model


def _known() -> dict[str, type[LanguageModel]]:
    """Return the registry, filled when it is first asked for (the engines import this module)."""
    import edgelab.slm

    for module in pkgutil.iter_modules(edgelab.slm.__path__):
        if module.name.startswith("engine_"):
            importlib.import_module(f"edgelab.slm.{module.name}")
    return _registry
