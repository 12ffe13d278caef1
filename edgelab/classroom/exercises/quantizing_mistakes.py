"""What goes wrong when people quantize by hand, and how it shows.

Each function compares a student's numbers with the right ones; where they differ it looks for the
misconception that would give just these numbers, and raises `Wrong` with its name. The checks of
lesson 20 use them.
"""

from __future__ import annotations

from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number

# A float32 computation may differ in the sixth digit; 127 and 127.5 steps differ in the third.
_RELATIVE = 1e-4


def judge_scales(got: Any, largest: Any, signed: Any, spread: Any, bits: int) -> None:
    """Raise `Wrong` unless got = largest / (2**(bits-1) - 1), for one scale or one per channel."""
    top = 2 ** (bits - 1) - 1
    if near(got, largest / top):
        return
    if near(got, signed / top) and not near(signed, largest):
        raise Wrong(
            "signed-maximum",
            _("You took the largest value; the value farthest from 0 is negative here."),
            _("Take the absolute values first."),
        )
    steps = 2**bits - 1
    if near(got, largest / steps) or near(got, 2 * largest / steps):
        raise Wrong(
            "255-steps",
            _("You spread {steps} steps, all that {bits} bits have, over one sign or both.").format(
                steps=steps, bits=bits
            ),
            _(
                "Symmetric codes go from −{top} to {top}: the largest value is {top} steps from 0."
            ).format(top=top),
        )
    if any(near(got, largest / count) for count in (2**bits, top + 1)):
        raise Wrong(
            "power-of-two",
            _("You divided by a power of two: that is how many codes there are, not the largest."),
            _("With {bits} bits the largest code is {top}, one less than {power}.").format(
                bits=bits, top=top, power=top + 1
            ),
        )
    if any(near(got, spread / count) for count in (top, 2 * top, steps, steps + 1)):
        raise Wrong(
            "range-instead-of-magnitude",
            _("You used the whole range, maximum − minimum: that belongs to asymmetric codes."),
            _("Symmetric codes are centred on 0: only the largest magnitude counts."),
        )
    if bits != 8 and near(got, largest / 127):
        raise Wrong(
            "ignores-bits",
            _("With {bits} bits your function gives the scale of 8 bits.").format(bits=bits),
            _("Compute the largest code from `bits`."),
        )
    if near(got, top / largest):
        raise Wrong(
            "upside-down",
            _("That is codes per unit; the scale is the other way round."),
            _("How much is one step worth?"),
        )
    if near(got, largest):
        raise Wrong(
            "not-divided",
            _("That is the largest magnitude itself, so only the codes −1, 0 and 1 are used."),
            _("Divide it by the largest code."),
        )
    raise Wrong(
        "wrong-scale",
        _("With this scale the largest value does not land on the largest code, {top}.").format(
            top=top
        ),
        _("Divide your largest value by your scale: {top} must come out.").format(top=top),
    )


def judge_codes(got: Any, values: Any, step: float, top: int) -> None:
    """Raise `Wrong` unless got holds the nearest codes of values that lie inside the range."""
    import numpy as np

    exact = values / step
    right = np.round(exact)
    if np.array_equal(got, right):
        return
    if not got.any():
        raise Wrong(
            "all-zero",
            _("All codes are 0."),
            _("Divide by the scale before rounding: how many steps fit into the value?"),
        )
    if near(got, np.round(exact) * step):
        raise Wrong(
            "values-instead-of-codes",
            _("You rounded the values to steps and turned them back into values."),
            _("Stop one line earlier: the codes themselves are wanted."),
        )
    if near(got, exact):
        raise Wrong(
            "not-rounded",
            _("The result is not whole: a code is a whole number."),
            _("Round to the nearest one."),
        )
    if np.array_equal(got, np.trunc(exact)):
        raise Wrong(
            "truncation",
            _("The fraction is cut off: `int` and `astype` do not round."),
            _("Use `np.round` before turning the codes into integers."),
        )
    if np.array_equal(got, np.floor(exact)) or np.array_equal(got, np.ceil(exact)):
        raise Wrong(
            "one-sided-rounding",
            _("All values are rounded to the same side, so the error is up to a whole step."),
            _("The nearest code is at most half a step away: `np.round`."),
        )
    if near(got, values * step):
        raise Wrong(
            "multiplies-by-scale",
            _("You multiply by the scale: that is the way back, from codes to values."),
            _("How many steps fit into the value? Divide."),
        )
    if np.array_equal(got, np.clip(right, 0, None)) or np.array_equal(got, right + top + 1):
        raise Wrong(
            "unsigned-codes",
            _("Your codes are never negative, those of the exercise are signed."),
            _("Clip to −{top} … {top}.").format(top=top),
        )
    raise Wrong(
        "wrong-codes",
        _("Value {value} with scale {scale} should have code {code}; yours is {got}.").format(
            **_first_difference(got, right, values), scale=format_number(step)
        ),
        _("Value ÷ scale, rounded to the nearest whole number."),
    )


