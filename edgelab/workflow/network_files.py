"""The contents of networks as graphs: Keras, TensorFlow Lite, ONNX, OpenVINO.

    of_tflite(Path("int8.tflite")).weights

A weight's role is that of the operator which uses it, found by following it through the operators that only
unpack or reshape. Use it through `edgelab.workflow.assess`.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from edgelab import keras, size
from edgelab.errors import EdgelabError
from edgelab.files import counts, stored, tflite
from edgelab.workflow.contents import Contents, Weight, kv_bytes, role_of

# Operators that hand a weight on: unpacked, turned, another type.
_HAND_ON = {
    "DEQUANTIZE", "DENSIFY",
    "DequantizeLinear", "Cast", "Transpose", "Reshape", "Identity", "QuantizeLinear",
    "Convert", "Subtract", "Multiply", "FakeQuantize",
}  # fmt: skip
_ROLES = {
    "CONV_2D": "convolution", "DEPTHWISE_CONV_2D": "depthwise", "FULLY_CONNECTED": "dense",
    "Conv": "convolution", "ConvInteger": "convolution", "QLinearConv": "convolution",
    "ConvTranspose": "convolution", "Gemm": "dense", "MatMul": "dense", "MatMulInteger": "dense",
    "QLinearMatMul": "dense", "MatMulNBits": "dense", "Gather": "embedding",
    "GatherBlockQuantized": "embedding",
    "Convolution": "convolution", "GroupConvolution": "depthwise",
}  # fmt: skip
_IMAGE_SIDES = 4
_BITS_OF_PACKED = 8  # both pack several small numbers into unsigned bytes
_STRUCTURE = ("i64", "i32", "boolean", "string")


def of_keras(model: Any, name: str, size_bytes: int | None = None) -> Contents:
    """Return the contents of a Keras model in memory.

    Args:
        model: built.
        name: to call it.
        size_bytes: of its file; None takes that of the file it would have.
    """
    weights, operators = [], Counter[str]()
    for layer in model._flatten_layers(include_self=False, recursive=True):
        kind = type(layer).__name__
        operators[kind] += 1
        for w in layer._trainable_weights + layer._non_trainable_weights:
            shape = tuple(int(side) for side in w.shape)
            role = role_of(layer.name if kind == "Embedding" else "", shape)
            if role != "vector" and "Conv" in kind:
                role = "depthwise" if "Depthwise" in kind else "convolution"
            if role != "vector" and kind == "Embedding":
                role = "embedding"
            weights.append(Weight(w.name, shape, w.dtype.name, 8 * w.dtype.size, role))
    sides = model.input_shape
    image = isinstance(sides, tuple) and len(sides) == _IMAGE_SIDES
    return Contents(
        name=name,
        format="keras",
        kind="image" if image else "other",
        bytes=size.of(model).file_bytes if size_bytes is None else size_bytes,
        architecture=str(model.name),
        weights=tuple(weights),
        operators=operators,
        macs=_macs(model),
    )


def of_tflite(path: Path) -> Contents:
    """Return the contents of a `.tflite` file."""
    model = tflite.read(path)
    uses: dict[int, str] = {}
    for operator in reversed(model.operators):  # users first, so that a hand-on knows its role
        role = _ROLES.get(operator.kind)
        if operator.kind in _HAND_ON:
            role = uses.get(operator.outputs[0])
        for place in operator.inputs:
            if place >= 0 and role and place not in uses:
                uses[place] = role
    buffers, weights = set(), []
    for place, tensor in enumerate(model.tensors):
        integer = tensor.dtype[:3] in ("int", "uin", "boo")
        if tensor.data is None or (integer and not tensor.scales) or tensor.buffer in buffers:
            continue
        buffers.add(tensor.buffer)
        role = role_of("", tensor.shape)
        if role != "vector":
            role = uses.get(place, role)
        weights.append(Weight(tensor.name, tensor.shape, tensor.dtype, tensor.bits, role))
    made = {t for operator in model.operators for t in operator.outputs}
    entries = [
        model.tensors[t]
        for operator in model.operators
        for t in operator.inputs
        if t >= 0 and t not in made and model.tensors[t].data is None
    ]
    image = any(len(entry.shape) == _IMAGE_SIDES for entry in entries)
    return Contents(
        name=path.name,
        format="tflite",
        kind="image" if image else "other",
        bytes=path.stat().st_size,
        architecture="graph",
        weights=tuple(weights),
        operators=Counter(operator.kind for operator in model.operators),
        macs=_macs(path),
    )


def of_onnx(path: Path, folder: Path | None = None) -> Contents:
    """Return the contents of an `.onnx` file, or of the folder of a language model that it lies in."""
    found = {tensor.name: tensor for tensor in size.tensors(path)}  # refuses what is broken
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    roles: dict[str, str] = {}
    packed: dict[str, tuple[tuple[int, ...], int]] = {}  # weights in bytes → their shape and bits
    for node in reversed(graph.node):
        role = _ROLES.get(node.op_type)
        settings = {a.name: a.i for a in node.attribute}
        if node.op_type == "Conv" and settings.get("group", 1) > 1:
            role = "depthwise"
        if node.op_type in _HAND_ON:
            role = roles.get(node.output[0])
        for name in node.input:
            if role:
                roles.setdefault(name, role)
        if node.op_type == "MatMulNBits":
            packed[node.input[1]] = (settings["N"], settings["K"]), settings["bits"]
            roles.update(dict.fromkeys(filter(None, node.input[2:4]), "scale"))
        if node.op_type == "GatherBlockQuantized" and node.input[0] in found:
            *rows, columns = found[node.input[0]].shape
            bits = settings.get("bits", 4)
            wider = _BITS_OF_PACKED // bits if found[node.input[0]].bits == _BITS_OF_PACKED else 1
            packed[node.input[0]] = (*rows, columns * wider), bits
            roles.update(dict.fromkeys(filter(None, node.input[2:4]), "scale"))
    weights = []
    for name, tensor in found.items():
        shape, bits = packed.get(name, (tensor.shape, tensor.bits))
        role = roles.get(name, role_of(name, shape))
        if role != "scale" and role_of("", shape) == "vector":
            role = "vector"
        dtype = f"int{bits}" if name in packed else tensor.dtype
        weights.append(Weight(name, shape, dtype, bits, role))
    inputs = {entry.name: entry.type.tensor_type for entry in graph.input}
    words = "input_ids" in inputs
    image = any(len(t.shape.dim) == _IMAGE_SIDES for t in inputs.values()) and not words
    files = stored.files(path) if folder is None else [p for p in folder.rglob("*") if p.is_file()]
    context, per_token = _genai(folder)
    return Contents(
        name=(folder or path).name,
        format="onnx" if folder is None else "onnx-genai",
        kind="language" if words else "image" if image else "other",
        bytes=sum(file.stat().st_size for file in files),
        architecture="graph",
        weights=tuple(weights),
        operators=Counter(node.op_type for node in graph.node),
        context=context,
        macs=None if words else _macs(path),
        kv_bytes_per_token=per_token,
    )


def of_openvino(path: Path, folder: Path | None = None) -> Contents:
    """Return the contents of an OpenVINO `.xml` with its `.bin`, or of the folder that they lie in."""
    size.tensors(path)  # refuses what is broken, with a sentence
    import openvino

    model = openvino.Core().read_model(path)
    weights, operators = [], Counter[str]()
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind not in ("Constant", "Parameter", "Result"):
            operators[kind] += 1
        element = node.get_output_element_type(0) if node.get_output_size() else None
        if kind != "Constant" or element is None or element.get_type_name() in _STRUCTURE:
            continue
        shape = tuple(int(side) for side in node.get_output_shape(0))
        bits = element.get_bitwidth()
        role = _role_in(node)
        weights.append(Weight(node.get_friendly_name(), shape, _typed(element), bits, role))
    names = {name for port in model.inputs for name in port.get_names()}
    words = "input_ids" in names
    image = any(port.get_partial_shape().rank.get_length() == _IMAGE_SIDES for port in model.inputs)
    files = stored.files(path) if folder is None else [p for p in folder.rglob("*") if p.is_file()]
    return Contents(
        name=(folder or path).name,
        format="openvino",
        kind="language" if words else "image" if image else "other",
        bytes=sum(file.stat().st_size for file in files),
        architecture=str(model.get_friendly_name()),
        weights=tuple(weights),
        operators=operators,
    )


def _typed(element: Any) -> str:
    """Return the name of a type as the other formats say it: "float32" for OpenVINO's "f32"."""
    letters = str(element.get_type_name()).rstrip("0123456789")
    whole = {"f": "float", "bf": "bfloat", "i": "int", "u": "uint"}
    return f"{whole.get(letters, letters)}{element.get_bitwidth()}"


