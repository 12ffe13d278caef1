"""Everything that executes a model goes through a `Runner`.

One class per runtime, chosen by the artefact's suffix. Benchmarking, evaluation and parity checks
know nothing else:

    with runtimes.load("int8.tflite") as runner:
        scores = runner.run(images)            # float32 in, float32 out, whatever is inside

Lesson 10 runs one network through all of them; lesson 30 looks inside the files.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, InputError, MissingRuntimeError

Inference = Callable[[], Any]


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape (None where free) and NumPy dtype of an input or output."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Candidate:
    """An artefact together with how to run it: `Candidate("m.keras", runtime="keras-compiled")`.

    Attributes:
        path: the artefact's file or folder.
        runtime: a name of `runtimes.names()`; None takes the suffix's default.
        threads: number of threads that one inference may use.
        weights: "trained", "imagenet" or "none" (untrained: size and latency only).
        simulated: whether the weights only pretend to be small (accuracy only).
    """

    path: Path
    runtime: str | None = None
    threads: int = 1
    weights: str = "trained"
    simulated: bool = False

    def load(self) -> Runner:
        """Load the artefact afresh."""
        return load(self.path, threads=self.threads, runtime=self.runtime)


class Runner(ABC):
    """A loaded artefact, ready to run. Close it, or use it in a `with` statement.

    Not safe to share between threads: load one for each thread.
    """

    runtime: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    package: ClassVar[str]
    # Some runtimes fix their number of threads when they are first imported; a comparison that
    # involves one runs in a process of its own.
    threads_fixed_at_import: ClassVar[bool] = False

    def __init__(self, path: Path, threads: int) -> None:
        self.path = path
        self.name = path.stem
        self.threads = threads

    input_spec: TensorSpec
    output_spec: TensorSpec

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Run one batch.

        Args:
            batch: float32 (n, …) in the network's input range. Artefacts with integer inputs
                quantize it with their own scale and zero point.

        Returns:
            float32 (n, outputs), dequantized where the artefact's output is integer.

        Raises:
            InputError: the shape or the dtype does not fit the artefact.
        """
        return self._run(self._checked(batch))

    @abstractmethod
    def prepare(self, batch: np.ndarray) -> Inference:
        """Return a callable that runs exactly one inference of this batch and nothing else.

        What can be done before (quantizing the input, handing it over) is done here, so that a
        timed loop holds the inference alone.
        """

    @abstractmethod
    def _run(self, batch: np.ndarray) -> np.ndarray: ...

    def close(self) -> None:  # noqa: B027 - most runtimes have nothing to release
        """Release what the runtime holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, batch: np.ndarray) -> np.ndarray:
        given = np.asarray(batch)
        wanted = self.input_spec.shape
        free = (None, *wanted[1:])
        fits = given.ndim == len(wanted) and all(
            want in (None, have) for want, have in zip(free, given.shape, strict=True)
        )
        if not fits:
            shape = ", ".join("n" if s is None else str(s) for s in free)
            hint = ""
            if given.ndim == len(wanted) - 1:
                hint = " One image needs a batch dimension: images[:1], not images[0]."
            raise InputError(
                f"{self.path.name} takes a batch of shape ({shape}); this one is {given.shape}."
                + hint
            )
        if given.shape[0] == 0:
            raise InputError(f"The batch for {self.path.name} is empty; give at least one image.")
        if given.dtype.kind not in "fiu":
            raise InputError(
                f"{self.path.name} takes numbers; this batch has dtype {given.dtype}. "
                "Convert it with .astype('float32')."
            )
        if given.dtype.kind in "iu" and np.dtype(self.input_spec.dtype).kind == "f":
            raise InputError(
                f"{self.path.name} takes float32 images in its input range; this batch has dtype "
                f"{given.dtype}. Scale it first (most networks of the course take 0 to 1)."
            )
        return given


_registry: dict[str, type[Runner]] = {}


def register(cls: type[Runner]) -> type[Runner]:
    """Add a runner class under its runtime's name (a decorator)."""
    _registry[cls.runtime] = cls
    return cls


def names() -> tuple[str, ...]:
    """Return the names of all runtimes that edgelab knows."""
    return tuple(_known())


def runner_class(path: Path, runtime: str | None = None) -> type[Runner]:
    """Return the runner class for an artefact.

    Raises:
        InputError: no runtime of this name, or it does not run this kind of file.
        FormatError: no runtime for this suffix.
    """
    suffix = path.suffix
    if runtime is not None:
        if runtime not in _known():
            raise InputError(f"There is no runtime {runtime!r}; choose from {', '.join(names())}.")
        chosen = _known()[runtime]
        if suffix not in chosen.suffixes:
            kinds = " or ".join(chosen.suffixes)
            raise InputError(f"{runtime} runs {kinds} files; {path.name} is none.")
        return chosen
    for cls in _known().values():
        if suffix in cls.suffixes:
            return cls
    kinds = ", ".join(sorted({s for cls in _known().values() for s in cls.suffixes}))
    raise FormatError(f"No runtime runs {path.name!r}: edgelab knows the suffixes {kinds}.")


def load(path: str | Path, threads: int = 1, runtime: str | None = None) -> Runner:
    """Load an artefact with the runtime that its suffix names.

    Args:
        path: the artefact; a bare name is looked for here and in the workspace.
        threads: how many threads one inference may use.
        runtime: another runtime than the suffix's default ("keras-compiled", …).

    Raises:
        MissingFileError: there is no such artefact.
        FormatError: it is truncated or not what its suffix says.
        MissingRuntimeError: the package that runs it is not installed.
        InputError: the runtime does not exist or does not run this suffix; threads below 1.
    """
    if threads < 1:
        raise InputError(f"threads is {threads}; an inference needs at least 1.")
    cls = runner_class(Path(path), runtime)
    source = workspace.existing(path)
    if util.find_spec(cls.package.split(".")[0]) is None:
        raise MissingRuntimeError(
            f"{source.name} needs the package {cls.package!r}, which is not installed here. "
            "Install everything with `make lab`, or this runtime with "
            f"`pip install -e '.[all]' -c constraints.txt`."
        )
    try:
        return cls(source, threads)
    except (InputError, FormatError, MissingRuntimeError):
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[:1]
        raise FormatError(
            f"{source.name} could not be loaded by {cls.runtime} ({type(error).__name__}: "
            f"{''.join(reason)[:200]}). The file ({source.stat().st_size} bytes) may be truncated "
            "or of another format than its suffix says: make it again."
        ) from error


def example(runner: Runner, batch: int = 1) -> np.ndarray:
    """Return random images (float32, 0 to 1) of the shape that a runner takes."""
    shape = (batch, *(s or 1 for s in runner.input_spec.shape[1:]))
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def available() -> dict[str, str]:
    """Return the version of every runtime's package that is installed here."""
    found: dict[str, str] = {}
    for cls in _known().values():
        distribution = _DISTRIBUTIONS.get(cls.package, cls.package)
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[cls.runtime] = metadata.version(distribution)
    return found


_DISTRIBUTIONS = {"ai_edge_litert.interpreter": "ai-edge-litert"}


def _known() -> dict[str, type[Runner]]:
    """Return the registry, filled when it is first asked for (the runners import this module)."""
    from edgelab import runners  # noqa: F401 - importing registers them

    return _registry
