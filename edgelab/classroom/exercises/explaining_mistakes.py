"""What goes wrong with a gain on paper, a fixed cost, and the gain of a whole (exercises 25.1 to 25.3).

Each judge compares a wrong result with what the usual misconceptions would have given.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number
from edgelab.explaining import diagnosis, levers
from edgelab.explaining.anatomy import Anatomy


def judge_paper(got: float, before: Anatomy, after: Anatomy) -> None:
    """Raise `Wrong` unless got is the work before over the work after."""
    right = diagnosis.paper_gain(before, after)
    if _near(got, right):
        return
    products, bits = before.macs / after.macs, before.bits / after.bits
    kept = (1 - before.idle) / (1 - after.idle)
    if _near(got, 1 / right):
        raise Wrong(
            "upside-down",
            _("Less work should give a gain above 1; yours is {got}.").format(
                got=format_number(got, 2)
            ),
            _("The work before goes on top."),
        )
    if _near(got, products * bits) and not _near(kept, 1):
        raise Wrong(
            "ignores-zeros",
            _("Your gain is the same with and without zeros."),
            _("`idle` is the share of products with a 0: which share is left to do?"),
        )
    if _near(got, products * kept) and not _near(bits, 1):
        raise Wrong(
            "ignores-bits",
            _("Your gain is the same for 8 bits as for 32."),
            _("Four weights of 8 bits take the place of one of 32: multiply by the ratio of bits."),
        )
    zeros = before.idle / after.idle if after.idle else 0.0
    if _near(got, products * bits * zeros) or _near(got, products * bits * after.idle):
        raise Wrong(
            "counts-the-zeros",
            _("You count the products with a 0, which are those that need not be done."),
            _("`1 - idle` is the share that is left."),
        )
    if _near(got, products + bits + kept) or _near(got, products + bits + kept - 2):
        raise Wrong(
            "adds-gains",
            _("Gains are ratios: they multiply, they do not add up."),
            _("Half the products with half the bits are a quarter of the work."),
        )
    if got in (math.floor(right), math.ceil(right)):
        raise Wrong(
            "rounded",
            _("The gain is rounded to a whole number: 1.5 and 0.25 are gains too."),
            _("Use `/`, and leave the rounding to the table."),
        )
    raise Wrong(
        "wrong-gain",
        _("For {a} products of {b} bits against {c} of {d} the gain is not {got}.").format(
            a=before.macs,
            b=format_number(before.bits),
            c=after.macs,
            d=format_number(after.bits),
            got=format_number(got, 2),
        ),
        _("Work is products that are left, times bits. Put the work before over the work after."),
    )


def judge_line(got: Any, fixed: float, each: float, by_batch: dict[int, float]) -> None:
    """Raise `Wrong` unless got is (start, slope) of the line through the times."""
    if got.size != 2:
        raise Wrong(
            "not-two",
            _("Two numbers are wanted: paid once, and paid for each image."),
            _("`return fixed, each`"),
        )
    first, second = (float(v) for v in got.ravel())
    if _near(first, fixed) and _near(second, each):
        return
    alone, largest = by_batch[1], max(by_batch)
    if _near(first, each) and _near(second, fixed):
        raise Wrong(
            "swapped",
            _("These are the right numbers in the wrong order."),
            _("`np.polyfit` gives the slope first. What is paid once comes first here."),
        )
    if _near(second, by_batch[largest] / largest) or _near(second, alone):
        raise Wrong(
            "average",
            _("You divide a whole call by its images, so each image pays a part of the call."),
            _("What does one image *more* cost? Compare two sizes."),
        )
    if _near(first, alone) and _near(second, each):
        raise Wrong(
            "first-is-fixed",
            _("A call with one image holds that image as well: it is not paid once only."),
            _("Go back one more image on the line, to none at all."),
        )
    raise Wrong(
        "wrong-line",
        _("The line through your numbers does not meet the times {times}.").format(
            times=", ".join(format_number(t) for t in by_batch.values())
        ),
        _("For every size: time = fixed + each × images."),
    )


def judge_gain_of_whole(got: float, share: float, factor: float) -> None:
    """Raise `Wrong` unless got is the gain of the whole."""
    right = levers.whole_gain(share, factor)
    if _near(got, right):
        return
    left = 1 - share + share / factor
    if _near(got, factor):
        raise Wrong(
            "factor-of-the-part",
            _("You give the gain of the part. The rest of the time stays as it was."),
            _("Add up the times of both parts, after."),
        )
    if _near(got, left):
        raise Wrong(
            "time-not-gain",
            _("That is the time that is left of 1. The gain is its inverse."),
            _("`1 / …`"),
        )
    if _near(got, 1 - share + share * factor):
        raise Wrong(
            "averages-gains",
            _("You average the gains; but times add up, gains do not."),
            _("What does the part take after it became {n} times faster?").format(
                n=format_number(factor)
            ),
        )
    if share and (_near(got, factor / share) or _near(got, share * factor)):
        raise Wrong(
            "forgets-the-rest",
            _("The rest of the time, {rest}, is missing.").format(rest=format_number(1 - share, 2)),
            _("After: `1 - share` as before, and `share / factor`."),
        )
    if _near(got, levers.whole_gain(1 - share, factor)):
        raise Wrong(
            "other-part",
            _("You made the rest faster, and left the part as it is."),
            _("`share` is the share of the part that becomes faster."),
        )
    raise Wrong(
        "wrong-gain",
        _("With a share of {share} and a factor of {factor} the gain is not {got}.").format(
            share=format_number(share), factor=format_number(factor), got=format_number(got, 2)
        ),
        _("Say the whole takes 1: what do both parts take after?"),
    )


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(1.0, abs(b))