def judge_clipping(got: Any, values: Any, step: float, bits: int) -> None:
    """Raise `Wrong` unless values beyond the range get the outermost codes."""
    import numpy as np

    top = 2 ** (bits - 1) - 1
    same_shape(got, values)
    free = np.round(values / step)
    right = np.clip(free, -top, top)
    if np.array_equal(got, right):
        return
    if np.array_equal(got, np.clip(free, -top - 1, top)):
        raise Wrong(
            "asymmetric-clip",
            _("The smallest code is −{low}: symmetric codes stop at −{top}.").format(
                low=top + 1, top=top
            ),
            _("Give up one code, and −x always has the opposite code of x."),
        )
    if bits != 8 and np.array_equal(got, np.clip(free, -127, 127)):
        raise Wrong(
            "ignores-bits",
            _("With {bits} bits your function clips as with 8 bits.").format(bits=bits),
            _("Compute the largest code from `bits`."),
        )
    if np.array_equal(got, free):
        raise Wrong(
            "missing-clip",
            _("Code {code} does not exist with {bits} bits.").format(
                code=int(np.abs(free).max()), bits=bits
            ),
            _("Clip the codes to −{top} … {top}.").format(top=top),
        )
    if np.array_equal(got, free.astype(np.int64).astype(np.int8)):
        raise Wrong(
            "wraps-around",
            _("Values beyond the range come out with the opposite sign: int8 wraps around."),
            _("Clip first, convert to int8 after it."),
        )
    raise Wrong(
        "wrong-clip",
        _("Value {value} lies beyond the range: its code should be {code}, yours is {got}.").format(
            **_first_difference(got, right, values)
        ),
        _("Clip the codes to −{top} … {top}.").format(top=top),
    )


def judge_axes(got: Any, kernel: Any, bits: int) -> None:
    """Raise `Wrong` unless got has one scale per output channel, reduced over the right axes."""
    import numpy as np

    channels = kernel.shape[-1]
    top = 2 ** (bits - 1) - 1
    if got.size == 1 or (got.size == channels and np.ptp(got) == 0):
        raise Wrong(
            "one-scale",
            _("All channels share one scale: that is per tensor."),
            _("Each filter deserves a scale of its own: reduce over all axes but the last."),
        )
    if got.shape == kernel.shape[:-1]:
        raise Wrong(
            "reduced-channel-axis",
            _("`axis=-1` names the axis that disappears: the output channels are gone."),
            _("Name the axes to be reduced, `axis=(0, 1, 2)`; the last one stays."),
        )
    by_input = np.abs(kernel).max(axis=(0, 1, 3)) / top
    if got.size == kernel.shape[2] and near(got.reshape(-1), by_input):
        raise Wrong(
            "swapped-axes",
            _("These are scales per input channel; the output channel is the last axis."),
            _("A kernel's shape is (height, width, in, out): reduce the first three axes."),
        )
    if got.size != channels:
        raise Wrong(
            "wrong-count",
            _("The kernel has {n} output channels; you give {got} scales.").format(
                n=channels, got=got.size
            ),
            _("Look at `kernel.shape`: which axes remain after the maximum?"),
        )


def same_shape(got: Any, like: Any) -> None:
    """Raise `Wrong` unless as many numbers came out, in the same shape, as went in."""
    if got.shape != like.shape:
        raise Wrong(
            "wrong-shape",
            _("{n} numbers went in and {got} came out.").format(n=like.size, got=got.size),
            _("NumPy works on the whole array at once: no index, no sum is needed."),
        )


def _first_difference(got: Any, right: Any, values: Any) -> dict[str, Any]:
    import numpy as np

    at = int(np.argmax(np.abs(got - right) > 1e-9))
    return {
        "value": format_number(values.flat[at], 4),
        "code": format_number(right.flat[at]),
        "got": format_number(got.flat[at]),
    }


def near(got: Any, wanted: Any) -> bool:
    """Tell whether two numbers or arrays are the same up to a float32 computation."""
    import numpy as np

    return np.shape(got) == np.shape(wanted) and bool(
        np.allclose(got, wanted, rtol=_RELATIVE, atol=1e-9)
    )
