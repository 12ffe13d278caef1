"""Lesson 20: quantization by hand, and the choices around it.

The functions that students write, and how the checks call them:

    20.1 scale          scale_of(values, bits=8)                  → the step, symmetric
    20.2 quantize       quantize(values, scale, bits=8)           → codes, symmetric
    20.3 dequantize     dequantize(codes, scale, zero_point=0)    → values
    20.4 zero point     affine_of(values, bits=8)                 → (scale, zero point), asymmetric
    20.5 per channel    scales_of(kernel, bits=8)                 → a step per output channel
    20.6 outlier        ruin(weights)                             → (changed weights, reason)
    20.7 calibration    representative(pixels, labels, n)         → float32 images
    20.8 recipe         choose(scan, budget_bytes)                → {layer: bits}

Codes are signed: −127 … 127 where symmetric, −128 … 127 where there is a zero point (8 bits). The
rules are those of the TensorFlow Lite quantization specification.
"""

from __future__ import annotations

from edgelab.classroom.exercises.answers import Answer, Wrong, as_number
from edgelab.classroom.exercises.choosing_mistakes import (
    judge_calibration,
    judge_outlier,
    judge_reason,
    weights_and_reason,
)
from edgelab.classroom.exercises.quantizing_mistakes import (
    judge_axes,
    judge_clipping,
    judge_codes,
    judge_scales,
    same_shape,
)
from edgelab.classroom.exercises.recipe_mistakes import judge_recipe, made_up_scan, recipe_of
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.exercises.zero_point_mistakes import (
    judge_affine,
    judge_values,
    judge_width,
    pair,
)
from edgelab.classroom.language import N_, _

# The largest magnitude is negative in the first, so that a forgotten `abs` shows.
_VALUES = ((-0.9, 0.2, 0.5, 0.11), (0.1, 0.75, -0.3, 0.004), (-3.0, 2.5, 0.7, -1.1))
# Scans (layer, weights, divergence) and the bytes that a file may grow by. In the second the most
# sensitive layer costs the room of three others, in the third the smallest layers bring nothing.
_SCANS = (
    ((("stem", 432, 0.09), ("a", 2304, 0.016), ("b", 9216, 0.011), ("c", 36864, 0.02),
      ("d", 800, 0.004), ("e", 700, 0.005), ("logits", 640, 0.006)), 1300),
    ((("big", 36864, 0.05), ("stem", 432, 0.04), ("a", 1000, 0.03), ("b", 1200, 0.03)), 18500),
    ((("b", 200, 0.0005), ("a", 300, 0.0008), ("middle", 2000, 0.06), ("c", 5000, 0.001)), 1100),
)  # fmt: skip


@exercise(
    "20.1 scale",
    N_("The scale of symmetric quantization"),
    hints=(
        N_(
            "Which value needs the largest code? Its sign does not matter, and neither do the others."
        ),
        N_(
            "Largest absolute value ÷ largest code; with `bits` bits that is `2 ** (bits - 1) - 1`."
        ),
    ),
)
def scale(answer: Answer) -> str:
    """Check the step of symmetric codes: the largest magnitude lands on the largest code."""
    import numpy as np

    for bits in (8, 4, 2):
        for numbers in _VALUES:
            values = np.array(numbers)
            got = answer(values, bits)
            if np.size(got) == values.size:
                raise Wrong(
                    "scale-per-value",
                    _("Your function gives one number for every value; a tensor shares one scale."),
                    _("Reduce the values to one number first: which one decides?"),
                )
            judge_scales(as_number(got), np.abs(values).max(), values.max(), np.ptp(values), bits)
    return _("The largest magnitude lands exactly on the largest code, whatever its sign.")


@exercise(
    "20.2 quantize",
    N_("From values to codes"),
    hints=(
        N_(
            "How many steps is a value away from 0? A code is a whole number: which one is nearest?"
        ),
        N_(
            "Divide by the scale, `np.round`, then `np.clip` between `-top` and `top`, where "
            "`top = 2 ** (bits - 1) - 1`."
        ),
    ),
)
def quantize(answer: Answer) -> str:
    """Check symmetric codes: the nearest whole number of steps, clipped to the code range."""
    import numpy as np

    for step, bits in ((0.01, 8), (0.5, 4)):
        top = 2 ** (bits - 1) - 1
        # No value lies half-way between two codes, so that any rule for ties is right.
        steps = np.array([0.3 - top, -3.6, -1.2, -0.4, 0.0, 0.3, 1.7, 2.4, 5.8, top - 0.3])
        inside = steps * step
        got = answer.array(inside, step, bits)
        same_shape(got, inside)
        judge_codes(got, inside, step, top)
        beyond = np.array([-1.7, -1.3, 1.2, 1.6]) * (top + 1) * step
        judge_clipping(answer.array(beyond, step, bits), beyond, step, bits)
    return _("Each value is at most half a step away from its code; what lies outside is clipped.")


@exercise(
    "20.3 dequantize",
    N_("From codes back to values"),
    hints=(
        N_("Which value does the code `zero_point` stand for? And the code after it?"),
        N_("`scale * (codes - zero_point)`, with the codes turned into a wider type first."),
    ),
)
def dequantize(answer: Answer) -> str:
    """Check the way back: the zero point means 0, neighbours are one step apart."""
    import numpy as np

    codes = np.array([-128, -90, -3, 0, 1, 64, 127])
    for step, zero in ((0.25, 0), (0.5, 7), (0.02, -30)):
        got = answer.array(codes.astype(np.int32), step, zero)
        same_shape(got, codes)
        judge_values(got, codes, step, zero)
    narrow = np.array([-128, 0, 127], dtype=np.int8)
    got = answer.array(narrow, 0.5, -100)
    judge_width(got, narrow, 0.5, -100)
    return _("The zero point comes back as exactly 0, and int8 codes do not overflow.")


