"""Where students are trained: one compiled loop, and every student that comes out of it is kept.

    school = School(digits.train, teacher_logits, recipe(epochs=12))
    school.train(distill.tiny(seed=3), seed=3, temperature=4, alpha=0.1)

Compiling a Keras training step takes about as long as training a small student with it. Temperature and
alpha are therefore variables of one compiled step, and a student differs from the next by its weights,
its order of images, and these two numbers. `distill` is the door to it; lesson 22 uses that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, evaluate, workspace
from edgelab.errors import InputError
from edgelab.images.splits import Split
from edgelab.keras import keras, tf
from edgelab.provenance import ModelInfo, tag

EPOCHS = {"ci": 4, "class": 10, "full": 30}
SEEDS = {"ci": 3, "class": 5, "full": 10}
_SUMS_TO_ONE = 1e-3
_MOST_LOOPS = 8


@dataclass(frozen=True)
class Recipe:
    """How long and in which steps every student of a school is trained."""

    epochs: int
    batch: int
    rate: float


class School:
    """Trains students on one split under one teacher; what was trained before comes from the cache."""

    def __init__(self, split: Split, logits: np.ndarray | None, recipe: Recipe) -> None:
        split.require_selection()
        known = split.y >= 0
        self.split, self.recipe, self.labelled = split, recipe, int(known.sum())
        self.labels = np.zeros((len(split), len(split.classes)), np.float32)
        self.labels[known, split.y[known]] = 1
        self.logits = logits
        self.steps = -(-len(split) // recipe.batch)  # of an epoch, whatever the number of labels

    def train(
        self, student: Any, seed: int, temperature: float, alpha: float, bar: Any = None
    ) -> Any:
        """Train one student in place and return it.

        Args:
            student: a Keras model that ends in logits, with the weights to start from.
            seed: of the order of the images.
            temperature: of the soft labels.
            alpha: weight of the labels; with 1 the teacher is not heard.
            bar: a progress bar that is moved at each epoch.

        Raises:
            InputError: a value out of range, images of another shape, other classes, no labels where
                only labels teach, or a training that diverged.
        """
        require_temperature(temperature)
        require_alpha(alpha)
        student = artefacts.model_of(student)
        artefacts.images_of(self.split.x[:1], student.input_shape, "training")
        self._require_classes(student)
        if alpha == 1:
            temperature = 1.0  # nobody listens to the teacher
            if not self.labelled:
                raise InputError(
                    "Without a teacher (alpha 1) a student needs labels, and not one image has one."
                )
        key = {
            "what": "student",
            "start": artefacts.model_hash(student),
            "images": self.split.hash,
            "teacher": None if alpha == 1 else artefacts.array_hash(self._logits()),
            "settings": [float(temperature), float(alpha), int(seed), vars(self.recipe)],
            "code": workspace.code_hashes("distilling/school.py"),
            "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
        }

        def make(target: Path) -> None:
            np.savez(target, *self._fit(student, seed, temperature, alpha, bar))

        with np.load(workspace.cached(key, make, "-student.npz")) as stored:
            student.set_weights([stored[f"arr_{i}"] for i in range(len(stored.files))])
        how = (
            "trained on labels" if alpha == 1 else f"distilled, T {temperature:g}, alpha {alpha:g}"
        )
        return tag(student, ModelInfo(student.name, "trained", None, how))

    def _fit(self, student: Any, seed: int, temperature: float, alpha: float, bar: Any) -> Any:
        loop = _loop(student, self.steps, self.recipe)
        rows = np.flatnonzero(self.split.y >= 0) if alpha == 1 else np.arange(len(self.split))
        order = _order(rows, self.recipe.epochs * self.steps, self.recipe.batch, seed)
        return loop.run(
            student.get_weights(),
            self._batches(order),
            temperature=temperature,
            alpha=alpha,
            bar=bar,
        )

    def _batches(self, order: np.ndarray) -> Any:
        library = tf()
        x = library.constant(self.split.x)
        y = library.constant(np.hstack([self.labels, self._logits()]))
        batches = library.data.Dataset.from_tensor_slices(order)
        return batches.map(
            lambda rows: (library.gather(x, rows), library.gather(y, rows))
        ).prefetch(2)

    def _logits(self) -> np.ndarray:
        return np.zeros_like(self.labels) if self.logits is None else self.logits

    def _require_classes(self, student: Any) -> None:
        given, classes = student.output_shape[-1], len(self.split.classes)
        taught = classes if self.logits is None else self.logits.shape[1]
        if not given == taught == classes:
            raise InputError(
                f"The student {student.name!r} tells {given} classes apart, its teacher {taught}, "
                f"and the images have {classes}: a student can only copy answers to its own "
                "question. Give all three the same classes in the same order."
            )


class _Loop:
    """A Keras training loop that is compiled once; temperature and alpha are its variables."""

    def __init__(self, model: Any, steps: int, recipe: Recipe) -> None:
        self.model, self.steps, self.recipe = model, steps, recipe
        self.temperature, self.alpha = tf().Variable(1.0), tf().Variable(1.0)
        schedule = keras().optimizers.schedules.CosineDecay(recipe.rate, steps * recipe.epochs)
        self.optimizer = keras().optimizers.Adam(schedule)
        self.optimizer.build(model.trainable_variables)
        self._fresh = [variable.numpy() for variable in self.optimizer.variables]
        self.loss = self._loss_function()
        model.compile(self.optimizer, loss=self.loss, steps_per_execution=steps)

    def run(
        self,
        start: list[np.ndarray],
        batches: Any,
        *,
        temperature: float,
        alpha: float,
        bar: Any,
    ) -> list[np.ndarray]:
        """Train from the given weights and return the new ones."""
        self.model.set_weights(start)
        for variable, value in zip(self.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        self.temperature.assign(temperature)
        self.alpha.assign(alpha)
        moved = keras().callbacks.LambdaCallback(
            on_epoch_end=lambda *_: None if bar is None else bar.update()
        )
        history = self.model.fit(
            batches,
            epochs=self.recipe.epochs,
            steps_per_epoch=self.steps,
            verbose=0,
            callbacks=[moved],
        )
        losses = history.history["loss"]
        if not np.isfinite(losses).all():
            raise InputError(
                f"Training diverged: the loss became {losses[-1]}. Lower the rate (it was "
                f"{self.recipe.rate:g})."
            )
        return [np.array(weight) for weight in self.model.get_weights()]

    def _loss_function(self) -> Any:
        # TensorFlow rewrites what it traces: only its own functions may be called in there.
        library = tf()

        def loss(targets: Any, logits: Any) -> Any:
            labels, teacher = library.split(targets, 2, axis=1)
            t = self.temperature
            # Without a label the row is zero, and so is its cross entropy.
            hard = library.nn.softmax_cross_entropy_with_logits(labels, logits)
            log_p, log_q = library.nn.log_softmax(teacher / t), library.nn.log_softmax(logits / t)
            soft = library.reduce_sum(library.exp(log_p) * (log_p - log_q), axis=1)
            return self.alpha * hard + (1.0 - self.alpha) * t**2 * soft

        return loss


_loops: dict[tuple[str, int, Recipe], _Loop] = {}


def _loop(student: Any, steps: int, recipe: Recipe) -> _Loop:
    """Return the loop of this architecture, made when first wanted, or once more after many others."""
    key = _architecture(student), steps, recipe
    if key not in _loops:
        while len(_loops) >= _MOST_LOOPS:
            _loops.pop(next(iter(_loops)))
        _loops[key] = _Loop(keras().models.clone_model(student), steps, recipe)
    return _loops[key]


def _architecture(model: Any) -> str:
    """Return what two students that differ only in their first weights have in common."""

    def without_starts(config: Any) -> Any:
        if isinstance(config, dict):
            kept = {k: v for k, v in config.items() if not str(k).endswith("_initializer")}
            return {key: without_starts(value) for key, value in kept.items()}
        return [without_starts(part) for part in config] if isinstance(config, list) else config

    return json.dumps(without_starts(json.loads(model.to_json())), sort_keys=True)


def _order(rows: np.ndarray, steps: int, batch: int, seed: int) -> np.ndarray:
    """Return which image comes when, (steps, batch): one shuffled pass after the other."""
    random = np.random.default_rng(seed)
    passes = math.ceil(steps * batch / len(rows))
    order = np.concatenate([random.permutation(rows) for _ in range(passes)])
    return order[: steps * batch].reshape(steps, batch)


def answers(teacher: Any, split: Split) -> np.ndarray:
    """Return a teacher's logits for all images of a split, (n, classes).

    Raises:
        SplitError: the test split.
        InputError: NaN, another number of rows, or probabilities instead of logits.
    """
    split.require_selection()
    if isinstance(teacher, np.ndarray):
        logits = np.asarray(teacher, np.float32)
        if logits.ndim != 2 or len(logits) != len(split):
            raise InputError(
                f"The teacher's logits have shape {logits.shape}; for {len(split)} images "
                f"({len(split)}, classes) is needed."
            )
    else:
        logits = evaluate.predict(teacher, split.x).reshape(len(split), -1)
    if not np.isfinite(logits).all():
        raise InputError("The teacher's answers hold NaN or infinity: mend the teacher first.")
    if logits.min() >= 0 and np.allclose(logits.sum(axis=1), 1, atol=_SUMS_TO_ONE):
        raise InputError(
            "The teacher gives probabilities (each row sums to 1); a temperature works on logits. "
            "Cut off its softmax, or give `np.log(probabilities)`, which are logits too."
        )
    return logits


def recipe(epochs: int | None, batch: int, rate: float) -> Recipe:
    """Return the recipe; epochs None takes those of the profile.

    Raises:
        InputError: fewer than one epoch or image a step, or a rate that is not above 0.
    """
    chosen = EPOCHS[workspace.profile()] if epochs is None else epochs
    if chosen < 1 or batch < 1:
        raise InputError(f"epochs is {chosen} and batch {batch}; both are 1 at least.")
    if not (rate > 0 and math.isfinite(rate)):
        raise InputError(f"The rate is {rate}; it must be above 0.")
    return Recipe(chosen, batch, rate)


def seeds_of(seeds: Sequence[int] | None) -> tuple[int, ...]:
    """Return the seeds; None takes those of the profile.

    Raises:
        InputError: fewer than two, or one twice.
    """
    chosen = tuple(range(SEEDS[workspace.profile()])) if seeds is None else tuple(seeds)
    if len(set(chosen)) < 2 or len(set(chosen)) < len(chosen):
        raise InputError(
            f"The seeds are {chosen}: two different ones at least, since a single run shows no spread."
        )
    return chosen


def require_temperature(temperature: float) -> None:
    """Raise `InputError` unless this is a temperature."""
    if not (temperature > 0 and math.isfinite(temperature)):
        raise InputError(
            f"The temperature is {temperature}; it must be above 0 (1 changes nothing)."
        )


def require_alpha(alpha: float) -> None:
    """Raise `InputError` unless this is a share."""
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha is {alpha}; it is the labels' share of the loss, 0 to 1.")
