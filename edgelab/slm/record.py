"""What every record of a language model tells beside its figures: which artefact, which engine, which machine.

record.facts(model)          # the fields of LanguageRecord, for the records of the other modules
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab import workspace
from edgelab.measuring import machine
from edgelab.serialize import Serializable

if TYPE_CHECKING:
    from edgelab.slm.model import LanguageModel


@dataclass(frozen=True, kw_only=True)
class LanguageRecord(Serializable):
    """One thing that was measured about one language model."""

    name: str
    engine: str
    artefact_hash: str = ""
    file_bytes: int  # of the file, or of all files in the folder, tokenizer included
    bits_per_weight: float | None = None  # over all weights; None where the engine does not tell
    threads: int
    settings: dict[str, Any] = field(default_factory=dict)  # cache type, precision, context
    busy: bool = False  # other processes took part of the machine
    measured_here: bool = True
    profile: str = "class"
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """Return what tells this model from others: its name and its engine."""
        return f"{self.name}, {self.engine}"


def facts(model: LanguageModel) -> dict[str, Any]:
    """Return the fields of `LanguageRecord` for a model, as keyword arguments."""
    files = _files(model.path)
    return {
        "name": model.name,
        "engine": model.engine,
        "artefact_hash": content_hash(model.path),
        "file_bytes": sum(file.stat().st_size for file in files),
        "bits_per_weight": model.bits_per_weight,
        "threads": model.threads,
        "settings": dict(model.settings),
        "profile": workspace.profile(),
        "machine": machine.describe(),
        "versions": workspace.versions(model.package, "numpy"),
    }


def content_hash(path: Path) -> str:
    """Return the SHA-256 of an artefact; a file that did not change is read once."""
    changed = tuple((f.stat().st_mtime_ns, f.stat().st_size) for f in _files(path))
    return _hash(path, changed)


@functools.lru_cache(maxsize=64)
def _hash(path: Path, _changed: tuple[tuple[int, int], ...]) -> str:
    return workspace.file_hash(path)


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
