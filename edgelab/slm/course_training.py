"""The training of the course's language model: hours on two cores, so it survives interruption.

    edgelab train stdlib-4m --steps 24000
    edgelab train stdlib-4m --steps 24000 --ship        # replace the files in data/models/

Started again, the command goes on from its last saved state. The weights that are kept are those of the
step that was best on the *validation* modules; the test modules are looked at once, at the end. Three
files come out: the model as GGUF (float16), a record of how it was made, and the passages of the test
modules that every perplexity of the course is measured on.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress, workspace
from edgelab.errors import EdgelabError
from edgelab.measuring import machine
from edgelab.slm import corpus, course, gguf_writer, tokenizer, torch_llama, training
from edgelab.slm.llama import Checkpoint, Shape

STEPS = 24_000
_WINDOW = 512
_VALIDATION_WINDOWS = 32
_LICENCE = (
    "The passages are copied from Python's standard library, with tabs expanded, blanks at ends of lines cut "
    "and long lines left out. Copyright (c) 2001-2023 Python Software Foundation; All Rights Reserved. "
    "Python Software Foundation License Version 2, whose text is in data/PSF-LICENSE.txt."
)


def train(recipe: training.Recipe, folder: Path | None = None, shape: Shape = course.SHAPE) -> Path:
    """Train the course's model and write it with its record and its test passages.

    Args:
        recipe: steps, seed and the rest.
        folder: to write into; None takes `models/` in the workspace.
        shape: of the network.

    Returns:
        The path of the GGUF file.

    Raises:
        InputError: a training that diverged.
        MissingDataError: this Python has no sources of its standard library.
        MissingRuntimeError: torch, transformers, tokenizers or gguf is not installed.
        StorageError: a file could not be written.
    """
    target = folder or workspace.workspace() / "models"
    with progress.task("Reading the standard library, training the tokenizer"):
        text = corpus.read()
        words = tokenizer.train(text.train.values(), shape.vocabulary)
        tokens = _joined(words, text.train)
    validation = _spread(_joined(words, text.held_out["validation"]), _VALIDATION_WINDOWS)
    result = training.fit(shape, tokens, validation, recipe)
    facts = {"name": course.NAME, "bos": 0, "eos": 0}
    model = gguf_writer.write(
        Checkpoint(shape, result.weights, words, facts), target / f"{course.NAME}-f16.gguf"
    )
    passages = held_out(words, text.held_out["test"])
    held_out_file = workspace.atomic_write(
        target / f"{course.NAME}-held-out.json", _passages_file(text.python, passages)
    )
    # Of the weights as they are shipped, so rounded to 16 bits, and computed in 32.
    rounded = {name: value.astype(np.float16) for name, value in result.weights.items()}
    nats = training.loss_of(
        torch_llama.from_checkpoint(Checkpoint(shape, rounded, words)),
        np.array([passage["ids"] for passage in passages]),
    )
    record = {
        "model": course.NAME,
        "sha256": workspace.file_hash(model),
        "parameters": shape.parameters,
        "command": _command(recipe),
        "recipe": recipe.text,
        "seed": recipe.seed,
        "steps": recipe.steps,
        "tokens": result.tokens,
        "epochs": round(result.tokens / len(tokens), 2),
        "best_step": result.best_step,
        "chosen_on": "validation",
        "validation_loss": round(result.best_loss, 4),
        "test_loss": round(float(nats.mean()), 4),
        "test_perplexity": round(float(np.exp(nats.mean())), 3),
        "test_tokens": nats.size,
        "test_window": _WINDOW,
        "corpus": {
            "source": "standard library of Python, without tests, encodings and lib2to3",
            "python": text.python,
            "sha256": text.hash,
            "modules": len(text.train),
            "bytes": sum(len(module.encode()) for module in text.train.values()),
            "tokens": len(tokens),
        },
        "held_out": {
            "sha256": workspace.file_hash(held_out_file),
            "validation_modules": list(corpus.HELD_OUT["validation"]),
            "test_modules": list(corpus.HELD_OUT["test"]),
        },
        "licence": "weights: Apache-2.0, as the course; learned from text under the PSF License Version 2",
        "arithmetic": result.arithmetic,
        "cpu": machine.describe()["cpu"],
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": workspace.versions("torch", "transformers", "tokenizers", "gguf", "numpy"),
        "curve": [[step, _short(loss), _short(found)] for step, loss, found in result.curve],
    }
    workspace.atomic_write(
        target / f"{course.NAME}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    )
    return model


def held_out(words: Mapping[str, Any], modules: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one passage of each module: where it starts, its text, and the tokens of it that count.

    A passage starts at the beginning of a line about a third into its module, so that it holds code and prose.

    Args:
        words: content of the tokenizer.
        modules: text by name.
    """
    passages = []
    for module, text in modules.items():
        lines = text.splitlines(keepends=True)
        sizes = np.cumsum([len(ids) for ids in tokenizer.ids(words, lines)])
        # A token may cross the end of a line, so counting by lines is only nearly right: take some more.
        start = int(np.searchsorted(sizes, sizes[-1] / 3))
        before = sizes[start - 1] if start else 0
        end = int(np.searchsorted(sizes, before + 1.25 * _WINDOW)) + 1
        ids = tokenizer.ids(words, ["".join(lines[start:end])])[0]
        assert len(ids) >= _WINDOW, module
        passage = "".join(lines[start:end])
        passages.append(
            {"module": module, "line": start + 1, "text": passage, "ids": ids[:_WINDOW]}
        )
    return passages


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `edgelab train stdlib-4m`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="edgelab train",
        description="Train the course's language model on Python's own library.",
    )
    parser.add_argument("name", choices=[course.NAME])
    parser.add_argument("--steps", type=int, default=STEPS, help="of 2,048 tokens each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dropout", type=float, default=training.Recipe.dropout)
    parser.add_argument("--out", type=Path, help="the folder to write into (default: workspace)")
    parser.add_argument("--ship", action="store_true", help="replace the files in data/models/")
    given = parser.parse_args(arguments)
    try:
        recipe = training.Recipe(given.steps, given.seed, dropout=given.dropout)
        path = train(recipe, course.folder() if given.ship else given.out)
    except EdgelabError as error:
        print(error)
        return 1
    record = json.loads((path.parent / f"{course.NAME}.json").read_text(encoding="utf-8"))
    print(
        f"{path}: step {record['best_step']:,}, validation loss {record['validation_loss']}, perplexity "
        f"{record['test_perplexity']} on {record['test_tokens']:,} tokens of the test modules"
    )
    return 0


