"""The course's language model and its held-out passages, for figures that are promised of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from importlib import util
from pathlib import Path

from edgelab.errors import EdgelabError
from edgelab.slm import course
from edgelab.slm.windows import Windows
from tests.bench.figure import Figure


def figures(
    of: Callable[[Path, Windows], Iterator[Figure]], promised: Mapping[str, str], *packages: str
) -> Iterator[Figure]:
    """Yield the figures of the shipped model, or every promised one as missed, with the reason.

    Args:
        of: measures them on a float16 `.gguf` file and passages.
        promised: name and bar of each figure.
        packages: what must be installed, by the name that is imported.
    """
    missing = [name for name in packages if util.find_spec(name) is None]
    if missing:
        yield from missed(promised, f"{missing[0]} is not installed")
        return
    try:
        source, held_out = course.course_model(), course.held_out()
    except EdgelabError as error:
        yield from missed(promised, f"the course's model is not there: {error}")
        return
    yield from of(source, Windows("held-out", held_out.ids))


def missed(promised: Mapping[str, str], why: str) -> Iterator[Figure]:
    """Yield every promised figure as missed."""
    for name, bar in promised.items():
        yield Figure(name, math.nan, "", bar, False, note=why)