def _role_in(node: Any) -> str:
    """Return what an OpenVINO constant does, followed to the operator that computes with it."""
    shape = tuple(int(side) for side in node.get_output_shape(0))
    place = node
    while True:
        users = list(place.output(0).get_target_inputs())
        if not users:
            return role_of("", shape)
        user, port = users[0].get_node(), users[0].get_index()
        kind = user.get_type_name()
        if kind in ("Multiply", "Subtract") and port == 1 and _is_narrow(user):
            return "scale"
        if kind not in _HAND_ON:
            break
        if kind == "FakeQuantize" and port > 0:
            return "scale"
        place = user
    role = role_of("", shape)
    return role if role == "vector" else _ROLES.get(kind, role)


def _is_narrow(node: Any) -> bool:
    """Tell whether what an operator scales or shifts is a constant of fewer than 16 bits."""
    while True:
        node = node.input_value(0).get_node()
        kind = node.get_type_name()
        if kind == "Constant":
            return bool(node.get_output_element_type(0).get_bitwidth() < 16)
        if kind not in _HAND_ON:
            return False


def _macs(model: Any) -> int | None:
    """Return the multiply-accumulates of one image, None where some operator can't be counted."""
    with contextlib.suppress(EdgelabError), keras.quiet():
        return counts.of(model).macs
    return None


def _genai(folder: Path | None) -> tuple[int | None, int | None]:
    """Return the context and the bytes of a token in the cache from a `genai_config.json`."""
    if folder is None:
        return None, None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        model = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))["model"]
        decoder = model["decoder"]
        per_token = kv_bytes(
            decoder["num_hidden_layers"], decoder["num_key_value_heads"], decoder["head_size"]
        )
        return int(model["context_length"]), per_token
    return None, None
