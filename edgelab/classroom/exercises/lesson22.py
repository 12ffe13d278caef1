"""Lesson 22: what a student learns from a teacher.

The functions that students write, and how the checks call them:

    22.1 soft labels    soft(logits, temperature)                          → probabilities, row by row
    22.2 loss           combine(hard, soft, temperature, alpha)            → one number
    22.3 interval       interval(alone, distilled, factor)                 → (low, high)
    22.4 grid           choose(grid)                                       → (temperature, alpha, worth a test)
    22.5 spoil          spoil(logits)                                      → (logits, letter)

Logits are (images, classes); accuracies are shares of one. Loss and interval are those of `distill`
and `trials`.
"""

from __future__ import annotations

from edgelab.classroom.exercises.answers import Answer, Wrong, as_array
from edgelab.classroom.exercises.distilling_mistakes import judge_loss, judge_soft
from edgelab.classroom.exercises.registry import exercise
from edgelab.classroom.exercises.seeds_mistakes import judge_choice, judge_interval
from edgelab.classroom.exercises.spoiling_mistakes import judge_letter, judge_spoilt
from edgelab.classroom.language import N_, _

# (alone, distilled, factor of Student's t for so many pairs at 95 %)
_PAIRS = (
    ((0.912, 0.934, 0.921, 0.909, 0.930), (0.931, 0.929, 0.938, 0.922, 0.940), 2.776),
    ((0.80, 0.83, 0.79), (0.93, 0.94, 0.94), 4.303),
    ((0.95, 0.93, 0.94, 0.96), (0.90, 0.91, 0.89, 0.92), 3.182),
)


@exercise(
    "22.1 soft labels",
    N_("Probabilities at a temperature"),
    hints=(
        N_(
            "A softmax is `np.exp(z)` divided by its sum, row by row. At a high temperature the "
            "differences between the logits should shrink before that."
        ),
        N_("`e = np.exp(logits / temperature)`, then `e / e.sum(axis=1, keepdims=True)`."),
    ),
)
def soft_labels(answer: Answer) -> str:
    """Check a softmax at a temperature: each image's probabilities sum to 1, softer when hotter."""
    import numpy as np

    generator = np.random.default_rng(22)
    for shape, temperature in (((3, 4), 4.0), ((5, 10), 1.0), ((4, 4), 0.5), ((2, 3), 8.0)):
        logits = 3 * generator.normal(size=shape)
        judge_soft(answer.array(logits, temperature), logits, temperature)
    return _("At T = 1 it is the plain softmax; hotter, the small probabilities become visible.")


@exercise(
    "22.2 loss",
    N_("The two voices of the loss"),
    hints=(
        N_("What must be left when alpha is 1? And which column of the table settles?"),
        N_("`alpha * hard + (1 - alpha) * temperature ** 2 * soft`"),
    ),
)
def loss(answer: Answer) -> str:
    """Check the weighted sum of both parts, with the square of the temperature at the soft one."""
    for hard, soft, temperature, alpha in (
        (2.0, 0.5, 4.0, 0.25),
        (0.7, 0.03, 8.0, 0.9),
        (1.3, 0.9, 3.0, 1.0),
        (1.3, 0.9, 5.0, 0.0),
    ):
        got = answer.number(hard, soft, temperature, alpha)
        judge_loss(got, hard, soft, temperature, alpha)
    return _(
        "Alpha now means about the same at every high temperature; with alpha = 1 the teacher is silent."
    )


@exercise(
    "22.3 interval",
    N_("Is the gain more than luck?"),
    hints=(
        N_("The two students of a pair began alike. What is left of a pair after subtracting?"),
        N_(
            "`d = distilled - alone`, `half = factor * d.std(ddof=1) / np.sqrt(len(d))`, then the mean "
            "less and plus `half`."
        ),
    ),
)
def interval(answer: Answer) -> str:
    """Check the interval of a mean paired difference."""
    import numpy as np

    for alone, distilled, factor in _PAIRS:
        before, after = np.array(alone), np.array(distilled)
        judge_interval(answer(before, after, factor), before, after, factor)
    return _("Pairs first, mean second: what both students of a pair share has cancelled out.")


@exercise(
    "22.4 grid",
    N_("Choose a temperature and an alpha, and say whether they are worth a test"),
    hints=(
        N_(
            "Each cell was trained with several seeds. Which number of a cell does not hang on one of "
            "them? And with which students must the best cell be compared before you call it a gain?"
        ),
        N_(
            "`temperature, alpha = grid.best`, then `differences = grid.differences(temperature, alpha)` "
            "and `low, high = trials.over_seeds(differences)`. Worth a test means `low > 0`."
        ),
    ),
)
def grid(answer: Answer) -> str:
    """Check a choice from a grid: the best mean, and whether its gain's interval lies above 0."""
    for made in made_up_grids():
        judge_choice(answer(made), made)
    return _("The mean decides, not the luckiest seed; whether it was luck, the test images say.")


@exercise(
    "22.5 spoil",
    N_("A teacher that is always right and tells nothing"),
    hints=(
        N_("A soft label says which class wins, and which others come near. Keep one of the two."),
        N_(
            "`spoilt = np.full_like(logits, logits.min())`, then put each row's largest logit back: "
            "`rows = np.arange(len(logits))`, `winner = logits.argmax(axis=1)`, "
            "`spoilt[rows, winner] = logits[rows, winner]`."
        ),
    ),
)
def spoil(answer: Answer) -> str:
    """Check answers that keep the winner of each row and nothing of the similarity of classes."""
    import numpy as np

    generator = np.random.default_rng(5)
    for count, classes in ((40, 10), (25, 6)):
        logits = 2 * generator.normal(size=(count, classes))
        rows = np.arange(count)
        logits[rows, generator.integers(0, classes, count)] += 18  # a teacher that is sure
        given = answer(logits)
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise Wrong(
                "not-a-pair",
                _("Two results are wanted: the changed logits, and the letter of the reason."),
                _('End with `return spoilt, "a"`, with the letter that you can defend.'),
            )
        judge_spoilt(as_array(given[0]), logits)
        judge_letter(given[1])
    return _("Every answer is as right as before, and all other classes look alike.")


def made_up_grids() -> tuple:  # type: ignore[type-arg]
    """Return three grids: a clear gain, a gain that may be luck, and a lucky seed in a poor cell."""
    import numpy as np

    from edgelab.distilling.trials import Grid

    alone = np.array([0.920, 0.930, 0.925])
    sure = np.array([0.004, 0.006, 0.005])
    loose = np.array([0.020, -0.012, 0.016])
    shapes = np.zeros((3, 2, 3))
    clear = alone + shapes + 0.002 * np.arange(6).reshape(3, 2, 1)[::-1] + sure
    doubtful = alone + shapes - 0.01
    doubtful[1, 0] = alone + loose
    lucky = alone + shapes + 0.001
    lucky[2, 1] = alone + sure + 0.004
    lucky[0, 0] = alone + np.array([0.040, -0.050, -0.045])
    return tuple(
        Grid((1.0, 3.0, 6.0), (0.25, 0.75), (0, 1, 2), accuracy, alone, 300)
        for accuracy in (clear, doubtful, lucky)
    )
