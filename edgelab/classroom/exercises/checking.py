"""Check an answer, show what was understood, and keep the result.

    check("20.1 scale", scale_of)     # a framed verdict under the cell; never an exception
    hint("20.1 scale", 1)             # folded: opened only by those who ask
    scale_of = working("20.1 scale", scale_of, affine.scale)   # the lesson goes on either way

A check tests what must hold for any right answer, on several inputs; when it fails it names the
misconception that would give just this wrong result. Every lesson uses it.
"""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from edgelab import records
from edgelab.classroom.cards import Card
from edgelab.classroom.exercises.answers import Answer, Unanswered, Wrong
from edgelab.classroom.exercises.registry import find
from edgelab.classroom.language import _
from edgelab.errors import InputError, JournalError, NotSolvedError

T = TypeVar("T")
SOURCE_CHARACTERS = 4000  # of an answer's text that the journal keeps


@dataclass(frozen=True)
class Result:
    """The verdict on one answer."""

    name: str
    status: str  # "passed", "wrong", "unanswered" or "unchecked" (the check itself stopped)
    misconception: str = ""
    text: str = ""
    next_step: str = ""
    code: str = ""
    attempt: int = 0  # 1 for the first answer; the stub is no attempt

    @property
    def passed(self) -> bool:
        """Tell whether the answer is right."""
        return self.status == "passed"


def check(name: str, answer: Any) -> None:
    """Check an answer, show the verdict and record it.

    Args:
        name: of the exercise, "20.1 scale".
        answer: the student's function or value; `None` and `...` count as not answered yet.

    Raises:
        InputError: there is no such exercise.
    """
    result = examine(name, answer)
    trouble = ""
    if result.status in ("passed", "wrong"):
        result, trouble = _record(result, _source(answer))
    card = _card(result)
    if trouble:
        card.say(trouble, quiet=True)
    card.show()


def examine(name: str, answer: Any) -> Result:
    """Return the verdict on an answer without showing or recording it.

    Raises:
        InputError: there is no such exercise.
    """
    import numpy as np

    exercise = find(name)
    try:
        # What NumPy would warn about (a division by zero) shows in the verdict.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            praise = exercise.check(Answer(answer))
    except Unanswered:
        return Result(name, "unanswered")
    except Wrong as wrong:
        return Result(name, "wrong", wrong.misconception, wrong.text, wrong.next_step, wrong.code)
    except Exception as error:  # noqa: BLE001 - a fault of the check: a card, and no traceback
        return _unchecked(name, error)
    return Result(name, "passed", text=praise or "")


def require(name: str, answer: Any) -> None:
    """Raise unless an answer is right: what a grader's locked cell calls. Nothing is shown or kept.

    Raises:
        NotSolvedError: the answer is wrong or missing; the message is the feedback.
        InputError: there is no such exercise.
    """
    result = examine(name, answer)
    if result.passed:
        return
    unanswered = result.status == "unanswered"
    title = _("{name}: not answered yet") if unanswered else _("{name}: not there yet")
    said = (title.format(name=name) + ".", result.text, result.code, result.next_step)
    raise NotSolvedError(" ".join(text for text in said if text))


def hint(name: str, level: int = 1) -> None:
    """Show a hint, folded; level 2 is more direct than level 1.

    Raises:
        InputError: there is no such exercise, or the level is neither 1 nor 2.
    """
    exercise = find(name)
    if level not in (1, 2):
        raise InputError(f"There are hints 1 and 2; hint({name!r}, {level!r}) asks for another.")
    title = _("Hint {level} of 2 for {name}").format(level=level, name=f"**{name}**")
    card = Card()
    card.fold(title, _(exercise.hints[level - 1]))
    card.show()


def working(name: str, yours: Callable[..., T], library: Callable[..., T]) -> Callable[..., T]:
    """Return the student's function when it passes its check, else the library's.

    So the cells after an unsolved exercise run, and after a solved one they run the student's code.
    """
    if examine(name, yours).passed:
        return yours
    card = Card(_("Going on with the library's version"), tone="neutral")
    text = _("{name} is not solved yet: the next cells use the library's function, not yours.")
    card.say(text.format(name=f"**{name}**"))
    card.show()
    return library


def attempts(name: str, history: Sequence[records.Record] | None = None) -> list[records.Record]:
    """Return the recorded answers to an exercise, oldest first."""
    found = records.history("exercise", name) if history is None else history
    return [r for r in found if r.kind == "exercise" and r.name == name]


def _unchecked(name: str, error: Exception) -> Result:
    return Result(
        name,
        "unchecked",
        text=_("The check itself stopped, so this is no verdict on your answer:"),
        next_step=_(
            "Print what your function returns for a small input: is it of the kind that the exercise "
            "asks for? If so, the fault is in the check."
        ),
        code=f"{type(error).__name__}: {error}".strip().rstrip(":"),
    )


def _record(result: Result, source: str) -> tuple[Result, str]:
    """Publish answer and verdict unless both were recorded last; return trouble in words."""
    before = attempts(result.name)
    fingerprint = _fingerprint(source)
    payload = {
        "status": result.status,
        "passed": result.passed,
        "misconception": result.misconception,
        "attempt": len(before) + 1,
        "answer": fingerprint,
        "source": source[:SOURCE_CHARACTERS],
    }
    if before and fingerprint:
        last = before[-1].payload
        if all(last.get(key) == payload[key] for key in ("answer", "status", "misconception")):
            return replace(result, attempt=last.get("attempt", len(before))), ""
    try:
        records.publish("exercise", result.name, payload)
    except JournalError as error:
        return replace(result, attempt=len(before) + 1), str(error)
    return replace(result, attempt=len(before) + 1), ""


def _source(answer: Any) -> str:
    """Return an answer as text: a function's source, a value's `repr`; "" where there is none."""
    try:
        return inspect.getsource(answer) if callable(answer) else repr(answer)
    except (OSError, TypeError):
        return ""


def _fingerprint(source: str) -> str:
    """Return what tells two answers apart, however long they are."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:16] if source else ""


def _card(result: Result) -> Card:
    if result.status == "unanswered":
        card = Card(_("{name}: not answered yet").format(name=result.name), tone="neutral")
        card.say(
            _(
                "Nothing comes back yet. Replace the `...` (and end with `return`), then run that "
                "cell and this one."
            )
        )
        return card
    if result.status == "unchecked":
        card = Card(_("{name}: could not be checked").format(name=result.name), tone="neutral")
        card.say(result.text)
        card.code(result.code)
        card.say(result.next_step)
        return card
    if result.passed:
        card = Card(_("{name}: passed").format(name=result.name), tone="success")
        if result.text:
            card.say(result.text)
    else:
        card = Card(_("{name}: not there yet").format(name=result.name), tone="attention")
        card.say(result.text)
        if result.code:
            card.code(result.code)
        if result.next_step:
            card.say(_("Next: {step}").format(step=result.next_step))
        if result.attempt >= 2:
            call = f'`hint("{result.name}", 1)`'
            card.say(_("There is a hint: {call}.").format(call=call), quiet=True)
    return card
