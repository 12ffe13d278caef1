"""Training a small language model for an hour or more, in a way that survives interruption.

    recipe = training.Recipe(steps=9_000)
    result = training.fit(shape, tokens, validation, recipe)   # called again, it goes on where it stopped

Every few hundred steps the whole state (weights, optimizer, best weights so far) replaces the one before in
a single file, so a run may be killed at any moment. What a step sees depends on the seed and on its number
only: an interrupted run ends with the same bits as one that was left alone. `course_training` is the
command that trains the course's model with it; lesson 34 tunes that model.

Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019; "SGDR", ICLR 2017 (cosine).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgelab import progress, workspace
from edgelab.errors import InputError
from edgelab.measuring import machine
from edgelab.slm import torch_llama
from edgelab.slm.llama import HEAD, Shape
from edgelab.slm.torch_llama import torch

_VERSION = 1  # raise it when the code comes to train something else: a kept state is then not used
_BETAS = (0.9, 0.95)
_LONGEST_GRADIENT = 1.0
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
            f"AdamW {_BETAS}, weight decay {self.weight_decay} on matrices, peak rate {self.rate}, "
            f"{self.warm_up} steps of warm-up, cosine to zero, gradients clipped to {_LONGEST_GRADIENT}, "
            f"dropout {self.dropout}, batches of {short} tokens, {long} in the last {_LONG_SHARE:.0%}"
        )


@dataclass(frozen=True)
class Result:
    """What a training gave.

    Args:
        weights: of the best step, float32, by their names in a Hugging Face folder.
        best_step: after which they were taken.
        best_loss: on the validation text, nats for each token.
        tokens: seen in all steps.
        arithmetic: "float32", or "bfloat16 autocast".
        curve: step, loss of the steps since the point before (None at the start), validation loss.
    """

    weights: Mapping[str, np.ndarray]
    best_step: int
    best_loss: float
    tokens: int
    arithmetic: str
    curve: Sequence[tuple[int, float | None, float]]


def fit(
    shape: Shape,
    tokens: np.ndarray,
    validation: np.ndarray,
    recipe: Recipe,
    key: Mapping[str, Any] | None = None,
) -> Result:
    """Train a network from wherever an earlier call with the same arguments came to.

    Args:
        shape: of the network.
        tokens: the training text as one row of token numbers.
        validation: (windows, tokens) that choose the best step.
        recipe: how to train.
        key: whatever else names this training.

    Returns:
        The best weights and how they came about.

    Raises:
        InputError: too little text for one batch, or a training that diverged.
        MissingRuntimeError: torch or transformers is not installed.
        StorageError: the state could not be written.
    """
    widest = max(width for _, width in _BATCHES)
    if len(tokens) < 2 * widest:
        raise InputError(
            f"The text has {len(tokens)} tokens; a training needs {2 * widest} or more."
        )
    run = _Run(shape, recipe, _name(shape, tokens, validation, recipe, key))
    if not run.curve:
        run.look(validation, None)
    while run.step < recipe.steps:
        end = min(recipe.steps, (run.step // recipe.every + 1) * recipe.every)
        losses: list[float] = []
        with progress.bar(
            None, f"to step {end:,} of {recipe.steps:,}", end - run.step, "step"
        ) as bar:
            while run.step < end:
                losses.append(run.update(batch(tokens, recipe, run.step)))
                bar.update()
            run.look(validation, sum(losses) / len(losses))
            _, loss, held_out = run.curve[-1]
            bar.set_postfix_str(f"loss {loss:.3f}, validation {held_out:.3f}")
        run.keep()
    seen = sum(math.prod(recipe.batch_at(step)) for step in range(recipe.steps))
    return Result(run.best, run.best_step, run.best_loss, seen, run.arithmetic, tuple(run.curve))


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


def loss_of(model: Any, windows: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each token but the first, (windows, tokens - 1), in nats."""
    found = []
    with torch().no_grad():
        for window in np.asarray(windows, np.int64):
            ids = torch().from_numpy(window)
            answers = model(input_ids=ids[None], use_cache=False).logits[0, :-1].float()
            nats = torch().nn.functional.cross_entropy(answers, ids[1:], reduction="none")
            found.append(nats.numpy())
    return np.stack(found)


