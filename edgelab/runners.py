"""The runtimes that edgelab drives, one class each.

LiteRT and ONNX Runtime are the default of their formats; the Keras runners differ in how the model is
called, which lesson 10 shows to matter more than the model; OpenVINO runs where it is installed.
To add a runtime, write a `Runner` here and register it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgelab import keras
from edgelab.runtimes import Inference, Runner, TensorSpec, register


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
            # `start_async` and `wait` would hand the work to another thread and back: a tenth of a
            # millisecond here.
            request.infer(None, share_inputs=True, share_outputs=True)

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
