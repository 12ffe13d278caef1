"""What goes wrong when several figures count at once (exercises 24.6 and 24.7).

As in `comparing_mistakes.py`: an answer is tried on made-up figures, or compared with the student's own
measurements, and what it does there tells the misconception.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number
from edgelab.records import Comparison
from edgelab.reporting import pareto

_ROUNDING = 0.03  # a size may be written with two digits
# Two models may lie a third of a point apart, so an accuracy is written with a decimal, or as whole percents.
_POINTS, _WHOLE_POINTS = 0.06, 0.51
# Figures of two models, all better when small: (a, b, whether a beats b).
DUELS = (
    ((10.0, 5.0), (20.0, 6.0), True),
    ((10.0, 5.0), (20.0, 5.0), True),
    ((10.0, 5.0), (10.0, 5.0), False),
    ((10.0, 5.0), (5.0, 6.0), False),
    ((2.0, 9.0), (30.0, 8.0), False),
    ((10.0, 5.0), (5.0, 90.0), False),
    ((20.0, 6.0), (10.0, 5.0), False),
    ((3.0, 4.0, 1.0), (3.0, 4.0, 2.0), True),
    ((3.0, 4.0, 3.0), (3.0, 9.0, 2.0), False),
    ((1.0, 1.0, 9.0), (2.0, 2.0, 8.0), False),
)


def judge_beats(beats: Callable[[Any, Any], Any]) -> None:
    """Raise `Wrong` unless a beats b exactly where it is nowhere worse and somewhere better."""
    import numpy as np

    answers = []
    for a, b, _right in DUELS:
        got = beats(list(a), list(b))
        if not isinstance(got, bool | np.bool_):
            raise Wrong(
                "not-a-verdict",
                _("True or False is wanted; {kind} came back.").format(
                    kind=f"`{type(got).__name__}`"
                ),
                _("One verdict for all figures together: `all(…)` and `any(…)` give one."),
            )
        answers.append(bool(got))
    if answers == [right for _a, _b, right in DUELS]:
        return

    for name, rule, text, advice in _mistaken():
        if answers == [rule(a, b) for a, b, _right in DUELS]:
            raise Wrong(name, text, advice)
    wrong = next(duel for duel, got in zip(DUELS, answers, strict=True) if got != duel[2])
    raise Wrong(
        "wrong-verdict",
        _("Does {a} beat {b}? {right}, and your function says {got}.").format(
            a=wrong[0],
            b=wrong[1],
            right=_("Yes") if wrong[2] else _("No"),
            got=_("No") if wrong[2] else _("Yes"),
        ),
        _("Nowhere worse, and better somewhere."),
    )


def _mistaken() -> Iterator[tuple[str, Callable[[Any, Any], bool], str, str]]:
    """Yield the rules that students write instead: name, rule, what it does, what to do."""

    def better(a: Any, b: Any) -> list[bool]:
        return [x < y for x, y in zip(a, b, strict=True)]

    def no_worse(a: Any, b: Any) -> list[bool]:
        return [x <= y for x, y in zip(a, b, strict=True)]

    yield (
        "better-in-all",
        lambda a, b: all(better(a, b)),
        _("You ask for better in *every* figure: a model that is as large and faster wins too."),
        _("Nowhere worse, and better somewhere."),
    )
    yield (
        "better-in-one",
        lambda a, b: any(better(a, b)),
        _("Better in one figure and worse in another is a trade, not a victory."),
        _("Which second condition forbids to be worse anywhere?"),
    )
    yield (
        "majority",
        lambda a, b: sum(better(a, b)) > sum(better(b, a)),
        _("You count votes: who is better in more figures wins, however bad the others are."),
        _("One figure that is worse is enough: somebody may care for that one."),
    )
    yield (
        "equals-beat",
        lambda a, b: all(no_worse(a, b)),
        _("Two equal models beat each other in your rule, so neither would be left."),
        _("Add: better in at least one figure."),
    )
    yield (
        "reversed",
        lambda a, b: pareto.beats(b, a),
        _("Your rule says when b beats a."),
        _("Small is good here: `x <= y` with x from a."),
    )
    yield (
        "adds-up",
        lambda a, b: sum(a) < sum(b),
        _("You add figures of different units: kilobytes and errors have no sum."),
        _("Compare each figure with its own partner."),
    )


def judge_split(result: Comparison) -> None:
    """Raise `Wrong` where the accuracies to choose by are those on the test images."""
    if any(m.accuracy and m.accuracy.split == "test" for m in result.measurements):
        raise Wrong(
            "chosen-on-test",
            _(
                "Your last comparison was measured on the test images. Whoever chooses by them has none "
                "left to test the choice on."
            ),
            _("Measure with `on=digits.validation`, as in the cell above, then run this one."),
        )


def judge_wish(name: str, wish: pareto.Choice) -> None:
    """Raise `Wrong` where another model serves the wish, or comes nearer to it."""
    if name == wish.name or name in wish.ties:
        return
    if wish.satisfied and name not in wish.fitting:
        raise Wrong(
            "breaks-a-limit",
            _("{name} does not keep both limits; {n} models do.").format(
                name=name, n=len(wish.fitting)
            ),
            _("Put the limits on the sliders: what lies on tinted ground is out."),
        )
    if wish.satisfied:
        raise Wrong(
            "slower-than-another",
            _("{other} keeps the limits as well, and is faster.").format(other=wish.name),
            _("Of what fits, the brief wants the fastest."),
        )
    raise Wrong(
        "not-the-nearest",
        _("No model keeps both limits here, and {other} comes nearer than {name}.").format(
            other=wish.name, name=name
        ),
        _("Add up by which share each limit is missed."),
    )


def judge_own_figures(result: Comparison, name: str, size_kb: float, accuracy: float) -> None:
    """Raise `Wrong` unless both figures are those of the comparison, up to rounding."""
    size, share = result[name]["size_gzip_bytes"], result[name]["accuracy"]
    assert size is not None  # a wish about both was answered
    assert share is not None
    if not _close(size_kb, size / 1e3):
        unit = _close(size_kb, size) or _close(size_kb, size / 1e6)
        file = result[name]["size_file_bytes"] or 0.0
        raise Wrong(
            "wrong-unit"
            if unit
            else "file-instead-of-download"
            if _close(size_kb, file / 1e3)
            else "not-your-size",
            _("Compressed, {name} takes {right} kB; you give {got}.").format(
                name=name, right=format_number(size / 1e3), got=format_number(size_kb)
            ),
            _("`size_gzip_bytes` is in bytes; 1 kB is 1,000 of them."),
        )
    allowed = _WHOLE_POINTS if float(accuracy).is_integer() else _POINTS
    if abs(accuracy - 100 * share) > allowed:
        raise Wrong(
            "share-instead-of-percent" if _close(accuracy, share) else "not-your-accuracy",
            _("You measured {right} % for {name}; you give {got}.").format(
                right=format_number(100 * share), name=name, got=format_number(accuracy)
            ),
            _("`accuracy` is a share of 1; percent are wanted."),
        )


def _close(got: float, wanted: float) -> bool:
    return math.isclose(got, wanted, rel_tol=_ROUNDING)
