"""Who handed it in: a name, a key for file names, and the number by which a learning platform knows them.

    of_folder("Camille Dupont_12345_assignsubmission_file_")    # Moodle
    of_file("dupontcamille_LATE_123_456_analysis.json")         # Canvas
    of_file("analysis-camille-dupont.json")

A name is a stranger's text: a key is made of letters, digits and hyphens only.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from edgelab.classroom.grading.archives import shown

LONGEST_KEY = 60
_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d{1,18})_assignsubmission_[a-z]+_?(?P<file>.*)", re.DOTALL
)
_CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d{1,18})_(?P<submission>\d{1,18})_(?P<file>.+)", re.DOTALL
)
# Windows takes these for devices, whatever the suffix.
_DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
_ENDING = re.compile(r"\.(json|zip|md)$", re.IGNORECASE)
# What a browser or a file manager adds to a name that is there already.
_COPY = re.compile(
    r"(?: ?\(\d{1,3}\)| - (?:copy|copie)(?: \(\d{1,3}\))?)+(?=\.[^.]+$)", re.IGNORECASE
)
_WORKSHEET = re.compile(r"^(analysis|analyse)[-_. ]+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Student:
    """Who a hand-in belongs to, as far as the folder's or file's name tells."""

    key: str  # safe in file names, stable from run to run
    name: str  # as it can be shown
    number: str = ""  # Moodle's participant or Canvas's user
    platform: str = ""  # "moodle", "canvas", or "" where the name tells none


def of_folder(name: str) -> Student:
    """Return the student that a folder's name tells."""
    found = _MOODLE.fullmatch(name)
    if found:
        return _student(found["name"], found["id"], "moodle")
    return _student(name)


def of_file(name: str) -> Student:
    """Return the student that the name of a hand-in tells."""
    for pattern, platform in ((_MOODLE, "moodle"), (_CANVAS, "canvas")):
        found = pattern.fullmatch(name)
        if found:
            return _student(found["name"], found["id"], platform)
    bare = _ENDING.sub("", first_name(name))
    return _student(_WORKSHEET.sub("", bare) or bare)


def first_name(name: str) -> str:
    """Return the name that a file had before it was downloaded again: "x (1).json" was "x.json"."""
    return _COPY.sub("", name)


def from_platform(name: str) -> bool:
    """Tell whether a name was made by a platform that put many students into one archive."""
    return bool(_MOODLE.fullmatch(name) or (_CANVAS.fullmatch(name) and _ENDING.search(name)))


def plain(text: str) -> str:
    """Return a name without accents, punctuation and order: "Dupont, Zoé" is "Zoe DUPONT"."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return " ".join(sorted(bare.split()))


def _student(name: str, number: str = "", platform: str = "") -> Student:
    text = shown(name.strip(), 120)
    return Student(_key(name, number), text or "?", number, platform)


def _key(name: str, number: str) -> str:
    bare = unicodedata.normalize("NFKD", name[:1000]).casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in bare if not unicodedata.combining(c)))
    slug = slug.strip("-")
    if not slug or len(slug) > LONGEST_KEY or _DEVICES.fullmatch(slug):
        slug = f"{slug[:LONGEST_KEY]}-{short_hash(name)}".strip("-")
    return f"{slug}-{number}" if number else slug


def short_hash(text: str) -> str:
    """Return eight digits that a text always gives."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
