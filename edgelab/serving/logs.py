"""One line of JSON for every request, with its number.

    {"time": "2026-01-05T09:12:44.120+00:00", "request_id": "3f…", "path": "/predict", "status": 200, …}

A program can filter such lines, add them up, and find all that belongs to one request: its number
stands in the answer too, so a person who complains can name it, and a gateway in front may have given
it. What people sent stays out: no images, no file names, no addresses.

Off: nothing is written about a request that went well or was refused; what broke is always written.
Lesson 43.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import threading
import traceback
import uuid
from typing import Any, TextIO

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PATH_LENGTH = 200


def request_id(given: str | None) -> str:
    """Return the number of a request: the one that it came with, if it is a sane one, else a new one.

    A number goes into logs and headers, so it must not bring line breaks or half a novel.
    """
    return given if given and _SANE.fullmatch(given) else uuid.uuid4().hex


class Log:
    """Writes lines of JSON.

    Args:
        enabled: write a line for every request.
        stream: where to; None takes standard error.
    """

    def __init__(self, *, enabled: bool = True, stream: TextIO | None = None) -> None:
        self._enabled, self._stream, self._lock = enabled, stream, threading.Lock()

    def request(self, **facts: Any) -> None:
        """Write what happened to a request."""
        if self._enabled:
            facts["path"] = facts["path"][:_PATH_LENGTH]
            self._write(facts)

    def broke(self, request_id: str, error: BaseException) -> None:
        """Write what our own mistake was; the client only learns the request's number."""
        self._write({"request_id": request_id, "error": "".join(traceback.format_exception(error))})

    def _write(self, facts: dict[str, Any]) -> None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, **facts}, ensure_ascii=True)
        stream = self._stream or sys.stderr
        with self._lock:  # whole lines, though many threads write
            stream.write(line + "\n")
            stream.flush()
