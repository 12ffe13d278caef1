"""A Markdown worksheet that somebody filled by hand, as answers: for the grader and `check-submission` alike.

    answers = answers_of(path.read_bytes(), path.name, schema)
    answers.language, answers.subjects, answers.entries["3.analysis"]

The file says itself in which language it is and which models its part 3 speaks of; its name says neither.
"""

from __future__ import annotations

from edgelab.classroom.language import _
from edgelab.classroom.worksheets import citations, decoding, markdown_places, values
from edgelab.classroom.worksheets.answers import Answers, Entry, Subjects
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.questions import Language
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import FormatError

MOST_BYTES = 1_000_000
_MOST_TYPED = 100_000  # characters


def answers_of(content: bytes, name: str, schema: Schema) -> Answers:
    """Return the answers in a Markdown worksheet.

    Args:
        content: of the file.
        name: of the file, for messages; "analysis.fr.md" tells the language where nothing else does.
        schema: the worksheet.

    Raises:
        FormatError: it is too long, no text, or holds no answer of this worksheet.
    """
    if len(content) > MOST_BYTES:
        raise FormatError(_("{file} is too long for a worksheet.").format(file=name))
    text = decoding.text_of(content, name)
    texts = markdown_places.parse(text, schema)
    if not texts:
        raise FormatError(markdown_places.no_place(name, schema))
    if not any(typed.strip() for typed in texts.values()):
        says = _("{file} holds no answers of the worksheet “{worksheet}”: it is empty.")
        raise FormatError(says.format(file=name, worksheet=schema.id))
    language = language_of(text, schema, name)
    answers = Answers(worksheet=schema.id, schema_hash=schema.hash, language=language)
    answers.subjects = citations.subjects_in(text) or Subjects()
    for field, typed in texts.items():
        understood = values.understand(schema.field(field), typed[:_MOST_TYPED])
        if understood.value is not None:
            answers.entries[field] = Entry(value=understood.value, typed=typed[:_MOST_TYPED])
    return answers


def language_of(text: str, schema: Schema, name: str = "") -> Language:
    """Return the language in which most headings of a Markdown worksheet are written."""
    headings = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    labels = [question.label for _, question in schema.questions()]
    french = sum(label.fr in headings for label in labels if label.fr != label.en)
    english = sum(label.en in headings for label in labels if label.fr != label.en)
    if french == english:
        return "fr" if name.lower().endswith(".fr.md") else "en"
    return "fr" if french > english else "en"


def choose_subjects(answers: Answers, evidence: Evidence) -> None:
    """Keep the models that the file names where the journal compared them, else take the proposed ones."""
    told = answers.subjects
    for compared in evidence.comparisons():
        if compared.number == told.record and {told.original, told.optimised} <= set(
            compared.models
        ):
            return
    answers.subjects = evidence.proposed() or told
