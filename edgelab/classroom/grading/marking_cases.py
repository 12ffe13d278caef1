"""The answers of a graded class one by one, and what a person decides about each.

    every = cases("grades")                         # question by question
    case, told = points_decided(every[0], "1,5")    # in the student's sheet at once
    case, told = commented(case, "Well seen.")

Each writes its own line of the sheet only, to what stands in the file at that moment: somebody may have it
open in an editor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab.classroom.grading import assessment, decisions, sheets
from edgelab.classroom.grading.feedback import safe
from edgelab.classroom.language import _
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
        # A sheet that stands in for another is marked only while that one can't be read.
        stands_in = path.name.endswith(".new.yaml")
        if stands_in and _readable(path.with_name(path.name.replace(".new.yaml", ".yaml"))):
            continue
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


def _readable(path: Path) -> bool:
    try:
        return bool(sheets.read(path))
    except FormatError:
        return False


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


def points_decided(case: Case, written: str) -> tuple[Case, str]:
    """Write points into the sheet; return the case as it stands now, and what to tell."""
    of = float(case.entry.get("of") or 0)
    points, problem = decisions.valid(written.strip() or None, of)
    if problem:
        return case, problem.format(question=case.question, written=written[:40], of=f"{of:g}")
    return _written(case, points=points)


def commented(case: Case, comment: str) -> tuple[Case, str]:
    """Write a comment into the sheet, below one that was written there by hand meanwhile."""
    there = comment_of(fresh(case).entry)
    if there in ("", comment, comment_of(case.entry)):
        return _written(case, comment=comment)
    now, _said = _written(case, comment=f"{there}\n{comment}".strip())
    says = _("The sheet {file} had got another comment meanwhile: both are kept.")
    return now, says.format(file=case.path.name)


def _written(case: Case, **changes: Any) -> tuple[Case, str]:
    try:
        sheets.decide(case.path, case.question, **changes)
    except EdgelabError as error:
        # What was typed stays on the page.
        return Case(case.path, case.name, {**case.entry, **changes}), str(error)
    return fresh(case), _("Saved in {file}.").format(file=case.path.name)


def fresh(case: Case) -> Case:
    """Return a case as it stands in its sheet now; as it was where the sheet can't be read."""
    try:
        found = decisions.questions(sheets.read(case.path))
    except EdgelabError:
        return case
    own = next((entry for entry in found if entry.get("question") == case.question), case.entry)
    return Case(case.path, case.name, own)


def comment_of(entry: Mapping[str, Any]) -> str:
    """Return what a person wrote about a question in a sheet."""
    written = entry.get("comment")
    return "" if written is None else str(written)
