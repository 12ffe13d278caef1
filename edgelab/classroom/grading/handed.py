"""What one student handed in, and what of a folder belongs together or to nobody.

merged(submissions)         # "analysis-ugo.json" and "analysis-ugo (1).json" are one
old_results(folder)         # what an earlier grading wrote there
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from edgelab.classroom.grading.students import Student

MOST_FILES = 200  # that are looked at in one submission
FORMS = (".json", ".md")


@dataclass(frozen=True)
class Source:
    """One file of a submission: in a folder, or in an archive in it."""

    path: str
    member: str = ""  # of the archive at `path`
    shown: str = ""

    @property
    def suffix(self) -> str:
        """Return the ending of its name, in small letters."""
        return os.path.splitext(self.member or self.path)[1].lower()  # noqa: PTH122 - a name, no path

    @property
    def name(self) -> str:
        """Return its name without folders."""
        return (self.member or self.path).replace("\\", "/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Args:
        student: whose it is, by the name of the folder or file.
        sources: the files that may hold answers, and `journal.jsonl` files.
        problem: why there is nothing to read ("" where there is).
        notes: what was left out, and why.
        origin: the folder ("martin/") or file that it came from, the same at each run; of a platform's,
            its number.
        merged: whether files side by side were put together, since their names are copies of one name.
    """

    student: Student
    sources: tuple[Source, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    origin: str = ""
    merged: bool = False

    @property
    def answers(self) -> tuple[Source, ...]:
        """Return the files that may be hand-ins, JSON before Markdown."""
        return tuple(s for suffix in FORMS for s in self.sources if s.suffix == suffix)

    @property
    def journals(self) -> tuple[Source, ...]:
        """Return the journal files."""
        return tuple(s for s in self.sources if s.suffix == ".jsonl")


def old_results(folder: Path) -> list[Path]:
    """Return the folders that an earlier grading wrote into a folder of submissions."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [e for e in entries if (e / "gradebook.csv").is_file() and (e / "sheets").is_dir()]


def merged(found: list[Submission]) -> list[Submission]:
    """Put together what was downloaded twice: "analysis-ugo.json" and "analysis-ugo (1).json"."""
    result: list[Submission] = []
    place: dict[tuple[str, str], int] = {}
    for one in found:
        same = one.origin, one.student.key
        at = None if one.origin.endswith("/") else place.get(same)
        if at is None:
            place[same] = len(result)
            result.append(one)
            continue
        first = result[at]
        sources = (first.sources + one.sources)[:MOST_FILES]
        notes = tuple(dict.fromkeys((*first.notes, *one.notes)))
        problem = first.problem and one.problem
        result[at] = replace(first, sources=sources, notes=notes, problem=problem, merged=True)
    return result
