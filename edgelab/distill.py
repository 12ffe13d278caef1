"""Distillation: a small network learns from the answers of a large one.

    teacher = models.load("digits_cnn")
    student = distill.train(distill.tiny(), teacher, digits.train)
    outcome = distill.against_alone(distill.tiny, teacher, digits.train, digits.test)
    outcome                                        # with the control: the same students without teacher

A label says "7". A teacher says "7, and if not, then 1": its probabilities over all classes, made
softer by a temperature, are the *soft labels*. The loss of the student weighs both:

    alpha · cross entropy(label) + (1 − alpha) · T² · KL(teacher's soft labels ‖ student's)

With alpha = 1 the teacher is silent, and that is the control: same code, same first weights, same order
of images, same number of steps. Nothing is said about distillation here without it. Lesson 22.

Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015, sections 2 and 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgelab import evaluate, progress
from edgelab.distilling import school
from edgelab.distilling.softened import combine, loss, soft_labels, without_similarity
from edgelab.distilling.students import small, tiny
from edgelab.distilling.trials import Grid, Trials
from edgelab.errors import InputError
from edgelab.images.splits import Split, stratified
from edgelab.keras import is_model
from edgelab.records import Accuracy

__all__ = [
    "against_alone",
    "alone",
    "combine",
    "grid",
    "hide_labels",
    "loss",
    "small",
    "soft_labels",
    "tiny",
    "train",
    "without_similarity",
]

Build = Callable[[int], Any]

_UNLABELLED = -1
_IMAGES = 500  # a call


def hide_labels(train: Split, keep: int, seed: int = 0) -> Split:
    """Return the split with the labels of all but a few images hidden (set to -1).

    Args:
        train: a labelled split.
        keep: how many labels stay, every class in its share.
        seed: of the choice.

    Raises:
        InputError: keep is below 1 or more than there are.
    """
    if not 1 <= keep <= len(train):
        raise InputError(f"There are {len(train):,} labels; {keep} of them can't be kept.")
    kept = stratified(train.y, (keep,), seed)[0]
    labels = np.full(len(train), _UNLABELLED)
    labels[kept] = train.y[kept]
    note = f"{keep:,} of {len(train):,} labels kept"
    return replace(train, y=labels, note="; ".join(n for n in (train.note, note) if n))


def train(
    student: Any,
    teacher: Any,
    split: Split,
    *,
    temperature: float = 4.0,
    alpha: float = 0.1,
    epochs: int | None = None,
    seed: int = 0,
    batch: int = 64,
    rate: float = 3e-3,
) -> Any:
    """Train a student on the labels and on its teacher's soft labels, with a progress bar.

    Adam with a cosine schedule. The teacher answers each image once, beforehand. Images without a
    label (-1, see `hide_labels`) teach through the teacher only.

    Args:
        student: a Keras model that ends in logits; trained in place.
        teacher: a Keras model, a loaded `Runner` or the path of an artefact, that ends in logits; or
            its logits for these images, (n, classes).
        split: the train split.
        temperature: of the soft labels, above 0.
        alpha: weight of the labels, 0 to 1; the soft labels have the rest.
        epochs: passes over the images; None takes 4, 10 or 30 after the profile (ci, class, full).
        seed: of the order of the images.
        batch: images per step.
        rate: learning rate at the start.

    Returns:
        The same student.

    Raises:
        InputError: a value out of range, other classes than the teacher, a teacher that gives
            probabilities, NaN in the images, or a training that diverged.
        SplitError: the test split was given.
    """
    trainer = school.School(
        split, school.answers(teacher, split), school.recipe(epochs, batch, rate)
    )
    with progress.bar(None, f"distilling {student.name}", trainer.recipe.epochs, "epochs") as bar:
        return trainer.train(student, seed, temperature, alpha, bar)


def alone(
    student: Any,
    split: Split,
    *,
    epochs: int | None = None,
    seed: int = 0,
    batch: int = 64,
    rate: float = 3e-3,
) -> Any:
    """Train a student on the labels only: the control, with as many steps as `train` takes.

    Args and errors as for `train`. Images without a label are left out; those with one are seen more
    often instead.
    """
    trainer = school.School(split, None, school.recipe(epochs, batch, rate))
    with progress.bar(None, f"training {student.name}", trainer.recipe.epochs, "epochs") as bar:
        return trainer.train(student, seed, 1.0, 1.0, bar)


def against_alone(
    build: Build,
    teacher: Any,
    split: Split,
    on: Split,
    *,
    answers: np.ndarray | None = None,
    seeds: Sequence[int] | None = None,
    temperature: float = 4.0,
    alpha: float = 0.1,
    epochs: int | None = None,
    batch: int = 64,
    rate: float = 3e-3,
    name: str = "distilled",
) -> Trials:
    """Train pairs of students, with the teacher and without, and compare them seed by seed.

    Args:
        build: seed → untrained student, `distill.tiny` for instance.
        teacher: as for `train`, but no logits: it is tested as well.
        split: the train split; where labels are hidden, the control has only the others.
        on: labelled images to compare on. Temperature and alpha are given, not chosen, so the test
            split is allowed.
        answers: logits for the images of `split` to teach with, where not the teacher's own.
        seeds: one pair a seed; None takes 3, 5 or 10 of them after the profile.
        temperature: of the soft labels.
        alpha: weight of the labels.
        epochs: as for `train`.
        batch: images per step.
        rate: learning rate at the start.
        name: of this setting.

    Returns:
        All accuracies, with the paired verdict.

    Raises:
        InputError: as for `train`; fewer than two seeds; no labelled image for the control.
    """
    chosen = school.seeds_of(seeds)
    trainer = school.School(
        split,
        school.answers(teacher if answers is None else answers, split),
        school.recipe(epochs, batch, rate),
    )
    judged = evaluate.accuracy(teacher, on)
    groups: tuple[list[Any], list[Any]] = ([], [])
    student: Any = None
    with progress.bar(None, f"{name}: students", 2 * len(chosen), "students") as bar:
        for seed in chosen:
            for group, share in zip(groups, (1.0, alpha), strict=True):
                student = trainer.train(build(seed), seed, temperature, share)
                group.append(_accuracy(student, on))
                bar.update()
    return Trials(
        name,
        chosen,
        tuple(groups[0]),
        tuple(groups[1]),
        judged,
        on.y,
        temperature,
        alpha,
        trainer.labelled,
        len(split),
        (student.count_params(), teacher.count_params() if is_model(teacher) else 0),
    )


def grid(
    build: Build,
    teacher: Any,
    split: Split,
    validation: Split,
    *,
    temperatures: Sequence[float] = (1, 2, 4, 8),
    alphas: Sequence[float] = (0.1, 0.5, 0.9),
    seeds: Sequence[int] | None = None,
    epochs: int | None = None,
    batch: int = 64,
    rate: float = 3e-3,
) -> Grid:
    """Train students for each temperature and alpha, and the control, on the same seeds.

    Args:
        build: seed → untrained student.
        teacher: as for `train`.
        split: the train split.
        validation: images to choose by; the test split is refused.
        temperatures: the rows of the grid.
        alphas: the columns.
        seeds: students a cell; None as for `against_alone`.
        epochs: as for `train`.
        batch: images per step.
        rate: learning rate at the start.

    Raises:
        SplitError: the test split was given to choose by.
        InputError: as for `against_alone`; an empty grid.
    """
    validation.require_selection()
    chosen = school.seeds_of(seeds)
    if not temperatures or not alphas:
        raise InputError("The grid is empty: give at least one temperature and one alpha.")
    trainer = school.School(
        split, school.answers(teacher, split), school.recipe(epochs, batch, rate)
    )
    found = np.zeros((len(temperatures), len(alphas), len(chosen)))
    control = np.zeros(len(chosen))
    total = found.size + len(chosen)
    with progress.bar(None, "grid: students", total, "students") as bar:
        for s, seed in enumerate(chosen):

            def score(t: float, a: float, seed: int = seed) -> float:
                student = trainer.train(build(seed), seed, t, a)
                bar.update()
                return _accuracy(student, validation).value

            control[s] = score(1.0, 1.0)
            for i, temperature in enumerate(temperatures):
                for j, alpha in enumerate(alphas):
                    found[i, j, s] = score(temperature, alpha)
    return Grid(tuple(temperatures), tuple(alphas), chosen, found, control, len(validation))


def _accuracy(student: Any, on: Split) -> Accuracy:
    """Count right answers with plain calls: `predict` would compile each of many small students."""
    calls = [student(x, training=False).numpy().argmax(axis=1) for x, _ in on.batches(_IMAGES)]
    return evaluate.score(np.concatenate(calls), on)
