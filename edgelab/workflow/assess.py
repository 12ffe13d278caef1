"""What do I have? This machine, or a model in any of the course's formats.

    assess()                       # this machine: platform, instructions, cores, memory, frameworks
    assess("model.tflite")         # a model: kind, size, what is inside, what can be quantized and what not

Both answers are what `recommend` decides on. Nothing is run: a model is read, not executed. Lesson 35.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from dataclasses import dataclass
from typing import Any, overload

from edgelab import keras, workspace
from edgelab.errors import FormatError
from edgelab.reporting.tables import Table, of_rows
from edgelab.serialize import Serializable
from edgelab.workflow import hardware, network_files, reading
from edgelab.workflow.contents import Contents, Weight
from edgelab.workflow.hardware import Hardware
from edgelab.workflow.labels import FOLDER, Label, Source, Strict, read

__all__ = ["Hardware", "Model", "Part", "assess"]

_K_BLOCK = 256  # weights that a K type of llama.cpp stores together
_QUANTIZED_BITS = 16  # less than these


class PartKind(Strict):
    """One kind of weights: its name, whether it can be quantized, and why."""

    what: Label
    quantizable: bool
    why: Label
    source: Source


class _PartKinds(Strict):
    parts: dict[str, PartKind]


@functools.cache
def part_kinds() -> dict[str, PartKind]:
    """Return the kinds of weights by their name."""
    return read(FOLDER / "parts.yaml", _PartKinds).parts


@dataclass(frozen=True)
class Part(Serializable):
    """Weights of one kind: how many, and whether they can be quantized."""

    kind: str
    tensors: int
    parameters: int

    @property
    def quantizable(self) -> bool:
        """Tell whether these weights can be quantized."""
        return part_kinds()[self.kind].quantizable

    def what(self, language: str | None = None) -> str:
        """Return what these weights are, in words."""
        return part_kinds()[self.kind].what.say(language)

    def why(self, language: str | None = None) -> str:
        """Return the reason why they can or can't be quantized."""
        return part_kinds()[self.kind].why.say(language)


@dataclass(frozen=True)
class Model(Serializable):
    """A model that was looked into.

    Attributes:
        name: of its file or folder.
        kind: "image", "language", or "other".
        format: "keras", "tflite", "onnx", "openvino", "gguf", "mlx", "huggingface" or "onnx-genai".
        bytes: of all its files.
        parameters: number of weights, scales and zero points not counted.
        types: type of number → how many weights have it.
        architecture: family or class of the network, as far as the file tells.
        operators: operator or layer → how often.
        parts: the weights by what can be done with them.
        context: longest text in tokens, of a language model.
        macs: multiply-accumulates of one image, where they can be counted.
        kv_bytes_per_token: of the key-value cache in 16 bits.
        rows_of_256: whether every matrix of a block takes the K types of llama.cpp.
    """

    name: str
    kind: str
    format: str
    bytes: int
    parameters: int
    types: dict[str, int]
    architecture: str
    operators: dict[str, int]
    parts: tuple[Part, ...]
    context: int | None = None
    macs: int | None = None
    kv_bytes_per_token: int | None = None
    rows_of_256: bool | None = None

    @property
    def quantized(self) -> bool:
        """Tell whether most of its weights have fewer than 16 bits."""
        done = sum(part.parameters for part in self.parts if part.kind == "quantized")
        return 2 * done > self.parameters

    @property
    def bits_per_weight(self) -> float:
        """Return the bits of the file for each weight, everything in it counted."""
        return 8 * self.bytes / self.parameters if self.parameters else float("nan")

    def has(self, kind: str) -> bool:
        """Tell whether it holds weights of a kind ("depthwise")."""
        return any(part.kind == kind for part in self.parts)

    def table(self, language: str | None = None) -> Table:
        """Return the weights as a table: what they are, how many, quantizable or not and why."""
        french = language == "fr"
        yes, no = ("oui", "non") if french else ("yes", "no")
        rows = [
            (
                p.what(language),
                p.tensors,
                p.parameters,
                yes if p.quantizable else no,
                p.why(language),
            )
            for p in self.parts
        ]
        english = ("Weights", "Tensors", "Parameters", "Quantizable", "Why")
        head = (
            ("Poids", "Tenseurs", "Paramètres", "Quantifiable", "Pourquoi") if french else english
        )
        return of_rows(head, rows, caption=self.summary())

    def summary(self) -> str:
        """Return one line: name, format, size, types, context."""
        types = ", ".join(f"{count:,} {name}" for name, count in self.types.items())
        text = (
            f"{self.name}: {self.kind}, {self.format}, {self.architecture}, {self.bytes:,} bytes, "
            f"{self.parameters:,} parameters ({types})"
        )
        return text + (f", context {self.context}" if self.context else "")

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@overload
def assess() -> Hardware: ...
@overload
def assess(artefact: Any) -> Model: ...
def assess(artefact: Any = None) -> Hardware | Model:
    """Assess this machine, or a model.

    Args:
        artefact: a `.keras`, `.tflite`, `.onnx`, OpenVINO `.xml` or `.gguf` file, a folder of a language
            model (OpenVINO, ONNX, MLX, Hugging Face), or a Keras model in memory; None: this machine.

    Returns:
        `Hardware` without an artefact, `Model` with one.

    Raises:
        MissingFileError: there is no such artefact.
        FormatError: it is of no kind that the course knows, or truncated.
        MissingRuntimeError: the package that reads this format is not installed.
    """
    if artefact is None:
        return hardware.here()
    if keras.is_model(artefact):
        return _model(network_files.of_keras(artefact, str(artefact.name)))
    if not isinstance(artefact, str | os.PathLike):
        raise FormatError(
            f"An artefact's path or a Keras model is needed; this is a {type(artefact).__name__}."
        )
    return _model(reading.read(workspace.existing(artefact)))


def _model(found: Contents) -> Model:
    weights = [w for w in found.weights if w.role != "scale"]
    types: Counter[str] = Counter()
    for weight in weights:
        types[weight.dtype] += weight.count
    matrices = [w for w in weights if w.role == "dense" and len(w.shape) == 2]
    return Model(
        name=found.name,
        kind=found.kind,
        format=found.format,
        bytes=found.bytes,
        parameters=sum(w.count for w in weights),
        types=dict(types.most_common()),
        architecture=found.architecture,
        operators=dict(found.operators.most_common()),
        parts=_parts(weights, found.kind),
        context=found.context,
        macs=found.macs,
        kv_bytes_per_token=found.kv_bytes_per_token,
        rows_of_256=all(_fits_k(w) for w in matrices) if found.kind == "language" else None,
    )


def _parts(weights: list[Weight], kind: str) -> tuple[Part, ...]:
    tensors: Counter[str] = Counter()
    parameters: Counter[str] = Counter()
    for weight in weights:
        name = _part_of(weight, kind)
        tensors[name] += 1
        parameters[name] += weight.count
    return tuple(Part(name, tensors[name], count) for name, count in parameters.most_common())


def _part_of(weight: Weight, kind: str) -> str:
    if weight.bits < _QUANTIZED_BITS and weight.role != "vector":
        return "quantized"
    if kind == "language" and weight.role == "dense" and not _fits_k(weight):
        return "off_256"
    return weight.role


def _fits_k(weight: Weight) -> bool:
    return weight.shape[-1] % _K_BLOCK == 0
