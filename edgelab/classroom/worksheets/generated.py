"""Files that are made from the worksheets' schemas, in English and French.

Markdown to fill by hand and pages to print in `worksheets/`, and exemplars in `solutions/worksheets/`.

generate()      # what `edgelab worksheets` does
drifted()       # files that no longer match their schema; () when all do
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.worksheets import exemplars, loading, markdown, page
from edgelab.classroom.worksheets.questions import Language

_FORMS = {"md": markdown.blank, "html": page.blank}
_LANGUAGES: tuple[Language, ...] = ("en", "fr")


def generate() -> tuple[Path, ...]:
    """Write the files that no longer match their schema and return their paths."""
    texts = dict(_texts())
    return tuple(workspace.atomic_write(path, texts[path]) for path in drifted())


def drifted() -> tuple[Path, ...]:
    """Return the generated files that are missing or differ from what their schema says."""
    return tuple(path for path, text in _texts() if not _holds(path, text))


def _texts() -> Iterator[tuple[Path, str]]:
    for name in loading.known():
        source = loading.find(name)
        for lang in _LANGUAGES:
            for suffix, make in _FORMS.items():
                yield source.with_name(f"{name}.{lang}.{suffix}"), make(loading.load(name), lang)
    if exemplars.available():  # a class may have been given the course without its solutions
        for level in exemplars.LEVELS:
            for lang in _LANGUAGES:
                yield loading.solutions() / f"{level}.{lang}.json", exemplars.written(level, lang)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
