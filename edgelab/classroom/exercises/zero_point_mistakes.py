"""What goes wrong with a zero point, and how it shows (exercises 20.3 and 20.4).

As in `quantizing_mistakes.py`: a misconception is recognised by the numbers that it gives.
"""

from __future__ import annotations

from typing import Any

from edgelab.classroom.exercises.answers import Wrong, as_number
from edgelab.classroom.exercises.quantizing_mistakes import near
from edgelab.classroom.language import _, format_number


def judge_values(got: Any, codes: Any, step: float, zero: int) -> None:
    """Raise `Wrong` unless got holds the values that the codes stand for."""
    right = step * (codes - zero)
    if near(got, right):
        return
    if zero and near(got, step * codes):
        raise Wrong(
            "ignores-zero-point",
            _("Your function leaves out the zero point."),
            _("The code `zero_point` means exactly 0: check that it does."),
        )
    if near(got, step * (codes + zero)):
        raise Wrong(
            "adds-zero-point",
            _("The zero point is added where it should be subtracted."),
            _("Put `zero_point` itself in as a code: 0 must come out."),
        )
    if near(got, step * codes - zero) or near(got, step * codes + zero):
        raise Wrong(
            "zero-point-after-scale",
            _("The zero point is a code, so it belongs with the codes, before the scale."),
            _("Subtract first, multiply then."),
        )
    if near(got, (codes - zero) / step) or near(got, codes / step):
        raise Wrong(
            "divides-by-scale",
            _("You divide by the scale: that is the way from values to codes."),
            _("On the way back, each code is worth one step: multiply."),
        )
    raise Wrong(
        "wrong-values",
        _("Some codes do not come back as the values that they stand for."),
        _("Try codes {codes} with scale {scale} and zero point {zero} by hand.").format(
            codes="0, 1, 2", scale=format_number(step), zero=zero
        ),
    )


def judge_width(got: Any, narrow: Any, step: float, zero: int) -> None:
    """Raise `Wrong` where int8 codes overflowed on their way back to values."""
    import numpy as np

    if not near(got, step * (narrow.astype(np.int32) - zero)):
        raise Wrong(
            "int8-overflow",
            _(
                "The formula is right, but the codes are int8: 127 − (−100) does not fit and comes "
                "out negative."
            ),
            _("Turn the codes into a wider type first, `codes.astype(np.float32)` for instance."),
        )


def pair(result: Any) -> tuple[float, float]:
    """Return a result as scale and zero point; raise `Wrong` where it is not two numbers."""
    several = isinstance(result, tuple | list) or getattr(result, "ndim", 0) == 1
    if not several or len(result) != 2:
        raise Wrong(
            "not-a-pair",
            _("Two results are wanted, the scale and the zero point."),
            _("End with `return scale, zero_point`."),
        )
    return as_number(result[0]), as_number(result[1])


def judge_affine(step: float, zero: float, low: float, high: float, bits: int) -> None:
    """Raise `Wrong` unless scale and zero point spread the codes over the range, 0 included."""
    bottom, steps = -(2 ** (bits - 1)), 2**bits - 1
    wide_low, wide_high = min(low, 0.0), max(high, 0.0)
    right = (wide_high - wide_low) / steps
    if not near(step, right):
        __judge_step(step, zero, low, high, bits)
    exact = bottom - wide_low / step
    if zero == round(exact):
        return
    if zero != round(zero):
        raise Wrong(
            "zero-point-not-whole",
            _("The zero point is a code, and a code is a whole number."),
            _("Round it: then 0 is represented exactly."),
        )
    if zero == round(exact) - bottom:
        raise Wrong(
            "unsigned-codes",
            _("That is the zero point of codes from 0 to {steps}; here they are signed.").format(
                steps=steps
            ),
            _("The smallest value has code {bottom}.").format(bottom=f"−{-bottom}"),
        )
    if zero in (round(bottom + wide_low / step), round(wide_low / step)):
        raise Wrong(
            "zero-point-sign",
            _("The sign is reversed: 0 lies above the smallest value, not below it."),
            _("Count the codes from the smallest value up to 0."),
        )
    if abs(zero - exact) < 1:
        raise Wrong(
            "truncation",
            _("The zero point is one code off: its fraction was cut off instead of rounded."),
            _("Use `round` before `int`."),
        )
    if wide_low < 0 and zero in (bottom, 0):
        raise Wrong(
            "fixed-zero-point",
            _("The zero point does not depend on the values; it should be where their 0 lies."),
            _("How many codes lie between the smallest value and 0?"),
        )
    raise Wrong(
        "wrong-zero-point",
        _(
            "For values from {low} to {high} the code of 0 should be {right}; yours is {got}."
        ).format(
            low=format_number(low),
            high=format_number(high),
            right=round(exact),
            got=round(zero),
        ),
        _("The smallest value has code {bottom}; count from there up to 0.").format(
            bottom=f"−{-bottom}"
        ),
    )


def __judge_step(step: float, zero: float, low: float, high: float, bits: int) -> None:
    """Raise `Wrong` for a scale that is not the range with 0 divided by the number of steps."""
    steps, top = 2**bits - 1, 2 ** (bits - 1) - 1
    wide = max(high, 0.0) - min(low, 0.0)
    largest = max(abs(low), abs(high))
    if near(zero, wide / steps) or near(zero, (high - low) / steps):
        raise Wrong(
            "swapped-results",
            _("The two results stand in the wrong order."),
            _("Return the scale first, then the zero point."),
        )
    if low * high > 0 and near(step, (high - low) / steps):
        raise Wrong(
            "zero-outside",
            _(
                "The values go from {low} to {high}, and 0 is not among them: it gets no code."
            ).format(low=format_number(low), high=format_number(high)),
            _("Widen the range until it holds 0: padding and ReLU produce exact zeros."),
        )
    if near(step, wide / (steps + 1)):
        raise Wrong(
            "power-of-two",
            _("{codes} codes have {steps} steps between them.").format(
                codes=steps + 1, steps=steps
            ),
            _("Divide by `2 ** bits - 1`."),
        )
    if near(step, largest / top) or near(step, 2 * largest / steps):
        raise Wrong(
            "symmetric-scale",
            _("That is the symmetric scale: it wastes the codes of values that do not occur."),
            _("Use the whole range here: from the smallest value to the largest, with 0."),
        )
    if near(step, wide / top):
        raise Wrong(
            "half-the-codes",
            _("You use only half of the codes: the others are worth having too."),
            _("From the smallest code to the largest there are {steps} steps.").format(steps=steps),
        )
    if bits != 8 and near(step, wide / 255):
        raise Wrong(
            "ignores-bits",
            _("With {bits} bits your function gives the scale of 8 bits.").format(bits=bits),
            _("Compute the number of steps from `bits`."),
        )
    raise Wrong(
        "wrong-scale",
        _("For values from {low} to {high} the scale does not fit the range.").format(
            low=format_number(low), high=format_number(high)
        ),
        _("Range with 0 ÷ number of steps."),
    )
