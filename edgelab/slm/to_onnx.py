"""From a Hugging Face folder to ONNX for ONNX Runtime: in float32, or with 4 bits a weight.

    hf   = from_gguf.convert(slm.course_model(), "stdlib-4m-hf")
    full = to_onnx.convert(hf, "stdlib-4m-onnx")
    int4 = to_onnx.convert(hf, "stdlib-4m-onnx-int4", precision="int4")
    parity.read(int4)                                   # how far its logits are from the weights

The model builder of onnxruntime-genai writes the network operator by operator, with operators of ONNX Runtime's own
(attention with its cache in one, products with 4-bit blocks). Blocks of 32 weights share a scale, the weight farthest
from zero gets the code -8; the output layer is rounded too, the table of embeddings stays as it is. Olive's pass
`ModelBuilder` calls the same builder (`edgelab.olive`). Lesson 32.

Source: ONNX Runtime documentation, "Generate API, build models"; com.microsoft.MatMulNBits.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from importlib import util
from pathlib import Path
from typing import Any

from edgelab import progress, workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.measuring import child
from edgelab.slm import artefact, hf_folder, parity
from edgelab.slm.llama import Checkpoint, tensors_of

PRECISIONS = ("fp32", "int4")
_NEEDED = ("onnxruntime_genai", "onnx_ir", "torch", "transformers")
_CODE = (
    "slm/to_onnx.py",
    "slm/engine_onnx.py",
    "slm/parity.py",
    "slm/forward.py",
    "slm/hf_folder.py",
)


def convert(source: str | Path, folder: str | Path, precision: str = "fp32") -> Path:
    """Write a Hugging Face folder as an ONNX folder, checked against the folder's own weights.

    Args:
        source: a Hugging Face folder of the Llama architecture (`from_gguf.convert` makes one of a GGUF file).
        folder: to make or to replace; a bare name goes to the workspace.
        precision: "fp32" keeps the weights, "int4" rounds them in blocks of 32.

    Returns:
        The folder; `parity.read` tells how far it is from the weights.

    Raises:
        MissingFileError: there is no such folder.
        FormatError: no Hugging Face folder, or a damaged one.
        InputError: another precision or architecture, or a layer that the builder would take for the output layer.
        ParityError: the result computes something else.
        MissingRuntimeError: onnxruntime-genai, torch or transformers is not installed.
    """
    origin = workspace.existing(source)
    if artefact.kind(origin) != "huggingface":
        raise FormatError(f"{origin.name} is no Hugging Face folder; from_gguf.convert makes one.")
    if precision not in PRECISIONS:
        raise InputError(f"precision is {precision!r}; use one of {', '.join(PRECISIONS)}.")
    key = {
        "what": "ONNX from Hugging Face",
        "folder": workspace.file_hash(origin),
        "precision": precision,
        "code": workspace.code_hashes(*_CODE),
        "versions": workspace.versions(
            "onnxruntime", "onnxruntime-genai", "onnx-ir", "transformers"
        ),
    }

    def make(target: Path) -> None:
        checkpoint = hf_folder.read(origin)
        check(checkpoint, origin.name)
        with progress.task(f"Converting {origin.name} to ONNX, {precision}"):
            child.run(
                "edgelab.slm.to_onnx:build",
                threads=os.cpu_count() or 1,
                source=str(origin.resolve()),
                target=str(target),
                precision=precision,
            )
            finish(checkpoint, target, origin.name, exact=precision == "fp32")

    return workspace.copy_to(workspace.cached(key, make, "-onnx"), workspace.artefact_path(folder))


def check(checkpoint: Checkpoint, name: str) -> None:
    """Refuse what the builder would get wrong in silence.

    Raises:
        InputError: a layer with as many outputs as there are tokens: the builder knows the output layer by that.
        MissingRuntimeError: onnxruntime-genai, torch or transformers is not installed.
    """
    missing = [module for module in _NEEDED if util.find_spec(module) is None]
    if missing:
        raise MissingRuntimeError(
            f"The model builder needs {', '.join(missing)}, which is not installed here: "
            "`pip install -e '.[olive]' -c constraints.txt`, or all with `make lab`."
        )
    rows = checkpoint.shape.vocabulary
    same = [
        t.name for t in tensors_of(checkpoint.shape) if "layers" in t.name and t.size[0] == rows
    ]
    if same:
        raise InputError(
            f"{same[0]} of {name} has {rows} outputs, as many as there are tokens. The model builder takes such a "
            "layer for the output layer and writes a network that computes something else: convert to GGUF or "
            "OpenVINO instead."
        )


def build(source: str, target: str, precision: str) -> None:
    """Call the model builder; runs in a process of its own, because it talks all the time.

    Raises:
        InputError: the builder refused the model.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        from onnxruntime_genai.models.builder import create_model

        logging.disable(logging.WARNING)
        try:
            create_model("", source, target, precision, "cpu", str(Path(target).parent / "hub"))
        except Exception as error:
            raise InputError(
                f"The model builder refused {Path(source).name}: {type(error).__name__}: {str(error)[:300]}"
            ) from error


def finish(checkpoint: Checkpoint, target: Path, name: str, exact: bool) -> parity.LogitParity:
    """Add what the builder leaves out (the number of weights), and compare with the weights.

    Args:
        checkpoint: the weights.
        target: the folder that was built.
        name: of the weights, for messages.
        exact: whether nothing was rounded.

    Raises:
        ParityError: it computes something else.
    """
    from edgelab.slm.engine_onnx import OnnxRuntime

    facts: dict[str, Any] = hf_folder.config(checkpoint, "float32")
    facts["parameters"] = checkpoint.shape.parameters
    (target / "config.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    with OnnxRuntime(target, 1, {}) as model:
        model.name = f"{name} in ONNX"
        wanted = parity.expected(checkpoint, model.encode(parity.TEXT), name)
        result = parity.ensure(model, wanted, parity.FLOAT if exact else None)
    parity.keep(result, target)
    return result
