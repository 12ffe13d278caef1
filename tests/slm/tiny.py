"""A small random Llama model with a real tokenizer, as a folder and as GGUF, in well under two seconds.

tiny.gguf(tmp_path / "tiny.gguf")            # float32; precision="f16" for the other
tiny.folder(tmp_path / "tiny")               # config.json, model.safetensors, tokenizer.json
tiny.checkpoint().tensors                    # the same weights as arrays

Its rows are multiples of 256, so every K type of llama.cpp takes them. It knows nothing: its text is noise, but
its logits differ from token to token, and they are the same in every engine.
"""

from __future__ import annotations

import inspect
import textwrap
from functools import cache
from pathlib import Path

import numpy as np

from edgelab.slm import gguf_writer, hf_folder, llama, tokenizer

SHAPE = llama.Shape(
    vocabulary=512,
    hidden=256,
    layers=2,
    heads=4,
    kv_heads=2,
    feed_forward=512,
    context=512,
)
# Everything that byte-level tokenizers get wrong: bytes of several characters, blanks, tabs, ends of lines.
TEXTS = (
    "def read(path, encoding='utf-8'):\n    return path.read_text(encoding)\n",
    "Caf\u00e9, na\u00efve, \u00fcber: \u20ac 12,50 \u2013 \u2264 3 \u00b5s",
    "\U0001f40d\U0001f469\u200d\U0001f4bb and \u4f60\u597d\uff0c\u4e16\u754c \u0414\u0430",
    "\ttab\t\ttwo\n\r\nend" + " " * 70 + "far\n\n\n\n" + " " * 41 + "x",
    "it's 1234567890 don't ~!@#$%^&*()_+",
)


def checkpoint(seed: int = 0, shape: llama.Shape = SHAPE) -> llama.Checkpoint:
    """Return the model in memory; the tokenizer is the same whatever the seed."""
    random = np.random.default_rng(seed)
    tensors = {}
    for tensor in llama.tensors_of(shape):
        if len(tensor.size) == 1:
            tensors[tensor.name] = random.uniform(0.5, 1.5, tensor.size).astype(np.float32)
        else:
            spread = tensor.size[1] ** -0.5
            tensors[tensor.name] = random.normal(0, spread, tensor.size).astype(np.float32)
    words = _tokenizer(shape.vocabulary)
    return llama.Checkpoint(shape, tensors, words, {"name": "tiny", "bos": 0, "eos": 0})


def folder(path: Path, seed: int = 0, shape: llama.Shape = SHAPE) -> Path:
    """Write the model as a Hugging Face folder."""
    return hf_folder.write(checkpoint(seed, shape), path)


def gguf(path: Path, seed: int = 0, precision: str = "f32", shape: llama.Shape = SHAPE) -> Path:
    """Write the model as a GGUF file."""
    return gguf_writer.write(checkpoint(seed, shape), path, precision)


@cache
def _tokenizer(vocabulary: int) -> dict[str, object]:
    return tokenizer.train([inspect.getsource(textwrap)], vocabulary)
