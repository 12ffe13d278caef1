"""Lines of a journal, made by hand, for the tests of the chain and of its tampering."""

from __future__ import annotations

from edgelab.classroom import chain


def line_of(number: int, prev: str, name: str = "int8", **payload: object) -> tuple[bytes, str]:
    line, entry = chain.encode(
        number=number,
        prev=prev,
        kind="measurement",
        name=name,
        payload=payload,
        when="2026-11-21T10:00:00.000+00:00",
        edgelab="0.1.0",
        lesson="20",
        profile="class",
        machine="0123456789ab",
    )
    return line, str(entry.hash)
