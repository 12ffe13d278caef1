"""What goes wrong when weights or filters are taken away (exercises 21.1, 21.3 and 21.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgelab import prune
from edgelab.classroom.exercises.answers import Wrong, as_array
from edgelab.classroom.language import _, format_number
from edgelab.pruning import masks


def judge_mask(result: Any, weights: Any, sparsity: float) -> None:
    """Raise `Wrong` unless the mask is True for the largest magnitudes, as many as stay."""
    import numpy as np

    given = np.asarray(result)
    got = given.astype(np.int8) if given.dtype == bool else as_array(result)
    if got.shape != weights.shape:
        raise Wrong(
            "wrong-shape",
            _("The mask has shape {got}; the weights have {wanted}.").format(
                got=got.shape, wanted=weights.shape
            ),
            _("A mask has one place for each weight: compare the whole array at once."),
        )
    right = masks.largest(weights, sparsity)
    if got.dtype.kind == "f" and np.allclose(got, weights * right):
        raise Wrong(
            "pruned-weights",
            _("These are the weights that stay, and zeros. The mask itself is wanted."),
            _("Return True and False; the multiplication comes later."),
        )
    if not np.isin(got, (0, 1)).all():
        raise Wrong(
            "not-a-mask",
            _("A mask holds True and False (or 1 and 0) and nothing else."),
            _("End with a comparison: `… > border`."),
        )
    stays = got.astype(bool)
    if _same(stays, right, slack=1):
        return
    if _same(~stays, right, slack=1):
        raise Wrong(
            "inverted",
            _("Your mask is True for the weights that go."),
            _("True is for those that stay: turn the comparison round."),
        )
    for misconception, chosen, text, step in _other_masks(weights, sparsity):
        if chosen.any() and _same(stays, chosen, slack=1):
            raise Wrong(misconception, text, step)
    left = float(stays.mean())
    if abs(left - (1 - sparsity)) > 1.5 / weights.size:
        raise Wrong(
            "wrong-share",
            _(
                "{got} % of the weights stay; with a sparsity of {s} it should be {wanted} %."
            ).format(
                got=format_number(100 * left),
                s=format_number(sparsity),
                wanted=format_number(100 * (1 - sparsity)),
            ),
            _("The sparsity is the share that goes. `np.quantile` finds the border for a share."),
        )
    raise Wrong(
        "wrong-weights",
        _("As many weights stay as should, but some that stay are smaller than some that go."),
        _("Order them by `np.abs(weights)`."),
    )


def _other_masks(weights: Any, sparsity: float) -> list[tuple[str, Any, str, str]]:
    """Return the masks of well-known misconceptions, each with its feedback."""
    import numpy as np

    size = np.abs(weights)
    signed = np.quantile(weights, sparsity)
    return [
        (
            "signed",
            weights > signed,
            _("Your mask keeps the most positive weights: −0.9 went, and 0.1 stayed."),
            _(
                "A weight's effect is its magnitude, `np.abs(weights)`; the sign says the direction."
            ),
        ),
        (
            "sparsity-as-border",
            size > sparsity,
            _("You compare the weights with the sparsity itself. It is a share, not a weight."),
            _("Which magnitude do {s} of all weights stay below? `np.quantile` tells.").format(
                s=format_number(sparsity)
            ),
        ),
        (
            "share-of-largest",
            size > sparsity * size.max(),
            _("Your border is a share of the largest weight. How many lie below it is chance."),
            _("The border must have a given share of the weights below it: `np.quantile`."),
        ),
        (
            "share-swapped",
            masks.largest(weights, 1 - sparsity),
            _("The sparsity is the share that goes; in your mask it is the share that stays."),
            _("Try 0.9 on ten weights: one stays."),
        ),
    ]


def judge_schedule(sparsity_at: Callable[[int, int, float], float]) -> None:
    """Raise `Wrong` unless the curve is the cubic one, and stays at its end."""
    import numpy as np

    for last, final in ((100, 0.9), (60, 0.5)):
        steps = [0, last // 4, last // 2, 3 * last // 4, last]
        got = np.array([sparsity_at(step, last, final) for step in steps])
        right = np.array([prune.cubic(step, last, final) for step in steps])
        if not np.allclose(got, right, atol=1e-4):
            _recognise_curve(got, np.array(steps) / last, final)
        after = sparsity_at(last + last // 2, last, final)
        if abs(after - final) > 1e-4:
            raise Wrong(
                "goes-on",
                _("After the last step the sparsity is {got}; it should stay at {wanted}.").format(
                    got=format_number(after), wanted=format_number(final)
                ),
                _("The share of the way that is done is at most 1: `min(1, step / last)`."),
            )


def _recognise_curve(got: Any, done: Any, final: float) -> None:
    import numpy as np

    left = 1 - done
    curves = {
        "straight": (
            final * done,
            _("Your curve is a straight line: as many weights go at the end as at the beginning."),
        ),
        "other-power": (
            final * (1 - left**2),
            _("The curve has the right form, with a square where a cube is wanted."),
        ),
        "slow-start": (
            final * done**3,
            _("Your curve starts slowly and ends fast: most weights go when no time is left."),
        ),
        "falling": (
            final * left**3,
            _("Your curve falls: it starts with all zeros and ends with none."),
        ),
        "percent": (
            100 * final * (1 - left**3),
            _("The curve is right, in percent. A share between 0 and 1 is wanted."),
        ),
        "not-scaled": (
            1 - left**3,
            _("Your curve ends at 1: every weight would be gone."),
        ),
    }
    for misconception, (curve, text) in curves.items():
        if np.allclose(got, curve, atol=1e-4):
            raise Wrong(
                misconception, text, _("`left = 1 - step / last`, then `final * (1 - left ** 3)`.")
            )
    raise Wrong(
        "wrong-curve",
        _("At a quarter, half and three quarters of the way your curve is at {got}.").format(
            got=", ".join(format_number(float(value)) for value in got[1:4])
        ),
        _("It starts at 0, ends at `final`, and what is still missing shrinks with a cube."),
    )


def judge_cut(result: Any, kernel: Any, following: Any, keep: Any) -> None:
    """Raise `Wrong` unless the filters are gone from a kernel and from the one that reads them."""
    import numpy as np

    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(
            "not-a-pair",
            _("Two kernels are wanted: the one that loses filters, and the one that reads it."),
            _("End with `return kernel[…], next_kernel[…]`."),
        )
    first, second = as_array(result[0]), as_array(result[1])
    gone = np.setdiff1d(np.arange(kernel.shape[-1]), keep)
    right_first, right_second = kernel[..., keep], following[:, :, keep]
    if _equal(first, right_first) and _equal(second, right_second):
        return
    for misconception, wrong_first, wrong_second, text, step in (
        ("keeps-the-others", kernel[..., gone], following[:, :, gone],
         _("These are the filters that go. Those in `keep` stay."),
         _("Index with `keep`: `kernel[..., keep]`.")),
        ("next-not-cut", right_first, following,
         _("The next kernel still waits for inputs that no longer come."),
         _("What is an output of the first kernel is an input of the second: which axis?")),
    ):  # fmt: skip
        if _equal(first, wrong_first) and _equal(second, wrong_second):
            raise Wrong(misconception, text, step)
    if first.shape == kernel.shape or (second.shape == following.shape and _zeroed(second, gone)):
        raise Wrong(
            "only-zeroed",
            _("The arrays are as large as before. Zeros take the same time as other numbers."),
            _("Take the filters out: choose those that stay by indexing."),
        )
    if first.shape != right_first.shape:
        raise Wrong(
            "wrong-axis-first",
            _("The first kernel has shape {got}; {wanted} is expected.").format(
                got=first.shape, wanted=right_first.shape
            ),
            _("Filters are the last axis: (height, width, inputs, filters)."),
        )
    if second.shape != right_second.shape:
        raise Wrong(
            "wrong-axis-next",
            _("The next kernel has shape {got}; {wanted} is expected.").format(
                got=second.shape, wanted=right_second.shape
            ),
            _("It loses inputs, the third axis; its own filters all stay."),
        )
    raise Wrong(
        "wrong-filters",
        _("The shapes are right, but other filters stayed than those in `keep`."),
        _("`keep` holds the numbers of the filters that stay, in their order."),
    )


def _same(mask: Any, right: Any, slack: int) -> bool:
    """Tell whether two masks agree but for weights at the border, which any rounding may move."""
    return bool((mask != right).sum() <= slack)


def _equal(some: Any, other: Any) -> bool:
    import numpy as np

    return some.shape == other.shape and np.allclose(some, other)


def _zeroed(second: Any, gone: Any) -> bool:
    return not second[:, :, gone].any()
