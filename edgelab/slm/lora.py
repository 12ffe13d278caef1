"""Low-rank adaptation (LoRA) by hand: tune a model by adding a thin detour to each matrix.

    task = pump_task.data()
    tuned = lora.tune(checkpoint, task.train, task.validation, steps=100)
    merged = lora.merge(checkpoint, tuned)                 # an ordinary model again: write it as GGUF
    tuned.trainable / checkpoint.shape.parameters          # 3.7 %

A matrix W answers W·x. Beside it, B·A·x is added, where A makes `rank` numbers of x, and B spreads them again.
Only A and B learn; B starts at zero, so nothing changes at first. Afterwards W + B·A is one matrix again:
the tuned model costs what the model before did. Lesson 34.

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelab import progress
from edgelab.errors import InputError
from edgelab.slm import tokenizer, torch_llama
from edgelab.slm.llama import Checkpoint, matrices
from edgelab.slm.pump_task import Example
from edgelab.slm.torch_llama import torch

_IGNORED = -100  # what cross_entropy leaves out
_END = 0


@dataclass(frozen=True)
class Tuned:
    """What a tuning gave.

    Args:
        down: A of each matrix, float32 (rank, inputs), by the matrix's name.
        up: B of each matrix, float32 (outputs, rank).
        scale: by which B·A is multiplied.
        curve: step, loss of the training batch (None at the start), loss on the validation examples.
    """

    down: Mapping[str, np.ndarray]
    up: Mapping[str, np.ndarray]
    scale: float
    curve: tuple[tuple[int, float | None, float], ...]

    @property
    def trainable(self) -> int:
        """Return how many numbers learned."""
        return sum(part.size for parts in (self.down, self.up) for part in parts.values())


def tune(
    checkpoint: Checkpoint,
    train: Sequence[Example],
    validation: Sequence[Example],
    steps: int = 100,
    *,
    rank: int = 8,
    alpha: float = 16.0,
    rate: float = 2e-3,
    batch: int = 8,
    every: int = 20,
    seed: int = 0,
) -> Tuned:
    """Learn the detours of every matrix of the layers from examples, with AdamW.

    Args:
        checkpoint: the model, which stays as it is.
        train: examples to learn from; the loss counts the answers only.
        validation: examples to watch.
        steps: updates.
        rank: numbers between A and B.
        alpha: B·A counts alpha / rank times.
        rate: learning rate.
        batch: examples of one step.
        every: steps between two looks at the validation examples.
        seed: of A and of the order.

    Raises:
        InputError: no example, a rank below 1, or an example longer than the context.
        MissingRuntimeError: torch, transformers or tokenizers is not installed.
    """
    if not train or not validation or rank < 1 or steps < 1:
        raise InputError(
            f"There are {len(train)} and {len(validation)} examples, rank {rank}, {steps} steps; each is at "
            "least 1."
        )
    model = torch_llama.from_checkpoint(checkpoint)
    model.requires_grad_(False)
    generator = torch().Generator().manual_seed(seed)
    names = matrices(checkpoint.shape)
    detours = {name: _attach(model, name, rank, alpha / rank, generator) for name in names}
    optimizer = torch().optim.AdamW([part for pair in detours.values() for part in pair], rate)
    examples, watched = encoded(checkpoint, train), encoded(checkpoint, validation)
    random = np.random.default_rng(seed)
    curve: list[tuple[int, float | None, float]] = [(0, None, _watch(model, watched))]
    with progress.bar(range(1, steps + 1), "Tuning", unit="steps") as bar:
        for step in bar:
            chosen = random.choice(len(examples), min(batch, len(examples)), replace=False)
            loss = _loss(model, [examples[place] for place in chosen])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if step % every == 0 or step == steps:
                curve.append((step, float(loss.item()), _watch(model, watched)))
                bar.set_postfix_str(f"validation loss {curve[-1][2]:.3f}")
    arrays = {name: [part.detach().numpy() for part in pair] for name, pair in detours.items()}
    return Tuned(
        {name: down for name, (down, _) in arrays.items()},
        {name: up for name, (_, up) in arrays.items()},
        alpha / rank,
        tuple(curve),
    )


def merge(checkpoint: Checkpoint, tuned: Tuned) -> Checkpoint:
    """Return an ordinary model in which every W has become W + scale · B·A.

    Args:
        checkpoint: the model that was tuned.
        tuned: what `tune` returned for it.
    """
    return checkpoint.with_tensors(
        {
            name: np.asarray(checkpoint.tensors[name], np.float32)
            + tuned.scale * (tuned.up[name] @ down)
            for name, down in tuned.down.items()
        }
    )


def _attach(model: Any, name: str, rank: int, scale: float, generator: Any) -> tuple[Any, Any]:
    """Add a detour beside one matrix; returns its A and B."""
    matrix = model.get_submodule(name.removesuffix(".weight"))
    # The start that Hu et al. use: A as a layer of its own would have it, B zero.
    spread = matrix.in_features**-0.5
    down = torch().empty(rank, matrix.in_features).uniform_(-spread, spread, generator=generator)
    down.requires_grad_()
    up = torch().zeros(matrix.out_features, rank, requires_grad=True)

    def with_detour(_module: Any, inputs: Any, output: Any) -> Any:
        return output + scale * (inputs[0] @ down.T) @ up.T

    matrix.register_forward_hook(with_detour)
    return down, up


def encoded(checkpoint: Checkpoint, examples: Sequence[Example]) -> list[tuple[list[int], int]]:
    """Return the tokens of each example, end mark last, and how many of them are the question.

    Args:
        checkpoint: whose tokenizer and end mark are used.
        examples: questions with their answers.

    Raises:
        InputError: an example is longer than the context.
        MissingRuntimeError: tokenizers is not installed.
    """
    # Cut apart: an engine that is given the question ends there too.
    questions = tokenizer.ids(checkpoint.tokenizer, [example.question for example in examples])
    answers = tokenizer.ids(checkpoint.tokenizer, [example.answer for example in examples])
    end = int(checkpoint.facts.get("eos", _END))
    found = [([*q, *a, end], len(q)) for q, a in zip(questions, answers, strict=True)]
    longest = max(len(ids) for ids, _ in found)
    if longest > checkpoint.shape.context:
        raise InputError(
            f"An example has {longest} tokens; the model's context ends at {checkpoint.shape.context}."
        )
    return found


def _loss(model: Any, examples: Sequence[tuple[list[int], int]]) -> Any:
    longest = max(len(ids) for ids, _ in examples)
    inputs = torch().zeros(len(examples), longest, dtype=torch().long)
    wanted = torch().full((len(examples), longest), _IGNORED)
    for row, (ids, question) in enumerate(examples):
        inputs[row, : len(ids)] = torch().tensor(ids)
        wanted[row, question : len(ids)] = torch().tensor(ids[question:])
    # What follows the end is filled with zeros; a causal model never looks ahead, so no mask is needed.
    logits = model(input_ids=inputs[:, :-1], use_cache=False).logits
    return torch().nn.functional.cross_entropy(
        logits.flatten(0, 1), wanted[:, 1:].flatten(), ignore_index=_IGNORED
    )


def _watch(model: Any, examples: Sequence[tuple[list[int], int]]) -> float:
    with torch().no_grad():
        return float(_loss(model, examples).item())
