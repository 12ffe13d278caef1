"""What goes wrong when people count and build cheap convolutions (exercises 23.1 to 23.3).

Each function compares a student's answer with the right one; where they differ it looks for the
misconception that would give just this answer, and raises `Wrong` with its name.
"""

from __future__ import annotations

import math
from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number
from edgelab.networks import separable


def judge_separable(got: float, shape: tuple[int, int, int, int, int]) -> None:
    """Raise `Wrong` unless got counts a depthwise and a pointwise convolution of this shape.

    Args:
        got: the answer.
        shape: height and width of the output, channels in, channels out, side of the kernel.
    """
    height, width, cin, cout, size = shape
    places, window = height * width, size * size
    right = separable.separable_macs(*shape)
    if _near(got, right):
        return
    if _near(got, separable.standard_macs(*shape)):
        raise Wrong(
            "standard-convolution",
            _("That is the standard convolution: a window of all channels for every filter."),
            _(
                "Count two layers, one after the other: which weights does each use at one position?"
            ),
        )
    if _near(got, places * window * cin) or _near(got, places * cin * cout):
        raise Wrong(
            "one-half",
            _("That is one of the two halves; the other one has to be paid as well."),
            _("Add the depthwise and the pointwise half."),
        )
    if _near(got, places * window * cin * cin * cout) or _near(
        got, places * window * cin * places * cin * cout
    ):
        raise Wrong(
            "multiplied-halves",
            _("You multiply the two halves. They run one after the other, so their costs add up."),
            _("Depthwise **plus** pointwise."),
        )
    if _near(got, window * cin + cin * cout):
        raise Wrong(
            "weights-instead-of-work",
            _("Those are the weights. Each of them works at every position of the output."),
            _("Multiply by the number of positions, `height * width`."),
        )
    if _near(got, places * (window * cin + window * cin * cout)):
        raise Wrong(
            "wide-pointwise",
            _("Your pointwise half looks at a whole window; it looks at one pixel."),
            _("Its kernel is 1 × 1: `channels_in * channels_out` weights."),
        )
    if _near(got, places * (window * cout + cin * cout)):
        raise Wrong(
            "depthwise-on-the-output",
            _("You give the depthwise half one filter for each channel that comes *out*."),
            _("It runs first: it has one filter for each channel that comes *in*."),
        )
    if _near(got, places * (size * cin + cin * cout)):
        raise Wrong(
            "line-instead-of-window",
            _("A window of side {size} holds {window} weights, not {size}.").format(
                size=size, window=window
            ),
            _("The side counts twice: `size * size`."),
        )
    if size != 3 and _near(got, places * (9 * cin + cin * cout)):
        raise Wrong(
            "ignores-size",
            _("Your function always counts a window of 3 × 3."),
            _("Use `size`."),
        )
    if _near(got, 1 / cout + 1 / window):
        raise Wrong(
            "ratio",
            _("That is the share of the standard convolution's work; the work itself is wanted."),
            _("Multiply it by the work of the standard convolution, or add up the two halves."),
        )
    raise Wrong(
        "wrong-count",
        _("{shape}: the two halves take {right} MACs; your function gives {got}.").format(
            shape=_(
                "{height} × {width} positions, {cin} channels in, {cout} out, side {size}"
            ).format(height=height, width=width, cin=cin, cout=cout, size=size),
            right=format_number(right, 6),
            got=format_number(got, 6),
        ),
        _("One position of each half first, then times `height * width`."),
    )


