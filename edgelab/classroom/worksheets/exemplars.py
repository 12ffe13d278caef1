"""Worksheets as three students might hand them in, excellent, adequate and weak, for those who mark.

    build("excellent", "fr")        # Answers, their figures from solutions/worksheets/journal.jsonl

Their words stand in `solutions/worksheets/exemplars.yaml`, in both languages. A figure in a text is written
as `[int8|size_file_bytes|kB]` and taken from the journal, as a share saved `[int8|latency_ms|saved]`, or as
a ratio `[int8|size_file_bytes|times]` against the first model. `edgelab worksheets` writes the JSON files.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from edgelab.classroom import tampering
from edgelab.classroom.chain import Entry as Line
from edgelab.classroom.language import format_number, speaking, with_unit
from edgelab.classroom.worksheets import filling, loading, measuring, values
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry, Subjects
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.questions import Language, Source
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import InputError, MissingFileError

LEVELS = ("excellent", "adequate", "weak")
_FIGURE = re.compile(r"\[([^|\]]+)\|(\w+)\|([^|\]]+)\]")


class _Texts(BaseModel):
    """The words of the exemplars: for each level a pair of English and French by field."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    worksheet: str
    original: str
    optimised: str
    levels: dict[str, dict[str, tuple[Any, Any]]]


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
    evidence = Evidence(entries)
    compared = evidence.comparisons()[-1]
    subjects = Subjects(
        record=compared.number, original=texts.original, optimised=texts.optimised, chosen=True
    )
    answers = Answers(
        worksheet=schema.id, schema_hash=schema.hash, language=lang, subjects=subjects
    )
    with speaking(lang):
        for name, pair in texts.levels[level].items():
            given = pair[1 if lang == "fr" else 0]
            _answer(schema, answers, name, _with_figures(given, evidence, subjects))
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


def written(level: str, lang: Language) -> str:
    """Return an exemplar as the text of its file."""
    return build(level, lang).model_dump_json(indent=1, exclude_none=True) + "\n"


def _answer(schema: Schema, answers: Answers, name: str, given: Any) -> None:
    understood = values.understand(schema.field(name), given)
    if understood.value is not None:
        answers.entries[name] = Entry(value=understood.value, typed=str(given))


def _with_figures(given: Any, evidence: Evidence, subjects: Subjects) -> Any:
    if not isinstance(given, str):
        return given
    return _FIGURE.sub(lambda found: _figure(found, evidence, subjects), given)


def _figure(found: re.Match[str], evidence: Evidence, subjects: Subjects) -> str:
    model, figure, unit = found.groups()

    def of(name: str, unit: str) -> float:
        source = Source(figure=figure, model="optimised")
        cited = evidence.measured(subjects.model_copy(update={"optimised": name}), source, unit)
        if cited is None or not isinstance(cited.value, float):
            raise InputError(f"The exemplars name {found[0]}, which their journal does not have.")
        return cited.value

    if unit == "times":
        return format_number(of(str(subjects.original), "") / of(model, ""), 2)
    if unit == "saved":
        return with_unit(100 * (1 - of(model, "") / of(str(subjects.original), "")), "%", 2)
    return with_unit(of(model, unit), unit)


def _journal() -> tuple[Line, ...]:
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
