"""Versions side by side: which model answers which client.

    versions = Versions([old, new], shares=[0.9, 0.1], split=True)
    versions.choose("192.0.2.7").version        # for this client always the same

A new model is tried on a part of the clients first (an A/B split). Who gets which is decided by a hash
of who asks, not by chance: a client that got another model with every request would see answers jump,
and nobody could compare the two groups. Move a share, and only that share of the clients moves.

Off: the first model answers everybody. Lessons 43 and 44.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from edgelab.serving.engine import Engine


class Versions:
    """The models that are served.

    Args:
        engines: at least one.
        shares: of the clients for each, relative to their sum.
        split: whether to share the clients out; else the first model answers all.
    """

    def __init__(self, engines: Sequence[Engine], shares: Sequence[float], *, split: bool) -> None:
        self.engines = tuple(engines)
        self.shares = tuple(shares) if split else (1.0, *(0.0 for _ in engines[1:]))
        self._ends = list(accumulate(self.shares))

    def choose(self, client: str) -> Engine:
        """Return the model for a client.

        Args:
            client: what tells it from others and stays the same: a key that it sends, or its address.
        """
        if len(self.engines) == 1:
            return self.engines[0]
        point = place(client) * self._ends[-1]
        return next(
            engine for engine, end in zip(self.engines, self._ends, strict=True) if point < end
        )

    def described(self) -> list[dict[str, Any]]:
        """Return what /models tells about each."""
        whole = self._ends[-1]
        return [
            {**described(engine), "share": share / whole, "classes": list(engine.classes)}
            for engine, share in zip(self.engines, self.shares, strict=True)
        ]


def described(engine: Engine) -> dict[str, Any]:
    """Return what an answer tells about the model that gave it."""
    return {
        "name": engine.name,
        "version": engine.version,
        "sha256": engine.sha256,
        "runtime": engine.runtime,
    }


def place(client: str) -> float:
    """Return a client's place in [0, 1): the same for the same client, evenly spread over all."""
    digest = hashlib.sha256(client.encode("utf-8", "surrogatepass")).digest()
    # 53 bits are what a float holds exactly; more could round up to 1.
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
