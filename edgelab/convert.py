"""From a Keras model to the format of a runtime, each conversion followed by a parity check.

    float32 = convert.to_tflite(model, "float32.tflite")
    onnx    = convert.to_onnx(model, "float32.onnx")
    convert.parity(model, onnx, digits.validation)       # how far apart, and on how many images

A conversion compares both models on a few images before it hands out the file, and raises when they
disagree beyond the tolerance of `edgelab.parity`. The batch stays free in every format. Results are
kept by content: converting the same model again is a copy. Lesson 30 opens the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelab import artefacts, keras, parity as _parity, workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.images.splits import Split
from edgelab.parity import Parity, compare as parity

__all__ = ["Parity", "parity", "to_onnx", "to_openvino", "to_saved_model", "to_tflite"]

_OPSET = 17  # tf2onnx writes up to 18


def to_tflite(model: Any, path: str | os.PathLike[str], samples: Any = None) -> Path:
    """Convert to TensorFlow Lite with float32 weights.

    Args:
        model: a Keras model, or the path of a `.keras` file.
        path: of the `.tflite` file; a bare name goes to the workspace's artefacts.
        samples: images for the parity check, as in `parity`.

    Returns:
        The path.

    Raises:
        ParityError: the file computes something else than the model.
        InputError: no Keras model with one input and one output, or the converter refused it.
        StorageError: the file could not be written.
    """
    target = artefacts.target_path(path, ".tflite")
    return workspace.copy_to(kept_tflite(model, samples, target.name), target)


def to_onnx(model: Any, path: str | os.PathLike[str], samples: Any = None) -> Path:
    """Convert to ONNX (opset 17) with float32 weights; the input is called "input".

    Args, Returns, Raises: as `to_tflite`; also
        MissingRuntimeError: tf2onnx is not installed.
    """
    target = artefacts.target_path(path, ".onnx")
    return workspace.copy_to(kept_onnx(model, samples, target.name), target)


def to_saved_model(model: Any, path: str | os.PathLike[str], samples: Any = None) -> Path:
    """Export to a SavedModel folder for serving: graph and weights, no training state.

    Args, Returns, Raises: as `to_tflite`; the path is a folder without suffix.
    """
    source = artefacts.model_of(model)
    return artefacts.make(
        path,
        "",
        "Exporting to SavedModel",
        {"verb": "to_saved_model", **_key(source, samples)},
        _checked(source, Path(path).name, samples, lambda folder: source.export(str(folder))),
    )


def to_openvino(source: Any, path: str | os.PathLike[str], samples: Any = None) -> Path:
    """Convert to OpenVINO IR with float32 weights: an `.xml` file, and its weights in `.bin` beside it.

    Args:
        source: a Keras model (it goes through ONNX), or the path of a `.keras`, `.onnx` or `.tflite`
            file.
        path: of the `.xml` file.
        samples: images for the parity check, as in `parity`.

    Returns, Raises: as `to_tflite`; also
        MissingRuntimeError: OpenVINO is not installed.
        FormatError: the source is of another format, or truncated.
    """
    target = artefacts.target_path(path, ".xml")
    try:
        import openvino
    except ImportError as error:
        raise _missing("openvino") from error
    suffix = Path(source).suffix if isinstance(source, str | os.PathLike) else ".keras"
    if suffix in (".onnx", ".tflite"):
        graph = workspace.existing(source)
    elif suffix == ".keras":
        graph = kept_onnx(source, samples, f"{target.stem}.onnx")
    else:
        raise FormatError(f"{source} is no .keras, .onnx or .tflite file, nor a Keras model.")
    reference = source if suffix != ".keras" else artefacts.model_of(source)

    def write(folder: Path) -> None:
        folder.mkdir()
        try:
            # Read, not converted by its Python tool, which would report its use to the makers.
            model = openvino.Core().read_model(str(graph))
        except Exception as error:
            reason = str(error).strip().splitlines() or [""]
            raise FormatError(
                f"OpenVINO can't read {graph} ({reason[-1][:200]}). It may be truncated, or hold "
                "operators that OpenVINO lacks."
            ) from error
        openvino.save_model(model, str(folder / "model.xml"), compress_to_fp16=False)
        _parity.ensure(reference, folder / "model.xml", samples, target.name)

    key = {"verb": "to_openvino", "graph": workspace.file_hash(graph), **_samples_key(samples)}
    made = artefacts.kept(target.name, "", "Converting to OpenVINO", key, write)
    # The weights first: an .xml without its .bin would be an artefact that can't be loaded.
    workspace.copy_to(made / "model.bin", target.with_suffix(".bin"))
    return workspace.copy_to(made / "model.xml", target)


def kept_tflite(model: Any, samples: Any = None, name: str = "float32.tflite") -> Path:
    """Return a model's float `.tflite` file in the cache, for a verb that goes on from there."""
    source = artefacts.model_of(model)
    return artefacts.kept(
        name,
        ".tflite",
        "Converting to TensorFlow Lite",
        {"verb": "to_tflite", **_key(source, samples)},
        _checked(source, name, samples, lambda file: file.write_bytes(tflite_bytes(source))),
    )


