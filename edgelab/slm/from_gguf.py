"""From a GGUF file back to a Hugging Face folder: what torch, ONNX and MLX tools read.

    from_gguf.convert(slm.course_model(), "stdlib-4m-hf")
    checkpoint = from_gguf.read("model-q4_1.gguf")        # in memory, as float32

Quantized blocks are decoded to the numbers that they stand for. What their rounding lost stays lost: a folder
made from a 4-bit file is a 4-bit model in 32-bit clothes. No torch is needed. Lessons 30 and 34.

Source: ggml, "GGUF" (docs/gguf.md in the repository ggml-org/ggml).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import progress, workspace
from edgelab.errors import FormatError, InputError
from edgelab.slm import gguf_package, hf_folder
from edgelab.slm.llama import Checkpoint, Shape, pairs_apart, tensors_of

_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_CUTS: dict[str, dict[str, Any]] = {
    "gpt-2": _BYTES,
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTES],
    },
}


def convert(source: str | Path, folder: str | Path, dtype: str = "float32") -> Path:
    """Write the model of a GGUF file as a Hugging Face folder, kept by content.

    Args:
        source: the `.gguf` file.
        folder: to make or to replace; a bare name goes to the workspace.
        dtype: "float32", or "float16" for half the size.

    Returns:
        The folder.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is truncated, or no GGUF.
        InputError: another architecture, type of block, tokenizer or dtype.
        MissingRuntimeError: gguf or safetensors is not installed.
    """
    path = workspace.existing(source)
    key = {
        "what": "a Hugging Face folder from GGUF",
        "file": workspace.file_hash(path),
        "dtype": dtype,
        "code": workspace.code_hashes("slm/from_gguf.py", "slm/hf_folder.py", "slm/llama.py"),
        "versions": workspace.versions("gguf", "safetensors"),
    }

    def make(target: Path) -> None:
        with progress.task(f"Decoding {path.name}"):
            hf_folder.write(read(path), target, dtype)

    return workspace.copy_to(workspace.cached(key, make, "-hf"), workspace.artefact_path(folder))


def read(source: str | Path) -> Checkpoint:
    """Read a GGUF file of the Llama architecture, its weights decoded to float32.

    Args:
        source: the `.gguf` file.

    Raises:
        As `convert`.
    """
    path = workspace.existing(source)
    try:
        content = gguf_package.package().GGUFReader(path)
    # The reader of the package stumbles wherever a damaged file first makes no sense.
    except (
        ValueError,
        IndexError,
        KeyError,
        OverflowError,
        UnicodeDecodeError,
        MemoryError,
    ) as error:
        raise FormatError(
            f"{path} could not be read as GGUF ({error}). The file ({path.stat().st_size} bytes) is truncated, "
            "or another format."
        ) from error
    facts = {name: field.contents() for name, field in content.fields.items()}
    stored = {tensor.name: tensor for tensor in content.tensors}
    shape = _shape(facts, path, tied="output.weight" not in stored)
    tensors = {}
    for expected in tensors_of(shape):
        if expected.gguf not in stored:
            raise FormatError(f"{path} lacks the tensor {expected.gguf!r}.")
        value = _decoded(stored[expected.gguf], path)
        if expected.rotated_heads:
            value = pairs_apart(value, expected.rotated_heads)
        tensors[expected.name] = value
    known = {"name": facts.get("general.name", path.stem)}
    for fact in ("bos", "eos", "unknown", "padding"):
        number = facts.get(f"tokenizer.ggml.{fact}_token_id")
        if number is not None:
            known[fact] = int(number)
    for fact, key in (("licence", "general.license"), ("chat_template", "tokenizer.chat_template")):
        if key in facts:
            known[fact] = facts[key]
    return Checkpoint(shape, tensors, _tokenizer(facts, path), known)


def _shape(facts: Mapping[str, Any], path: Path, tied: bool) -> Shape:
    kind = facts.get("general.architecture")
    if kind != "llama":
        raise InputError(f"{path} holds the architecture {kind!r}; only 'llama' is read here.")
    if facts.get("llama.rope.scaling.type", "none") != "none":
        raise InputError(f"{path} stretches its rotary embedding, which is not read here.")
    try:
        hidden = int(facts["llama.embedding_length"])
        heads = int(facts["llama.attention.head_count"])
        return Shape(
            vocabulary=len(facts["tokenizer.ggml.tokens"]),
            hidden=hidden,
            layers=int(facts["llama.block_count"]),
            heads=heads,
            kv_heads=int(facts.get("llama.attention.head_count_kv", heads)),
            feed_forward=int(facts["llama.feed_forward_length"]),
            context=int(facts["llama.context_length"]),
            head_size=int(facts.get("llama.attention.key_length", hidden // heads)),
            rope_theta=float(facts.get("llama.rope.freq_base", 10_000.0)),
            # Stored in 32 bits: 1e-5 would come back as 9.999999747378752e-06.
            epsilon=float(str(np.float32(facts["llama.attention.layer_norm_rms_epsilon"]))),
            tied=tied,
        )
    except KeyError as error:
        raise FormatError(f"The header of {path} does not say {error}.") from error


def _decoded(tensor: Any, path: Path) -> np.ndarray:
    try:
        value = gguf_package.package().quants.dequantize(tensor.data, tensor.tensor_type)
    except NotImplementedError as error:
        raise InputError(
            f"{path} stores {tensor.name} as {tensor.tensor_type.name}, which can't be decoded here. Take the "
            "file that it was quantized from."
        ) from error
    return np.array(value, np.float32)


def _tokenizer(facts: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the content of a tokenizer.json that cuts text as the header of a GGUF file says."""
    kind, cut = facts.get("tokenizer.ggml.model"), facts.get("tokenizer.ggml.pre")
    if kind != "gpt2" or cut not in _CUTS:
        raise InputError(
            f"{path} has a tokenizer of the kind {kind!r} that cuts text as {cut!r}; byte-level BPE ('gpt2') "
            f"that cuts as {' or '.join(map(repr, _CUTS))} is read here."
        )
    kinds = gguf_package.package().TokenType
    words = facts["tokenizer.ggml.tokens"]
    types = facts.get("tokenizer.ggml.token_type", [kinds.NORMAL] * len(words))
    options = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": number, "content": word, **options, "special": types[number] == kinds.CONTROL}
        for number, word in enumerate(words)
        if types[number] in (kinds.CONTROL, kinds.USER_DEFINED)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": _CUTS[cut],
        "post_processor": None,
        "decoder": _BYTES,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {
                word: number for number, word in enumerate(words) if types[number] != kinds.UNUSED
            },
            "merges": [merge.split(" ") for merge in facts["tokenizer.ggml.merges"]],
        },
    }
