"""How the course's language model is trained: steps, learning rate, and what each step sees.

    recipe = Recipe(steps=8_000)
    recipe.rate_at(0), recipe.batch_at(0)
    batch(tokens, recipe, step=17)             # the same windows whenever it is asked

What a step sees depends on the seed and on its number only, so that an interrupted training can go on with the
same bits (`training`). Lesson 34 tunes the model that came of it.

Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019; "SGDR", ICLR 2017 (cosine);
Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (dropout in the residual stream).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgelab.errors import InputError

BETAS = (0.9, 0.95)
LONGEST_GRADIENT = 1.0
# Most steps see many short windows; the last ones see the whole context. Both cost 2,048 tokens.
_BATCHES = ((8, 256), (4, 512))
_LONG_SHARE = 0.25


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Args:
        steps: updates of the weights, 2,048 tokens each.
        seed: of weights, order and dropout.
        rate: highest learning rate.
        warm_up: steps in which the rate rises to it; then it falls to zero on a cosine.
        weight_decay: of the matrices; norms have none.
        dropout: see `torch_llama.build`.
        every: steps between two looks at the validation text, and between two saved states.
    """

    steps: int
    seed: int = 0
    rate: float = 2e-3
    warm_up: int = 200
    weight_decay: float = 0.1
    dropout: float = 0.1
    every: int = 250

    def __post_init__(self) -> None:
        if self.steps < 1 or self.every < 1:
            raise InputError(
                f"steps is {self.steps} and every is {self.every}; both are at least 1."
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; it is a share from 0 up to, not with, 1.")

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        risen = min(1.0, (step + 1) / self.warm_up)
        return self.rate * risen * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    def batch_at(self, step: int) -> tuple[int, int]:
        """Return how many windows a step sees, and of how many tokens."""
        return _BATCHES[step >= self.steps * (1 - _LONG_SHARE)]

    @property
    def text(self) -> str:
        """Return the recipe in words, for a record."""
        short, long = (f"{count} × {width}" for count, width in _BATCHES)
        return (
            f"AdamW {BETAS}, weight decay {self.weight_decay} on matrices, peak rate {self.rate}, "
            f"{self.warm_up} steps of warm-up, cosine to zero, gradients clipped to {LONGEST_GRADIENT}, "
            f"dropout {self.dropout}, batches of {short} tokens, {long} in the last {_LONG_SHARE:.0%}"
        )


def batch(tokens: np.ndarray, recipe: Recipe, step: int) -> np.ndarray:
    """Return the windows of a step and, at their ends, the token after them.

    Each pass over the text cuts it at other places and takes the windows in another order; every token
    comes once in a pass.

    Args:
        tokens: the text, one row.
        recipe: with seed and steps.
        step: counted from 0; nothing else decides.

    Returns:
        (windows, tokens + 1).
    """
    count, width = recipe.batch_at(step)
    # Windows that the steps before this one took, since the width is what it is now.
    first = next(
        s
        for s in (0, math.ceil(recipe.steps * (1 - _LONG_SHARE)))
        if recipe.batch_at(s)[1] == width
    )
    windows = (len(tokens) - 1) // width - 1
    rows = []
    for number in range((step - first) * count, (step - first + 1) * count):
        turn, place = divmod(number, windows)
        random = np.random.default_rng([recipe.seed, width, turn])
        start = int(random.integers(width)) + int(random.permutation(windows)[place]) * width
        rows.append(tokens[start : start + width + 1])
    return np.stack(rows)