@exercise(
    "20.4 zero point",
    N_("Scale and zero point of asymmetric quantization"),
    hints=(
        N_("Zero must have a code. What is the smallest range that holds all values and 0?"),
        N_(
            "`scale = (high - low) / (2 ** bits - 1)`. The smallest code, `-(2 ** (bits - 1))`, stands "
            "for `low`; 0 lies `-low / scale` codes above it, rounded."
        ),
    ),
)
def zero_point(answer: Answer) -> str:
    """Check an asymmetric range: it holds 0, fills the codes, and 0 is one of them."""
    import numpy as np

    # On both sides of 0; then a ReLU's output; then ranges that do not hold 0.
    cases = (
        (-0.27, 0.1, 1.0),
        (-0.4, 0.3, 1.0),
        (0.0, 2.2, 6.0),
        (0.5, 1.0, 2.0),
        (-3.0, -1.5, -0.4),
    )
    for bits in (8, 4):
        for numbers in cases:
            values = np.array(numbers)
            step, zero = pair(answer(values, bits))
            judge_affine(step, zero, float(values.min()), float(values.max()), bits)
    return _("Zero has a code of its own, and no code is wasted on values that do not occur.")


@exercise(
    "20.5 per channel",
    N_("A scale for each output channel"),
    hints=(
        N_(
            "The output channel is the last axis. What has to be reduced: this axis, or the others?"
        ),
        N_("`np.abs(kernel).max(axis=(0, 1, 2))`, then as in exercise 1."),
    ),
)
def per_channel(answer: Answer) -> str:
    """Check scales per output channel: one per filter, each from that filter's own magnitude."""
    import numpy as np

    generator = np.random.default_rng(20)
    for bits in (8, 4):
        for shape in ((3, 3, 4, 5), (3, 3, 5, 5)):
            # Neighbouring channels differ by a factor, one has its extreme below zero.
            kernel = generator.uniform(-1, 1, shape) * (0.05 * 3.0 ** np.arange(shape[-1]))
            kernel *= np.array([1, 2, 1, 3, 1])[: shape[2], None]
            got = answer.array(kernel, bits)
            largest = np.abs(kernel).max(axis=(0, 1, 2))
            judge_axes(got, kernel, bits)
            judge_scales(
                got.reshape(-1),
                largest,
                kernel.max(axis=(0, 1, 2)),
                np.ptp(kernel, axis=(0, 1, 2)),
                bits,
            )
    return _("A filter with small weights now has small steps, whatever its neighbours hold.")


@exercise(
    "20.6 outlier",
    N_("One weight that ruins all others"),
    hints=(
        N_("One value decides the step. What happens to the others when it grows?"),
        N_(
            "Make one weight a hundred times larger than the largest. The step grows with it, and "
            "the others round to a handful of codes around 0."
        ),
    ),
)
def outlier(answer: Answer) -> str:
    """Check one changed weight that makes 8 bits worse than 4 bits were, and the reason."""
    import numpy as np

    generator = np.random.default_rng(6)
    for shape, spread in (((3, 3, 4, 8), 0.1), ((200,), 2.0)):
        weights = generator.normal(0, spread, shape)
        changed, reason = weights_and_reason(answer(weights))
        judge_outlier(changed, weights)
        judge_reason(reason)
    return _("One large value among thousands, and the others share a handful of codes.")


@exercise(
    "20.7 calibration",
    N_("Images to calibrate with"),
    hints=(
        N_(
            "What did the network see in training: which kinds of picture, and values in which range?"
        ),
        N_(
            "`rows = np.linspace(0, len(pixels) - 1, n).astype(int)` walks through all classes; then "
            "divide by 255 and turn the result into `np.float32`."
        ),
    ),
)
def calibration(answer: Answer) -> str:
    """Check calibration images: different ones, of all classes, scaled as in training."""
    import numpy as np

    generator = np.random.default_rng(7)
    # The last n is no multiple of the number of classes.
    for count, n in ((300, 60), (500, 100), (300, 64)):
        labels = np.sort(np.arange(count) % 10)
        pixels = generator.integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
        got = answer.array(pixels, labels, n)
        judge_calibration(got, pixels, labels, n)
    return _("Different images of all classes, in the range of the training.")


@exercise(
    "20.8 recipe",
    N_("Which layers get eight bits, under a budget"),
    hints=(
        N_("A layer brings something (`entry.kl`) and takes something (`entry.extra_bytes()`)."),
        N_(
            "Sort by `entry.kl / entry.extra_bytes()`, largest first. Give a layer 8 bits while it "
            "fits into `budget_bytes - scan.low_bytes`, and count down what is left."
        ),
    ),
)
def recipe(answer: Answer) -> str:
    """Check a recipe: within the budget, and nearly as good as the best one."""
    for layers, room in _SCANS:
        scan = made_up_scan(layers)
        budget = scan.low_bytes + room
        judge_recipe(recipe_of(answer(scan, budget), scan), scan, budget)
    return _("Each byte goes where it brings most, and the budget holds.")