def _passages_file(python: str, passages: Sequence[Mapping[str, Any]]) -> str:
    """Return the JSON of the passages, one on a line."""
    rows = ",\n".join(json.dumps(passage, ensure_ascii=False) for passage in passages)
    head = json.dumps({"licence": _LICENCE, "python": python})[:-1]
    return f'{head}, "windows": [\n{rows}\n]}}\n'


def _command(recipe: training.Recipe) -> str:
    seed = f" --seed {recipe.seed}" if recipe.seed else ""
    dropout = f" --dropout {recipe.dropout}" if recipe.dropout != training.Recipe.dropout else ""
    return f"edgelab train {course.NAME} --steps {recipe.steps}{seed}{dropout}"


def _joined(words: Mapping[str, Any], texts: Mapping[str, str]) -> np.ndarray:
    """Return texts as one row of tokens, the end mark (0) after each."""
    rows = tokenizer.ids(words, list(texts.values()))
    return np.array([number for ids in rows for number in [*ids, 0]], np.uint16)


def _spread(tokens: np.ndarray, windows: int) -> np.ndarray:
    """Return windows at equal distances, (windows, 512)."""
    starts = np.linspace(0, len(tokens) - _WINDOW, windows).astype(int)
    return np.stack([tokens[start : start + _WINDOW] for start in starts])


def _short(loss: float | None) -> float | None:
    return None if loss is None else round(loss, 4)


if __name__ == "__main__":
    raise SystemExit(main())
