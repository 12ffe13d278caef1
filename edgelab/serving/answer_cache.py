"""A cache of answers: the same image, the same model, so the same answer; no need to compute it again.

    cache = AnswerCache(entries=4096)
    key = cache.key(content, engine.sha256)
    cache.get(key)                      # None, or the probabilities that were computed before

The key is a hash of the file's bytes: two files with the same SHA-256 are the same file, whatever they
are called. The hash of the model is part of it, so that a new model never answers with an old one's
words. When it is full, what was asked for longest ago makes room (least recently used).

What it brings depends on how often images come again: a shop's product pictures, much; a camera,
nothing but the price of the hash. Off: everything is computed. Lesson 43.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np


class AnswerCache:
    """Remembers the probabilities of images, up to a number of them.

    Args:
        entries: to keep; 0 keeps nothing.
    """

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._kept: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def key(self, content: bytes, model: str) -> bytes:
        """Return what an image is remembered by: its bytes and the model's hash."""
        return hashlib.sha256(model.encode() + content).digest() if self._entries else b""

    def get(self, key: bytes) -> np.ndarray | None:
        """Return the probabilities (classes,) of this image, or None where it is new."""
        if not self._entries:
            return None
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: bytes, probabilities: np.ndarray) -> None:
        """Remember an answer; the one that was not asked for longest is forgotten for it."""
        if not self._entries:
            return
        with self._lock:
            # A copy: a row of a large array would keep the whole array in memory.
            self._kept[key] = probabilities.copy()
            self._kept.move_to_end(key)
            if len(self._kept) > self._entries:
                self._kept.popitem(last=False)
