"""Lesson 01: what the worksheet computes, what its audit compares, and why an edited record shows.

01.1 improvement    improvement(before, after)            → how much less it became, in percent
01.2 agrees         agrees(typed, recorded, tolerance)    → whether a typed figure is the recorded one
01.3 edit           edit(record)                          → the record with half the size, and a letter
"""

from __future__ import annotations

import copy
import math
from typing import Any

from edgelab.classroom.exercises.answers import Answer, Wrong
from edgelab.classroom.exercises.filing_mistakes import AGREEING, EDITING, IMPROVING, record
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.language import N_, _, format_number

# The last two became worse: the improvement is below 0.
_PAIRS = ((8.0, 2.0), (0.2299, 0.06351), (40.0, 10.0), (0.5, 0.6), (2.0, 7.0))
# Typed, recorded, tolerance, and whether they agree.
_FIGURES = (
    (61.0, 61.0, 0.02, True),
    (61.01, 61.0, 0.02, True),
    (61.5, 61.0, 0.02, True),
    (60.4, 61.0, 0.02, True),
    (16.0, 61.0, 0.02, False),
    (64.0, 61.0, 0.02, False),
    (1.4, 1.0, 0.02, False),
    (0.05, 0.06, 0.02, False),
    (98.02, 100.0, 0.02, True),
    (1012.0, 1000.0, 0.02, True),
    (1012.0, 1000.0, 0.001, False),
    (-101.0, -102.0, 0.02, True),
    (-102.0, 102.0, 0.02, False),
    (0.0, 0.0, 0.02, True),
)
_LETTERS = {"a": "date", "c": "second-copy", "d": "too-good"}


@exercise(
    "01.1 improvement",
    N_("How much less it became, in percent"),
    hints=(
        N_("From 8 MB to 2 MB: how many of the 8 are gone? What share of the 8 is that?"),
        N_("`100 * (before - after) / before`."),
    ),
)
def improvement(answer: Answer) -> str:
    """Check the percentage that the worksheet derives from two figures."""
    got = [answer.number(*pair) for pair in _PAIRS]
    right = [100 * (before - after) / before for before, after in _PAIRS]
    if not _close(got, right):
        for name, wrong, text, advice in IMPROVING:
            if _close(got, [wrong(*pair) for pair in _PAIRS]):
                raise Wrong(name, _(text), _(advice))
        at = next(i for i in range(len(got)) if not _close(got[i : i + 1], right[i : i + 1]))
        text = _("From {before} to {after} it is {right} % less; yours says {got}.")
        raise Wrong(
            "wrong-improvement",
            text.format(
                before=format_number(_PAIRS[at][0], 5),
                after=format_number(_PAIRS[at][1], 5),
                right=format_number(right[at], 4),
                got=format_number(got[at], 4),
            ),
            _("Take 8 and 2 first: what is gone, as a share of what was there?"),
        )
    return _("What became worse has a negative improvement, and the worksheet says so.")


@exercise(
    "01.2 agrees",
    N_("When a typed figure is the recorded one"),
    hints=(
        N_("How far apart may they be at most, if 2 % of the recorded figure are allowed?"),
        N_("Compare `abs(typed - recorded)` with `tolerance * abs(recorded)`."),
    ),
)
def agrees(answer: Answer) -> str:
    """Check the comparison of a typed figure with the recorded one."""
    got = [_truth(answer(*figures[:3])) for figures in _FIGURES]
    right = [figures[3] for figures in _FIGURES]
    if got == right:
        return _("This is how the audit compares. It also accepts a figure that is only rounded.")
    for name, wrong, text, advice in AGREEING:
        if got == [wrong(*figures[:3]) for figures in _FIGURES]:
            raise Wrong(name, _(text), _(advice))
    at = next(i for i, (mine, theirs) in enumerate(zip(right, got, strict=True)) if mine != theirs)
    typed, recorded, tolerance, expected = _FIGURES[at]
    verdict = _("agree") if expected else _("do not agree")
    text = _("{typed} typed and {recorded} recorded {verdict}, at {tolerance} %.")
    raise Wrong(
        "wrong-verdict",
        text.format(
            typed=format_number(typed, 5),
            recorded=format_number(recorded, 5),
            verdict=verdict,
            tolerance=format_number(100 * tolerance),
        ),
        _("By how much do the two differ, and how much is allowed?"),
    )


@exercise(
    "01.3 edit",
    N_("An edited record, and why it shows"),
    hints=(
        N_(
            "The size stands in `measurements`, in the second entry, in `size`. What is left as it was?"
        ),
        N_(
            '`record["payload"]["measurements"][1]["size"]["file_bytes"] /= 2`, then return `record` and '
            "the letter. What is computed from the whole content of a line?"
        ),
    ),
)
def edit(answer: Answer) -> str:
    """Check an edited record and the reason why it will be found."""
    before = record()
    result = answer(copy.deepcopy(before))
    if not (isinstance(result, tuple | list) and len(result) == 2 and isinstance(result[0], dict)):
        raise Wrong(
            "not-a-pair",
            _("Two things are wanted: the changed record and a letter."),
            _('End with `return record, "a"`, with the letter that you think right.'),
        )
    after, letter = result
    for name, made, text, advice in EDITING:
        if made(before, after):
            raise Wrong(name, _(text), _(advice))
    chosen = str(letter).strip().strip("()").lower()
    if chosen == "b":
        return _("The hash is computed from everything that stands in the line, the size included.")
    if chosen not in _LETTERS:
        raise Wrong(
            "no-letter",
            _("{given} is none of the letters.").format(given=f"`{str(letter)[:20]}`"),
            _("Choose a, b, c or d."),
        )
    raise Wrong(_LETTERS[chosen], _(_REASONS[chosen]), _("What does each line carry at its end?"))


_REASONS = {
    "a": N_("Dates of files can be set to anything, so nothing relies on them."),
    "c": N_("There is no second copy. The line itself tells that it was changed."),
    "d": N_("No value is judged: a file of half the size may well be real."),
}


def _close(got: list[float], expected: list[float]) -> bool:
    pairs = zip(got, expected, strict=True)
    return all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in pairs)


def _truth(result: Any) -> bool:
    import numpy as np

    if isinstance(result, bool | np.bool_):
        return bool(result)
    raise Wrong(
        "not-a-truth-value",
        _("Your function should return True or False; it gives {kind}.").format(
            kind=f"`{type(result).__name__}`"
        ),
        _("A comparison such as `difference <= allowed` is True or False."),
    )
