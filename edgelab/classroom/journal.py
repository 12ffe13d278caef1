"""The journal: every measurement, prediction and exercise result, in one append-only file.

    from edgelab.classroom import journal
    journal.show()                          # the last records, and whether the file is sound
    journal.find("measurement", "int8")     # records, oldest first
    journal.verify()                        # what was edited, removed or moved; [] when nothing

It is `journal.jsonl` in the workspace, one chain per workspace (`chain.py` has the format and what
the chain can prove). Importing `edgelab.classroom` sends everything that is published in
`edgelab.records` here; the file is opened at the first record.

- Two notebooks may write at once: a file lock orders them.
- A write that was interrupted leaves the beginning of a line; later records start on a new one, and
  nothing before it is lost.
- A record that cannot be written (full disk, no permission) raises `JournalError` and is kept in
  `journal.pending()`; the next record that can be written takes it along, `journal.flush()` too.
- An altered record is left out by `find` and `history` and named by `verify`; recording goes on
  behind the last record of the file.

Lesson 00 shows the first record appear.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgelab import records, workspace
from edgelab.classroom import chain, tampering
from edgelab.classroom.chain import Entry
from edgelab.classroom.context import current_lesson
from edgelab.classroom.language import language
from edgelab.classroom.tampering import Problem, Reading
from edgelab.errors import JournalError, StorageError

FILE_NAME = "journal.jsonl"
# Another notebook holds the lock for milliseconds; longer means that something is stuck.
LOCK_TIMEOUT_S = 30.0
_TAIL_BYTES = 1 << 16


class Journal:
    """A journal file; a store of records for `edgelab.records`.

    Args:
        path: the file; by default `journal.jsonl` in the workspace of the moment.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._given = path
        self._pending: list[Entry] = []
        self._guard = threading.RLock()
        self._seen: tuple[tuple[Any, ...], Reading] | None = None

    @property
    def path(self) -> Path:
        """Return where the file is, or will be."""
        return self._given or workspace.workspace() / FILE_NAME

    @property
    def pending(self) -> tuple[Entry, ...]:
        """Return the records that could not be written yet, oldest first."""
        return tuple(self._pending)

    def append(self, kind: str, name: str, payload: dict[str, Any]) -> Entry:
        """Add one record, behind those that could not be written before, and return it.

        Raises:
            JournalError: the file cannot be written; the record is kept in `pending`.
        """
        _line, entry = chain.encode(
            number=1,  # it gets its place in the chain when it is written
            kind=kind,
            name=name,
            payload=payload,
            when=datetime.now(UTC).isoformat(timespec="milliseconds"),
            lesson=current_lesson(name),
            prev="",
            **_circumstances(),
        )
        with self._guard:
            self._pending.append(replace(entry, number=None, hash=None))
            return self.flush()[-1]

    def flush(self) -> list[Entry]:
        """Write what is pending and return it as written.

        Raises:
            JournalError: the file still cannot be written.
        """
        with self._guard:
            written: list[Entry] = []
            try:
                if self._pending:
                    with self._open() as file:
                        while self._pending:
                            written.append(_write(file, self._pending[0]))
                            del self._pending[0]
            except (OSError, StorageError) as error:
                raise self._unwritable(error) from error
            return written

    def read(self) -> list[records.Record]:
        """Return the sound records, oldest first, those that could not be written yet included."""
        return [*self.reading().entries, *self._pending]

    def reading(self, cited: Mapping[int, str] | None = None) -> Reading:
        """Return the sound records and everything that is wrong with the file.

        Args:
            cited: hashes by number of the records that other documents cite.

        Raises:
            JournalError: the file is there and cannot be read.
        """
        try:
            path = self.path
            status = path.stat()
            stamp = (path, status.st_ino, status.st_size, status.st_mtime_ns)
            key = (stamp, str(cited), language())
            if self._seen is None or self._seen[0] != key:
                self._seen = key, tampering.read(path.read_bytes(), cited)
            return self._seen[1]
        except (FileNotFoundError, NotADirectoryError, StorageError):
            return tampering.read(b"", cited)  # nothing was written yet
        except OSError as error:
            raise JournalError(
                f"The journal {self.path} cannot be read ({error.strerror or error}). "
                "Check its permissions; nothing was changed."
            ) from error

    def find(self, kind: str | None = None, name: str | None = None) -> list[Entry]:
        """Return the sound records of one kind and name, oldest first."""
        return [
            entry
            for entry in self.reading().entries + self.pending
            if kind in (None, entry.kind) and name in (None, entry.name)
        ]

    def verify(self, cited: Mapping[int, str] | None = None) -> list[Problem]:
        """Return everything that is wrong with the file, each problem naming its record."""
        return list(self.reading(cited).problems)

    def require_intact(self) -> None:
        """Stop where the journal was tampered with.

        Raises:
            JournalError: names the records.
        """
        found = [problem.text for problem in self.verify() if problem.tampering]
        if found:
            raise JournalError(
                f"The journal {self.path} was changed outside of edgelab:\n  "
                + "\n  ".join(found)
                + "\nAltered records do not count as evidence; measure again to replace them. The "
                "other records are untouched."
            )

    def head(self) -> Entry | None:
        """Return the last sound record: a hand-in cites its number and hash."""
        entries = self.reading().entries
        return entries[-1] if entries else None

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        import filelock

        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        # Opened before locking: where nothing can be written, the lock file cannot be either, and
        # waiting for it would hide the reason.
        file = os.open(self.path, flags, 0o644)
        try:
            lock = filelock.FileLock(f"{self.path}.lock", timeout=LOCK_TIMEOUT_S)
            with lock:
                yield file
        except filelock.Timeout as error:
            raise TimeoutError("another program holds its lock") from error
        finally:
            os.close(file)

    def _unwritable(self, error: Exception) -> JournalError:
        waiting = "; ".join(f"{entry.kind} {entry.name!r}" for entry in self._pending[-5:])
        reason = getattr(error, "strerror", None) or error
        where = self._given or os.environ.get("EDGELAB_WORKSPACE") or "the workspace"
        return JournalError(
            f"The journal in {where} could not be written: {reason}. Nothing is lost: "
            f"{len(self._pending)} record(s) are kept in this kernel ({waiting}). Free some space, "
            "or set EDGELAB_WORKSPACE to a folder that you may write to; then go on, or run "
            "`journal.flush()`, before you close the notebook."
        )


