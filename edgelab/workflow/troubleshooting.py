"""What went wrong, why, and what to do: a table that is searched by words, and reproduced by tests.

    troubleshoot("int8 slower than float")
    troubleshoot("Failed to create llama_context")       # a message, word for word
    entries()["rope_theta"].test                         # the test that makes it happen

Every entry names the lesson that shows it and the test that reproduces it, or says why there is none. Lesson 35.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from edgelab.errors import InputError
from edgelab.reporting.tables import Table, of_rows
from edgelab.workflow import labels
from edgelab.workflow.labels import FOLDER, Label, Strict

MOST = 3  # entries that are shown
_WORD_FOR_WORD = 100.0  # a message was found; nothing else is shown beside it
_NEAR = 85  # of 100: two words count as the same, one misspelt
_SHARE = 0.34  # of the words that must be found
# Words that say nothing about what is wrong.
_EMPTY = frozenset(
    word
    for words in (
        "a an and are at be by can do does for from in is it its my no not of on or that the this to when",
        "why with model network file",
        "au aux avec ce de des du en est et il je la le les ma mon ne ou pas pour que qui se sur un une",
        "modele reseau fichier",
    )
    for word in words.split()
)
_WEIGHTS = {"message": 2.0, "symptom": 2.0, "cause": 1.0, "remedy": 0.7}


class Entry(Strict):
    """One trouble: what is seen, why, what to do, where it is shown and reproduced."""

    symptom: Label
    cause: Label
    remedy: Label
    message: str | None = None
    lesson: str = Field(pattern=r"\d\d")
    test: str | None = Field(default=None, pattern=r"tests/[\w/]+\.py::test_\w+")
    untested: Label | None = None

    @model_validator(mode="after")
    def _reproduced_or_explained(self) -> Self:
        if (self.test is None) == (self.untested is None):
            raise ValueError(
                "name the test that reproduces it, or say in `untested` why there is none"
            )
        return self


class _Entries(Strict):
    entries: dict[str, Entry]


@dataclass(frozen=True)
class Found:
    """What a search found, the best first; its repr is a table."""

    words: str
    entries: tuple[Entry, ...]

    def table(self, language: str | None = None) -> Table:
        """Return symptom, cause, remedy and lesson of what was found."""
        french = labels.spoken(language) == "fr"
        words = (
            ("symptôme", "cause", "remède", "leçon, test") if french
            else ("symptom", "cause", "remedy", "lesson, test")
        )  # fmt: skip
        rows: list[tuple[str, str]] = []
        for entry in self.entries:
            shown = entry.test or (entry.untested or entry.symptom).say(language)
            values = (entry.symptom, entry.cause, entry.remedy)
            said = [label.say(language) for label in values]
            rows += zip(words, (*said, f"{entry.lesson}, {shown}"), strict=True)
        caption = (
            f"“{self.words}”"
            if not french
            else f"«\N{NO-BREAK SPACE}{self.words}\N{NO-BREAK SPACE}»"
        )
        nothing = (
            "Rien trouvé ; décrire ce que l’on voit avec d’autres mots, ou donner le message."
            if french
            else "Nothing found; describe what you see in other words, or give the message."
        ).replace(" ;", "\N{NO-BREAK SPACE};")
        head = ("Quoi", "Explication") if french else ("What", "Explanation")
        return of_rows(head, rows, caption=caption, notes=() if self.entries else (nothing,))

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@functools.cache
def entries() -> dict[str, Entry]:
    """Return all entries by their id."""
    return labels.read(FOLDER / "troubleshooting.yaml", _Entries).entries


def troubleshoot(words: str) -> Found:
    """Search the table of troubles.

    Args:
        words: what is seen, in English or French, or the message of a program; small slips of spelling are
            forgiven.

    Returns:
        The best entries, at most three; none where nothing fits.

    Raises:
        InputError: there are no words to search for.
    """
    if not isinstance(words, str) or not words.strip():
        raise InputError(
            "Say in a few words what you see ('int8 slower'), or give a program's message."
        )
    wanted = _words(words)
    scores = {name: _score(words, wanted, entry) for name, entry in entries().items()}
    ranked = sorted(scores, key=lambda name: -scores[name])
    best = scores[ranked[0]]
    least = _WORD_FOR_WORD if best >= _WORD_FOR_WORD else 1e-9
    return Found(words, tuple(entries()[name] for name in ranked[:MOST] if scores[name] >= least))


def _score(text: str, wanted: list[str], entry: Entry) -> float:
    """Return how well an entry fits: a message word for word beats words found in its texts."""
    if entry.message and _plain(entry.message) in _plain(text):
        return _WORD_FOR_WORD
    best = dict.fromkeys(wanted, 0.0)
    for part, weight in _WEIGHTS.items():
        there = _words_of(entry, part)
        for word in wanted:
            best[word] = max(best[word], weight * _found(word, there))
    hits = sum(score > 0 for score in best.values())
    return sum(best.values()) if wanted and hits >= max(1, _SHARE * len(wanted)) else 0.0


def _found(word: str, there: frozenset[str]) -> float:
    if word in there:
        return 1.0
    from rapidfuzz import fuzz

    near = max((fuzz.ratio(word, other) for other in there), default=0.0)
    return 0.8 if near >= _NEAR else 0.0


def _words_of(entry: Entry, part: str) -> frozenset[str]:
    value = getattr(entry, part)
    if value is None:
        return frozenset()
    text = value if isinstance(value, str) else f"{value.en} {value.fr}"
    return frozenset(_words(text))


def _words(text: str) -> list[str]:
    found = re.findall(r"[a-z0-9_.]*[a-z0-9_]", _plain(text))
    return [word for word in dict.fromkeys(found) if word not in _EMPTY and len(word) > 1]


def _plain(text: str) -> str:
    """Return a text in lower case without accents, its apostrophes as spaces."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("’", " ").replace("'", " "))
    return "".join(c for c in bare if not unicodedata.combining(c))
