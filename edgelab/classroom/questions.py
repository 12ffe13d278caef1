"""Questions at the end of a lesson: every option is explained, right or wrong.

    question("20.q1")                  # in JupyterLab: choose, then read all explanations
    question("20.q1", answer="b")      # the same from code

A question is defined beside its lesson's exercises (`exercises/questions20.py`):

    define("20.q1", N_("Why ...?"), Option(N_("..."), why=N_("..."), right=True), Option(...))

Once answered, the explanations take the widget's place. Without a kernel (a saved notebook, its HTML
page, GitHub) each option opens its explanation on a click. The last answer is in the journal; a new
kernel shows it again, and running the cell once more lets one answer again.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from edgelab import records
from edgelab.classroom import cards
from edgelab.classroom.cards import Card
from edgelab.classroom.context import person_present
from edgelab.classroom.exercises import registry
from edgelab.classroom.language import _
from edgelab.errors import InputError, JournalError

LETTERS = tuple(string.ascii_lowercase)


@dataclass(frozen=True)
class Option:
    """One answer to choose from, with the reason why it is right or wrong; both marked with `N_`."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with its options, named by letters in their order."""

    name: str
    text: str
    options: tuple[Option, ...]

    @property
    def lesson(self) -> str:
        """Return the lesson's two digits."""
        return self.name[:2]


_questions: dict[str, Question] = {}
_asked: set[str] = set()  # in this kernel


def define(name: str, text: str, *options: Option) -> Question:
    """Register a question.

    Args:
        name: the lesson and a number, "20.q1".
        text: the question, marked with `N_`.
        options: at least two, at least one of them right.

    Raises:
        InputError: the name has another form, or the options do not suffice.
    """
    if not re.fullmatch(r"\d\d\.q\d+", name):
        raise InputError(f'A question is named like "20.q1"; this one is {name!r}.')
    if len(options) < 2 or not any(option.right for option in options):
        raise InputError(f"Question {name} needs two options or more, one of them right.")
    _questions[name] = Question(name, text, options)
    return _questions[name]


def find(name: str) -> Question:
    """Return a question by its name.

    Raises:
        InputError: there is none of that name.
    """
    registry.load_lesson(name[:2])
    if name not in _questions:
        raise InputError(registry.not_found("question", name, list(_questions)))
    return _questions[name]


def questions_of(lesson: str) -> list[Question]:
    """Return the questions of a lesson in the order of their definition."""
    registry.load_lesson(lesson)
    return [found for found in _questions.values() if found.lesson == lesson]


def question(name: str, answer: str | None = None) -> None:
    """Ask a question; once it is answered, show why each option is right or wrong.

    Args:
        name: "20.q1".
        answer: a letter, to answer from code.

    Raises:
        InputError: there is no such question, or no such option.
    """
    asked = find(name)
    trouble = "" if answer is None else _record(asked, answer)
    again = name in _asked
    _asked.add(name)
    if answer is None and person_present() and (again or given(name) is None):
        _ask(asked)
        return
    card = page(asked, given(name))
    if trouble:
        card.say(trouble, quiet=True)
    card.show()


def given(name: str, history: Sequence[records.Record] | None = None) -> str | None:
    """Return the letter that was answered last, or None."""
    found = letters(name, history)
    return found[-1] if found else None


def letters(name: str, history: Sequence[records.Record] | None = None) -> list[str]:
    """Return the letters that were answered, the first one first."""
    found = records.history("answer", name) if history is None else history
    return [str(r.payload.get("choice")) for r in found if r.kind == "answer" and r.name == name]


def is_right(asked: Question, choice: str) -> bool:
    """Tell whether a letter names a right option (an unknown letter does not)."""
    right = [letter for letter, o in zip(LETTERS, asked.options, strict=False) if o.right]
    return choice in right


def page(asked: Question, choice: str | None) -> Card:
    """Return a question as a card: its options to unfold, or all explained when one was chosen."""
    known = choice in LETTERS[: len(asked.options)]
    right = known and is_right(asked, str(choice))
    card = Card(
        _("Question {name}").format(name=asked.name),
        tone=("success" if right else "attention") if known else "info",
    )
    card.say(_(asked.text))
    for letter, option in zip(LETTERS, asked.options, strict=False):
        text = f"**{letter}**  {_(option.text)}"
        verdict = _("Right.") if option.right else _("No.")
        if not known:
            card.fold(text, f"{verdict} {_(option.why)}")
            continue
        mark = " " + _("(your answer)") if letter == choice else ""
        card.say(f"{text}{mark}\n**{verdict}** {_(option.why)}")
    return card


def _ask(asked: Question) -> None:
    """Show the options to choose from; the answer goes to the journal at once."""
    import ipywidgets as widgets

    earlier = given(asked.name)
    texts = [f"{letter}  {_(o.text)}" for letter, o in zip(LETTERS, asked.options, strict=False)]
    radio = widgets.RadioButtons(
        options=list(zip(texts, LETTERS, strict=False)),
        value=earlier if earlier in LETTERS[: len(texts)] else None,
        layout={"width": "100%"},
    )
    button = widgets.Button(
        description=_("Answer"), layout={"width": "auto", "align_self": "flex-start"}
    )
    text = widgets.HTML(
        f"<div style='line-height:1.45'><b>{_('Question {name}').format(name=asked.name)}</b><br>"
        f"{cards.markup(_(asked.text))}</div>"
    )
    status = widgets.HTML()
    box = widgets.VBox([text, radio, button, status], layout={"padding": "0.2em 0"})

    def answer(_button: object) -> None:
        if radio.value is None:
            status.value = cards.markup(_("Choose one of the options first."))
            return
        trouble = _record(asked, radio.value)
        if handle is not None:
            explained = page(asked, radio.value)
            explained.say(trouble or _("To answer again, run this cell again."), quiet=True)
            handle.update(explained.bundle(), raw=True)

    static = page(asked, None).bundle()
    handle = cards.display({**box._repr_mimebundle_(), **static}, changing=True)
    button.on_click(answer)


def _record(asked: Question, choice: str) -> str:
    """Publish an answer unless it was the last one; return trouble in words."""
    if choice not in LETTERS[: len(asked.options)]:
        letters = ", ".join(LETTERS[: len(asked.options)])
        raise InputError(f"Question {asked.name} has the options {letters}; not {choice!r}.")
    if given(asked.name) == choice:
        return ""
    attempt = 1 + len(records.history("answer", asked.name))
    payload = {
        "choice": choice,
        "right": is_right(asked, choice),
        "attempt": attempt,
    }
    try:
        records.publish("answer", asked.name, payload)
    except JournalError as error:
        return str(error)
    return ""
