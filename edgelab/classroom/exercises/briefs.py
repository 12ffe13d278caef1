"""The two briefs of lesson 24, and the comparisons of the student's own that they choose from."""

from __future__ import annotations

from collections.abc import Callable

from edgelab import records, workshop
from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, with_unit
from edgelab.errors import EdgelabError
from edgelab.records import Comparison

DOWNLOAD_LIMIT_MB = 20.0  # of the brief in exercise 24.5
# Of the brief in exercise 24.7: bytes to download, share of right answers on validation.
COMBINED_LIMITS = {"size_gzip_bytes": 20_000.0, "accuracy": 0.93}
COMBINED_GOAL = "latency_ms"
COMBINED = "PCQAT int8"  # every comparison of combinations holds it


def also_defensible(result: Comparison, name: str) -> list[str]:
    """Return a sentence about the other choices that can be defended, if there are any."""
    limit_bytes = DOWNLOAD_LIMIT_MB * 1e6
    told = [
        f"{other} ({with_unit(size.gzip_bytes / 1e6, 'MB')}, {with_unit(latency.median_ms, 'ms')})"
        for other, size, latency in workshop.fitting(result, limit_bytes)
        if other != name and not workshop.rivals(result, other, limit_bytes)
    ]
    if not told:
        return []
    text = _(
        "Defensible too: {others}. Does your sentence say what your choice costs against that?"
    )
    return [text.format(others=", ".join(told))]


def latest_combinations() -> Comparison:
    """Return the journal's latest comparison of combinations.

    Raises:
        Wrong: there is none yet.
    """
    return _latest(lambda found: COMBINED in found.names)


def latest_comparison() -> Comparison:
    """Return the journal's latest comparison that holds the workshop's networks.

    Raises:
        Wrong: there is none yet.
    """
    limit_bytes = DOWNLOAD_LIMIT_MB * 1e6
    return _latest(
        lambda found: (
            set(workshop.WAY) <= set(found.names) and bool(workshop.fitting(found, limit_bytes))
        )
    )


def _latest(fits: Callable[[Comparison], bool]) -> Comparison:
    for record in reversed(records.history("comparison")):
        try:
            found = Comparison.from_dict(record.payload)
        except (EdgelabError, KeyError, TypeError):
            continue  # of another version of the course
        if fits(found):
            return found
    raise Wrong(
        "nothing-measured",
        _("Your journal holds no comparison yet that one could choose from."),
        _("Run the cell that compares the networks, then this one."),
    )
