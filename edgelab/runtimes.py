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

from edgelab import keras, workspace
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
    """

    path: Path
    runtime: str | None = None
    threads: int = 1
    weights: str = "trained"

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
    return tuple(_registry)


def runner_class(path: Path, runtime: str | None = None) -> type[Runner]:
    """Return the runner class for an artefact.

    Raises:
        InputError: no runtime of this name, or it does not run this kind of file.
        FormatError: no runtime for this suffix.
    """
    suffix = path.suffix
    if runtime is not None:
        if runtime not in _registry:
            raise InputError(f"There is no runtime {runtime!r}; choose from {', '.join(names())}.")
        chosen = _registry[runtime]
        if suffix not in chosen.suffixes:
            kinds = " or ".join(chosen.suffixes)
            raise InputError(f"{runtime} runs {kinds} files; {path.name} is none.")
        return chosen
    for cls in _registry.values():
        if suffix in cls.suffixes:
            return cls
    kinds = ", ".join(sorted({s for cls in _registry.values() for s in cls.suffixes}))
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


def available() -> dict[str, str]:
    """Return the version of every runtime's package that is installed here."""
    found: dict[str, str] = {}
    for cls in _registry.values():
        distribution = _DISTRIBUTIONS.get(cls.package, cls.package)
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[cls.runtime] = metadata.version(distribution)
    return found


_DISTRIBUTIONS = {"ai_edge_litert.interpreter": "ai-edge-litert"}


@register
class LiteRTRunner(Runner):
    """TensorFlow Lite files on ai-edge-litert, with its default XNNPACK kernels."""

    runtime = "litert"
    suffixes = (".tflite",)
    package = "ai_edge_litert.interpreter"

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        with keras.quiet():
            self._interpreter = self._make_interpreter()
            self._interpreter.allocate_tensors()
        self._read_details()

    def _make_interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        # The bytes rather than the path: a file replaced under a mapped model would crash it.
        return Interpreter(model_content=self.path.read_bytes(), num_threads=self.threads)

    def _read_details(self) -> None:
        self._in = self._interpreter.get_input_details()[0]
        self._out = self._interpreter.get_output_details()[0]
        self.input_spec = _lite_spec(self._in)
        self.output_spec = _lite_spec(self._out)

    def _run(self, batch: np.ndarray) -> np.ndarray:
        quantized = _to_integers(batch, self._in)
        outputs = []
        size = self._in["shape"][0]
        if size == 1 and len(quantized) > 1:
            # One image at a time: a resized batch would unpack the weights again.
            outputs += [self._once(image[None]) for image in quantized]
        else:
            self._resize(len(quantized))
            outputs.append(self._once(quantized))
        return _to_floats(np.concatenate(outputs), self._out)

    def _once(self, batch: np.ndarray) -> np.ndarray:
        self._interpreter.set_tensor(self._in["index"], batch)
        self._interpreter.invoke()
        result: np.ndarray = self._interpreter.get_tensor(self._out["index"])
        return result

    def _resize(self, n: int) -> None:
        shape = [n, *self._in["shape"][1:]]
        if list(self._in["shape"]) != shape:
            with keras.quiet():
                self._interpreter.resize_tensor_input(self._in["index"], shape)
                self._interpreter.allocate_tensors()
            self._read_details()

    def prepare(self, batch: np.ndarray) -> Inference:
        """Return one inference of this batch, without anything around it."""
        quantized = _to_integers(self._checked(batch), self._in)
        self._resize(len(quantized))
        self._interpreter.set_tensor(self._in["index"], quantized)
        invoke: Inference = self._interpreter.invoke
        return invoke


@register
class LiteRTReferenceRunner(LiteRTRunner):
    """The same files on LiteRT's built-in kernels, without XNNPACK: what a missing kernel costs."""

    runtime = "litert-builtin"

    def _make_interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        return Interpreter(
            model_content=self.path.read_bytes(),
            num_threads=self.threads,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )


@register
class OnnxRunner(Runner):
    """ONNX files on ONNX Runtime's CPU provider."""

    runtime = "onnxruntime"
    suffixes = (".onnx",)
    package = "onnxruntime"

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.input_spec = _onnx_spec(self._session.get_inputs()[0])
        self.output_spec = _onnx_spec(self._session.get_outputs()[0])

    def _run(self, batch: np.ndarray) -> np.ndarray:
        feed = {self.input_spec.name: np.ascontiguousarray(batch, self.input_spec.dtype)}
        result = self._session.run([self.output_spec.name], feed)[0]
        return np.asarray(result, np.float32)

    def prepare(self, batch: np.ndarray) -> Inference:
        """Return one inference of this batch, without anything around it."""
        import onnxruntime

        ready = np.ascontiguousarray(self._checked(batch), self.input_spec.dtype)
        # An I/O binding keeps Python's dictionary and the copy of the result out of the timed loop.
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(
            self.input_spec.name, onnxruntime.OrtValue.ortvalue_from_numpy(ready)
        )
        binding.bind_output(self.output_spec.name)
        run, session = self._session.run_with_iobinding, binding
        return lambda: run(session)


