"""The worksheets that are made from their schemas: Markdown to fill by hand, pages to print, English and French.

generate()      # what `edgelab worksheets` does
drifted()       # files that no longer match their schema; () when all do
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.language import AVAILABLE
from edgelab.classroom.worksheets import markdown, page, schema

_FORMS = {"md": markdown.blank, "html": page.blank}


def generate() -> tuple[Path, ...]:
    """Write the files that no longer match their schema and return their paths."""
    texts = dict(_texts())
    return tuple(workspace.atomic_write(path, texts[path]) for path in drifted())


def drifted() -> tuple[Path, ...]:
    """Return the generated files that are missing or differ from what their schema says."""
    return tuple(path for path, text in _texts() if not _holds(path, text))


def _texts() -> Iterator[tuple[Path, str]]:
    for name in schema.known():
        source = schema.find(name)
        for lang in AVAILABLE:
            for suffix, make in _FORMS.items():
                yield source.with_name(f"{name}.{lang}.{suffix}"), make(schema.load(name), lang)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
