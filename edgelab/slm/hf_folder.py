"""Reading and writing a Hugging Face folder: config.json, model.safetensors, tokenizer.json.

    checkpoint = hf_folder.read("my-model")
    hf_folder.write(checkpoint, "copy-of-it")

The folder is three plain files, and transformers is not needed to read or write them. Lesson 30.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.slm.llama import HEAD, Checkpoint, Shape

_SPECIAL = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}


def read(folder: str | Path) -> Checkpoint:
    """Read a Hugging Face folder of the Llama architecture.

    Args:
        folder: with config.json, one or more .safetensors files (float32 or float16), tokenizer.json.

    Raises:
        MissingFileError: there is no such folder.
        FormatError: a file is missing or damaged, or a tensor does not fit the configuration.
        InputError: another architecture, or a rotary embedding that is stretched.
        MissingRuntimeError: safetensors is not installed.
    """
    source = workspace.existing(folder)
    config = _json(source / "config.json")
    shape = _shape(config, source)
    tensors = _tensors(source)
    if shape.tied:
        tensors.pop(HEAD, None)  # some writers store the embedding a second time under this name
    settings = source / "tokenizer_config.json"
    options = _json(settings) if settings.exists() else {}
    facts: dict[str, Any] = {"name": config.get("_name_or_path") or source.name}
    for fact, key in (
        ("bos", "bos_token_id"),
        ("eos", "eos_token_id"),
        ("padding", "pad_token_id"),
    ):
        number = config.get(key)
        if number is not None:
            facts[fact] = number[0] if isinstance(number, list) else number
    if template := options.get("chat_template"):
        facts["chat_template"] = template
    return Checkpoint(shape, tensors, _json(source / "tokenizer.json"), facts)


def write(checkpoint: Checkpoint, folder: str | Path, dtype: str = "float32") -> Path:
    """Write a model as a Hugging Face folder, whole or not at all.

    Args:
        checkpoint: the model.
        folder: to make or to replace.
        dtype: of the matrices and norms: "float32" or "float16".

    Returns:
        The folder.

    Raises:
        InputError: another dtype.
        MissingRuntimeError: safetensors is not installed.
        StorageError: the file system refused.
    """
    if dtype not in ("float32", "float16"):
        raise InputError(f"dtype is {dtype!r}; use 'float32' or 'float16'.")
    target = workspace.artefact_path(folder)
    tensors = {
        name: np.ascontiguousarray(value, dtype) for name, value in checkpoint.tensors.items()
    }
    with workspace.storing(target) as temporary:
        temporary.mkdir()
        _safetensors().save_file(
            tensors, temporary / "model.safetensors", metadata={"format": "pt"}
        )
        _write_json(temporary / "config.json", config(checkpoint, dtype))
        _write_json(temporary / "tokenizer.json", checkpoint.tokenizer)
        _write_json(temporary / "tokenizer_config.json", _tokenizer_config(checkpoint))
        _write_json(temporary / "generation_config.json", _ends(checkpoint))
    return target


def _shape(config: dict[str, Any], source: Path) -> Shape:
    if config.get("model_type") != "llama":
        raise InputError(
            f"{source} holds the architecture {config.get('model_type')!r}; only 'llama' is read here."
        )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", "default") != "default":
        raise InputError(
            f"{source} stretches its rotary embedding ({rope['rope_type']}), which is not read here."
        )
    try:
        hidden, heads = config["hidden_size"], config["num_attention_heads"]
        return Shape(
            vocabulary=config["vocab_size"],
            hidden=hidden,
            layers=config["num_hidden_layers"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            feed_forward=config["intermediate_size"],
            context=config["max_position_embeddings"],
            head_size=config.get("head_dim") or hidden // heads,
            # transformers 5 moved it into `rope_parameters`; folders of both kinds are about.
            rope_theta=float(rope.get("rope_theta") or config.get("rope_theta") or 10_000.0),
            epsilon=config.get("rms_norm_eps", 1e-6),
            tied=config.get("tie_word_embeddings", False),
        )
    except KeyError as error:
        raise FormatError(f"{source / 'config.json'} does not say {error}.") from error


def end_tokens(folder: Path) -> frozenset[int]:
    """Return the tokens after which a text is over, as a folder of any framework names them.

    Args:
        folder: with config.json, and often generation_config.json.

    Raises:
        FormatError: one of the two is damaged.
    """
    found: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        told = _json(folder / name).get("eos_token_id") if (folder / name).is_file() else None
        found |= set(told if isinstance(told, list) else [] if told is None else [told])
    return frozenset(found)


def config(checkpoint: Checkpoint, dtype: str) -> dict[str, Any]:
    """Return the content of a model's config.json, for weights of this type."""
    shape = checkpoint.shape
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "intermediate_size": shape.feed_forward,
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.epsilon,
        # Twice: new readers look into `rope_parameters`, and some others silently take 10,000 where
        # they find no `rope_theta` outside of it.
        "rope_theta": shape.rope_theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        "tie_word_embeddings": shape.tied,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "dtype": dtype,
        "torch_dtype": dtype,
        **_ends(checkpoint),
    }


def _ends(checkpoint: Checkpoint) -> dict[str, Any]:
    names = {"bos": "bos_token_id", "eos": "eos_token_id", "padding": "pad_token_id"}
    return {key: checkpoint.facts[fact] for fact, key in names.items() if fact in checkpoint.facts}


def _tokenizer_config(checkpoint: Checkpoint) -> dict[str, Any]:
    words = {entry["id"]: entry["content"] for entry in checkpoint.tokenizer["added_tokens"]}
    special = {
        key: words[checkpoint.facts[fact]]
        for fact, key in _SPECIAL.items()
        if checkpoint.facts.get(fact) in words
    }
    template = checkpoint.facts.get("chat_template")
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": checkpoint.shape.context,
        **special,
        **({"chat_template": template} if template else {}),
    }


def _tensors(source: Path) -> dict[str, np.ndarray]:
    files = sorted(source.glob("*.safetensors"))
    if not files:
        raise FormatError(f"{source} holds no .safetensors file, so it has no weights.")
    tensors: dict[str, np.ndarray] = {}
    for file in files:
        try:
            tensors.update(_safetensors().load_file(file))
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise FormatError(
                f"{file} could not be read ({error}). It is truncated, or not float32 or float16."
            ) from error
        except Exception as error:  # safetensors' own class, whose name its versions disagree about
            if type(error).__name__ != "SafetensorError":
                raise
            raise FormatError(f"{file} could not be read ({error}); it is truncated.") from error
    return tensors


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FormatError(
            f"{file.parent} has no {file.name}; it is no Hugging Face folder."
        ) from error
    except ValueError as error:
        raise FormatError(f"{file} is damaged ({error}).") from error
    return content


def _write_json(file: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, default=dict)
    file.write_text(text + "\n", encoding="utf-8")


def _safetensors() -> Any:
    try:
        from safetensors import numpy
    except ImportError as error:
        raise MissingRuntimeError(
            "A Hugging Face folder needs the package safetensors: `pip install safetensors`."
        ) from error
    return numpy
