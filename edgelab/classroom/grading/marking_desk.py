"""Marking in a notebook: one answer at a time, rubric beside it, points and comment below.

    desk("grades")                  # after `batch.grade`, or after `edgelab grade`

What is typed goes into the student's sheet at once (`sheets.decide`); the widget holds nothing of its own.
Without a kernel its static twin says how much of each question is marked. To mark one question for the whole
class before the next is fairer than student by student, so that is the order of `next`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab.classroom.grading import assessment, decisions, sheets
from edgelab.classroom.grading.feedback import safe
from edgelab.classroom.language import _, format_number
from edgelab.errors import EdgelabError, FormatError, MissingFileError
from edgelab.reporting import tables

_BOX = "border-left:3px solid #56b4e9;padding:.2em .8em;margin:.3em 0;white-space:pre-wrap;max-width:52em"


@dataclass(frozen=True)
class Case:
    """One answer of one student."""

    path: Path
    name: str
    entry: Mapping[str, Any]

    @property
    def question(self) -> str:
        """Return the question's identifier."""
        return str(self.entry.get("question"))

    @property
    def open(self) -> bool:
        """Tell whether nobody has marked it and no points are proposed, or a mark needs a look."""
        written, proposed = self.entry.get("points"), self.entry.get("proposed")
        return (written is None and proposed is None) or bool(self.entry.get("check"))


def cases(out: str | Path) -> list[Case]:
    """Return every answer of a graded class, question by question.

    Raises:
        MissingFileError: nothing was graded into this folder.
    """
    folder = Path(out) / assessment.SHEETS
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise MissingFileError(
            f"There are no sheets in {folder}. Grade a folder first: edgelab grade worksheets/analysis.yaml "
            f"submissions/ --out {out}"
        )
    found: list[Case] = []
    for path in paths:
        try:
            content = sheets.read(path)
        except FormatError:
            continue  # named by the next `edgelab grade`
        name = str(content.get("name") or path.stem)
        found += [
            Case(path, name, entry) for entry in decisions.questions(content) if "of" in entry
        ]
    order = {name: at for at, name in enumerate(dict.fromkeys(case.question for case in found))}
    return sorted(found, key=lambda case: (order[case.question], case.path.name))


def progress(every: list[Case]) -> tables.Table:
    """Return how much of each question is marked."""
    rows = []
    for name in dict.fromkeys(case.question for case in every):
        own = [case for case in every if case.question == name]
        marked = sum(not case.open for case in own)
        rows.append((name, str(own[0].entry.get("title")), marked, len(own) - marked))
    return tables.of_rows((_("Question"), _("Asked"), _("Marked"), _("To mark")), rows)


def shown(case: Case) -> str:
    """Return one answer with what stands beside it, as HTML."""
    entry = case.entry
    answer = entry.get("answer")
    texts = (
        [f"{label}: {text}" for label, text in answer.items()] if isinstance(answer, dict) else []
    )
    if len(texts) == 1 and isinstance(answer, dict):
        texts = [str(next(iter(answer.values())))]
    body = "".join(f'<div style="{_BOX}">{safe(text)}</div>' for text in texts)
    nothing = _("Nothing was written.")
    criteria = entry.get("criteria")
    listed = "".join(
        f"<li>{safe(str(line))}</li>" for line in (criteria if isinstance(criteria, list) else [])
    )
    check = entry.get("check")
    parts = [
        f"<h4 style='margin:.4em 0'>{safe(str(entry.get('title')))}</h4>",
        f"<p style='margin:.2em 0'><strong>{safe(case.name)}</strong></p>",
        body or f"<p>{safe(nothing)}</p>",
        f"<ul style='margin:.3em 0'>{listed}</ul>" if listed else "",
        f"<p style='margin:.2em 0'>{safe(str(entry.get('why') or ''))}</p>",
        f"<p style='margin:.2em 0'><strong>{safe(str(check))}</strong></p>" if check else "",
    ]
    return "".join(parts)


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
            entry = self.case.entry
            self.answer.value = shown(self.case)
            written = entry.get("points")
            self._quiet = True  # what is shown is no decision
            try:
                self.points.value = "" if written is None else _as_text(written)
                self.points.placeholder = _hint(entry)
                self.comment.value = str(entry.get("comment") or "")
            finally:
                self._quiet = False
            self._tell("")

        def _save(self, _change: object = None) -> None:
            if not self._quiet:
                at = self.student.value
                self.every[at], said = _decided(self.case, self.points.value, self.comment.value)
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


def _decided(case: Case, written: str, comment: str) -> tuple[Case, str]:
    """Write a decision into the sheet; return the case as it stands now, and what to tell."""
    of = float(case.entry.get("of") or 0)
    points, problem = decisions.valid(written.strip() or None, of)
    if problem:
        return case, problem.format(question=case.question, written=written[:40], of=f"{of:g}")
    try:
        sheets.decide(case.path, case.question, points, comment)
    except EdgelabError as error:
        return case, str(error)
    entry = {key: value for key, value in case.entry.items() if key != "check"}
    now = Case(case.path, case.name, entry | {"points": points, "comment": comment})
    return now, _("Saved in {file}.").format(file=case.path.name)


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


def _as_text(points: Any) -> str:
    return format_number(points, 4) if isinstance(points, int | float) else str(points)
