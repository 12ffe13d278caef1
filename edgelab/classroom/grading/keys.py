"""Which key belongs to which hand-in, from run to run: marks never pass to a newcomer of the same name.

    kept = bound(out / "sheets")            # {"martin/": "martin"}
    distinct([(student, origin), ...], kept)

Each sheet says in `from` which folder or file it was made for. A hand-in that comes later and would get the
same key gets one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from edgelab.classroom.grading.students import Student, short_hash

_TOP = 4_000  # bytes of a sheet; `from` stands among its first lines
_FROM = re.compile(r"^from: .+", re.MULTILINE)


def bound(sheets: Path) -> dict[str, str]:
    """Return the key of every hand-in that has a sheet, by where the hand-in came from.

    The line is read without the rest, so a sheet that is no YAML keeps its owner. Of two sheets with the
    same owner, copied by hand for instance, the first in the alphabet is the owner's.
    """
    kept: dict[str, str] = {}
    for path in sorted(sheets.glob("*.yaml")):
        owner = owner_of(path)
        if owner:
            kept.setdefault(owner, path.stem.removesuffix(".new"))
    return kept


def owner_of(sheet: Path) -> str:
    """Return where the hand-in of a sheet came from; "" where the sheet does not say."""
    try:
        with sheet.open("rb") as stream:
            top = stream.read(_TOP).decode("utf-8", "replace")
    except OSError:
        return ""
    found = _FROM.search(top)
    try:
        content = yaml.safe_load(found[0]) if found else None
    except yaml.YAMLError:
        return ""
    return str(content["from"]) if isinstance(content, dict) else ""


def distinct(
    found: Sequence[tuple[Student, str]], kept: Mapping[str, str] | None = None
) -> list[Student]:
    """Return the students with a key of their own each.

    Args:
        found: the students, and where the hand-in of each came from.
        kept: keys that earlier runs gave, by origin. They stay, also where the hand-in is gone.

    Returns:
        In the same order. The second of a key gets a hash of its name.
    """
    kept = kept or {}
    taken = set(kept.values())
    free = dict(kept)
    result = []
    for student, origin in found:
        key = free.pop(origin, "") or _free(student, taken)
        taken.add(key)
        result.append(replace(student, key=key))
    return result


def _free(student: Student, taken: set[str]) -> str:
    key, attempt = student.key, 0
    while key in taken:
        attempt += 1
        text = f"{student.name}|{attempt}" if attempt > 1 else student.name
        key = f"{student.key}-{short_hash(text)}"
    return key
