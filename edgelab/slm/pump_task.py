"""A task that the course's model cannot do before it is tuned: a reading of a machine as a record.

    # pump 3 reports 71 degrees
    record = {"device": "pump", "id": 3, "temp": 71}

    task = pump_task.data()
    pump_task.exact(model, task.test)       # how many of 100 new lines, any model with `generate`

Questions of the three parts are all different. Lessons 31 and 34.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edgelab import progress

_DEVICES = ("pump", "valve", "motor", "fan")
_IDS = range(1, 10)
_DEGREES = range(10, 100)
_ANSWER_TOKENS = 48


class Writes(Protocol):
    """What is asked: anything that goes on writing after a prompt, such as a `LanguageModel`."""

    def generate(self, prompt: str, tokens: int = ...) -> str:
        """Return what comes after the prompt, at most so many tokens of it, the likeliest each time."""


@dataclass(frozen=True)
class Example:
    """A question and its only right answer, each a line that ends with a newline."""

    question: str
    answer: str


@dataclass(frozen=True)
class Task:
    """Examples to learn from, to watch the loss on, and to be asked."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]


@dataclass(frozen=True)
class Answers:
    """How a model did.

    Args:
        right: answers that are exact, to the last character.
        asked: questions.
        wrong: question, what was expected, what came, of those that are not.
    """

    right: int
    asked: int
    wrong: tuple[tuple[str, str, str], ...]


def data(train: int = 200, validation: int = 40, test: int = 100, seed: int = 0) -> Task:
    """Return the task; no question comes twice.

    Args:
        train: examples to learn from.
        validation: to watch the loss on.
        test: to be asked.
        seed: of which readings are in which part.
    """
    random = np.random.default_rng(seed)
    everything = [
        (device, number, degrees) for device in _DEVICES for number in _IDS for degrees in _DEGREES
    ]
    chosen = random.permutation(len(everything))[: train + validation + test]
    examples = [_example(*everything[place]) for place in chosen]
    ends = (train, train + validation)
    return Task(
        tuple(examples[: ends[0]]),
        tuple(examples[ends[0] : ends[1]]),
        tuple(examples[ends[1] :]),
    )


def exact(model: Writes, examples: Sequence[Example]) -> Answers:
    """Ask a model and count the answers whose first line is exactly right.

    Args:
        model: with `generate`.
        examples: to be asked.
    """
    wrong = []
    with progress.bar(examples, "Asking", unit="questions") as bar:
        for example in bar:
            answer = model.generate(example.question, tokens=_ANSWER_TOKENS)
            line = answer.split("\n", 1)[0]
            if line != example.answer.rstrip("\n"):
                wrong.append((example.question, example.answer, line))
    return Answers(len(examples) - len(wrong), len(examples), tuple(wrong))


def _example(device: str, number: Any, degrees: Any) -> Example:
    return Example(
        f"# {device} {number} reports {degrees} degrees\n",
        f'record = {{"device": "{device}", "id": {number}, "temp": {degrees}}}\n',
    )
