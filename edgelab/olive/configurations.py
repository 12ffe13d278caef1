"""Configurations of Olive: the JSON files of `workflows/`, filled with the files at hand.

    configuration("dynamic", model="float32.onnx")
    configuration("static", model="float32.onnx", calibration=digits.calibration)
    configuration("search", model="float32.onnx", calibration=…, validation=digits.validation, max_drop=0.02)
    configuration("int4", model="stdlib-4m-hf")

What comes out is what `olive run --config` takes, and may be changed before it is run. Lesson 32.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import artefacts, runtimes, workspace
from edgelab.errors import FormatError, InputError
from edgelab.images.splits import Split
from edgelab.measuring import machine
from edgelab.quantizing import onnx_quantize

# What each needs beside the model.
WORKFLOWS: dict[str, tuple[str, ...]] = {
    "dynamic": (),
    "static": ("calibration",),
    "search": ("calibration", "validation"),
    "int4": (),
}
_FOLDER = Path(__file__).parent / "workflows"


def configuration(
    name: str,
    model: str | Path,
    calibration: Split | None = None,
    validation: Split | None = None,
    max_drop: float = 0.02,
) -> dict[str, Any]:
    """Return one of the course's configurations with its places filled.

    Args:
        name: one of `WORKFLOWS`: "dynamic" and "static" quantization of an image network, "search" over ways of
            quantizing it, "int4" of a language model.
        model: a float `.onnx` file; for "int4" a Hugging Face folder.
        calibration: images that show the ranges of the activations; for "static" and "search".
        validation: labelled images by which candidates are judged; for "search".
        max_drop: the constraint of "search": how much accuracy a candidate may lose (0.02 is two points).

    Returns:
        JSON values.

    Raises:
        InputError: an unknown name, data missing or given for nothing, a max_drop outside of 0 to 1.
        SplitError: the test split was given.
        MissingFileError: there is no such model.
        FormatError: a model of another kind.
    """
    if name not in WORKFLOWS:
        raise InputError(f"There is no workflow {name!r}; choose from {', '.join(WORKFLOWS)}.")
    given = {"calibration": calibration, "validation": validation}
    for role, split in given.items():
        needed = role in WORKFLOWS[name]
        if needed != (split is not None):
            raise InputError(
                f"The workflow {name!r} {'needs' if needed else 'takes no'} {role} images."
            )
    if not 0 < max_drop < 1:
        raise InputError(f"max_drop is {max_drop}; it is a share above 0 and below 1.")
    source = workspace.existing(model).resolve()
    if (source.suffix != ".onnx") if name != "int4" else not (source / "config.json").is_file():
        wanted = "a Hugging Face folder" if name == "int4" else "an .onnx file"
        raise FormatError(f"The workflow {name!r} takes {wanted}; {source.name} is none.")
    values: dict[str, Any] = {"model": str(source), "max_drop": max_drop}
    if WORKFLOWS[name]:
        with runtimes.load(source) as runner:
            shape, values["input"] = runner.input_spec.shape, runner.input_spec.name
            values["classes"] = runner.output_spec.shape[-1]
        here = machine.describe()
        values["reduce_range"] = onnx_quantize.saturates(here["int8"], here["system"])
        values["script"] = str(Path(__file__).with_name("images.py"))
        values |= {role: str(_stored(given[role], shape, role)) for role in WORKFLOWS[name]}
    return dict(_filled(json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8")), values))


def _stored(split: Any, shape: tuple[int | None, ...], role: str) -> Path:
    """Write images where Olive's process finds them."""
    if not isinstance(split, Split):
        raise InputError(f"{role} must be a split (digits.{role}), not {type(split).__name__}.")
    images = artefacts.images_of(split, shape, role)
    if role == "validation":
        split.require_selection()
        if not split.labelled:
            raise InputError(f"{split!r} has no labels, so there is no accuracy to judge by.")

    def write(path: Path) -> None:
        np.savez(path, x=images, y=split.y)

    key = {
        "what": "images for Olive",
        "images": artefacts.array_hash(images),
        "labels": artefacts.array_hash(split.y),
    }
    return workspace.cached(key, write, ".npz").resolve()


def _filled(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        return values[value.strip("{}")]
    return value
