"""How every artefact is made: inputs checked, kept by content, written whole.

A conversion can take half a minute, and a lesson is run more than once. So a verb of `convert` or
`quantize` goes through `make`: what went in (weights, architecture, calibration images, options), the
code that does it and the versions of the packages name the result in the cache, and an unchanged
conversion is copied from there. The new file replaces the old one only when it is complete.

    artefacts.make("small.tflite", ".tflite", "Converting", {"model": hash}, write)

Nothing here is taught; lesson 24 relies on it to be fast the second time.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import keras, progress, workspace
from edgelab.errors import EdgelabError, FormatError, InputError, StorageError
from edgelab.images.splits import Split

# What C++ libraries say, in their own exceptions, when the file system refuses.
_REFUSALS = (
    "No space left",
    "File too large",
    "Permission denied",
    "Read-only file system",
    "quota exceeded",
)
_PACKAGES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "litert-quantizer",
    "onnx",
    "onnxruntime",
    "tf2onnx",
    "openvino",
    "numpy",
)
_MAKERS = (
    "artefacts.py",
    "convert.py",
    "parity.py",
    "files/tflite.py",
    "quantize.py",
    "quantizing/weight_recipes.py",
    "quantizing/onnx_quantize.py",
    "quantizing/aware.py",
)


def make(
    path: str | os.PathLike[str],
    suffix: str,
    text: str,
    key: Mapping[str, Any],
    write: Callable[[Path], object],
) -> Path:
    """Make an artefact, or copy it from the cache when the same one was made before.

    Args:
        path: where it goes; a bare name goes to the workspace's artefacts.
        suffix: that the path must have; "" for a folder.
        text: what is being done, shown when it takes longer than a second.
        key: the verb, hashes of its inputs, its options. Code and versions are added here.
        write: writes the artefact to the path that it is given.

    Returns:
        The path of the complete artefact.

    Raises:
        InputError: another suffix, or the library behind the verb refused the model.
        StorageError: the file system refused; an older artefact of this name is untouched.
    """
    target = target_path(path, suffix)
    return workspace.copy_to(kept(target.name, suffix, text, key, write), target)


def kept(
    name: str,
    suffix: str,
    text: str,
    key: Mapping[str, Any],
    write: Callable[[Path], object],
) -> Path:
    """Make an artefact in the cache and return its path there, as `make` does (name: for messages)."""

    def translated(temporary: Path) -> None:
        try:
            with progress.task(text), keras.quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                write(temporary)
        except (EdgelabError, OSError):  # the workspace turns an OSError into a StorageError
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            if any(refusal in reason for refusal in _REFUSALS):
                raise StorageError(
                    f"{name} could not be written ({reason}). Free some space, or choose a folder "
                    "that you may write to with EDGELAB_WORKSPACE and EDGELAB_CACHE."
                ) from error
            raise InputError(
                f"{text} failed: {type(error).__name__}: {reason}. The library behind it can't take "
                "this model; look for the layer or operator that the message names."
            ) from error

        finally:
            give_memory_back()

    whole_key = {**key, "code": _code(), "versions": workspace.versions(*_PACKAGES)}
    return workspace.cached(whole_key, translated, suffix)


def give_memory_back() -> None:
    """Return freed memory to the system: a conversion leaves gigabytes that nobody uses any more."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:  # only the GNU C library has it
        trim(0)


def trained(
    model: Any, key: Mapping[str, Any], code: Sequence[str], fit: Callable[[], object]
) -> Any:
    """Give a model the weights that a training leads to, training only if it never ran before.

    Args:
        model: a built Keras model; changed in place.
        key: all that the result depends on: hashes of the weights it starts from and of the images,
            epochs, rate, seed. Code and versions are added here.
        code: the modules that train, as files under `edgelab/`.
        fit: trains the model in place; may raise.

    Returns:
        The same model.
    """

    def make(target: Path) -> None:
        fit()
        np.savez(target, *model.get_weights())

    made = {"code": workspace.code_hashes(*code)}
    versions = workspace.versions("tensorflow", "tf-keras", "tensorflow-model-optimization")
    with np.load(workspace.cached({**key, **made, "versions": versions}, make, ".npz")) as stored:
        model.set_weights([stored[f"arr_{i}"] for i in range(len(stored.files))])
    return model


