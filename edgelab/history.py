"""What happened in this course so far: records on a small bus, kept by a store.

    history.publish("measurement", "int8", measurement)
    history.find("measurement", "int8")

Without a classroom the store is memory; the classroom's journal installs itself as the store, and
then every measurement ends up in its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from edgelab.serialize import Serializable


@dataclass(frozen=True)
class Record:
    """One entry of the history: what kind, which name, the values, and where it stands."""

    kind: str
    name: str
    payload: dict[str, Any]
    number: int | None = None
    when: str = ""
    hash: str | None = None


class Store(Protocol):
    """Where published records go."""

    def append(self, kind: str, name: str, payload: dict[str, Any]) -> Record:
        """Keep one record and return it with its number and time."""
        ...

    def read(self) -> list[Record]:
        """Return all records, oldest first."""
        ...


class MemoryStore:
    """Keeps records as long as the process lives."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def append(self, kind: str, name: str, payload: dict[str, Any]) -> Record:
        """Keep one record and return it with its number and time."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        record = Record(kind, name, payload, len(self._records) + 1, when)
        self._records.append(record)
        return record

    def read(self) -> list[Record]:
        """Return all records, oldest first."""
        return list(self._records)


_store: Store = MemoryStore()


def use(store: Store) -> Store:
    """Send records to this store from now on and return the one used before."""
    global _store  # one process has one history
    before, _store = _store, store
    return before


def publish(kind: str, name: str, payload: dict[str, Any] | Serializable) -> Record:
    """Add one record to the history and return it.

    Args:
        kind: "measurement", "comparison", "explanation", "prediction", "outcome", "exercise", "answer",
            "choice", "language-quality", "language-speed" or "language-memory".
        name: what it is about.
        payload: a record, or a dictionary of JSON values.
    """
    plain = payload.to_dict() if isinstance(payload, Serializable) else payload
    return _store.append(kind, name, plain)


def find(kind: str | None = None, name: str | None = None) -> list[Record]:
    """Return the published records, oldest first, optionally of one kind and name."""
    return [
        record
        for record in _store.read()
        if kind in (None, record.kind) and name in (None, record.name)
    ]