class _Run:
    """The state of a training, in memory and on disk."""

    def __init__(self, shape: Shape, recipe: Recipe, name: str) -> None:
        self.recipe = recipe
        self.file = workspace.cache_dir() / f"training-language-{name}.pt"
        self.model = torch_llama.build(shape, recipe.seed, recipe.dropout)
        parts = list(self.model.parameters())
        groups = [
            {"params": [p for p in parts if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parts if p.ndim == 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch().optim.AdamW(groups, recipe.rate, _BETAS, fused=True)
        self.arithmetic = _arithmetic()
        self.step, self.best_step, self.best_loss = 0, 0, math.inf
        self.best: dict[str, np.ndarray] = {}
        self.curve: list[tuple[int, float | None, float]] = []
        if self.file.exists():
            self._go_on()

    def update(self, windows: np.ndarray) -> float:
        """Make one step; returns the loss before it."""
        recipe, functional = self.recipe, torch().nn.functional
        self.model.train()
        if recipe.dropout:  # seeded by the step, it knows nothing of interruptions
            self.model.dropout.seed(recipe.seed, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate_at(self.step)
        ids = torch().from_numpy(np.asarray(windows, np.int64))
        with torch().autocast("cpu", torch().bfloat16, enabled=self.arithmetic != "float32"):
            logits = self.model(input_ids=ids[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
        loss.backward()
        torch().nn.utils.clip_grad_norm_(self.model.parameters(), _LONGEST_GRADIENT)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        value = float(loss.item())
        if not math.isfinite(value):
            raise InputError(
                f"The loss became {value} at step {self.step}: the training diverged. Train with a rate "
                f"lower than {recipe.rate}."
            )
        return value

    def look(self, validation: np.ndarray, loss: float | None) -> None:
        """Measure the loss on the validation text and remember the weights if they are the best so far."""
        self.model.eval()
        held_out = float(loss_of(self.model, validation).mean())
        self.curve.append((self.step, loss, held_out))
        if held_out < self.best_loss:
            self.best_step, self.best_loss = self.step, held_out
            self.best = {
                name: np.array(value.numpy())
                for name, value in self.model.state_dict().items()
                if not (self.model.config.tie_word_embeddings and name == HEAD)
            }

    def keep(self) -> None:
        """Replace the state on disk by the present one."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best_step": self.best_step,
            "best_loss": self.best_loss,
            "best": {name: torch().from_numpy(value) for name, value in self.best.items()},
            "curve": [list(point) for point in self.curve],
        }
        with workspace.storing(self.file) as temporary:
            torch().save(state, temporary)

    def _go_on(self) -> None:
        state = torch().load(self.file, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best_step = state["step"], state["best_step"]
        self.best_loss = state["best_loss"]
        self.best = {name: value.numpy() for name, value in state["best"].items()}
        self.curve = [(int(step), loss, held_out) for step, loss, held_out in state["curve"]]
        print(f"Going on after step {self.step:,} (kept in {self.file}).")


def _arithmetic() -> str:
    """Return how this machine multiplies: 16 bits pay only where the processor has instructions for them."""
    fast = {"AVX-512 BF16", "AMX bf16"}.intersection(machine.describe()["float"])
    return "bfloat16 autocast" if fast else "float32"


def _name(
    shape: Shape,
    tokens: np.ndarray,
    validation: np.ndarray,
    recipe: Recipe,
    key: Mapping[str, Any] | None,
) -> str:
    digest = hashlib.sha256()
    for ids in (tokens, validation):
        digest.update(np.ascontiguousarray(ids, np.int64).tobytes())
    facts = {
        "version": _VERSION,
        "shape": asdict(shape),
        "recipe": asdict(recipe),
        "fixed": recipe.text,
        "arithmetic": _arithmetic(),
        "packages": workspace.versions("torch", "transformers", "numpy"),
        "text": digest.hexdigest(),
        **(key or {}),
    }
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
