"""Weights of 8, 4 or 2 bits, layer by layer: a recipe says which layer gets how many.

    quantize.weights("float32.tflite", "int4.tflite", bits=4)
    quantize.mixed("float32.tflite", "mixed.tflite", {"conv2d": 8, "dense": 8}, others=4)

Keys of a recipe are layer names (`sensitivity.layers` lists them) or regular expressions that match
whole names; a key that fits no layer is an error. It takes milliseconds, since only weights are
rounded: no image is looked at. Lesson 20.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgelab import artefacts, convert, keras, runtimes, workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.files import tflite

WIDTHS = (2, 4, 8, 32)
_ALL = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_DENSE = ("CONV_2D", "FULLY_CONNECTED")
# What LiteRT has kernels for, by how it computes (litert_quantizer/default_policy.py, 0.11). The policy
# allows convolutions of 2 bits as well; LiteRT 2.3 answers them with NaN, so they are refused here.
SUPPORTED = {
    "float32": {32: _ALL, 8: _ALL, 4: _DENSE},
    "int8": {32: _ALL, 8: _ALL, 4: _DENSE, 2: ("FULLY_CONNECTED",)},
}


def weights(
    artefact: Any,
    path: str | os.PathLike[str],
    bits: int = 4,
    recipe: Mapping[str, int] | None = None,
    compute: str = "float32",
) -> Path:
    """Quantize the weights of a float `.tflite` file, symmetric and per channel.

    Args:
        artefact: a float `.tflite` file, or a Keras model (it is converted first).
        path: of the new `.tflite` file; a bare name goes to the workspace's artefacts.
        bits: 2, 4, 8, or 32 (left as they are), for every layer that the recipe does not name.
        recipe: bits of single layers: {layer name or regular expression: bits}.
        compute: "float32" widens the weights before use (only size is won), "int8" rounds the
            activations while the model runs (dynamic range).

    Returns:
        The path.

    Raises:
        InputError: a width or a way of computing that does not exist, a key of the recipe that fits no
            layer, two keys that disagree about one, a width for which LiteRT has no kernel
            (depthwise convolutions below 8 bits; 2 bits but for dense layers with compute="int8").
        FormatError: no `.tflite` file, truncated, or quantized already.
        MissingRuntimeError: litert-quantizer is not installed.
        StorageError: the file could not be written.
    """
    source = float_file(artefact)
    layers = float_layers(source)
    chosen = resolve(layers, recipe or {}, bits)
    _require_kernels(layers, chosen, compute)
    return artefacts.make(
        path,
        ".tflite",
        "Quantizing weights",
        {
            "verb": "weights",
            "artefact": workspace.file_hash(source),
            "recipe": chosen,
            "compute": compute,
        },
        lambda file: file.write_bytes(quantized_bytes(source, layers, chosen, compute)),
    )


def mixed(
    artefact: Any,
    path: str | os.PathLike[str],
    recipe: Mapping[str, int],
    others: int = 8,
    compute: str = "float32",
) -> Path:
    """Quantize with a recipe of your own: bits for the layers that you name, `others` for the rest.

    Args, Returns, Raises: as `weights`; an empty recipe is an InputError.
    """
    if not recipe:
        raise InputError("The recipe is empty: name at least one layer, as in {'conv2d': 8}.")
    return weights(artefact, path, others, recipe, compute)


def resolve(
    layers: tuple[tflite.Layer, ...], recipe: Mapping[str, int], bits: int
) -> dict[str, int]:
    """Return the bits of every layer. An exact name wins over a regular expression.

    Raises:
        InputError: as `weights`.
    """
    names = [layer.name for layer in layers]
    chosen: dict[str, int] = {}
    because: dict[str, str] = {}
    for key, width in sorted(recipe.items(), key=lambda item: item[0] in names):
        _check_width(width, f"layer {key!r}")
        fits = [key] if key in names else [name for name in names if _matches(key, name)]
        if not fits:
            raise InputError(
                f"The recipe names {key!r}, but no layer is called so. The layers are "
                f"{', '.join(names)}."
            )
        for name in fits:
            if name in chosen and chosen[name] != width and key not in names:
                raise InputError(
                    f"The recipe gives layer {name!r} {chosen[name]} bits by {because[name]!r} and "
                    f"{width} by {key!r}. Name the layer itself to settle it."
                )
            chosen[name], because[name] = width, key
    _check_width(bits, "the other layers")
    return {name: chosen.get(name, bits) for name in names}


def narrowest(layer: tflite.Layer, bits: int, compute: str = "float32") -> int:
    """Return `bits`, or the next width above it for which LiteRT has a kernel for this layer.

    Raises:
        InputError: no such width or way of computing.
    """
    _check_width(bits, f"layer {layer.name!r}")
    kernels = _kernels(compute)
    return min(width for width in kernels if width >= bits and layer.kind in kernels[width])


def quantized_bytes(
    source: Path, layers: tuple[tflite.Layer, ...], bits: Mapping[str, int], compute: str
) -> bytes:
    """Return the content of a file whose layers have the given bits (32 leaves a layer alone)."""
    quantizer_module = _library()
    from litert_quantizer import qtyping

    logging.getLogger("absl").setLevel(logging.ERROR)
    work = quantizer_module.Quantizer(str(source))
    for layer in layers:
        if bits[layer.name] == 32:
            continue
        add = work.add_weight_only_config if compute == "float32" else work.add_dynamic_config
        add(
            regex=f"^{re.escape(layer.scope)}$",
            operation_name=qtyping.TFLOperationName(layer.kind),
            num_bits=bits[layer.name],
            granularity=qtyping.QuantGranularity.CHANNELWISE,
        )
    if all(width == 32 for width in bits.values()):
        return source.read_bytes()
    content = work.quantize(None).quantized_model
    if content is None:
        raise InputError(f"litert-quantizer gave no model for {source.name}.")
    return bytes(content)


def _library() -> Any:
    try:
        from litert_quantizer import quantizer
    except ImportError as error:
        raise MissingRuntimeError(
            "Weights below 8 bits need the package 'litert-quantizer', which is not installed here. "
            "Install it with `pip install litert-quantizer -c constraints.txt`."
        ) from error
    return quantizer


def float_file(artefact: Any) -> Path:
    """Return the float `.tflite` file of an artefact or a Keras model (see `weights`)."""
    if keras.is_model(artefact) or Path(artefact).suffix == ".keras":
        return convert.kept_tflite(artefact)
    if Path(artefact).suffix != ".tflite":
        raise FormatError(
            f"A float .tflite file or a Keras model is needed; {artefact} is neither."
        )
    source = workspace.existing(artefact)
    runtimes.load(source).close()  # a damaged file stops here, with its own message
    return source


def float_layers(source: Path) -> tuple[tflite.Layer, ...]:
    """Return the layers of a float file.

    Raises:
        FormatError: it is quantized already, or truncated.
        InputError: no layer in it holds weights.
    """
    layers = tflite.layers(tflite.read(source))
    if not layers:
        raise InputError(
            f"{source.name} has no convolution or dense layer whose weights could shrink."
        )
    narrow = [layer.name for layer in layers if layer.bits != 32]
    if narrow:
        raise FormatError(
            f"{source.name} is quantized already ({narrow[0]} and {len(narrow) - 1} more). Rounding "
            "rounded weights again misleads: start from the float file of convert.to_tflite."
        )
    return layers


def _kernels(compute: str) -> dict[int, tuple[str, ...]]:
    if compute not in SUPPORTED:
        raise InputError(f"compute is {compute!r}; use one of {', '.join(SUPPORTED)}.")
    return SUPPORTED[compute]


def _require_kernels(
    layers: tuple[tflite.Layer, ...], bits: Mapping[str, int], compute: str
) -> None:
    kernels = _kernels(compute)
    for layer in layers:
        width = bits[layer.name]
        if layer.kind in kernels.get(width, ()):
            continue
        possible = [w for w in WIDTHS if layer.kind in kernels.get(w, ())]
        others = sum(x.kind == layer.kind and bits[x.name] == width for x in layers) - 1
        raise InputError(
            f"LiteRT has no {width}-bit kernel for {layer.kind} with compute={compute!r}: layer "
            f"{layer.name!r} and {others} more of its kind can have {', '.join(map(str, possible))} "
            "bits. Give them one of these in the recipe."
        )


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error as error:
        raise InputError(
            f"{pattern!r} is neither a layer's name nor a regular expression ({error})."
        ) from error


def _check_width(bits: object, what: str) -> None:
    if bits not in WIDTHS or isinstance(bits, bool):
        raise InputError(
            f"The width for {what} is {bits!r}; use 2, 4, 8, or 32 to leave it in float."
        )
