"""From the files of a hand-in to answers and journal, or to the reason why there are none.

    found = take(submission, schema)
    found.answers, found.reading, found.problem, found.notes

Of several files that can be read, the JSON file that was saved last counts, and the others are named. A
Markdown worksheet counts where no JSON file can be read, or where it holds more answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.classroom import tampering
from edgelab.classroom.grading import archives, students, submissions
from edgelab.classroom.grading.submissions import MOST_READ, Source, Submission
from edgelab.classroom.language import _
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import answers as files, by_hand
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import EdgelabError, FormatError

_MOST_LINES = 50_000  # of a journal; a whole course writes some hundreds
_LONGEST_REASON = 400


@dataclass(frozen=True)
class HandIn:
    """What was found in the files of one student."""

    answers: Answers | None = None
    reading: Reading | None = None
    file: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


def take(submission: Submission, schema: Schema) -> HandIn:
    """Read a submission; what is wrong with it is in the result."""
    notes = list(submission.notes)
    if submission.problem:
        return HandIn(problem=submission.problem, notes=tuple(notes))
    found: list[tuple[Answers, Source]] = []
    reasons = []
    for source in submission.answers[:MOST_READ]:
        try:
            answers = _parsed(source, schema)
        except EdgelabError as error:
            # The words of a parser quote what it read.
            reasons.append(archives.shown(str(error), _LONGEST_REASON))
            continue
        if answers.worksheet != schema.id:
            name = archives.shown(answers.worksheet, 40)
            says = _("{file} is of the worksheet “{name}”, not of “{wanted}”.")
            reasons.append(says.format(file=source.shown, name=name, wanted=schema.id))
            continue
        found.append((answers, source))
    if not found:
        return HandIn(problem=" ".join(reasons[:3]), notes=tuple(notes))
    if submission.merged and (problem := _of_several(found)):
        return HandIn(problem=problem, notes=tuple(notes))
    answers, source = _counting(found, notes)
    notes += reasons[:3]
    others = [other for other, _source in found if other is not answers]
    reading = _journal(submission, answers, others, notes)
    if source.suffix == ".md" and reading:
        by_hand.choose_subjects(answers, Evidence(reading.entries))
    return HandIn(answers, reading, source.shown, "", tuple(notes))


def _parsed(source: Source, schema: Schema) -> Answers:
    content = submissions.read(source)
    if source.suffix == ".md":
        return by_hand.answers_of(content, source.shown, schema)
    return files.parse(content, source.shown)


def _counting(found: list[tuple[Answers, Source]], notes: list[str]) -> tuple[Answers, Source]:
    """Return the file that counts: the one saved last, or Markdown that holds more than it."""
    dated = sorted((f for f in found if f[1].suffix != ".md"), key=lambda f: f[0].saved)
    # Markdown does not say when it was saved; of several the fullest counts.
    papers = sorted((f for f in found if f[1].suffix == ".md"), key=lambda f: _filled(f[0]))
    chosen = (dated or papers)[-1]
    if papers and _filled(papers[-1][0]) > _filled(chosen[0]):
        chosen = papers[-1]
    others = [f"{source.shown} ({_filled(a)})" for a, source in found if source is not chosen[1]]
    if not others:
        return chosen
    if papers:
        says = _("{file} counts, with {filled} places filled; also handed in: {others}.")
    else:
        says = _("{file} was saved last and counts ({filled}); also handed in: {others}.")
    told = {"file": chosen[1].shown, "filled": _filled(chosen[0]), "others": ", ".join(others)}
    notes.append(says.format(**told))
    return chosen


def _filled(answers: Answers) -> int:
    return sum(plain(entry) is not None for entry in answers.entries.values())


def _of_several(found: list[tuple[Answers, Source]]) -> str:
    """Return what is wrong where two files of one name bear the names of different students."""
    names: dict[str, str] = {}
    for answers, source in found:
        typed = plain(answers.entries.get("general.name"))
        if isinstance(typed, str):
            names.setdefault(students.plain(typed), f"{source.shown} ({archives.shown(typed, 60)})")
    if len(names) < 2:
        return ""
    says = _(
        "These files have the name of one student and bear several: {files}. Rename them, so that each "
        "student has a file; then grade again."
    )
    return says.format(files=", ".join(names.values()))


def _journal(
    submission: Submission, answers: Answers, others: list[Answers], notes: list[str]
) -> Reading | None:
    """Return the journal that was handed in: in the answers' file, else beside it, else in another file."""
    content = files.journal_content(answers)
    if content is not None:
        return _verified(content, _("The journal in the file"), notes)
    for source in submission.journals[:MOST_READ]:
        try:
            return _verified(submissions.read(source), source.shown, notes)
        except FormatError as error:
            notes.append(str(error))
    for other in reversed(others):
        content = files.journal_content(other)
        if content is not None:
            return _verified(content, _("The journal in another file"), notes)
    return None


def _verified(content: bytes, name: str, notes: list[str]) -> Reading | None:
    if content.count(b"\n") > _MOST_LINES:
        says = _("{name} has more than {n} lines; it was not read.")
        notes.append(says.format(name=name, n=_MOST_LINES))
        return None
    return tampering.read(content)