class _KerasRunner(Runner):
    """A Keras model in TensorFlow; the subclasses differ in how it is called."""

    suffixes = (".keras",)
    package = "tensorflow"
    threads_fixed_at_import = True

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        self._model = keras.load(path)
        shape = tuple(self._model.input_shape)
        self.input_spec = TensorSpec("input", shape, "float32")
        self.output_spec = TensorSpec("output", tuple(self._model.output_shape), "float32")

    def _run(self, batch: np.ndarray) -> np.ndarray:
        result = self._model.predict(np.asarray(batch, np.float32), verbose=0)
        return np.asarray(result, np.float32)

    def close(self) -> None:
        """Drop the model and its graph."""
        # Without this every fresh load would add to TensorFlow's global graph and slow the next.
        self._model = None
        keras.keras().backend.clear_session()


@register
class KerasPredictRunner(_KerasRunner):
    """`model.predict(x)`, as most tutorials time it."""

    runtime = "keras-predict"

    def prepare(self, batch: np.ndarray) -> Inference:
        """Return one inference of this batch, without anything around it."""
        ready = np.asarray(self._checked(batch), np.float32)
        predict = self._model.predict
        return lambda: predict(ready, verbose=0)


@register
class KerasCompiledRunner(_KerasRunner):
    """The model as one compiled graph (`tf.function`), called with a tensor."""

    runtime = "keras-compiled"

    def prepare(self, batch: np.ndarray) -> Inference:
        """Return one inference of this batch, without anything around it."""
        tf = keras.tf()
        ready = tf.constant(np.asarray(self._checked(batch), np.float32))
        model = self._model
        compiled = tf.function(lambda x: model(x, training=False)).get_concrete_function(
            tf.TensorSpec(ready.shape, tf.float32)
        )
        return lambda: compiled(ready)


@register
class KerasEagerRunner(_KerasRunner):
    """`model(x)`: every operation called from Python, one by one."""

    runtime = "keras-eager"

    def prepare(self, batch: np.ndarray) -> Inference:
        """Return one inference of this batch, without anything around it."""
        ready = keras.tf().constant(np.asarray(self._checked(batch), np.float32))
        model = self._model
        return lambda: model(ready, training=False)


@register
class OpenVINORunner(Runner):
    """OpenVINO IR on the CPU, computing in float32 where the model is float32.

    OpenVINO would otherwise compute in bfloat16 in silence where the processor has it, and the
    comparison would be between two precisions.
    """

    runtime = "openvino"
    suffixes = (".xml",)
    package = "openvino"

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        import openvino

        core = openvino.Core()
        self._model = core.compile_model(
            core.read_model(path),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32",
                "PERFORMANCE_HINT": "LATENCY",
            },
        )
        self._request = self._model.create_infer_request()
        self.input_spec = _openvino_spec(self._model.inputs[0])
        self.output_spec = _openvino_spec(self._model.outputs[0])

    def _run(self, batch: np.ndarray) -> np.ndarray:
        ready = np.ascontiguousarray(batch, self.input_spec.dtype)
        return np.array(self._request.infer([ready])[0], np.float32)

    def prepare(self, batch: np.ndarray) -> Inference:
        """Return one inference of this batch, without anything around it."""
        import openvino

        ready = np.ascontiguousarray(self._checked(batch), self.input_spec.dtype)
        self._request.set_input_tensor(openvino.Tensor(ready))
        request = self._request

        def infer(_keep: np.ndarray = ready) -> None:
            request.start_async()
            request.wait()

        return infer


def _lite_spec(detail: dict[str, Any]) -> TensorSpec:
    signature = detail.get("shape_signature", detail["shape"])
    shape = tuple(None if s < 0 else int(s) for s in signature)
    return TensorSpec(detail["name"], shape, np.dtype(detail["dtype"]).name)


def _onnx_spec(node: Any) -> TensorSpec:
    shape = tuple(s if isinstance(s, int) else None for s in node.shape)
    dtype = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int8)": "int8"}
    return TensorSpec(node.name, shape, dtype.get(node.type, "float32"))


def _openvino_spec(port: Any) -> TensorSpec:
    shape = tuple(d.get_length() if d.is_static else None for d in port.partial_shape)
    return TensorSpec(port.any_name, shape, np.dtype(port.element_type.to_dtype()).name)


def _to_integers(batch: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    """Quantize a float batch with a TFLite input's own scale and zero point."""
    dtype = np.dtype(detail["dtype"])
    if dtype.kind == "f" or np.asarray(batch).dtype == dtype:
        return np.ascontiguousarray(batch, dtype)
    scale, zero_point = detail["quantization"]
    limits = np.iinfo(dtype)
    codes = np.round(np.asarray(batch, np.float64) / scale) + zero_point
    quantized: np.ndarray = np.clip(codes, limits.min, limits.max).astype(dtype)
    return quantized


def _to_floats(codes: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if codes.dtype.kind == "f":
        return codes.astype(np.float32)
    scale, zero_point = detail["quantization"]
    values: np.ndarray = ((codes.astype(np.float32) - zero_point) * scale).astype(np.float32)
    return values
