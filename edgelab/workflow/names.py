"""Names that a person typed: known, or an error that offers what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from edgelab.errors import InputError

# What people call the platforms, beside their names here.
PLATFORMS = {
    "mac": "macos",
    "osx": "macos",
    "darwin": "macos",
    "iphone": "ios",
    "ipad": "ios",
    "win": "windows",
    "win32": "windows",
    "windows 11": "windows",
    "ubuntu": "linux",
    "debian": "linux",
    "raspberry pi": "linux",
    "raspberry": "linux",
    "jetson": "linux",
    "phone": "android",
    "arduino": "embedded",
    "esp32": "embedded",
    "stm32": "embedded",
    "microcontroller": "embedded",
    "mcu": "embedded",
    "cross-platform": "any",
    "all": "any",
}


def known(
    what: str, name: object, names: Iterable[str], also: Mapping[str, str] | None = None
) -> str:
    """Return a name that is known.

    Args:
        what: what it is a name of, for the message.
        name: as given.
        names: those that are known.
        also: other words → the name that is meant; only offered, never taken in silence.

    Raises:
        InputError: it is not among them; the message offers the nearest ones.
    """
    allowed = list(names)
    if name in allowed:
        return str(name)
    raise InputError(
        f"There is no {what} {name!r}{_meant(str(name), allowed, also or {})}; "
        f"choose from {', '.join(allowed) or 'nothing: there is none'}."
    )


def _meant(name: str, allowed: list[str], also: Mapping[str, str]) -> str:
    words = {word.casefold(): word for word in allowed} | dict(also)
    near = difflib.get_close_matches(name.strip().casefold(), words, n=2, cutoff=0.6)
    meant = list(dict.fromkeys(words[word] for word in near))
    return f" (did you mean {' or '.join(repr(m) for m in meant)}?)" if meant else ""