def target_path(path: str | os.PathLike[str], suffix: str) -> Path:
    """Return where an artefact goes, its folder created.

    Raises:
        InputError: the name has another suffix than this kind of artefact.
        StorageError: the folder can't be created.
    """
    if Path(path).suffix != suffix:
        wanted = f"must end in {suffix}" if suffix else "is a folder and takes no suffix"
        raise InputError(f"The artefact's name {wanted}; this one is {str(path)!r}.")
    return workspace.artefact_path(path)


def model_of(source: object) -> Any:
    """Return the Keras model that was given, or load it from its `.keras` file.

    Raises:
        InputError: neither a Keras model nor a path; a model without one input and one output.
        FormatError: a path to another kind of file.
        MissingFileError: there is no such file.
    """
    if isinstance(source, str | os.PathLike):
        if Path(source).suffix != ".keras":
            raise FormatError(
                f"A Keras model is needed here, in memory or as a .keras file; {str(source)!r} is "
                "neither."
            )
        model = keras.load(source)
    elif keras.is_model(source):
        model = source
    else:
        raise InputError(
            f"A Keras model or the path of a .keras file is needed; this is a "
            f"{type(source).__name__}."
        )
    if len(model.inputs or ()) != 1 or len(model.outputs or ()) != 1:
        raise InputError(
            f"The model {model.name!r} must be built, with one input and one output; it has "
            f"{len(model.inputs or ())} and {len(model.outputs or ())}."
        )
    return model


def model_hash(model: Any) -> str:
    """Return the SHA-256 of a Keras model's architecture and weights, as 64 hex digits.

    Raises:
        InputError: a subclassed model, whose architecture can't be written down.
    """
    try:
        architecture = model.to_json()
    except (NotImplementedError, TypeError, ValueError) as error:
        raise InputError(
            f"The architecture of {model.name!r} can't be written down ({error}). "
            "Build it as a Sequential or functional Keras model."
        ) from error
    digest = hashlib.sha256(architecture.encode())
    for weight in model.get_weights():
        digest.update(f"{weight.dtype}{weight.shape}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def array_hash(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's dtype, shape and content."""
    digest = hashlib.sha256(f"{array.dtype}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def images_of(data: object, shape: tuple[int | None, ...], purpose: str) -> np.ndarray:
    """Return the images of a split or an array, checked against a model's input.

    Args:
        data: a split, or float images (n, …) in the model's input range.
        shape: the model's input, batch first, None where free.
        purpose: what they are for, in a message; for "calibration" the test split is refused.

    Returns:
        float32 images, shape (n, …).

    Raises:
        SplitError: the test split, for calibration.
        InputError: nothing in it, NaN or infinity, another shape, not a floating-point array.
    """
    if isinstance(data, Split) and purpose == "calibration":
        data.require_calibration()
    images = np.asarray(data.x if isinstance(data, Split) else data)
    if images.ndim == 0 or len(images) == 0:
        raise InputError(f"There are no images for {purpose}: give at least one.")
    if images.dtype.kind != "f":
        raise InputError(
            f"The images for {purpose} must be float32 in the model's input range, prepared as for "
            f"the model itself; these have dtype {images.dtype}."
        )
    wanted = tuple(shape[1:])
    fits = images.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(wanted, images.shape[1:], strict=True)
    )
    if not fits:
        expected = ", ".join("n" if s is None else str(s) for s in (None, *wanted))
        raise InputError(
            f"The model takes images of shape ({expected}); those for {purpose} have shape "
            f"{images.shape}."
        )
    bad = int(np.count_nonzero(~np.isfinite(images).reshape(len(images), -1).all(axis=1)))
    if bad:
        raise InputError(
            f"{bad} of the {len(images)} images for {purpose} hold NaN or infinity. One such image "
            "ruins every range: remove it, or find where it comes from."
        )
    return np.ascontiguousarray(images, np.float32)


@cache
def _code() -> str:
    """Return a hash of the modules that make artefacts: changed code never meets an old cache."""
    return "".join(workspace.code_hashes(*_MAKERS))
