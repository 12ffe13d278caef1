"""From a Hugging Face folder or a GGUF file to Apple's MLX: in float, or in groups of 8 or 4 bits.

    folder = to_mlx.convert("stdlib-4m-hf", "stdlib-4m-mlx")
    int4   = to_mlx.convert("stdlib-4m-hf", "stdlib-4m-mlx4", bits=4, group=64)
    parity.read(int4)                          # how far its logits are from the grid computed by hand

An MLX folder looks like a Hugging Face folder: the same names, and safetensors. A quantized matrix is three tensors
there, the packed codes (`.weight`), `.scales` and `.biases`, and config.json tells bits and group. MLX does the
rounding; that it is what `edgelab.slm.grouped` computes by hand is checked on the logits of every folder made here.

mlx-lm reads the base of the rotary embedding from one of the two places only where it may be written, and takes
10,000 without a word where it finds none. Folders made here have it in both. Lesson 34.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgelab import progress, workspace
from edgelab.errors import InputError
from edgelab.slm import artefact, from_gguf, grouped, hf_folder, mlx_library, parity
from edgelab.slm.llama import Checkpoint, matrices

# In 16 bits MLX adds and multiplies in 16 bits too, and its logits differ by rounding.
_TOLERANCES = {"float32": parity.FLOAT, "float16": 20 * parity.FLOAT}
_CODE = (
    "slm/to_mlx.py",
    "slm/mlx_library.py",
    "slm/engine_mlx.py",
    "slm/grouped.py",
    "slm/hf_folder.py",
    "slm/from_gguf.py",
    "slm/parity.py",
    "slm/forward.py",
)


def convert(
    source: str | Path,
    folder: str | Path,
    bits: int | None = None,
    group: int = 64,
    *,
    embedding: bool = True,
    dtype: str = "float32",
) -> Path:
    """Write a model as an MLX folder, checked against its own weights.

    Args:
        source: a Hugging Face folder, or a `.gguf` file, of the Llama architecture. Blocks of a quantized file are
            decoded first; rounding them again costs more than rounding once.
        folder: to make or to replace; a bare name goes to the workspace.
        bits: of a weight, 2, 4 or 8; None leaves the weights as they are.
        group: neighbouring weights that share scale and bias: 32, 64 or 128.
        embedding: whether the embedding, and an output layer of its own, are rounded as well, as MLX does by itself.
        dtype: of everything else, and of the arithmetic: "float32", or "float16", which is right for a Mac. On a
            processor MLX multiplies quantized weights with 16-bit numbers forty times more slowly than with 32-bit ones.

    Returns:
        The folder; `parity.read` tells how far it is from its weights, or from its weights on the grid by hand.

    Raises:
        MissingFileError: there is no such source.
        FormatError: it is damaged.
        InputError: another kind of source, other bits, group or dtype, or a row that the group does not divide.
        ParityError: the result computes something else.
        MissingRuntimeError: mlx or mlx-lm is not installed.
    """
    origin = workspace.existing(source)
    _check(bits, group, dtype)
    mlx_library.package()
    options = {"bits": bits, "group": group, "embedding": embedding, "dtype": dtype}
    key = {
        "what": "MLX",
        "file": workspace.file_hash(origin),
        **(options if bits else {"dtype": dtype}),
        "code": workspace.code_hashes(*_CODE),
        "versions": workspace.versions("mlx", "mlx-lm", "safetensors"),
    }

    def make(target: Path) -> None:
        with progress.task(f"Converting {origin.name} to MLX"):
            checkpoint = _read(origin)
            if bits:
                _check_rows(checkpoint, group, embedding)
            _write(checkpoint, target, options)
            parity.keep(_checked(checkpoint, target, origin.name, options), target)

    return workspace.copy_to(workspace.cached(key, make, "-mlx"), workspace.artefact_path(folder))


def _write(checkpoint: Checkpoint, target: Path, options: dict[str, Any]) -> None:
    # config.json as it is written here has the base of the rotary embedding where mlx-lm looks.
    hf_folder.write(checkpoint, target, options["dtype"])
    utils, config = mlx_library.models("utils"), mlx_library.config(target)
    network = mlx_library.network(target)
    if options["bits"]:

        def chosen(path: str, _layer: Any) -> bool:
            return options["embedding"] or not path.endswith(("embed_tokens", "lm_head"))

        with mlx_library.silent():
            network, config = utils.quantize_model(
                network, config, options["group"], options["bits"], quant_predicate=chosen
            )
    # It was read lazily: the weights must be in memory before their file goes.
    mlx_library.package().eval(network.parameters())
    (target / "model.safetensors").unlink()
    utils.save_model(target, network)
    text = json.dumps(config, indent=1, ensure_ascii=False)
    (target / "config.json").write_text(text + "\n", encoding="utf-8")


def _checked(
    checkpoint: Checkpoint, target: Path, origin: str, options: dict[str, Any]
) -> parity.LogitParity:
    """Compare the folder's logits with the formula's, on the weights that it is meant to hold."""
    from edgelab.slm.engine_mlx import Mlx

    wanted, name = checkpoint, origin
    if bits := options["bits"]:
        name = f"{origin} on the grid of {bits} bits, by hand"
        wanted = grouped.rounded(
            checkpoint, bits, options["group"], options["embedding"], options["dtype"]
        )
    # On the processor, also on a Mac: the graphics processor may multiply with fewer digits.
    with Mlx(target, 1, {"device": "cpu"}) as model:
        model.name = f"{origin} in MLX"
        expected = parity.expected(wanted, model.encode(parity.TEXT), name)
        return parity.ensure(model, expected, _TOLERANCES[options["dtype"]])


def _read(origin: Path) -> Checkpoint:
    kind = artefact.kind(origin)
    if kind == "gguf":
        return from_gguf.read(origin)
    if kind != "huggingface":
        raise InputError(
            f"{origin.name} is a model for {kind}; MLX is made from a Hugging Face folder or a .gguf file."
        )
    return hf_folder.read(origin)


def _check(bits: int | None, group: int, dtype: str) -> None:
    if bits is not None and bits not in grouped.BITS:
        raise InputError(
            f"bits is {bits!r}; use {', '.join(map(str, grouped.BITS))}, or None for float."
        )
    if group not in grouped.GROUPS:
        raise InputError(f"group is {group!r}; use one of {', '.join(map(str, grouped.GROUPS))}.")
    if dtype not in _TOLERANCES:
        raise InputError(f"dtype is {dtype!r}; use 'float32' or 'float16'.")


def _check_rows(checkpoint: Checkpoint, group: int, embedding: bool) -> None:
    """Refuse rows that a group does not divide: mlx-lm would leave them in float and say nothing."""
    rows = {
        name: checkpoint.tensors[name].shape[1] for name in matrices(checkpoint.shape, embedding)
    }
    for name, row in rows.items():
        if row % group:
            raise InputError(
                f"{name} has rows of {row} weights, which groups of {group} don't divide. Take a smaller group."
            )
