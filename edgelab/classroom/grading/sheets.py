"""One editable YAML sheet a student: what is proposed, what a person decided, and never the one over the other.

    decided = store(path, title, marks, texts)
    decided.points("3.analysis"), decided.problems

A person writes `points` and `comment`, and notes behind a #; a program never does. At each run the rest is
written anew around them. A mark stays when the answer changes, and `check` says so until a person deletes
that line. A sheet that can't be read is left alone, and the new one is written beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edgelab import workspace
from edgelab.classroom.grading import comments, decisions, sheet_reading
from edgelab.classroom.grading.decisions import Decided, Decision, questions
from edgelab.classroom.grading.marking import Mark
from edgelab.classroom.language import N_, _
from edgelab.errors import FormatError

_LONGEST_TEXT = 4_000  # of an answer, as it is shown in the sheet


@dataclass(frozen=True)
class Shown:
    """What stands beside a mark, for the person who judges."""

    title: str
    answer: Mapping[str, str] = field(default_factory=dict)
    criteria: Sequence[str] = ()


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
    by_question = {m.question: m for m in marks}
    target, beside = path, path.with_name(f"{path.stem}.new.yaml")
    try:
        before, notes, problems = sheet_reading.read(path)
        problems += _left_over(beside)
    except FormatError as error:
        target = beside
        says = _("The sheet can't be read, and its marks do not count: {error} See {file}.")
        told = says.format(error=error, file=beside.name)
        try:
            # A person may have gone on marking there: what stands in it counts, and stays.
            before, notes, problems = sheet_reading.read(beside)
            problems.insert(0, told)
        except FormatError as second:
            return Decided(tuple(marks), problems=(told, str(second)))
    more = {key: value for key, value in before.items() if key not in decisions.TOP}
    given, comment, wrong = decisions.given_in(before, by_question)
    problems += wrong
    owner = before.get("name")
    if owner not in (None, head["name"]) and (given or comment):
        says = _("The sheet {file} was of “{owner}”; its marks were kept.")
        problems.append(says.format(file=path.name, owner=str(owner)[:80]))
    decided = Decided(tuple(marks), given, comment, more, tuple(problems))
    content = _written(decided, head, shown, notes)
    if not (target.exists() and target.read_bytes() == content):
        workspace.atomic_write(target, content)
    return decided


def _left_over(beside: Path) -> list[str]:
    """Remove the sheet that stood in for one that could not be read, unless a person wrote in it."""
    if not beside.exists():
        return []
    try:
        content, notes, _problems = sheet_reading.read(beside)
        written = [e for e in questions(content) if e.get("points") is not None or e.get("comment")]
        if not (written or notes or content.get("comment")):
            beside.unlink()
            return []
    except (FormatError, OSError):
        pass
    says = _(
        "{file} has marks too, which do not count: take them over into {sheet}, then delete it."
    )
    sheet = beside.name.replace(".new.yaml", ".yaml")
    return [says.format(file=beside.name, sheet=sheet)]


def decide(path: Path, question: str, **changes: Any) -> None:
    """Write a person's decision into a sheet; everything else in it stays.

    Args:
        path: of the sheet.
        question: its identifier.
        changes: `points`, a number or None; `comment`, a text. What is not given stays.

    Raises:
        FormatError: the sheet can't be read.
    """
    content, notes, _problems = sheet_reading.read(path)
    for entry in questions(content):
        if entry.get("question") == question:
            entry.update({key: None if value == "" else value for key, value in changes.items()})
            if "points" in changes:
                entry.pop("check", None)
    workspace.atomic_write(path, _dumped(content, notes))


def read(path: Path) -> dict[str, Any]:
    """Return what stands in a sheet; {} where there is none yet.

    Raises:
        FormatError: it is no sheet of marks.
    """
    return sheet_reading.read(path).content


def _written(
    decided: Decided, head: Mapping[str, str], shown: Mapping[str, Shown], notes: comments.Notes
) -> bytes:
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
    return _dumped(content, notes)


def _dumped(content: Mapping[str, Any], notes: comments.Notes) -> bytes:
    text = yaml.dump(
        content,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    header = "".join(f"{comments.OURS}{line}\n" for line in _(_HEADER).splitlines())
    return (header + comments.put_into(text, notes)).encode("utf-8", "backslashreplace")


def _plain(points: float | None) -> float | int | None:
    return int(points) if points is not None and points == int(points) else points


def _cut(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    clean = "\n".join(line.rstrip() for line in clean.splitlines())
    return clean if len(clean) <= _LONGEST_TEXT else clean[:_LONGEST_TEXT] + " …"


_HEADER = N_(
    "Yours are `points` and `comment`, of each question and of the whole, and notes behind a #:\n"
    "nothing overwrites them. Without `points`, the proposed ones count. All else is written again\n"
    "by each `edgelab grade`."
)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes long texts as blocks, as a person would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Write everything out, twice where it stands twice."""
        return True


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value or len(value) > 90 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
