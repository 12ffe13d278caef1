"""Worksheets as three students might hand them in, excellent, adequate and weak, for those who mark.

    build("excellent", "fr")        # Answers, their figures from solutions/worksheets/journal.jsonl
    breaches(entries)               # what their texts say and a journal does not

Their words stand in `solutions/worksheets/exemplars.yaml`, in both languages. A figure in a text is written
as `[int8|size_file_bytes|kB]` and taken from the journal (`facts` says what there is); a claim in words states
what it requires beside it, and none is built from a journal that says otherwise. `edgelab worksheets` writes
the JSON files.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from edgelab.classroom import tampering
from edgelab.classroom.language import NO_BREAK, speaking
from edgelab.classroom.worksheets import facts, filling, loading, measuring, values
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry, Subjects
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.questions import Language
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import InputError, MissingFileError
from edgelab.records import Record

LEVELS = ("excellent", "adequate", "weak")


class _Claim(BaseModel):
    """A text in English and French, and what must be true for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    texts: tuple[str, str]
    requires: tuple[str, ...]


class _Texts(BaseModel):
    """The words of the exemplars: for each level a pair of English and French by field."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    worksheet: str
    original: str
    optimised: str
    levels: dict[str, dict[str, tuple[Any, Any] | _Claim]]


def build(level: str, lang: Language) -> Answers:
    """Return the answers of one level in one language, filled from the journal that is shipped.

    Raises:
        InputError: there is no such level; a text names a figure or a field that is not there.
        MissingFileError: the journal or the texts are not there.
    """
    texts = _texts()
    if level not in texts.levels:
        raise InputError(f"There is no exemplar {level!r}; there are {', '.join(texts.levels)}.")
    schema = loading.load(texts.worksheet)
    entries = _journal()
    told = _facts(texts, entries)
    if wrong := _breaches(level, texts, told):
        raise InputError("The exemplars say what their journal does not:\n  " + "\n  ".join(wrong))
    subjects = told.subjects
    answers = Answers(
        worksheet=schema.id, schema_hash=schema.hash, language=lang, subjects=subjects
    )
    with speaking(lang):
        for name, pair in texts.levels[level].items():
            both = pair.texts if isinstance(pair, _Claim) else pair
            given = both[1 if lang == "fr" else 0]
            if isinstance(given, str):
                given = _spaced(told.written(given), lang)
            _answer(schema, answers, name, given)
    filling.fill(schema, answers, entries)
    # The time of the last measurement, so that the same words make the same file.
    head = entries[-1]
    answers.saved = head.when
    answers.journal_head = Citation(record=head.number or 1, hash=head.hash or "")
    for entry in answers.entries.values():
        entry.when = head.when
    return answers


def available() -> bool:
    """Tell whether this course has the texts and the journal of its exemplars."""
    return _path().is_file() and measuring.journal_path().is_file()


def breaches(entries: Sequence[Record]) -> tuple[str, ...]:
    """Return every condition of the texts that a journal does not meet, with its level and field.

    Raises:
        InputError: the journal has no comparison with what the texts name.
    """
    texts = _texts()
    told = _facts(texts, entries)
    return tuple(line for level in texts.levels for line in _breaches(level, texts, told))


def written(level: str, lang: Language) -> str:
    """Return an exemplar as the text of its file."""
    return build(level, lang).model_dump_json(indent=1, exclude_none=True) + "\n"


def _answer(schema: Schema, answers: Answers, name: str, given: Any) -> None:
    understood = values.understand(schema.field(name), given)
    if understood.value is not None:
        answers.entries[name] = Entry(value=understood.value, typed=str(given))


def _spaced(text: str, lang: Language) -> str:
    """Return a text with the spaces of French that must not end a line."""
    if lang != "fr":
        return text
    return re.sub(r" (?=[:;!?»%])", NO_BREAK, text).replace("« ", f"«{NO_BREAK}")


def _facts(texts: _Texts, entries: Sequence[Record]) -> facts.Facts:
    compared = Evidence(entries).comparisons()[-1]
    subjects = Subjects(
        record=compared.number, original=texts.original, optimised=texts.optimised, chosen=True
    )
    return facts.Facts(entries, subjects)


def _breaches(level: str, texts: _Texts, told: facts.Facts) -> tuple[str, ...]:
    return tuple(
        f"{level}, {name}: {condition}"
        for name, pair in texts.levels[level].items()
        if isinstance(pair, _Claim)
        for condition in pair.requires
        if not told.holds(condition)
    )


def _journal() -> tuple[Record, ...]:
    path = measuring.journal_path()
    if not path.is_file():
        raise MissingFileError(
            f"There is no journal {path}; `python -m {measuring.__name__}` makes it."
        )
    return tampering.read(path.read_bytes()).entries


def _texts() -> _Texts:
    path = _path()
    if not path.is_file():
        raise MissingFileError(f"There are no texts of the exemplars at {path}.")
    return _parsed(path.read_bytes())


def _path() -> Path:
    return loading.solutions() / "exemplars.yaml"


@functools.lru_cache(maxsize=2)
def _parsed(content: bytes) -> _Texts:
    return _Texts.model_validate(yaml.safe_load(content.decode("utf-8")))
