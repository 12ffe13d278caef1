"""From the files of a hand-in to answers and journal, or to the reason why there are none.

    found = take(submission, schema)
    found.answers, found.reading, found.problem, found.notes

Of several files that can be read, the one that was saved last counts, and the others are named. A worksheet
filled in Markdown counts where there is no JSON file.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.classroom import tampering
from edgelab.classroom.grading import archives, submissions
from edgelab.classroom.grading.submissions import MOST_READ, Source, Submission
from edgelab.classroom.language import _
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import answers as files, filling, markdown, values
from edgelab.classroom.worksheets.answers import Answers, Entry
from edgelab.classroom.worksheets.questions import Language
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import EdgelabError, FormatError

_MOST_MARKDOWN = 1_000_000  # bytes
_MOST_TYPED = 100_000  # characters
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
    found.sort(key=lambda pair: pair[0].saved)
    answers, source = found[-1]
    if len(found) > 1:
        others = ", ".join(other.shown for _, other in found[:-1])
        says = _("{file} was saved last and counts; also handed in: {others}.")
        notes.append(says.format(file=source.shown, others=others))
    notes += reasons[:3]
    reading = _journal(submission, answers, notes)
    if source.suffix == ".md" and reading:
        # A form filled by hand does not say which comparison it speaks of.
        answers.subjects = filling.proposed_subjects(reading.entries) or answers.subjects
    return HandIn(answers, reading, source.shown, "", tuple(notes))


def _parsed(source: Source, schema: Schema) -> Answers:
    content = submissions.read(source)
    if source.suffix == ".md":
        return _from_markdown(content, source, schema)
    return files.parse(content, source.shown)


def _from_markdown(content: bytes, source: Source, schema: Schema) -> Answers:
    """Return the answers that were written into the Markdown form by hand."""
    if len(content) > _MOST_MARKDOWN:
        raise FormatError(_("{file} is too long for a worksheet.").format(file=source.shown))
    texts = markdown.parse(content.decode("utf-8", "replace"), schema)
    if not any(text.strip() for text in texts.values()):
        says = _("{file} holds no answers of the worksheet “{name}”.")
        raise FormatError(says.format(file=source.shown, name=schema.id))
    language: Language = "fr" if source.name.lower().endswith(".fr.md") else "en"
    answers = Answers(worksheet=schema.id, schema_hash=schema.hash, language=language)
    for name, text in texts.items():
        understood = values.understand(schema.field(name), text)
        if understood.value is not None:
            answers.entries[name] = Entry(value=understood.value, typed=text[:_MOST_TYPED])
    return answers


def _journal(submission: Submission, answers: Answers, notes: list[str]) -> Reading | None:
    """Return the journal that was handed in: in the answers' file, else beside it."""
    content = files.journal_content(answers)
    if content is not None:
        return _verified(content, _("The journal in the file"), notes)
    for source in submission.journals[:MOST_READ]:
        try:
            return _verified(submissions.read(source), source.shown, notes)
        except FormatError as error:
            notes.append(str(error))
    return None


def _verified(content: bytes, name: str, notes: list[str]) -> Reading | None:
    if content.count(b"\n") > _MOST_LINES:
        says = _("{name} has more than {n} lines; it was not read.")
        notes.append(says.format(name=name, n=_MOST_LINES))
        return None
    return tampering.read(content)
