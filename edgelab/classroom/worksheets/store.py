"""The file of one student's answers, open for changes that are saved at once.

    store = Store(path, schema, language="fr")
    with store.change() as answers:                 # locked, and read again if somebody else wrote it
        answers.entries["3.analysis"] = Entry(value="…")

Two notebooks may have the same worksheet open: each change is made to what stands in the file at that
moment. Where the file can't be written the change stays in memory and goes with the next one that can.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from edgelab.classroom.worksheets import answers as files
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.questions import Language
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import InputError, StorageError

# A save takes milliseconds; who holds the lock longer hangs, and then writing over it is the lesser evil.
LOCK_TIMEOUT_S = 10.0
# What a killed kernel leaves of a save; a save under way is milliseconds old.
_LEFT_OVER_S = 600.0


class Store:
    """One file of answers.

    Args:
        path: the file; it need not exist yet.
        schema: the worksheet.
        language: of a worksheet that is begun now.

    Raises:
        FormatError: the file is damaged; a copy is kept beside it.
        InputError: it holds the answers of another worksheet.
    """

    def __init__(self, path: Path, schema: Schema, language: Language) -> None:
        self.path = path
        self.unsaved = False
        self._schema = schema
        self._stamp: tuple[int, ...] | None = None
        self.answers = Answers(worksheet=schema.id, schema_hash=schema.hash, language=language)
        self.refresh()
        _sweep(path.parent)

    def refresh(self) -> bool:
        """Read the file again where it changed; tell whether it did."""
        stamp = _stamp(self.path)
        if stamp is None or stamp == self._stamp or self.unsaved:
            return False
        found = files.read(self.path)
        if found is None:
            return False
        if found.worksheet != self._schema.id:
            raise InputError(
                f"{self.path} holds the answers of the worksheet {found.worksheet!r}, and this is "
                f"{self._schema.id!r}. Give another path; nothing was changed."
            )
        self.answers, self._stamp = found, stamp
        return True

    @contextlib.contextmanager
    def change(self) -> Iterator[Answers]:
        """Give the answers to be changed, and save them.

        Raises:
            StorageError: the file can't be written; the change is kept in memory.
        """
        with self._locked():
            self.refresh()
            yield self.answers
            self.answers.schema_hash = self._schema.hash
            try:
                files.write(self.path, self.answers)
            except StorageError as error:
                self.unsaved = True
                raise StorageError(
                    f"{error} Nothing is lost: your answers are kept in this kernel and go to the file "
                    "with the next change that can be saved. Do not close the notebook before."
                ) from error
            self.unsaved = False
            self._stamp = _stamp(self.path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        import filelock

        lock = filelock.FileLock(f"{self.path}.lock", timeout=LOCK_TIMEOUT_S)
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError, filelock.Timeout):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # Where nothing can be written the lock can't be either; waiting would hide the reason.
                if os.access(self.path.parent, os.W_OK):
                    stack.enter_context(lock)
            yield


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _sweep(folder: Path) -> None:
    """Remove what killed kernels left of their last save."""
    with contextlib.suppress(OSError):
        for left in folder.glob(".partial-*"):
            if time.time() - left.stat().st_mtime > _LEFT_OVER_S:
                shutil.rmtree(left, ignore_errors=True)