def kept_onnx(model: Any, samples: Any = None, name: str = "float32.onnx") -> Path:
    """Return a model's float `.onnx` file in the cache, for a verb that goes on from there."""
    source = artefacts.model_of(model)

    def write(file: Path) -> None:
        # Otherwise tf2onnx copies the whole graph before each of its passes, in case that one fails, which
        # takes six gigabytes for ResNet50; a pass that fails is better told.
        os.environ.setdefault("TF2ONNX_CATCH_ERRORS", "FALSE")
        try:
            import tf2onnx
        except ImportError as error:
            raise _missing("tf2onnx") from error
        tf = keras.tf()
        signature = [tf.TensorSpec((None, *source.input_shape[1:]), tf.float32, name="input")]
        proto, _ = tf2onnx.convert.from_keras(source, input_signature=signature, opset=_OPSET)
        file.write_bytes(proto.SerializeToString())

    return artefacts.kept(
        name,
        ".onnx",
        "Converting to ONNX",
        {"verb": "to_onnx", "opset": _OPSET, **_key(source, samples)},
        _checked(source, name, samples, write),
    )


def tflite_bytes(model: Any, configure: Callable[[Any], object] | None = None) -> bytes:
    """Run TensorFlow's converter and return the file's content."""
    tf = keras.tf()
    images = tf.TensorSpec(model.input_shape, model.inputs[0].dtype, name=model.input_names[0])
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(images)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], model)
    # `from_keras_model` writes a SavedModel first, with a traced training function of each layer. The
    # frozen graph gives the same operators and weights in an eighth of the time.
    converter.experimental_lower_to_saved_model = False
    if configure is not None:
        configure(converter)
    content: bytes = converter.convert()
    return content


def _checked(
    model: Any, name: str, samples: Any, write: Callable[[Path], object]
) -> Callable[[Path], None]:
    """Return a writer that compares what it wrote with the model before the file gets its name."""

    def write_and_compare(file: Path) -> None:
        write(file)
        _parity.ensure(model, file, samples, name)

    return write_and_compare


def _key(model: Any, samples: Any) -> dict[str, str]:
    return {"model": artefacts.model_hash(model), **_samples_key(samples)}


def _samples_key(samples: Any) -> dict[str, str]:
    if samples is None:
        return {}
    images = samples.x if isinstance(samples, Split) else samples
    try:
        return {"samples": artefacts.array_hash(images)}
    except AttributeError as error:
        raise InputError(
            f"samples must be a split or an array of images; this is a {type(images).__name__}."
        ) from error


def _missing(package: str) -> MissingRuntimeError:
    return MissingRuntimeError(
        f"This conversion needs the package {package!r}, which is not installed here. Install it "
        f"with `pip install {package} -c constraints.txt`."
    )
