"""One editable YAML sheet a student: what is proposed, what a person decided, and never the one over the other.

    decided = store(path, title, marks, texts)
    decided.points("3.analysis"), decided.problems

A person writes `points` and `comment`; a program never does. At each run the rest is written anew around
them. A mark stays when the answer changes, and `check` says so until a person deletes that line. A sheet that
can't be read is left alone, and the new one is written beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edgelab import workspace
from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.language import _
from edgelab.errors import FormatError

MOST_BYTES = 5_000_000
_LONGEST_TEXT = 4_000  # of an answer, as it is shown in the sheet
_OURS = ("question", "title", "of", "proposed", "why", "check", "criteria", "answer", "seen")
_THEIRS = ("points", "comment")
_TOP = ("student", "name", "file", "problem", "total", "comment", "questions")


@dataclass(frozen=True)
class Shown:
    """What stands beside a mark, for the person who judges."""

    title: str
    answer: Mapping[str, str] = field(default_factory=dict)
    criteria: Sequence[str] = ()


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
        """Return the points so far."""
        return sum(self.points(m.question) or 0.0 for m in self.marks)

    @property
    def of(self) -> float:
        """Return how many points there are."""
        return sum(m.of for m in self.marks)

    @property
    def open(self) -> tuple[str, ...]:
        """Return the questions that nobody has marked yet."""
        return tuple(m.question for m in self.marks if self.points(m.question) is None)


def store(
    path: Path,
    head: Mapping[str, str],
    marks: Sequence[Mark],
    shown: Mapping[str, Shown],
) -> Decided:
    """Write a student's sheet around what a person has written in it, and return the marks.

    Args:
        path: of the sheet.
        head: `student` (the key), `name`, `file` and `problem`, each on one line.
        marks: as proposed now.
        shown: what to show beside each mark, by question.

    Raises:
        StorageError: the sheet can't be written.
    """
    target = path
    given: dict[str, Decision] = {}
    comment = ""
    problems: list[str] = []
    more: dict[str, Any] = {}
    try:
        before = read(path)
        more = {key: value for key, value in before.items() if key not in _TOP}
        given, comment, problems = _given(before, {m.question: m for m in marks})
        owner = before.get("name")
        if owner not in (None, head["name"]) and (given or comment):
            says = _("The sheet {file} was of “{owner}”; its marks were kept.")
            problems.append(says.format(file=path.name, owner=str(owner)[:80]))
    except FormatError as error:
        target = path.with_name(f"{path.stem}.new.yaml")
        says = _("The sheet can't be read, and its marks do not count: {error} See {file}.")
        problems.append(says.format(error=error, file=target.name))
    decided = Decided(tuple(marks), given, comment, more, tuple(problems))
    content = _written(decided, head, shown)
    if not (target.exists() and target.read_bytes() == content):
        workspace.atomic_write(target, content)
    return decided


def decide(path: Path, question: str, points: float | None, comment: str) -> None:
    """Write a person's decision into a sheet; everything else in it stays.

    Raises:
        FormatError: the sheet can't be read.
    """
    content = read(path)
    for entry in questions(content):
        if entry.get("question") == question:
            entry["points"], entry["comment"] = points, comment or None
            entry.pop("check", None)
    workspace.atomic_write(path, _dumped(content))


def read(path: Path) -> dict[str, Any]:
    """Return what stands in a sheet; {} where there is none yet.

    Raises:
        FormatError: it is no sheet of marks.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FormatError(f"{path.name}: {error.strerror}.") from error
    try:
        if len(raw) > MOST_BYTES:
            raise FormatError(f"{path.name} is too large.")
        content = yaml.load(raw, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" in line {place.line + 1}" if place else ""
        raise FormatError(f"{path.name} is no YAML{where}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("questions", []), list):
        raise FormatError(f"{path.name} is no sheet of marks.")
    return content


def questions(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the questions of a sheet, in its order."""
    return [entry for entry in content.get("questions") or [] if isinstance(entry, dict)]


def _given(
    content: Mapping[str, Any], marks: Mapping[str, Mark]
) -> tuple[dict[str, Decision], str, list[str]]:
    """Return a person's decisions, the general comment, and what is wrong with them."""
    given: dict[str, Decision] = {}
    problems = [
        _("The sheet has a key “{key}” that means nothing; it is kept.").format(key=str(key)[:40])
        for key in content
        if key not in _TOP
    ]
    for entry in questions(content):
        name = str(entry.get("question"))
        more = {k: v for k, v in entry.items() if k not in (*_OURS, *_THEIRS)}
        written = entry.get("points")
        comment = str(entry.get("comment") or "")
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


def _written(decided: Decided, head: Mapping[str, str], shown: Mapping[str, Shown]) -> bytes:
    questions: list[dict[str, Any]] = []
    for mark in decided.marks:
        beside = shown.get(mark.question, Shown(mark.question))
        decision = decided.given.get(mark.question, Decision())
        entry: dict[str, Any] = {"question": mark.question, "title": beside.title}
        entry |= {"points": decision.written, "comment": decision.comment or None}
        entry |= {"of": _plain(mark.of), "proposed": _plain(mark.proposed), "why": mark.why}
        if decision.check:
            entry["check"] = decision.check
        entry |= {"criteria": list(beside.criteria)} if beside.criteria else {}
        entry["answer"] = {name: _cut(text) for name, text in beside.answer.items()}
        questions.append(entry | {"seen": mark.seen} | dict(decision.more))
    known = {mark.question for mark in decided.marks}
    for name, decision in decided.given.items():
        if name not in known:
            own = {"question": name, "points": decision.written, "comment": decision.comment}
            questions.append({**own, **decision.more})
    content = {
        **{key: value for key, value in head.items() if value},
        "total": _plain(decided.total),
        "comment": decided.comment or None,
        "questions": questions,
        **decided.more,
    }
    return _dumped(content)


def _dumped(content: Mapping[str, Any]) -> bytes:
    text = yaml.dump(
        content,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return (_HEADER + text).encode("utf-8", "backslashreplace")


def _plain(points: float | None) -> float | int | None:
    return int(points) if points is not None and points == int(points) else points


def _cut(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    clean = "\n".join(line.rstrip() for line in clean.splitlines())
    return clean if len(clean) <= _LONGEST_TEXT else clean[:_LONGEST_TEXT] + " …"


_HEADER = (
    "# Yours are `points` and `comment`, of each question and of the whole: nothing overwrites them.\n"
    "# Without `points`, the proposed ones count. All else, notes behind a # too, is written again by\n"
    "# each `edgelab grade`.\n"
)
_Loader: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml's, ten times faster, where it is


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes long texts as blocks, as a person would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Write everything out, twice where it stands twice."""
        return True


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value or len(value) > 90 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
