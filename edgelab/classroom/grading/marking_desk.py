"""Marking in a notebook: one answer at a time, rubric beside it, points and comment below.

    desk("grades")                  # after `batch.grade`, or after `edgelab grade`

What is typed goes into the student's sheet at once (`sheets.decide`); the widget holds nothing of its own.
Without a kernel its static twin says how much of each question is marked. To mark one question for the whole
class before the next is fairer than student by student, so that is the order of `next`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgelab.classroom.grading.feedback import safe
from edgelab.classroom.grading.marking_cases import (
    Case,
    cases,
    comment_of,
    commented,
    fresh,
    points_decided,
    progress,
    shown,
)
from edgelab.classroom.language import _, format_number

__all__ = ["Case", "cases", "desk", "progress", "shown"]


def desk(out: str | Path) -> Any:
    """Return the widget to mark with.

    Args:
        out: the folder that a class was graded into.

    Raises:
        MissingFileError: nothing was graded into it.
    """
    return _widget_class()(cases(out))


@functools.cache
def _widget_class() -> type[Any]:
    """Return the container's class, made when first wanted: ipywidgets takes time to import."""
    import ipywidgets

    class Desk(ipywidgets.VBox):
        """Question and student to choose, the answer, and the place for points and comment."""

        def __init__(self, every: list[Case]) -> None:
            self.every, self._quiet = every, False
            wide = {"description_width": "initial"}
            self.question = ipywidgets.Dropdown(
                options=_titles(every),
                description=_("Question"),
                style=wide,
                layout={"width": "auto"},
            )
            self.student = ipywidgets.Dropdown(
                description=_("Student"), style=wide, layout={"width": "auto"}
            )
            self.answer, self.state = ipywidgets.HTML(), ipywidgets.HTML()
            self.points = ipywidgets.Text(
                description=_("Points"),
                continuous_update=False,
                style=wide,
                layout={"width": "16em"},
            )
            self.comment = ipywidgets.Textarea(
                description=_("Comment"),
                continuous_update=False,
                style=wide,
                layout={"width": "40em", "height": "4.5em"},
            )
            self.next = ipywidgets.Button(
                description=_("Next to mark"), icon="arrow-right", layout={"width": "auto"}
            )
            wrap = {"flex_flow": "row wrap"}
            super().__init__(
                [
                    ipywidgets.HBox([self.question, self.student], layout=wrap),
                    self.answer,
                    ipywidgets.HBox([self.points, self.next], layout=wrap),
                    self.comment,
                    self.state,
                ]
            )
            self.question.observe(self._another_question, names="value")
            self.student.observe(self._show, names="value")
            self.points.observe(self._save, names="value")
            self.comment.observe(self._save, names="value")
            self.next.on_click(self.go_on)
            self._another_question()

        @property
        def case(self) -> Case:
            """Return the answer that is shown."""
            shown_now: Case = self.every[self.student.value]
            return shown_now

        def go_on(self, _button: object = None) -> None:
            """Go to the next answer that waits for a mark, behind the present one, else to the first."""
            following = _following(self.every, self.student.value)
            if following is None:
                self._tell(_("Everything is marked. Call `edgelab grade` again for the gradebook."))
                return
            self.question.value = self.every[following].question
            self.student.value = following

        def _another_question(self, _change: object = None) -> None:
            own = [at for at, case in enumerate(self.every) if case.question == self.question.value]
            self.student.options = [(self.every[at].name, at) for at in own]
            self.student.value = own[0]  # new options choose none
            self._show()

        def _show(self, _change: object = None) -> None:
            if self.student.value is None:
                return
            # The sheet may have been edited by hand since it was read.
            self.every[self.student.value] = fresh(self.case)
            entry = self.case.entry
            self.answer.value = shown(self.case)
            with _quietly(self):
                self.points.value = _as_text(entry.get("points"))
                self.points.placeholder = _hint(entry)
                self.comment.value = comment_of(entry)
            self._tell("")

        def _save(self, change: Any) -> None:
            if self._quiet:
                return
            # Each for itself: points that are none must not cost a comment.
            decide = points_decided if change["owner"] is self.points else commented
            at = self.student.value
            self.every[at], said = decide(self.case, change["new"])
            with _quietly(self):
                self.comment.value = comment_of(self.case.entry)
            self._tell(said)

        def _tell(self, text: str) -> None:
            self.state.value = f"<span>{safe(f'{text} {_counted(self.every)}'.strip())}</span>"

        def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
            live = super()._repr_mimebundle_(**options) or {}
            return {**live, **progress(self.every)._repr_mimebundle_()}

    return Desk


def _titles(every: list[Case]) -> list[tuple[str, str]]:
    titles = {case.question: str(case.entry.get("title")) for case in every}
    return [(f"{name}  {title}", name) for name, title in titles.items()]


def _following(every: list[Case], here: int) -> int | None:
    waiting = [at for at, case in enumerate(every) if case.open and at != here]
    return next((at for at in waiting if at > here), waiting[0] if waiting else None)


def _counted(every: list[Case]) -> str:
    marked = sum(not case.open for case in every)
    text = _("{marked} of {total} answers are marked.")
    return text.format(marked=marked, total=len(every))


def _hint(entry: Mapping[str, Any]) -> str:
    """Return what stands in the empty place for points: how many there are, and what is proposed."""
    hint = _("of {of}").format(of=entry.get("of"))
    proposed = entry.get("proposed")
    if proposed is not None:
        hint += "; " + _("proposed: {points}").format(points=_as_text(proposed))
    return hint


@contextlib.contextmanager
def _quietly(desk: Any) -> Iterator[None]:
    """Show without deciding: a value that is put into a field is nobody's decision."""
    desk._quiet = True
    try:
        yield
    finally:
        desk._quiet = False


def _as_text(points: Any) -> str:
    if points is None:
        return ""
    return format_number(points, 4) if isinstance(points, int | float) else str(points)
