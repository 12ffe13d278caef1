"""What is asked of a deployment: the platform, the kind of model, and the constraints.

    Requirements("language", platform="android", priority="memory", offline=True)

A name that nobody knows is refused with the nearest ones. Lesson 35.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from edgelab.errors import InputError
from edgelab.serialize import Serializable
from edgelab.workflow import matrices, names

PRIORITIES = ("latency", "size", "memory", "quality")
SWITCHES = ("offline", "open_source", "compiler", "many_users", "long_prompts", "calibration")
# Compiling and serving matter where the target installs its software itself; an application for a telephone is
# built elsewhere and serves its owner.
_INSTALLS = ("linux", "windows", "macos")
_LIMITS = ("memory_bytes", "size_bytes")


@dataclass(frozen=True)
class Requirements(Serializable):
    """What a deployment must fulfil.

    Attributes:
        kind: "image" or "language".
        platform: "linux", "windows", "macos", "ios", "android", "embedded", or "any" for several at once;
            None: that of the hardware it is recommended for.
        priority: what matters most: "latency", "size", "memory" or "quality".
        offline: the target never sees a network.
        open_source: everything must be open source.
        compiler: the target may compile what it installs.
        many_users: it serves many clients at once.
        long_prompts: prompts are pages of text, not a question.
        calibration: there are images like those that it will see.
        memory_bytes: that the process may take at the most.
        size_bytes: that the file may have at the most.

    Raises:
        InputError: an unknown name, a switch that is neither True nor False, a limit that is not positive.
    """

    kind: str
    platform: str | None = None
    priority: str = "latency"
    offline: bool = False
    open_source: bool = False
    compiler: bool = True
    many_users: bool = False
    long_prompts: bool = False
    calibration: bool = True
    memory_bytes: float | None = None
    size_bytes: float | None = None

    def __post_init__(self) -> None:
        data = matrices.load()
        names.known("kind of model", self.kind, data.kinds)
        if self.platform is not None:
            names.known("platform", self.platform, data.platforms, also=names.PLATFORMS)
        names.known("priority", self.priority, PRIORITIES)
        for switch in SWITCHES:
            if not isinstance(getattr(self, switch), bool):
                raise InputError(f"{switch} is {getattr(self, switch)!r}; it is True or False.")
        for limit in _LIMITS:
            value = getattr(self, limit)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise InputError(f"{limit} is {value!r}; it is a number of bytes above 0, or None.")

    def needs(self, platform: str) -> tuple[str, ...]:
        """Return what is asked of a framework on a platform, as the matrix of requirements calls it."""
        asked = {
            "offline": self.offline,
            "open": self.open_source,
            "no_compiler": not self.compiler and platform in _INSTALLS,
            "many_users": self.many_users and platform in _INSTALLS,
            "one_file": platform == "any",
        }
        return tuple(need for need, wanted in asked.items() if wanted)


def combinations() -> Iterator[Requirements]:
    """Yield every combination of platform, kind, priority and switches: what a recommendation must cover."""
    data = matrices.load()
    for kind, platform, priority in itertools.product(data.kinds, data.platforms, PRIORITIES):
        for switches in itertools.product((False, True), repeat=len(SWITCHES)):
            chosen = dict(zip(SWITCHES, switches, strict=True))
            yield Requirements(kind, platform, priority, **chosen)