def judge_depthwise(got: Any, window: Any, kernel: Any) -> None:
    """Raise `Wrong` unless got is what a depthwise convolution gives at one position."""
    import numpy as np

    right = separable.depthwise_at(window, kernel)
    got = np.asarray(got)
    if _same(got, right):
        return
    if got.size == 1 and np.isclose(got.reshape(-1)[0], right.sum()):
        raise Wrong(
            "sums-channels",
            _("You add up everything, the channels too. That is what a standard convolution does."),
            _("Sum over the two axes of the window only: `axis=(0, 1)`."),
        )
    if _same(got, window * kernel):
        raise Wrong(
            "not-summed",
            _("You multiply and stop: every product is still there."),
            _("Each channel becomes one number: sum over the window."),
        )
    if got.shape == (len(kernel), len(kernel)) or (
        got.ndim == 1 and got.shape != right.shape and got.size == len(kernel)
    ):
        raise Wrong(
            "wrong-axes",
            _("You sum over the wrong axes: {shape} numbers came back for {n} channels.").format(
                shape=got.shape, n=len(right)
            ),
            _("The window is (row, column, channel); rows and columns go, channels stay."),
        )
    if got.shape != right.shape:
        raise Wrong(
            "wrong-shape",
            _("One number for each of the {n} channels is wanted; {got} came back.").format(
                n=len(right), got=got.shape
            ),
            _("Multiply window and kernel, then sum over rows and columns."),
        )
    if _same(got, (window * kernel[::-1, ::-1]).sum(axis=(0, 1))):
        raise Wrong(
            "flipped-kernel",
            _(
                "You turn the kernel round, as mathematicians define a convolution. Networks do not."
            ),
            _("Multiply window and kernel as they are."),
        )
    if _same(got, (window * kernel[..., :1]).sum(axis=(0, 1))):
        raise Wrong(
            "one-filter-for-all",
            _("All your channels use the filter of the first one."),
            _("`window * kernel` pairs every channel with a filter of its own."),
        )
    if _same(got, (window * kernel).mean(axis=(0, 1))):
        raise Wrong(
            "mean",
            _("That is the mean of the products; a convolution adds them up."),
            _("`sum` instead of `mean`."),
        )
    if _same(got, window.sum(axis=(0, 1)) * kernel.sum(axis=(0, 1))):
        raise Wrong(
            "sums-too-early",
            _("You add up the window first: then it no longer matters where a pixel stands."),
            _("Multiply each pixel with its weight, and add up after that."),
        )
    raise Wrong(
        "wrong-values",
        _("For channel 0, {right} must come out; yours is {got}.").format(
            right=format_number(float(right[0])), got=format_number(float(got[0]))
        ),
        _("Take one channel alone, multiply its 3 × 3 numbers with its filter, and add up."),
    )


def judge_block(got: Any, cin: int, expansion: int, cout: int) -> None:
    """Raise `Wrong` unless got holds the weights of an inverted residual's three convolutions."""
    import numpy as np

    right = np.array(separable.block_weights(cin, expansion, cout))
    inside = cin * expansion
    if got.size == 1:
        raise Wrong(
            "one-number",
            _("You give one number; the three convolutions are wanted one by one."),
            _("`return expand, depthwise, project`"),
        )
    if got.shape != (3,):
        raise Wrong(
            "wrong-count",
            _("The block has three convolutions; you give {n} numbers.").format(n=got.size),
            _("`return expand, depthwise, project`"),
        )
    if np.allclose(got, right):
        return
    if np.allclose(np.sort(got), np.sort(right)):
        raise Wrong(
            "wrong-order",
            _("The three numbers are right, and stand in another order."),
            _("In the order in which they run: expand, depthwise, project."),
        )
    expand, middle, project = (float(value) for value in got)
    if _near(middle, 9 * cin):
        raise Wrong(
            "depthwise-too-narrow",
            _("Your depthwise convolution works on the channels before they are expanded."),
            _("Inside the block there are `expansion` times as many channels."),
        )
    if _near(middle, 9 * inside * inside):
        raise Wrong(
            "standard-in-the-middle",
            _("A depthwise convolution has one filter a channel: channels are not mixed there."),
            _("Nine weights for each of the channels inside."),
        )
    if _near(middle, inside):
        raise Wrong(
            "no-window",
            _("Your depthwise convolution has one weight a channel; its window is 3 × 3."),
            _("Nine weights for each of the channels inside."),
        )
    if _near(expand, 9 * right[0]) or _near(project, 9 * right[2]):
        raise Wrong(
            "wide-pointwise",
            _("The first and the last convolution are 1 × 1: no window of nine there."),
            _("Their weights are channels in × channels out."),
        )
    if _near(project, cin * cout) or _near(project, cout):
        raise Wrong(
            "projects-too-little",
            _("The projection starts from the expanded channels, not from those that entered."),
            _("`channels_in * expansion` channels go in, `channels_out` come out."),
        )
    if _near(expand, cin * expansion):
        raise Wrong(
            "expand-is-a-convolution",
            _(
                "Expanding is a 1 × 1 convolution: each new channel mixes *all* channels that enter."
            ),
            _("Channels in × channels out, and out come `channels_in * expansion`."),
        )
    names = ("`expand`", "`depthwise`", "`project`")
    at = int(np.argmax(~np.isclose(got, right)))
    raise Wrong(
        "wrong-weights",
        _(
            "{cin} channels in, expansion {expansion}, {cout} out: {name} has {right} weights."
        ).format(cin=cin, expansion=expansion, cout=cout, name=names[at], right=int(right[at])),
        _("First write down how many channels there are before and after each convolution."),
    )


def _near(got: float, wanted: float) -> bool:
    return math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-12)


def _same(got: Any, wanted: Any) -> bool:
    import numpy as np

    return np.shape(got) == np.shape(wanted) and bool(np.allclose(got, wanted))
