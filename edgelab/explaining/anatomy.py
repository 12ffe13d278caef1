"""What a file makes a processor do: which layers, in which arithmetic, with which kernels.

    found = anatomy.of("int8.tflite")
    found.macs, found.bits, found.zeros        # the work, the bits of an average weight, zero weights
    found.share("float")                       # multiply-accumulates that stayed in floating point

Files with the same number of multiplications differ in what the runtime does with them: int8 weights may
be widened to floats before anything is multiplied, an operator may lack a fast kernel, and between two
kinds of numbers stands a conversion. Lesson 25 reads it before it blames anybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab import keras, workspace
from edgelab.errors import InputError
from edgelab.explaining import coverage
from edgelab.files import counted, counts, tflite
from edgelab.serialize import Serializable

# How the products of a layer are computed, whatever its weights are stored in.
FLOAT, INTEGER, INT16, DYNAMIC, WIDENED = "float", "integer", "int16", "dynamic", "widened"
ARITHMETIC = (FLOAT, INTEGER, INT16, DYNAMIC, WIDENED)
# Numbers that a processor multiplies in one step, about: 4 floats (NEON), 8 (AVX2), 16 (AVX-512).
LANES = 8
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_CONVERTERS = ("QUANTIZE", "DEQUANTIZE", "QuantizeLinear", "DequantizeLinear",
               "DynamicQuantizeLinear")  # fmt: skip
# ONNX operator → the place of its weights among its inputs.
_ONNX_LAYERS = {"Conv": 1, "Gemm": 1, "MatMul": 1, "ConvInteger": 1, "MatMulInteger": 1,
                "QLinearConv": 3, "QLinearMatMul": 3, "DynamicQuantizeMatMul": 1}  # fmt: skip


@dataclass(frozen=True)
class Part(Serializable):
    """One layer that multiplies.

    Attributes:
        name: of its output.
        kind: operator.
        macs: multiply-accumulates for one image.
        weights: how many.
        bits: in which one weight is stored.
        zeros: share of the weights that are exactly 0; not counted below 8 bits.
        arithmetic: "float"; "integer" (weights and activations); "int16" (its activations); "dynamic"
            (activations are quantized while it runs); "widened" (stored narrow, multiplied as floats).
        fast: whether the runtime's fast kernels take it; True where that can't be known.
        channels: of its output.
    """

    name: str
    kind: str
    macs: int
    weights: int
    bits: int
    zeros: float
    arithmetic: str
    fast: bool = True
    channels: int = LANES


@dataclass(frozen=True)
class Anatomy(Serializable):
    """The layers of a file, and what stands between them."""

    parts: tuple[Part, ...]
    operators: int = 0
    converters: int = 0  # quantize and dequantize operators on activations

    @property
    def macs(self) -> int:
        """Return the multiply-accumulates of one inference, zeros included."""
        return sum(part.macs for part in self.parts)

    @property
    def weights(self) -> int:
        """Return the number of weights, zeros included."""
        return sum(part.weights for part in self.parts)

    @property
    def bits(self) -> float:
        """Return the bits in which an average weight is stored; 32 without weights."""
        return _mean((p.bits, p.weights) for p in self.parts) or 32.0

    @property
    def zeros(self) -> float:
        """Return the share of weights that are 0."""
        return _mean((p.zeros, p.weights) for p in self.parts)

    @property
    def idle(self) -> float:
        """Return the share of multiply-accumulates whose weight is 0: they change nothing."""
        return _mean((p.zeros, p.macs) for p in self.parts)

    @property
    def widened_from(self) -> float:
        """Return the stored bits of an average weight that is widened; 32 where none is."""
        widened = [(p.bits, p.macs) for p in self.parts if p.arithmetic == WIDENED]
        return _mean(widened) or 32.0

    @property
    def slow(self) -> float:
        """Return the share of multiply-accumulates that no fast kernel takes."""
        return _mean((not p.fast, p.macs) for p in self.parts)

    @property
    def idle_lanes(self) -> float:
        """Return the share of multipliers that narrow layers leave idle: channels come in steps of 8."""
        filled = sum(
            p.macs * math.ceil(p.channels / LANES) * LANES / p.channels for p in self.parts
        )
        return 1 - self.macs / filled if filled else 0.0

    @property
    def weight_bytes(self) -> float:
        """Return the bytes of all weights in the width in which they are multiplied."""
        computed = {FLOAT: 32, WIDENED: 32}
        return sum(p.weights * computed.get(p.arithmetic, p.bits) for p in self.parts) / 8

    def share(self, *arithmetic: str, fast: bool | None = None) -> float:
        """Return the share of multiply-accumulates that are done in these kinds of arithmetic.

        Args:
            arithmetic: one or several of `ARITHMETIC`.
            fast: count only those that a fast kernel takes (True), or that none takes (False).
        """
        return _mean(
            (p.arithmetic in arithmetic and fast in (None, p.fast), p.macs) for p in self.parts
        )


def of(path: str | Path, runtime: str | None = None) -> Anatomy:
    """Return the anatomy of an artefact.

    Args:
        path: a `.tflite`, `.onnx` or `.keras` file.
        runtime: that will run it; "litert-builtin" takes no fast kernels.

    Raises:
        InputError: another kind of file.
        MissingFileError, FormatError: there is none, or it is damaged.
    """
    source = workspace.existing(path)
    if source.suffix == ".tflite":
        return _lite(source, runtime)
    if source.suffix == ".onnx":
        return _onnx(source)
    if source.suffix == ".keras":
        return _keras(source)
    raise InputError(
        f"{source.name}: an anatomy is read from .tflite, .onnx and .keras files. Convert the model "
        "with edgelab.convert first."
    )


def _mean(pairs: Iterable[tuple[float, int]]) -> float:
    values = list(pairs)
    total = sum(weight for _, weight in values)
    return sum(value * weight for value, weight in values) / total if total else 0.0


def _lite(path: Path, runtime: str | None) -> Anatomy:
    model = tflite.read(path)
    fast = set() if runtime == "litert-builtin" else coverage.taken(path)
    unpacked = {
        o.outputs[0]: o.inputs[0]
        for o in model.operators
        if o.kind == "DEQUANTIZE" and model.tensors[o.inputs[0]].data is not None
    }
    parts = []
    for index, operator in enumerate(model.operators):
        if operator.kind not in _LAYERS:
            continue
        stored = model.tensors[unpacked.get(operator.inputs[1], operator.inputs[1])]
        output = model.tensors[operator.outputs[0]].shape[1:]
        given = model.tensors[operator.inputs[0]].dtype
        parts.append(
            Part(
                name=model.tensors[operator.outputs[0]].name,
                kind=operator.kind,
                macs=counted.macs(stored.shape, output),
                weights=stored.count,
                bits=stored.bits,
                zeros=_zeros(stored),
                arithmetic=_lite_arithmetic(given, stored.bits, operator.inputs[1] in unpacked),
                fast=index in fast,
                channels=output[-1] if output else 1,
            )
        )
    on_activations = [
        o
        for o in model.operators
        if o.kind in _CONVERTERS and model.tensors[o.inputs[0]].data is None
    ]
    return Anatomy(tuple(parts), len(model.operators) - len(unpacked), len(on_activations))


def _zeros(tensor: tflite.Tensor) -> float:
    # Codes of few bits round many weights to 0 that nobody has pruned.
    if tensor.data is None or not tensor.count or tensor.bits < 8:
        return 0.0
    if tensor.sparse_bytes:
        return max(0.0, 1 - len(tensor.data) * 8 / tensor.bits / tensor.count)
    # Weights are quantized symmetrically: the code 0 means 0.
    return 1 - float(np.count_nonzero(tensor.codes())) / tensor.count


def _lite_arithmetic(given: str, bits: int, unpacked: bool) -> str:
    if unpacked:
        return WIDENED
    if given == "int16":
        return INT16
    if given in ("int8", "uint8"):
        return INTEGER
    return FLOAT if bits == 32 else DYNAMIC


def _onnx(path: Path) -> Anatomy:
    import onnx
    from onnx import numpy_helper

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    nodes = list(model.graph.node)
    constants = {i.name: i for i in model.graph.initializer}
    stored = dict(constants)
    from_codes = set()
    for node in nodes:  # weights behind a DequantizeLinear keep their stored width
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            stored[node.output[0]] = constants[node.input[0]]
        elif node.op_type == "DequantizeLinear":
            from_codes.add(node.output[0])
    shapes = {
        v.name: tuple(d.dim_value or 1 for d in v.type.tensor_type.shape.dim)
        for v in (*model.graph.value_info, *model.graph.output)
    }
    work = {layer.name: layer.macs for layer in counts.of(path).layers}
    parts = []
    for node in nodes:
        place = _ONNX_LAYERS.get(node.op_type)
        if place is None or len(node.input) <= place or node.input[place] not in stored:
            continue
        values = numpy_helper.to_array(stored[node.input[place]])
        shape = shapes.get(node.output[0], ())[1:]
        bits = 8 * values.dtype.itemsize
        zeros = 1 - float(np.count_nonzero(values)) / max(1, values.size) if bits == 32 else 0.0
        name = node.name or node.output[0]
        parts.append(
            Part(
                name=name,
                kind=node.op_type,
                macs=work[name],
                weights=values.size,
                bits=bits,
                zeros=zeros,
                arithmetic=_onnx_arithmetic(node.op_type, bits, node.input[0] in from_codes),
                channels=_onnx_channels(node.op_type, shape),
            )
        )
    converters = [n for n in nodes if n.op_type in _CONVERTERS and n.input[0] not in constants]
    return Anatomy(tuple(parts), len(nodes), len(converters))


def _onnx_channels(kind: str, shape: Sequence[int]) -> int:
    """Return the channels of an output without its batch: first in images, last in matrices."""
    if not shape:
        return 1
    return shape[0] if "Conv" in kind else shape[-1]


def _onnx_arithmetic(kind: str, bits: int, from_codes: bool) -> str:
    if kind in ("ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul"):
        return DYNAMIC
    if kind in ("QLinearConv", "QLinearMatMul"):
        return INTEGER
    if bits == 32:
        return FLOAT
    return INTEGER if from_codes else WIDENED


def _keras(path: Path) -> Anatomy:
    network = keras.load(path)
    found = counts.of(network)
    zeros = {layer.name: _zero_share(layer.get_weights()) for layer in network.layers}
    parts = [
        Part(
            c.name,
            c.kind,
            c.macs,
            c.parameters,
            32,
            zeros.get(c.name, 0.0),
            FLOAT,
            channels=c.output_shape[-1],
        )
        for c in found.layers
        if c.macs
    ]
    return Anatomy(tuple(parts), len(network.layers))


def _zero_share(weights: Sequence[np.ndarray]) -> float:
    kernels = [w for w in weights if w.ndim >= 2]
    total = sum(kernel.size for kernel in kernels)
    return 1 - sum(np.count_nonzero(k) for k in kernels) / total if total else 0.0
