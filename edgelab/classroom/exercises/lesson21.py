"""Exercises and questions of lesson 21, pruning.

21.1 mask         mask_of(weights, sparsity)                  → True for the weights that stay
21.3 schedule     sparsity_at(step, last, final)              → share of zeros at a step
21.2 sparsities   choose(scan, target)                        → {layer: sparsity}
21.4 filters      without(kernel, next_kernel, keep)          → both kernels, smaller
21.5 disguise     disguise(first, second)                     → both kernels changed, reason
"""

from __future__ import annotations

from edgelab.classroom.exercises.answers import Answer
from edgelab.classroom.exercises.pruning_mistakes import judge_cut, judge_mask, judge_schedule
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.exercises.sparing_mistakes import (
    judge_disguise,
    judge_shares,
    made_up_scan,
    shares_of,
    two_layers,
)
from edgelab.classroom.language import N_, _

# Scans: layer, weights, divergence at 50, 80 and 90 % zeros; and the share of zeros wanted. In the
# first a large layer hardly minds, in the second the large one suffers, in the third all are alike in
# size and differ in harm.
_SCANS = (
    ((("conv1", 150, (0.01, 0.3, 0.9)), ("conv2", 4600, (0.01, 0.1, 0.4)),
      ("hidden", 51000, (0.001, 0.004, 0.01)), ("logits", 640, (0.02, 0.3, 0.8))), 0.85),
    ((("stem", 400, (0.002, 0.004, 0.01)), ("a", 3000, (0.004, 0.01, 0.03)),
      ("b", 3500, (0.003, 0.012, 0.02)), ("large", 6000, (0.01, 0.9, 2.0))), 0.65),
    ((("a", 1000, (0.02, 0.05, 0.6)), ("b", 1000, (0.001, 0.002, 0.004)),
      ("c", 1000, (0.3, 0.7, 1.5))), 0.5),
)  # fmt: skip


@exercise(
    "21.1 mask",
    N_("Which weights stay"),
    hints=(
        N_("A weight matters by its magnitude. Which magnitude do `sparsity` of all lie below?"),
        N_(
            "`np.quantile(np.abs(weights), sparsity)` is the border; what is larger in magnitude "
            "stays."
        ),
    ),
)
def mask(answer: Answer) -> str:
    """Check a mask by magnitude: the largest stay, as many as the sparsity leaves."""
    import numpy as np

    random = np.random.default_rng(21)
    for shape, sparsity in (((40,), 0.5), ((3, 3, 4, 8), 0.9), ((12, 10), 0.25)):
        # Skewed to one side, so that a forgotten magnitude shows.
        weights = random.normal(-0.2, 0.5, shape)
        judge_mask(answer(weights, sparsity), weights, sparsity)
    return _("The largest magnitudes stay, whatever their sign, and exactly the share that should.")


@exercise(
    "21.2 sparsities",
    N_("A sparsity for each layer"),
    hints=(
        N_(
            "Zeros count by weight, harm counts by layer. Which layer gives most zeros for its harm?"
        ),
        N_(
            "Try all: `itertools.product((0, *scan.sparsities), repeat=len(scan))`. Of those whose "
            "`removed` add up to `target * scan.weights`, take the smallest sum of `kl`; "
            "`entry.at(sparsity)` gives the point of a layer."
        ),
    ),
)
def sparsities(answer: Answer) -> str:
    """Check a choice of sparsities: enough zeros over all weights, at nearly the least harm."""
    for layers, target in _SCANS:
        scan = made_up_scan(layers)
        judge_shares(shares_of(answer(scan, target), scan), scan, target)
    return _("Enough zeros, taken where they hurt least.")


@exercise(
    "21.3 schedule",
    N_("How the zeros grow"),
    hints=(
        N_("What share of the way is still left? The missing zeros shrink with its cube."),
        N_("`left = 1 - min(1, step / last)`, then `final * (1 - left ** 3)`."),
    ),
)
def schedule(answer: Answer) -> str:
    """Check the cubic schedule: 0 at the start, fast at first, the final sparsity from `last` on."""
    judge_schedule(answer.number)
    return _("Most weights go early, when there is time to recover; the last ones go slowly.")


@exercise(
    "21.4 filters",
    N_("Filters taken out"),
    hints=(
        N_(
            "A kernel is (height, width, inputs, filters). Which axis of which kernel gets shorter?"
        ),
        N_("`kernel[:, :, :, keep]` and `next_kernel[:, :, keep, :]`."),
    ),
)
def filters(answer: Answer) -> str:
    """Check two kernels without some filters: outputs of the first, inputs of the second."""
    import numpy as np

    random = np.random.default_rng(4)
    for inputs, count, following, keep in ((1, 6, 4, [0, 2, 5]), (5, 5, 5, [1, 4]), (3, 8, 5, [7])):
        kernel = random.normal(size=(3, 3, inputs, count))
        next_kernel = random.normal(size=(3, 3, count, following))
        kept = np.array(keep)
        judge_cut(answer(kernel, next_kernel, kept), kernel, next_kernel, kept)
    return _("The filters are gone, and the next layer no longer waits for them.")


@exercise(
    "21.5 disguise",
    N_("Two layers that look prunable and are not"),
    hints=(
        N_(
            "ReLU lets a positive factor through: a unit with weights ten times smaller answers ten "
            "times smaller, and the next layer can make up for it."
        ),
        N_(
            "`size = np.abs(first).mean(axis=0)` is each unit's. Divide the columns of `first` by "
            "`size ** 2`, multiply the rows of `second` by it (`size[:, None] ** 2`)."
        ),
    ),
)
def disguise(answer: Answer) -> str:
    """Check two kernels that answer as before and that pruning by magnitude destroys."""
    for seed in (1, 2):
        first, second, images = two_layers(seed)
        judge_disguise(answer(first, second), first, second, images)
    return _("Same answers, other magnitudes: a small weight may be the one that matters.")
