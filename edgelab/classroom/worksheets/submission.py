"""Checking a worksheet before it is handed in: what `edgelab check-submission` does.

check()                                 # the workspace's answers against the workspace's journal
check(Path("analysis-ada.json"))        # a hand-in against the journal inside, or beside it
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgelab.classroom import journal as journals, tampering
from edgelab.classroom.language import _, speaking
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import answers as files, audit as audits, card, loading
from edgelab.classroom.worksheets.answers import Answers
from edgelab.classroom.worksheets.audit import Audit, Finding
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
        file: the answers, or a hand-in; None takes the workspace's answers and journal.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is no worksheet's answers.
        InputError: it belongs to no worksheet of this course.
    """
    path = file or answers_path()
    if not path.is_file():
        raise MissingFileError(
            f"There is no worksheet {path}. Fill it in lesson 01, or give the path of a JSON file."
        )
    answers = files.parse(path.read_bytes(), path.name)
    schema = _schema(answers)
    with speaking(answers.language):
        found = audits.audit(schema, answers, _journal(path, answers, own=file is None))
        return Checked(path, found, _told(schema, answers, found))


def _schema(answers: Answers) -> Schema:
    # The name comes out of somebody's file: it must not become a path.
    if answers.worksheet not in loading.known():
        raise InputError(
            f"These are answers of the worksheet {answers.worksheet!r}; this course has "
            f"{', '.join(loading.known())}."
        )
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
