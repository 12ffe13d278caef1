"""Low-rank adaptation (LoRA) in Apple's MLX: tune a model, look at its loss, make it an ordinary model again.

    task  = pump_task.data()
    tuned = mlx_lora.tune(checkpoint, task.train, task.validation)
    merged = lora.merge(checkpoint, tuned)                 # "fuse" in MLX's words
    gguf_writer.write(merged, "pump-f16.gguf")             # and down the ladder of llama.cpp

The same method as `edgelab.slm.lora`, which does it by hand in PyTorch, and the same result: A and B of each
matrix. The detours are mlx-lm's own layers, and the loop is written out, since it is what there is to see: MLX
computes nothing until it is asked to (`eval`), and a gradient is a function made of another one
(`value_and_grad`). Lesson 34.

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022; mlx-lm, LORA.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress
from edgelab.errors import InputError
from edgelab.slm import hf_folder, lora, mlx_library
from edgelab.slm.llama import Checkpoint, matrices
from edgelab.slm.lora import Tuned
from edgelab.slm.pump_task import Example

Encoded = tuple[list[int], int]
_WATCHED = 8


def tune(
    checkpoint: Checkpoint,
    train: Sequence[Example],
    validation: Sequence[Example],
    steps: int = 32,
    *,
    rank: int = 8,
    alpha: float = 16.0,
    rate: float = 4e-3,
    batch: int = 8,
    every: int = 8,
    seed: int = 0,
) -> Tuned:
    """Learn the detours of every matrix of the layers from examples, with AdamW.

    Args:
        checkpoint: the model, which stays as it is.
        train: examples to learn from; the loss counts the answers only.
        validation: examples to watch, eight of them at most: without a graphics processor a look at forty would
            take as long as three steps.
        steps: updates.
        rank: numbers between A and B.
        alpha: B·A counts alpha / rank times.
        rate: learning rate.
        batch: examples of one step.
        every: steps between two looks at the validation examples.
        seed: of A and of the order.

    Raises:
        InputError: no example, a rank below 1, or an example longer than the context.
        MissingRuntimeError: mlx, mlx-lm or tokenizers is not installed.
    """
    if not train or not validation or rank < 1 or steps < 1 or batch < 1 or every < 1:
        raise InputError(
            f"There are {len(train)} and {len(validation)} examples, rank {rank}, {steps} steps of {batch}, a look "
            f"every {every}; each is at least 1."
        )
    mx, nn = mlx_library.package(), mlx_library.layers()
    examples = lora.encoded(checkpoint, train)
    watched = lora.encoded(checkpoint, validation[:_WATCHED])
    mx.random.seed(seed)
    network = _network(checkpoint)
    detours = attach(network, checkpoint, rank, alpha / rank)
    head = _frozen(_output_matrix(network))
    optimizer = mlx_library.optimizers().AdamW(rate, bias_correction=True)

    def loss(model: Any, ids: Any, places: Any, wanted: Any) -> Any:
        # Scores are needed where an answer is asked for only, and the output layer is a quarter of the work.
        seen = model.model(ids).reshape(-1, checkpoint.shape.hidden)[places]
        return nn.losses.cross_entropy(head(seen), wanted, reduction="mean")

    def watch() -> float:
        return float(loss(network, *_batch(watched)).item())

    loss_and_gradient = nn.value_and_grad(network, loss)
    random = np.random.default_rng(seed)
    curve: list[tuple[int, float | None, float]] = [(0, None, watch())]
    with progress.bar(range(1, steps + 1), "Tuning in MLX", unit="steps") as bar:
        for step in bar:
            chosen = random.choice(len(examples), min(batch, len(examples)), replace=False)
            value, gradient = loss_and_gradient(network, *_batch([examples[i] for i in chosen]))
            optimizer.update(network, gradient)
            mx.eval(network.trainable_parameters(), optimizer.state, value)
            if step % every == 0 or step == steps:
                curve.append((step, float(value.item()), watch()))
                bar.set_postfix_str(f"validation loss {curve[-1][2]:.3f}")
    return Tuned(
        {name: np.array(layer.lora_a.T) for name, layer in detours.items()},
        {name: np.array(layer.lora_b.T) for name, layer in detours.items()},
        alpha / rank,
        tuple(curve),
    )


def attach(network: Any, checkpoint: Checkpoint, rank: int, scale: float) -> dict[str, Any]:
    """Put a detour of mlx-lm beside each matrix of the layers, and freeze everything else.

    Args:
        network: of mlx-lm, changed in place.
        checkpoint: which matrices it has.
        rank: numbers between A and B.
        scale: by which B·A is multiplied.

    Returns:
        The new layers by the name of their matrix: `lora_a` (inputs, rank), `lora_b` (rank, outputs).
    """
    layer_class = mlx_library.models("tuner.lora").LoRALinear
    network.freeze()
    found = {}
    for name in matrices(checkpoint.shape):
        *path, last = name.removesuffix(".weight").split(".")
        owner = network
        for part in path:
            owner = owner[int(part)] if part.isdigit() else getattr(owner, part)
        matrix = getattr(owner, last)
        detour = layer_class.from_base(matrix, r=rank, scale=scale)
        detour.linear = _frozen(matrix.weight)
        setattr(owner, last, detour)
        found[name] = detour
    return found


def _network(checkpoint: Checkpoint) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        network = mlx_library.network(hf_folder.write(checkpoint, Path(folder) / "model"))
        mlx_library.package().eval(network.parameters())  # before the files go
    return network


def _output_matrix(network: Any) -> Any:
    """Return the matrix of the output layer, which may be the embedding."""
    owner = network.model.embed_tokens if network.args.tie_word_embeddings else network.lm_head
    return owner.weight


def _frozen(weight: Any) -> Any:
    """Return a layer x·Wᵀ that does not learn, with W stored in both orders.

    A plain BLAS, which MLX uses on Linux, multiplies by a stored matrix more than twice as fast as by the transpose
    of one. Forward needs Wᵀ and backward W; with both, a step of tuning takes two thirds of the time. A Mac loses
    nothing but the memory.
    """
    mx, nn = mlx_library.package(), mlx_library.layers()

    @mx.custom_function
    def product(x: Any, _: Any, turned: Any) -> Any:
        return x @ turned

    @product.vjp
    def product_vjp(given: Any, gradient: Any, _: Any) -> Any:
        x, weight, turned = given
        del x
        return gradient @ weight, mx.zeros_like(weight), mx.zeros_like(turned)

    base: Any = nn.Module

    class Frozen(base):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.turned = weight, mx.contiguous(weight.T)
            self.freeze()

        def __call__(self, x: Any) -> Any:
            return product(x, self.weight, self.turned)

    return Frozen()


def _batch(examples: Sequence[Encoded]) -> Iterator[Any]:
    """Yield the tokens (rows, longest - 1), the places where an answer is asked for, and what comes there."""
    mx = mlx_library.package()
    longest = max(len(ids) for ids, _ in examples)
    ids = np.zeros((len(examples), longest), np.int32)
    asked = np.zeros(ids.shape, bool)
    for row, (tokens, question) in enumerate(examples):
        ids[row, : len(tokens)] = tokens
        asked[row, question : len(tokens)] = True
    # What follows the end is filled with zeros; a causal model never looks ahead, so no mask is needed.
    yield mx.array(ids[:, :-1])
    yield mx.array(np.flatnonzero(asked[:, 1:]))
    yield mx.array(ids[:, 1:][asked[:, 1:]])
