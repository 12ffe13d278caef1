"""From a Hugging Face folder to a GGUF file, in 32 or 16 bits: what llama.cpp reads.

    gguf_writer.write("my-model", "my-model-f16.gguf")                 # a folder, or a Checkpoint
    gguf_writer.write("my-model", "my-model-f32.gguf", precision="f32")

Nothing is computed: tensors get other names, the rows of the query and key matrices another order, and
the tokenizer moves into the header. Norms stay in 32 bits, as llama.cpp expects. Lesson 30.

Source: ggml, "GGUF" (docs/gguf.md in the repository ggml-org/ggml).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import InputError
from edgelab.slm import gguf_package, hf_folder
from edgelab.slm.llama import Checkpoint, pairs_beside, tensors_of

_DTYPES = {"f32": np.float32, "f16": np.float16}
_LARGEST_F16 = 65504.0


def write(source: Checkpoint | str | Path, target: str | Path, precision: str = "f16") -> Path:
    """Write a model as GGUF, whole or not at all.

    Args:
        source: a Hugging Face folder of the Llama architecture, or a model in memory.
        target: the `.gguf` file; a bare name goes to the workspace.
        precision: of the matrices: "f16" or "f32".

    Returns:
        The path of the file.

    Raises:
        InputError: another precision, weights that 16 bits can't hold, or a tokenizer of another kind.
        FormatError: a damaged folder.
        MissingFileError: there is no such folder.
        MissingRuntimeError: the package gguf is not installed.
    """
    if precision not in _DTYPES:
        raise InputError(f"precision is {precision!r}; use one of {', '.join(_DTYPES)}.")
    checkpoint = source if isinstance(source, Checkpoint) else hf_folder.read(source)
    shape, gguf, path = checkpoint.shape, gguf_package.package(), workspace.artefact_path(target)
    tokenizer = _tokenizer(checkpoint)
    with workspace.storing(path) as temporary:
        writer = gguf.GGUFWriter(temporary, "llama")
        writer.add_type("model")
        writer.add_name(str(checkpoint.facts.get("name", path.stem)))
        if licence := checkpoint.facts.get("licence"):
            writer.add_license(licence)
        kind = gguf.LlamaFileType
        writer.add_file_type(kind.ALL_F32 if precision == "f32" else kind.MOSTLY_F16)
        writer.add_vocab_size(shape.vocabulary)
        writer.add_context_length(shape.context)
        writer.add_embedding_length(shape.hidden)
        writer.add_block_count(shape.layers)
        writer.add_feed_forward_length(shape.feed_forward)
        writer.add_head_count(shape.heads)
        writer.add_head_count_kv(shape.kv_heads)
        writer.add_key_length(shape.head_size)
        writer.add_value_length(shape.head_size)
        writer.add_layer_norm_rms_eps(shape.epsilon)
        writer.add_rope_dimension_count(shape.head_size)
        writer.add_rope_freq_base(shape.rope_theta)
        _add_tokenizer(writer, tokenizer, checkpoint.facts)
        for tensor in tensors_of(shape):
            value = np.asarray(checkpoint.tensors[tensor.name], np.float32)
            if tensor.rotated_heads:
                value = pairs_beside(value, tensor.rotated_heads)
            if value.ndim == 2:
                value = _narrowed(value, precision, tensor.name)
            writer.add_tensor(tensor.gguf, np.ascontiguousarray(value))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return path


def _narrowed(matrix: np.ndarray, precision: str, name: str) -> np.ndarray:
    if precision == "f16" and not np.abs(matrix).max() <= _LARGEST_F16:
        raise InputError(
            f"{name} holds {np.abs(matrix).max()}, and float16 ends at {_LARGEST_F16:.0f}; "
            "write it with precision='f32'."
        )
    return matrix.astype(_DTYPES[precision])


def _tokenizer(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the tokenizer's words by number, their kinds, the merges, and how text is cut before."""
    content = checkpoint.tokenizer
    model = content.get("model", {})
    if model.get("type") != "BPE":
        raise InputError(
            f"The tokenizer is of the kind {model.get('type')!r}; only byte-level BPE is written here."
        )
    special = {entry["id"]: entry["content"] for entry in content.get("added_tokens", [])}
    words = {number: word for word, number in model["vocab"].items()} | special
    size = checkpoint.shape.vocabulary
    if max(words) >= size:
        raise InputError(
            f"The tokenizer numbers its words up to {max(words)}; the network has {size} rows for them."
        )
    kinds = gguf_package.package().TokenType
    return {
        # A row of the embedding that no word uses still needs an entry.
        "words": [words.get(number, f"[unused {number}]") for number in range(size)],
        "kinds": [
            kinds.CONTROL
            if number in special
            else kinds.NORMAL
            if number in words
            else kinds.UNUSED
            for number in range(size)
        ],
        # Older files store a merge as one text, newer ones as two.
        "merges": [m if isinstance(m, str) else " ".join(m) for m in model["merges"]],
        "cut": _cut(content.get("pre_tokenizer")),
    }


def _cut(step: Mapping[str, Any] | None) -> str:
    """Return llama.cpp's name for how text is cut into words before the merges."""
    steps = [s["type"] for s in step.get("pretokenizers", [step])] if step else []
    names = {("ByteLevel",): "gpt-2", ("Digits", "ByteLevel"): "smollm"}
    if tuple(steps) not in names:
        raise InputError(
            f"The tokenizer cuts text by {steps or 'nothing'}; ByteLevel, or Digits before it, is what "
            "can be written here."
        )
    return names[tuple(steps)]


def _add_tokenizer(writer: Any, tokenizer: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(tokenizer["cut"])
    writer.add_token_list(tokenizer["words"])
    writer.add_token_types(tokenizer["kinds"])
    writer.add_token_merges(tokenizer["merges"])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    adders = {
        "bos": writer.add_bos_token_id,
        "eos": writer.add_eos_token_id,
        "unknown": writer.add_unk_token_id,
        "padding": writer.add_pad_token_id,
    }
    for fact, add in adders.items():
        if fact in facts:
            add(facts[fact])
    if template := facts.get("chat_template"):
        writer.add_chat_template(template)
