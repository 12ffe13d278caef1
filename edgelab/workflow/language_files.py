"""The contents of language models without a graph: GGUF, and folders of Hugging Face or MLX.

Only headers are read: that of a GGUF file, and that of each `.safetensors` file (eight bytes of length, then JSON).
Use it through `edgelab.workflow.assess`.
"""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from pathlib import Path
from typing import Any

from edgelab.errors import FormatError
from edgelab.slm import gguf_file, gguf_types
from edgelab.workflow.contents import Contents, Weight, kv_bytes, role_of

_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_LONGEST_HEADER = 100_000_000
_MLX_GROUP_PARTS = (".scales", ".biases")


def of_gguf(path: Path) -> Contents:
    """Return the contents of a GGUF file."""
    file = gguf_file.read(path)
    weights = tuple(
        Weight(t.name, t.shape, t.type, gguf_types.TYPES[t.type].bits, role_of(t.name, t.shape))
        for t in file.tensors
    )
    return Contents(
        name=path.name,
        format="gguf",
        kind="language" if "tokenizer.ggml.model" in file.metadata else "other",
        bytes=file.size_bytes,
        architecture=file.architecture,
        weights=weights,
        operators=Counter(),
        context=file.metadata.get(f"{file.architecture}.context_length"),
        kv_bytes_per_token=_gguf_token(file),
    )


def of_folder(folder: Path, form: str) -> Contents:
    """Return the contents of a folder with `config.json` and `.safetensors` files.

    Args:
        folder: of the model.
        form: "mlx" or "huggingface".
    """
    config = _json(folder / "config.json")
    headers: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        headers |= header(file)
    headers.pop("__metadata__", None)
    groups = config.get("quantization") or {}
    weights = [
        _safetensor(name, entry, headers, groups)
        for name, entry in headers.items()
        if isinstance(entry, dict)
    ]
    families = config.get("architectures") or [config.get("model_type", "unknown")]
    return Contents(
        name=folder.name,
        format=form,
        kind=_kind(str(families[0]), config),
        bytes=sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
        architecture=str(families[0]),
        weights=tuple(weights),
        operators=Counter(),
        context=config.get("max_position_embeddings"),
        kv_bytes_per_token=_config_token(config),
    )


def header(file: Path) -> dict[str, Any]:
    """Return the header of a `.safetensors` file: name → dtype, shape and place of its bytes.

    Raises:
        FormatError: it is truncated or no such file.
    """
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            # A length that no file has would reserve the memory of the whole machine.
            found: dict[str, Any] = json.loads(stream.read(min(length, size, _LONGEST_HEADER)))
        ends = [e["data_offsets"][1] for name, e in found.items() if name != "__metadata__"]
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{file} is no whole .safetensors file ({error}). Get it again."
        ) from error
    if ends and 8 + length + max(ends) > size:
        raise FormatError(
            f"{file} is truncated: its tensors end at byte {8 + length + max(ends)} and the file has "
            f"{size} bytes. Get it again."
        )
    return found


def _safetensor(
    name: str, entry: dict[str, Any], headers: dict[str, Any], groups: dict[str, Any]
) -> Weight:
    shape, dtype = tuple(entry["shape"]), str(entry["dtype"])
    stem = name.rsplit(".", 1)[0]
    bits: float = _BITS.get(dtype, 8)
    if name.endswith(_MLX_GROUP_PARTS) and f"{stem}.weight" in headers and groups:
        return Weight(name, shape, dtype, bits, "scale")
    if dtype == "U32" and f"{stem}.scales" in headers:
        # MLX packs 32 / bits values into each number; a layer may have settings of its own.
        own = groups.get(stem)
        bits = (own if isinstance(own, dict) else groups).get("bits", 4)
        shape = (*shape[:-1], math.floor(shape[-1] * 32 / bits))
        return Weight(name, shape, f"int{bits}", bits, role_of(name, shape))
    return Weight(name, shape, _NAMES.get(dtype, dtype.lower()), bits, role_of(name, shape))


def _kind(family: str, config: dict[str, Any]) -> str:
    if "CausalLM" in family or "LMHead" in family or "rope_theta" in config:
        return "language"
    return "image" if "ImageClassification" in family else "other"


def _gguf_token(file: gguf_file.GgufFile) -> int | None:
    name = file.architecture
    values = [
        file.metadata.get(f"{name}.{key}")
        for key in ("block_count", "attention.head_count", "embedding_length")
    ]
    if not all(isinstance(value, int) for value in values):
        return None
    layers, heads, width = (int(value) for value in values if value is not None)
    kv_heads = file.metadata.get(f"{name}.attention.head_count_kv", heads)
    head = file.metadata.get(f"{name}.attention.key_length", width // heads)
    return kv_bytes(layers, kv_heads, head) if isinstance(kv_heads, int) else None


def _config_token(config: dict[str, Any]) -> int | None:
    try:
        heads = int(config["num_attention_heads"])
        head = int(config.get("head_dim") or config["hidden_size"] // heads)
        kv_heads = int(config.get("num_key_value_heads") or heads)
        return kv_bytes(int(config["num_hidden_layers"]), kv_heads, head)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(
            f"{file} can't be read as JSON ({error}). Get the folder again."
        ) from error
    if not isinstance(found, dict):
        raise FormatError(f"{file} holds a {type(found).__name__} and no settings. Get it again.")
    return found
