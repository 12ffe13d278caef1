"""What every defended choice has: a model of the student's own table, two figures, and a sentence.

    name, size, speed, reason = chosen(answer(result), result, _("Four things are wanted: …"), "`return …`")
    judge_reason(reason, _("The figures are right. …"), _("Which ones did you cross out?"))

Lessons 23, 24 and 25.
"""

from __future__ import annotations

from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _
from edgelab.records import Comparison

_REASON_WORDS = 4


def chosen(given: Any, result: Comparison, wanted: str, form: str) -> tuple[str, Any, Any, Any]:
    """Return name, two figures and reason of an answer.

    Args:
        given: what the student's function returned.
        result: the comparison to choose from.
        wanted: which four things are wanted, in the student's language.
        form: the line that returns them.

    Raises:
        Wrong: these are not four things, or no such model was compared.
    """
    if not isinstance(given, tuple | list) or len(given) != 4:
        raise Wrong("not-four", wanted, form)
    name, first, second, reason = given
    if name not in result.names:
        raise Wrong(
            "unknown-model",
            _("{name} is not in your table.").format(name=f"`{name}`"),
            _("Copy the name from it: {names}.").format(names=", ".join(result.names)),
        )
    return name, first, second, reason


def judge_reason(reason: Any, missing: str, ask: str) -> None:
    """Refuse a choice without a sentence of some words.

    Args:
        reason: what the student gave.
        missing: says that the sentence is missing, in the student's language.
        ask: a question that it could answer.

    Raises:
        Wrong: no text, or too short to be a reason.
    """
    if not isinstance(reason, str) or len(reason.split()) < _REASON_WORDS:
        raise Wrong("no-reason", missing, ask)
