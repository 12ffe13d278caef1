"""What a person decided in a sheet of marks, and how it stands beside what is proposed.

    given, comment, problems = given_in(content, marks)
    Decided(marks, given, comment).points("3.analysis")

A person's points count before the proposed ones. Points that are none count as nothing, and are named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.language import _

_OURS = ("question", "title", "of", "proposed", "why", "check", "criteria", "answer", "seen")
_THEIRS = ("points", "comment")
TOP = ("student", "name", "from", "file", "problem", "total", "comment", "questions")


@dataclass(frozen=True)
class Decision:
    """What a person wrote for one question."""

    points: float | None = None
    comment: str = ""
    seen: str = ""  # of which answer
    check: str = ""
    written: Any = None  # as it stands in the sheet
    more: Mapping[str, Any] = field(default_factory=dict)  # keys that mean nothing here: kept


@dataclass(frozen=True)
class Decided:
    """The marks of one student as they stand now."""

    marks: tuple[Mark, ...] = ()
    given: Mapping[str, Decision] = field(default_factory=dict)
    comment: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)  # keys that mean nothing here: kept
    problems: tuple[str, ...] = ()  # conflicts, for the person who marks

    def points(self, question: str) -> float | None:
        """Return what a question earns: a person's points, else the proposed ones, else None."""
        decision = self.given.get(question)
        if decision and decision.written is not None:
            return (
                decision.points
            )  # None where it is no valid mark: nothing else is put in its place
        return next((m.proposed for m in self.marks if m.question == question), None)

    def by_person(self, question: str) -> bool:
        """Tell whether a person gave the points."""
        decision = self.given.get(question)
        return decision is not None and decision.written is not None

    def comment_on(self, question: str) -> str:
        """Return what a person wrote about a question."""
        decision = self.given.get(question)
        return decision.comment if decision else ""

    @property
    def total(self) -> float:
        """Return the points so far, rounded to hundredths: the one total that everything shows."""
        return hundredths(math.fsum(self.points(m.question) or 0.0 for m in self.marks))

    @property
    def of(self) -> float:
        """Return how many points there are."""
        return hundredths(math.fsum(m.of for m in self.marks))

    @property
    def open(self) -> tuple[str, ...]:
        """Return the questions that nobody has marked yet."""
        return tuple(m.question for m in self.marks if self.points(m.question) is None)


def hundredths(points: float) -> float:
    """Return points rounded to hundredths, halves up as people do it."""
    return float(Decimal(repr(points)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def questions(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the questions of a sheet, in its order."""
    return [entry for entry in content.get("questions") or [] if isinstance(entry, dict)]


def given_in(
    content: Mapping[str, Any], marks: Mapping[str, Mark]
) -> tuple[dict[str, Decision], str, list[str]]:
    """Return a person's decisions, the general comment, and what is wrong with them."""
    given: dict[str, Decision] = {}
    problems = [
        _("The sheet has a key “{key}” that means nothing; it is kept.").format(key=str(key)[:40])
        for key in content
        if key not in TOP
    ]
    for entry in questions(content):
        name = str(entry.get("question"))
        more = {k: v for k, v in entry.items() if k not in (*_OURS, *_THEIRS)}
        written = entry.get("points")
        written_comment = entry.get("comment")
        comment = "" if written_comment is None else str(written_comment)
        check = str(entry.get("check") or "")
        if written is None and not comment and not more:
            continue
        mark = marks.get(name)
        points, problem = valid(written, mark.of if mark else math.inf)
        told = {"question": name, "written": str(written)[:40]}
        if problem:
            problems.append(problem.format(**told, of=mark.of if mark else ""))
        if more:
            says = _("{question}: the key “{key}” means nothing; write `points` or `comment`.")
            problems.append(says.format(question=name, key=str(next(iter(more)))[:40]))
        if mark is None:
            says = _("{question}: marked, and no longer a question of the worksheet.")
            problems.append(says.format(question=name))
        elif written is not None:
            if entry.get("seen") not in (None, mark.seen):
                check = _(
                    "The answer changed after it was marked. Look again, then delete this line."
                )
            if check:
                problems.append(f"{name}: {check}")
        given[name] = Decision(points, comment, mark.seen if mark else "", check, written, more)
    return given, str(content.get("comment") or ""), problems


def valid(written: Any, of: float) -> tuple[float | None, str]:
    """Return the points that a person wrote, or None with what is wrong with them."""
    if written is None:
        return None, ""
    if isinstance(written, str):  # a decimal comma makes a text of it
        try:
            written = float(written.strip().replace(",", "."))
        except ValueError:
            return None, _("{question}: “{written}” is no number of points.")
    if isinstance(written, bool) or not isinstance(written, int | float):
        return None, _("{question}: “{written}” is no number of points.")
    if not 0 <= written <= of:
        return None, _("{question}: {written} points, and the question gives 0 to {of}.")
    return float(written), ""
