"""What a teacher brings: paired verdicts over ten seeds in two settings, and how much a student keeps.

Digits, one teacher trained on all labels. Few labels: the student has 200 of them, and the teacher's
opinion on all images. A weak teacher: trained on those 200 labels, its students have them all. The third
student has a fifth of the teacher's parameters. Every student has its control, trained alone. Nothing here
depends on the profile, and the seeds are others than those that the lesson was written with.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelab import data, distill, evaluate, models
from edgelab.distilling.trials import Trials
from edgelab.pruning import finetune
from tests.bench.figure import Figure, at_most, reported

SEEDS = range(100, 110)
LABELS = 200
EPOCHS = 10
TEACHER_EPOCHS, TEACHER_RATE = 10, 2e-3
KEPT = 0.97


def figures() -> Iterator[Figure]:
    """Train the pairs and judge them."""
    digits = data.digits()
    teacher = finetune.train(models.digits_cnn(), digits, TEACHER_EPOCHS, rate=TEACHER_RATE)
    few = distill.hide_labels(digits.train, LABELS)
    weak = distill.alone(models.digits_cnn(seed=7), few, epochs=2)

    def pairs(name: str, build: distill.Build, by: object, split: object) -> Trials:
        return distill.against_alone(
            build, by, split, digits.test, seeds=SEEDS, epochs=EPOCHS, name=name
        )

    helps = pairs(f"{LABELS} labels", distill.tiny, teacher, few)
    yield verdict("distilled, few labels, against alone", helps, "better")
    hurts = pairs("weak teacher", distill.tiny, weak, digits.train)
    note = f"; the teacher has {evaluate.accuracy(weak, digits.test).value:.1%}"
    yield verdict("distilled by a weak teacher, against alone", hurts, "worse", note)
    usual = pairs("all labels", distill.tiny, teacher, digits.train)
    yield verdict("distilled, all labels, against alone", usual, None)

    small = pairs("small student", distill.small, teacher, digits.train)
    own, of_teacher = small.parameters
    low, high = small.kept_interval
    yield Figure(
        "distilled student, share of the teacher's accuracy",
        small.kept,
        "of 1",
        f"interval above {KEPT:g}",
        low >= KEPT,
        low=low,
        high=high,
        note=f"mean of {len(SEEDS)} seeds, teacher {small.teacher.value:.1%}",
    )
    yield at_most("that student, share of the teacher's parameters", own / of_teacher, "of 1", 0.6)
    yield verdict("that student, against alone", small, None)
    yield reported(
        "tiny student, share of the teacher's accuracy",
        usual.kept,
        "of 1",
        note=f"{usual.parameters[0] / of_teacher:.1%} of its parameters",
    )


def verdict(name: str, outcome: Trials, expected: str | None, note: str = "") -> Figure:
    """Return the mean difference of the pairs with its interval, beside the verdict it should have."""
    low, high = outcome.interval
    return Figure(
        name,
        100 * outcome.difference,
        "points",
        "reported" if expected is None else f"verdict {expected}",
        expected is None or outcome.verdict == expected,
        low=100 * low,
        high=100 * high,
        note=f"{outcome.verdict}, {outcome.wins} of {len(outcome.seeds)} pairs won{note}",
    )
