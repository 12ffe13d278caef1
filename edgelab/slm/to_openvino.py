"""From GGUF to OpenVINO, and from 16 bits to 8 or 4: no PyTorch needed.

    folder = to_openvino.convert(slm.course_model(), "stdlib-4m-openvino")
    int4   = to_openvino.compress(folder, "stdlib-4m-int4", mode="int4_asym", group=32)
    parity.read(int4)                                    # how far its logits are from the folder's

openvino-genai reads a GGUF file and builds the network from it; what it builds is saved as OpenVINO's own format,
with the tokenizer. Then NNCF rounds the weights. The embedding, which is also the output layer, stays at 8 bits
unless `all_layers` is asked for. Lesson 33.

Source: OpenVINO GenAI documentation, "GGUF models"; NNCF documentation, "Weight compression".
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import keras, progress, workspace
from edgelab.errors import FormatError, InputError
from edgelab.slm import (
    artefact,
    from_gguf,
    gguf_file,
    hf_folder,
    openvino_library,
    openvino_words,
    parity,
)

READABLE = ("F16", "Q8_0", "Q6_K", "Q4_K", "Q4_1", "Q4_0")
MODES = ("int8_asym", "int8_sym", "int4_asym", "int4_sym")
_GRAPH = "openvino_model.xml"
# What ends a text, beside the token that the header names: as llama.cpp recognises them.
_ENDS = (
    "<|endoftext|>",
    "<|im_end|>",
    "<reponame>",
    "<|repo_name|>",
    "<|eot_id|>",
    "<|end|>",
    "<end_of_turn>",
    "</s>",
)
_CODE = (
    "slm/to_openvino.py",
    "slm/openvino_library.py",
    "slm/openvino_words.py",
    "slm/engine_openvino.py",
    "slm/parity.py",
    "slm/forward.py",
    "slm/from_gguf.py",
)


def convert(source: str | Path, folder: str | Path) -> Path:
    """Write the model of a GGUF file as an OpenVINO folder, checked against the file's own weights.

    Args:
        source: a `.gguf` file of the Llama architecture whose matrices are of the types in `READABLE`. F16 keeps the
            weights as they are; blocks with a minimum (Q4_1, Q4_K) get a whole zero point instead and change.
        folder: to make or to replace; a bare name goes to the workspace.

    Returns:
        The folder; `parity.read` tells how far it is from the file.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is truncated or no GGUF.
        InputError: a type, architecture or tokenizer that openvino-genai or edgelab does not read.
        ParityError: the result computes something else.
        MissingRuntimeError: openvino-genai is not installed.
    """
    return workspace.copy_to(kept(source), workspace.artefact_path(folder))


def kept(source: str | Path) -> Path:
    """Return the OpenVINO folder of a GGUF file in the cache, as `convert` makes it."""
    path = workspace.existing(source)
    file = gguf_file.read(path)
    others = {t.type for t in file.tensors if t.is_matrix} - set(READABLE)
    if others:
        raise InputError(
            f"{path.name} holds {', '.join(sorted(others))}, which openvino-genai does not read; it reads "
            f"{', '.join(READABLE)}. Write the model as F16 first (ladder.quantize(path, 'F16'))."
        )
    key = {"what": "OpenVINO from GGUF", "file": workspace.file_hash(path), **_made_by()}

    def make(folder: Path) -> None:
        with progress.task(f"Converting {path.name} to OpenVINO"):
            checkpoint = from_gguf.read(path)
            folder.mkdir()
            _saved(path, folder)
            with openvino_library.loading(path.name):
                openvino_words.mend(folder, str(file.metadata.get("tokenizer.ggml.pre")))
            _exact_angles(folder, checkpoint.shape.head_size, checkpoint.shape.rope_theta)
            _facts(folder, checkpoint, file.parameters)
            with _opened(folder, path.stem) as model:
                wanted = parity.expected(checkpoint, model.encode(parity.TEXT), path.name)
                bound = None if file.is_quantized else parity.FLOAT
                result = parity.ensure(model, wanted, bound)
            parity.keep(result, folder)

    return workspace.cached(key, make, "-openvino")


def compress(
    source: str | Path,
    folder: str | Path,
    mode: str = "int4_asym",
    group: int = 32,
    all_layers: bool = False,
) -> Path:
    """Round the weights of an OpenVINO language model to 8 or 4 bits, without any data.

    Args:
        source: an OpenVINO folder with 16- or 32-bit weights.
        folder: to make or to replace; a bare name goes to the workspace.
        mode: "int8_asym" or "int8_sym" (one scale for each output), "int4_asym" (with zero points) or "int4_sym".
        group: neighbouring weights that share a scale at 4 bits; 0 takes a whole row.
        all_layers: round the embedding and the output layer to 4 bits as well; otherwise they get 8.

    Returns:
        The folder; `parity.read` tells how far it is from the source.

    Raises:
        InputError: an unknown mode, a group that does not divide a row, or weights that are rounded already.
        FormatError: no OpenVINO folder, or a damaged one.
        ParityError: the result has hardly anything to do with the source.
        MissingRuntimeError: nncf or openvino is not installed.
    """
    origin = workspace.existing(source)
    if artefact.kind(origin) != "openvino":
        raise FormatError(
            f"{origin.name} is no OpenVINO folder; make one with to_openvino.convert."
        )
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}; use one of {', '.join(MODES)}.")
    options: dict[str, Any] = {}
    if mode.startswith("int4"):
        if not isinstance(group, int) or group < 0 or group == 1:
            raise InputError(f"group is {group!r}; use 2 or more weights, or 0 for a whole row.")
        options = {"group_size": group or -1, "all_layers": all_layers, "ratio": 1.0}
    elif all_layers:
        raise InputError(f"{mode} rounds every layer anyway; all_layers is for 4 bits.")
    key = {
        "what": "compressed OpenVINO weights",
        "folder": workspace.file_hash(origin),
        "mode": mode,
        **options,
        **_made_by(),
    }

    def make(target: Path) -> None:
        with progress.task(f"Compressing {origin.name} to {mode}"):
            shutil.copytree(
                origin, target, ignore=shutil.ignore_patterns("openvino_model.*", parity.FILE)
            )
            _compressed(origin, target, mode, group, options)
            with _opened(origin, origin.name) as before:
                wanted = parity.of_model(before, origin.name)
            with _opened(target, f"{origin.name} {mode}") as after:
                parity.keep(parity.ensure(after, wanted, None), target)

    return workspace.copy_to(
        workspace.cached(key, make, "-openvino"), workspace.artefact_path(folder)
    )


def _compressed(origin: Path, target: Path, mode: str, group: int, options: dict[str, Any]) -> None:
    ov, nncf = openvino_library.package(), openvino_library.nncf()
    with openvino_library.loading(origin.name):
        graph = ov.Core().read_model(origin / _GRAPH)
    weights = [c for c in graph.get_ops() if c.get_type_name() == "Constant" and _is_matrix(c)]
    rounded = {c.get_element_type().to_string() for c in weights} - {"f16", "f32", "bf16"}
    if rounded:
        raise InputError(
            f"The weights of {origin.name} are {', '.join(sorted(rounded))} already. Rounding twice loses more than "
            "rounding once: take the folder with 16-bit weights."
        )
    rows = {int(c.shape[-1]) for c in weights}
    if options and group and any(row % group for row in rows):
        raise InputError(
            f"Groups of {group} don't divide rows of {' and '.join(map(str, sorted(rows)))} weights."
        )
    with keras.quiet():
        made = nncf.compress_weights(graph, mode=nncf.CompressWeightsMode(mode), **options)
        ov.save_model(made, target / _GRAPH, compress_to_fp16=False)


def _is_matrix(constant: Any) -> bool:
    # A norm is stored as (1, 1, n), so the sides that are not 1 count; and one group is no matrix.
    return len([side for side in constant.shape if side > 1]) > 1


def _saved(path: Path, folder: Path) -> None:
    """Let openvino-genai read a GGUF file; it writes what it made of it beside the file."""
    link = folder / "model.gguf"
    try:
        link.symlink_to(path.resolve())
    except OSError:  # a file system without links
        shutil.copyfile(path, link)
    genai = openvino_library.genai()
    try:
        with openvino_library.loading(path.name):
            genai.LLMPipeline(str(link), "CPU", enable_save_ov_model=True)
    finally:
        link.unlink()
    if not (folder / _GRAPH).is_file():
        raise FormatError(
            f"openvino-genai read {path.name} and wrote no network: its version may not do so."
        )


def _exact_angles(folder: Path, head_size: int, theta: float) -> None:
    """Give the network the speeds of its rotary embedding in 32 bits.

    openvino-genai saves them in 16, which turns a token at place 500 by up to a tenth of a radian too much or too
    little: more than everything else that the conversion rounds.
    """
    ov = openvino_library.package()
    from openvino import opset13

    graph = ov.Core().read_model(folder / _GRAPH)
    speeds = theta ** -(np.arange(0, head_size, 2) / head_size)
    for constant in graph.get_ops():
        shape = list(constant.shape) if constant.get_type_name() == "Constant" else []
        if shape != [1, len(speeds), 1] or not np.allclose(
            constant.data.ravel(), speeds, rtol=2e-3
        ):
            continue
        exact = opset13.constant(speeds.astype(np.float32).reshape(shape))
        for reader in constant.output(0).get_target_inputs():
            for place in reader.get_node().output(0).get_target_inputs():
                place.replace_source_output(exact.output(0))
    graph.validate_nodes_and_infer_types()
    changed = folder / "changed.xml"
    ov.save_model(graph, changed, compress_to_fp16=False)
    del graph  # it reads its weights from the old file
    changed.replace(folder / _GRAPH)
    changed.with_suffix(".bin").replace((folder / _GRAPH).with_suffix(".bin"))


def _facts(folder: Path, checkpoint: Any, parameters: int) -> None:
    """Write what the network's file does not say: the length of the context, what ends a text, the size."""
    words = {entry["content"]: entry["id"] for entry in checkpoint.tokenizer["added_tokens"]}
    ends = {words[word] for word in _ENDS if word in words}
    if "eos" in checkpoint.facts:
        ends.add(checkpoint.facts["eos"])
    content = {**hf_folder.config(checkpoint, "float16"), "parameters": parameters}
    for name, facts in (
        ("config.json", content),
        ("generation_config.json", {"eos_token_id": sorted(ends)}),
    ):
        (folder / name).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _opened(folder: Path, name: str) -> Any:
    from edgelab.slm.engine_openvino import OpenVINO

    model = OpenVINO(folder, 1, {"cache": "f32", "dynamic_quantization": 0})
    model.name = name
    return model


def _made_by() -> dict[str, Any]:
    return {
        "code": workspace.code_hashes(*_CODE),
        "versions": workspace.versions("openvino", "openvino-genai", "nncf", "gguf"),
    }
