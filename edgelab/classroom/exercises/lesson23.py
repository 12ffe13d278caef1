"""Lesson 23: what an architecture costs, and how far to believe it.

The functions that students write, and how the checks call them:

    23.1 depthwise          depthwise_at(window, kernel)                 → one number a channel
    23.2 separable          separable_macs(height, width, channels_in, channels_out, size) → MACs
    23.3 inverted residual  block_weights(channels_in, expansion, channels_out) → three counts
    23.4 choice             choice(result)                    → (name, ms, million MACs, reason)
    23.5 fool it            fool(size)                        → (picture, reason's letter)

The fourth check looks at the latest comparison of variants in the student's own journal; it checks
limits and figures and does not judge the reason. The fifth asks EfficientNet-Lite0 itself.
"""

from __future__ import annotations

from edgelab import records
from edgelab.classroom.exercises.answers import Answer, Wrong, as_array, as_number
from edgelab.classroom.exercises.architecture_mistakes import (
    judge_block,
    judge_depthwise,
    judge_separable,
)
from edgelab.classroom.exercises.defended import chosen, judge_reason
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.exercises.variant_mistakes import (
    judge_figures,
    judge_letter,
    judge_limits,
    judge_picture,
)
from edgelab.classroom.language import N_, _, format_number
from edgelab.errors import EdgelabError
from edgelab.records import Comparison
from edgelab.reporting import variants

WHOLE = "MobileNetV2 1.0"
_PICTURE_SIZE = 224
_FEWEST_VARIANTS = 3


@exercise(
    "23.1 depthwise",
    N_("A depthwise convolution at one position"),
    hints=(
        N_(
            "Window and kernel have the same shape. Pair each number with its weight: which operation "
            "does that to whole arrays? Which axes have to disappear after it?"
        ),
        N_("`(window * kernel).sum(axis=(0, 1))`"),
    ),
)
def depthwise(answer: Answer) -> str:
    """Check one position of a depthwise convolution: each channel with its own filter."""
    import numpy as np

    generator = np.random.default_rng(23)
    for size, channels in ((3, 2), (3, 5), (5, 4)):
        window = generator.integers(-4, 9, (size, size, channels)).astype(float)
        kernel = generator.integers(-3, 4, (size, size, channels)).astype(float)
        judge_depthwise(answer.array(window, kernel), window, kernel)
    return _("Every channel is filtered by itself: nothing of one gets into another.")


@exercise(
    "23.2 separable",
    N_("The work of a convolution split in two"),
    hints=(
        N_(
            "At one position: how many weights does the depthwise half use, with one window for each "
            "channel in? And the pointwise half, with one weight for each pair of channels?"
        ),
        N_(
            "`height * width * (size * size * channels_in + channels_in * channels_out)`: both halves "
            "of one position, times the positions."
        ),
    ),
)
def split_in_two(answer: Answer) -> str:
    """Check the multiply-accumulates of a depthwise separable convolution."""
    # Not square, more channels out than in, and a last one with a wider window.
    for shape in ((7, 9, 16, 96, 3), (56, 56, 128, 128, 3), (14, 10, 24, 40, 5)):
        judge_separable(answer.number(*shape), shape)
    return _("Looking around and mixing channels are paid once each, and not for each other.")


@exercise(
    "23.3 inverted residual",
    N_("The weights of a MobileNetV2 block"),
    hints=(
        N_(
            "How many channels are there before and after each of the three convolutions? Write the "
            "four numbers down, then the weights."
        ),
        N_(
            "With `inside = channels_in * expansion`: `channels_in * inside`, then `9 * inside`, then "
            "`inside * channels_out`."
        ),
    ),
)
def inverted_residual(answer: Answer) -> str:
    """Check the weights of expanding, depthwise and projecting convolution."""
    for channels_in, expansion, channels_out in ((24, 6, 32), (10, 4, 16), (64, 6, 64)):
        got = as_array(answer(channels_in, expansion, channels_out)).astype(float).reshape(-1)
        judge_block(got, channels_in, expansion, channels_out)
    return _("Most weights are in the two 1 × 1 convolutions.")


@exercise(
    "23.4 choice",
    N_("A variant under two limits, defended"),
    hints=(
        N_(
            "Cross out what is no MobileNetV2, then what is too slow, then what is too large. Which of "
            "the rest does the most work?"
        ),
        N_(
            "`variants.shares_of_time(result, whole)` gives each one's share of the time; look at "
            "`size_file_bytes` and `macs` of each `result.measurements`."
        ),
    ),
    measured=True,
)
def choice(answer: Answer) -> str:
    """Check a choice of variant against the student's own measurements."""
    result = latest_variants()
    name, latency_ms, million_macs, reason = chosen(
        answer(result),
        result,
        _("Four things are wanted: name, milliseconds, million MACs, reason."),
        _("`return name, latency_ms, million_macs, reason`"),
    )
    judge_limits(result, name, result.reference.name)
    judge_figures(result, name, as_number(latency_ms), as_number(million_macs))
    judge_reason(
        reason,
        _("The figures are right. Why this variant and no other? One sentence is missing."),
        _("Which ones did you cross out, by which limit, and what is still unknown?"),
    )
    return _("It keeps both limits, and the figures are those that you measured.")


@exercise(
    "23.5 fool it",
    N_("A picture of no thing that convinces the network"),
    hints=(
        N_(
            "The network has learnt textures as well as things. Which of its 1,000 classes looks like a "
            "pattern that repeats?"
        ),
        N_(
            "A grid: with `lines = np.arange(size) % 8 < 2` whiten `picture[lines]` and "
            "`picture[:, lines]`. Then think of what softmax does with 1,000 numbers."
        ),
    ),
)
def fool_it(answer: Answer) -> str:
    """Check a picture of few colours that makes EfficientNet-Lite0 sure, and the reason."""
    given = answer(_PICTURE_SIZE)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Wrong(
            "no-such-reason",
            _("Picture and reason are wanted: the reason is one of the letters a, b, c and d."),
            _('End with `return picture, "…"`: your letter, one that you can defend.'),
        )
    said, probability = judge_picture(given[0], _PICTURE_SIZE)
    judge_letter(given[1])
    return _(
        "“{answer}”, {got} % sure. A probability is a share among classes, not a doubt."
    ).format(answer=said, got=format_number(100 * probability, 2))


def latest_variants() -> Comparison:
    """Return the journal's latest comparison whose reference is the whole MobileNetV2.

    Raises:
        Wrong: there is none yet.
    """
    for record in reversed(records.history("comparison")):
        try:
            found = Comparison.from_dict(record.payload)
        except (EdgelabError, KeyError, TypeError):
            continue  # of another version of the course
        relatives = [n for n in found.names if variants.family(n) == variants.family(WHOLE)]
        if found.reference.name.startswith(WHOLE) and len(relatives) >= _FEWEST_VARIANTS:
            if not variants.fitting(found, found.reference.name):
                continue
            return found
    raise Wrong(
        "nothing-measured",
        _("Your journal holds no comparison of variants yet that one could choose from."),
        _("Run the cell that compares all the networks, then this one."),
    )
