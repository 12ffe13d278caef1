"""What the grading notebook shows: who handed in what, the questions, the class's machines.

overview(result)
by_question(result)
class_machines(result)
"""

from __future__ import annotations

from pathlib import Path

from edgelab import workspace
from edgelab.classroom.cards import Card
from edgelab.classroom.grading import class_page, machines, machines_chart, statistics
from edgelab.classroom.grading.assessment import Graded
from edgelab.classroom.grading.batch import Result
from edgelab.classroom.language import _, language, speaking
from edgelab.classroom.worksheets import exemplars as kept, loading
from edgelab.errors import MissingDataError
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

_MOST_ROWS = 60
_LONGEST = 90


def overview(result: Result) -> tables.Table:
    """Return the class as a table: a row a hand-in, those that need a look first."""
    with speaking(result.course.language):
        return _overview(result)


def _overview(result: Result) -> tables.Table:
    def needs(graded: Graded) -> tuple[bool, int]:
        told = (graded.problem, graded.decided.problems, graded.doubts)
        return graded.journal.tampered, sum(map(len, told))

    rows = []
    for one in sorted(result.graded, key=needs, reverse=True)[:_MOST_ROWS]:
        told = [one.problem, *one.decided.problems, *one.doubts, *one.journal.problems, *one.notes]
        alike = result.likeness.of(one.key)
        told += [_("similar to {keys}").format(keys=", ".join(alike[:5]))] if alike else []
        reason = " ".join(text for text in dict.fromkeys(told) if text)
        cut = reason if len(reason) <= _LONGEST else reason[: _LONGEST - 1] + "…"
        points, open_ = one.decided.total, len(one.decided.open)
        rows.append((one.name, points, open_, len(one.errors), cut))
    columns = (_("Student"), _("Points"), _("To mark"), _("Errors"), _("To look at"))
    notes = [class_page.summary(result.graded)]
    rest = len(result.graded) - len(rows)
    notes += [_("{n} more stand in the gradebook.").format(n=rest)] if rest else []
    return tables.of_rows(columns, rows, notes=notes)


def by_question(result: Result) -> Chart | Card:
    """Return the chart of what the class earned in each question."""
    with speaking(result.course.language):
        return statistics.by_question(result.course, result.graded) or _nothing()


def class_machines(result: Result) -> Chart | Card:
    """Return the chart of what each technique gained on which machine, without names."""
    rows = machines.pooled(gain for g in result.graded for gain in g.gains)
    with speaking(result.course.language):
        return machines_chart.chart(rows) or _nothing()


def exemplars(folder: Path) -> Path:
    """Write the rubric's exemplars as if three students had handed them in, and return the folder.

    Raises:
        MissingDataError: the instructor's files are not in this clone.
    """
    if not kept.available():
        raise MissingDataError(
            "There are no exemplars in solutions/worksheets/. Give a folder of hand-ins instead."
        )
    source = loading.solutions()
    for level in kept.LEVELS:
        answers = (source / f"{level}.{language()}.json").read_bytes()
        workspace.atomic_write(folder / f"Exemplar {level}" / "analysis.json", answers)
        journal = (source / "journal.jsonl").read_bytes()
        workspace.atomic_write(folder / f"Exemplar {level}" / "journal.jsonl", journal)
    return folder


def _nothing() -> Card:
    card = Card()
    card.say(_("There is nothing to show yet."))
    return card
