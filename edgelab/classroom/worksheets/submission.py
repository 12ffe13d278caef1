"""Checking a worksheet before it is handed in: what `edgelab check-submission` does.

check()                                 # the workspace's answers against the workspace's journal
check(Path("analysis-ada.json"))        # a hand-in against the journal inside, or beside it
check(Path("analysis.fr.md"))           # filled by hand, against the journal beside it
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgelab.classroom import journal as journals, tampering
from edgelab.classroom.language import _, speaking
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import (
    answers as files,
    audit as audits,
    by_hand,
    card,
    decoding,
    loading,
    markdown_places,
)
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.audit import Audit, Finding
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.worksheet import answers_path
from edgelab.errors import InputError, MissingFileError


@dataclass(frozen=True)
class Checked:
    """What an audit found in one file, and how it is told."""

    path: Path
    audit: Audit
    text: str

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return what is to be mended before handing in."""
        return self.audit.errors


def check(file: Path | None = None) -> Checked:
    """Audit a worksheet.

    Args:
        file: the answers, a hand-in, or a Markdown worksheet; None takes the workspace's answers and journal.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is no worksheet's answers.
        InputError: it belongs to no worksheet of this course.
    """
    path = file or answers_path()
    if path.is_dir():
        says = _("{path} is a folder; give the worksheet in it: {files}.")
        inside = sorted(p.name for p in path.iterdir() if p.suffix.lower() in (".json", ".md"))
        raise InputError(says.format(path=path, files=", ".join(inside[:5]) or _("there is none")))
    if not path.is_file():
        says = _(
            "There is no worksheet {path}. Fill it in lesson 01, or give the path of a JSON or Markdown "
            "file."
        )
        raise MissingFileError(says.format(path=path))
    if path.suffix.lower() == ".md":
        return _by_hand(path)
    if path.suffix.lower() != ".json":
        says = _("{file} is no worksheet: hand in the JSON file (analysis-….json) or the Markdown.")
        raise InputError(says.format(file=path.name))
    answers = files.parse(path.read_bytes(), path.name)
    schema = _schema(answers)
    with speaking(answers.language):
        found = audits.audit(schema, answers, _journal(path, answers, own=file is None))
        return Checked(path, found, _told(schema, answers, found))


def _by_hand(path: Path) -> Checked:
    """Audit a Markdown worksheet as the grader does, against the journal beside it."""
    content = path.read_bytes()
    schema = _schema_of(content, path.name)
    answers = by_hand.answers_of(content, path.name, schema)
    with speaking(answers.language):
        reading = _journal(path, answers, own=False)
        if reading:
            by_hand.choose_subjects(answers, Evidence(reading.entries))
        found = audits.audit(schema, answers, reading)
        return Checked(path, found, _told(schema, answers, found))


def _schema_of(content: bytes, name: str) -> Schema:
    """Return the worksheet that has most of a Markdown file's places."""
    text = decoding.text_of(content, name)
    schemas = [loading.load(known) for known in loading.known()]
    return max(schemas, key=lambda schema: len(markdown_places.parse(text, schema)))


def _schema(answers: Answers) -> Schema:
    # The name comes out of somebody's file: it must not become a path.
    if answers.worksheet not in loading.known():
        says = _("These are answers of the worksheet “{name}”; this course has {known}.")
        raise InputError(says.format(name=answers.worksheet[:80], known=", ".join(loading.known())))
    return loading.load(answers.worksheet)


def _journal(path: Path, answers: Answers, own: bool) -> Reading | None:
    embedded = audits.read_embedded(answers)
    if embedded is not None:
        return embedded
    beside = path.with_name(journals.FILE_NAME)
    if beside.is_file():
        return tampering.read(beside.read_bytes())
    is_own = own or path.resolve().parent == answers_path().parent.resolve()
    return journals.the_journal().reading() if is_own else None


def _told(schema: Schema, answers: Answers, found: Audit) -> str:
    lines = [card.overview(schema, answers, found).text]
    missing = [f for f in found.findings if f.kind == "missing"]
    if missing:
        lines += ["", _("Still to fill:"), *(f"  {f.field}: {f.where}" for f in missing)]
    return "\n".join(lines)
