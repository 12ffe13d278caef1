"""The one place that imports TensorFlow, so that nobody gets the wrong Keras.

The optimisation toolkit (tfmot) works only with the legacy Keras, and which Keras TensorFlow gives
depends on an environment variable at the first import. edgelab sets it; a kernel in which TensorFlow
was imported before with Keras 3 gets an error that says what to do.

    from edgelab.keras import keras
    model = keras().Sequential([...])
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from edgelab import workspace
from edgelab.errors import FormatError, KerasError, MissingRuntimeError

LEGACY = "TF_USE_LEGACY_KERAS"
_PARTS = {"metadata.json", "config.json", "model.weights.h5"}  # of a plain .keras file


def prepare_environment() -> None:
    """Ask for the legacy Keras and a quiet TensorFlow; harmless without TensorFlow."""
    if "tensorflow" not in sys.modules:
        os.environ[LEGACY] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def tf() -> ModuleType:
    """Return TensorFlow with the legacy Keras inside.

    Raises:
        MissingRuntimeError: TensorFlow is not installed.
        KerasError: TensorFlow was imported with Keras 3 before edgelab.
    """
    prepare_environment()
    try:
        with quiet():
            import tensorflow  # noqa: ICN001 - returned as a module, not used as tf
    except ImportError as error:
        raise MissingRuntimeError(
            "TensorFlow is not installed here. Install the course with `make lab`, or "
            "`pip install -e . -c constraints.txt`."
        ) from error
    if not tensorflow.keras.Model.__module__.startswith("tf_keras"):
        raise KerasError(
            "TensorFlow was imported before edgelab and came up with Keras 3; the course needs the "
            "legacy Keras. Restart the kernel and import edgelab first (or set "
            f"{LEGACY}=1 before TensorFlow is imported)."
        )
    tensorflow.get_logger().setLevel("ERROR")
    module: ModuleType = tensorflow
    return module


def keras() -> Any:
    """Return the legacy Keras (`tf.keras`)."""
    return tf().keras


def tfmot() -> ModuleType:
    """Return the TensorFlow Model Optimization toolkit, on the legacy Keras.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    tf()
    try:
        with quiet():
            import tensorflow_model_optimization
    except ImportError as error:
        raise MissingRuntimeError(
            "tensorflow-model-optimization is not installed here. Install the course with "
            "`make lab`, or `pip install -e . -c constraints.txt`."
        ) from error
    module: ModuleType = tensorflow_model_optimization
    return module


def is_model(candidate: object) -> bool:
    """Tell whether this is a Keras model, without importing TensorFlow for the question."""
    if "tensorflow" not in sys.modules:
        return False
    return isinstance(candidate, keras().Model)


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Save a Keras model as a `.keras` file, complete or not at all, and return its path.

    The state of its optimizer stays out: no runtime needs it, and it is twice the weights.
    """
    target = workspace.artefact_path(path)
    with workspace.storing(target) as temporary, quiet(), _without_optimizer(model):
        model.save(temporary)
    return target


def load(path: str | os.PathLike[str]) -> Any:
    """Load a Keras model from a `.keras` file that the legacy Keras wrote.

    Raises:
        MissingFileError: there is no such file.
        FormatError: the file is truncated, no Keras file, or was written by Keras 3.
    """
    source = workspace.existing(path)
    try:
        with quiet():
            return _read(source)
    except Exception as error:
        raise FormatError(
            f"{source} could not be read as a Keras model ({type(error).__name__}: {error}). "
            "It may be truncated, or written by Keras 3: write it again with edgelab."
        ) from error


def _read(source: Path) -> Any:
    """Read a `.keras` file, its weights unpacked first.

    Keras itself reads them inside the archive, jumping to and fro, and every jump back reads the archive
    again from its beginning: several times slower for a network of 100 MB.
    """
    with zipfile.ZipFile(source) as archive, tempfile.TemporaryDirectory() as folder:
        if set(archive.namelist()) != _PARTS:
            return keras().models.load_model(
                source, compile=False
            )  # with vocabularies and the like
        config = json.loads(archive.read("config.json"))
        config["compile_config"] = None
        model = keras().saving.deserialize_keras_object(config)
        model.load_weights(archive.extract("model.weights.h5", folder))
    return model


def clone(model: Any) -> Any:
    """Return a copy of a Keras model with the same weights and no shared state."""
    copy = keras().models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


@contextlib.contextmanager
def _without_optimizer(model: Any) -> Iterator[None]:
    # The .keras format has no option for it.
    optimizer, model.optimizer = getattr(model, "optimizer", None), None
    try:
        yield
    finally:
        model.optimizer = optimizer


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what a converter writes to the process's standard output and error.

    C++ libraries write past Python, so the file descriptors themselves are turned away; an
    exception still shows, since it is raised and not printed.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    try:
        saved = os.dup(1), os.dup(2)
    except OSError:  # a process without standard streams has nothing to silence
        yield
        return
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            # In a notebook sys.stdout is not the descriptor, so it is redirected as well.
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
        finally:
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            for descriptor in saved:
                os.close(descriptor)