_journal = Journal()


def the_journal() -> Journal:
    """Return the journal of this workspace."""
    return _journal


def find(kind: str | None = None, name: str | None = None) -> list[Entry]:
    """Return the sound records of one kind and name, oldest first."""
    return _journal.find(kind, name)


def verify() -> list[Problem]:
    """Return what is wrong with the journal, each problem naming its record; [] when nothing."""
    return _journal.verify()


def flush() -> list[Entry]:
    """Write the records that could not be written before, and return them."""
    return _journal.flush()


def pending() -> tuple[Entry, ...]:
    """Return the records that could not be written yet."""
    return _journal.pending


def path() -> Path:
    """Return where the journal is, or will be."""
    return _journal.path


def show(limit: int = 10) -> None:
    """Show the last records, and whether the file is sound."""
    from edgelab.classroom.journal_page import page

    page(_journal, limit).show()


def _circumstances() -> dict[str, str]:
    from edgelab import __version__
    from edgelab.measuring import machine

    return {
        "edgelab": __version__,
        "profile": workspace.profile(),
        "machine": machine.fingerprint(),
    }


def _write(file: int, entry: Entry) -> Entry:
    """Append one record behind the last one of an open, locked file."""
    end = os.lseek(file, 0, os.SEEK_END)
    last, torn = _last(file, end)
    line, written = chain.encode(
        number=last.number + 1 if last and last.number else 1,
        prev=last.hash if last and last.hash else chain.GENESIS,
        **{key: getattr(entry, key) for key in chain.FIELDS - {"number", "prev", "hash"}},
    )
    rest = memoryview((b"\n" if torn else b"") + line + b"\n")
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)  # on network drives a full disk or quota shows only here
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system without fsync
            with contextlib.suppress(OSError):
                os.ftruncate(file, end)
            raise
    return written


def _last(file: int, end: int) -> tuple[Entry | None, bool]:
    """Return the last record of the file, and whether its last line has no end."""
    size = _TAIL_BYTES
    while True:
        start = max(0, end - size)
        os.lseek(file, start, os.SEEK_SET)
        tail = _exactly(file, end - start)
        lines = tail.split(b"\n")
        for line in reversed(lines if start == 0 else lines[1:]):
            entry = chain.decode(line.strip(b"\r")) if line else None
            if entry is not None:
                return entry, not tail.endswith(b"\n")
        if start == 0:
            return None, bool(tail) and not tail.endswith(b"\n")
        size *= 8


def _exactly(file: int, count: int) -> bytes:
    parts = []
    while count > 0 and (part := os.read(file, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
