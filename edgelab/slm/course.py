"""The course's own language model, as it is shipped: where it is, how it was made, what it is tested on.

    path = course.course_model()              # data/models/stdlib-4m-f16.gguf, its hash checked
    course.record()["test_perplexity"]
    course.held_out().ids                     # (16, 512): passages that it never saw

It has 4.2 million weights, learned the standard library of Python, and writes things that look like
Python and mean nothing. It is good for what a larger one is too slow or too rounded for: what a bit costs.
Made by `course_training`. Lessons 30 to 35 use it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, MissingDataError
from edgelab.slm.llama import Shape

NAME = "stdlib-4m"
# Rows of 256 and 768: multiples of 256, as the K types of llama.cpp ask for.
SHAPE = Shape(
    vocabulary=4096,
    hidden=256,
    layers=4,
    heads=4,
    kv_heads=2,
    feed_forward=768,
    context=512,
)


@dataclass(frozen=True)
class HeldOut:
    """Passages of the standard library that the model has never seen.

    Args:
        ids: (16, 512), the first tokens of each text.
        texts: the same passages as text, each with the rest of its last line; tokenised by the model's
            tokenizer, the first 512 tokens of a text are its row of `ids`.
        modules: which modules they are from.
        python: version of the library.
    """

    ids: np.ndarray
    texts: tuple[str, ...]
    modules: tuple[str, ...]
    python: str


def course_model() -> Path:
    """Return the path of the course's language model as GGUF (float16), after checking its hash.

    Raises:
        MissingDataError: it is not here.
        FormatError: it is not the file that its record describes.
    """
    path = folder() / f"{NAME}-f16.gguf"
    return _checked(path, str(record()["sha256"]))


def record() -> dict[str, Any]:
    """Return how the model was made and how well it does: command, corpus, steps, loss, perplexity.

    Raises:
        MissingDataError: the record is not here.
        FormatError: it is damaged.
    """
    return _json(folder() / f"{NAME}.json")


def held_out() -> HeldOut:
    """Return the passages that the model's perplexity is told of.

    Raises:
        MissingDataError: they are not here.
        FormatError: they are not the ones that the record describes.
    """
    path = _checked(folder() / f"{NAME}-held-out.json", str(record()["held_out"]["sha256"]))
    content = _json(path)
    windows = content["windows"]
    return HeldOut(
        ids=np.array([window["ids"] for window in windows], np.int64),
        texts=tuple(window["text"] for window in windows),
        modules=tuple(window["module"] for window in windows),
        python=content["python"],
    )


def folder() -> Path:
    """Return where the model ships."""
    return workspace.data_dir() / "models"


def _checked(path: Path, expected: str) -> Path:
    if not path.exists():
        raise _missing(path)
    state = path.stat()
    found = _hash(path, state.st_size, state.st_mtime_ns)
    if found != expected:
        raise FormatError(
            f"{path} is not the file that its record describes: its SHA-256 is {found[:12]}…, the record "
            f"says {expected[:12]}…. Restore both files with git, or train again."
        )
    return path


@cache
def _hash(path: Path, _bytes: int, _changed: int) -> str:
    return workspace.file_hash(path)


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _missing(path) from error
    except ValueError as error:
        raise FormatError(f"{path} is damaged ({error}). Restore it with git.") from error
    return content


def _missing(path: Path) -> MissingDataError:
    return MissingDataError(
        f"{path} is not here. It is part of the repository: restore it with git, or train the model again "
        f"with `edgelab train {NAME} --ship` (hours)."
    )
