"""The text that the course's language model learns from: the standard library of the running Python.

    text = corpus.read()
    text.train                   # {"abc.py": "…", …}: about 10 MB of code and docstrings
    text.held_out["test"]        # modules that no weight and no checkpoint was chosen on

Every student has this text. Three groups of modules are kept apart: the model learns from the first, the
second ("validation") chooses the best checkpoint, the third ("test") is what perplexity is told of.
Passages of the third are shipped, because the library differs between versions of Python; its
modules carry no copyright notice of their own, so Python's licence covers them. Lesson 30.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sysconfig
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgelab.errors import MissingDataError

# All of them are in Python 3.11, 3.12 and 3.13.
HELD_OUT: dict[str, tuple[str, ...]] = {
    "validation": (
        "asyncio/locks.py",
        "bdb.py",
        "email/policy.py",
        "filecmp.py",
        "gzip.py",
        "html/parser.py",
        "plistlib.py",
        "pprint.py",
        "random.py",
        "selectors.py",
        "shlex.py",
        "weakref.py",
    ),
    "test": (
        "calendar.py",
        "cmd.py",
        "configparser.py",
        "contextlib.py",
        "copy.py",
        "fileinput.py",
        "fractions.py",
        "graphlib.py",
        "heapq.py",
        "json/decoder.py",
        "queue.py",
        "sched.py",
        "shelve.py",
        "statistics.py",
        "tempfile.py",
        "wave.py",
    ),
}
# Tests are not installed everywhere; encodings are tables; lib2to3 left with Python 3.13.
_LEFT_OUT = {
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idle_test",
    "encodings",
    "lib2to3",
    "pydoc_data",
    "__pycache__",
}
_LONGEST_LINE = 400  # longer ones are data
_TAB = 4
_OWN_NOTICE = re.compile(r"copyright|licen[cs]e|all rights reserved|\(c\) ", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """The texts of a Python's standard library.

    Args:
        train: by name of the module, or of the help topic.
        held_out: "validation" and "test", each by name of the module.
        python: version that they come from.
    """

    train: Mapping[str, str]
    held_out: Mapping[str, Mapping[str, str]]
    python: str

    @property
    def hash(self) -> str:
        """Return the SHA-256 of all names and texts, in order."""
        digest = hashlib.sha256()
        for part in (self.train, *self.held_out.values()):
            for name, text in part.items():
                digest.update(f"{name}\0{text}\0".encode())
        return digest.hexdigest()


def read(library: Path | None = None) -> Text:
    """Read the standard library, cleaned: tabs as blanks, no blanks at the ends of lines, no data lines.

    Args:
        library: its folder; None takes the running Python's.

    Raises:
        MissingDataError: the folder has no sources, or lacks one of the modules that are kept apart.
    """
    folder = Path(sysconfig.get_path("stdlib")) if library is None else library
    found = dict(_modules(folder))
    apart = {name for names in HELD_OUT.values() for name in names}
    if missing := sorted(apart - found.keys()):
        raise MissingDataError(
            f"{folder} has no source of {', '.join(missing[:3])}. The texts come from the standard library "
            "as Python's installer brings it; use such a Python."
        )
    held_out = {role: {name: found[name] for name in names} for role, names in HELD_OUT.items()}
    train = {name: text for name, text in found.items() if name not in apart}
    return Text(train | (_topics() if library is None else {}), held_out, platform.python_version())


def has_own_notice(text: str) -> bool:
    """Tell whether a text speaks of a copyright or a licence, so that Python's alone may not cover it."""
    return bool(_OWN_NOTICE.search(text))


def _modules(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        # `_sysconfigdata…` and `config-…` describe one machine.
        private = any(part.startswith(("_sysconfigdata", "config-")) for part in parts)
        if private or _LEFT_OUT.intersection(parts):
            continue
        try:
            with tokenize.open(path) as stream:  # knows the encoding that a source declares
                text = _clean(stream.read())
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue
        if text.strip():
            yield "/".join(parts), text


def _topics() -> dict[str, str]:
    """Return Python's help on its language: prose, and in the source only strings full of escapes."""
    try:
        from pydoc_data import topics
    except ImportError:  # some distributions leave it out
        return {}
    return {f"help({name!r})": _clean(text) for name, text in sorted(topics.topics.items())}


def _clean(text: str) -> str:
    lines = (line.rstrip() for line in text.expandtabs(_TAB).splitlines())
    return "\n".join(line for line in lines if len(line) <= _LONGEST_LINE) + "\n"
