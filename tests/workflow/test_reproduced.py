"""The troubles of `troubleshooting.yaml`, made to happen: each test is named by an entry."""

from __future__ import annotations

import gzip
import json
import socket
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import keras, size, workflow
from edgelab.measuring import machine
from edgelab.slm import llama
from edgelab.workflow import hardware
from tests.slm import tiny

needs_llama = pytest.mark.skipif(
    not util.find_spec("llama_cpp"), reason="llama-cpp-python is not installed"
)


def test_dynamic_quantization_turns_convolutions_into_conv_integer(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    import onnx
    from onnxruntime.quantization import quantize_dynamic

    with keras.quiet():
        quantize_dynamic(tiny_files["m.onnx"], tmp_path / "dynamic.onnx")
    kinds = {node.op_type for node in onnx.load(tmp_path / "dynamic.onnx").graph.node}
    assert {"ConvInteger", "DynamicQuantizeLinear"} <= kinds
    assert "Conv" not in kinds


def test_one_scale_for_all_channels_loses_the_small_ones() -> None:
    random = np.random.default_rng(0)
    kernel = random.normal(size=(3, 3, 8)).astype(np.float32) * np.logspace(-3, 0, 8, dtype="f4")

    def lost(scale: Any) -> np.ndarray:
        rounded = np.round(kernel / scale).clip(-127, 127) * scale
        error = np.linalg.norm(rounded - kernel, axis=(0, 1))
        return error / np.linalg.norm(kernel, axis=(0, 1))

    one, each = np.abs(kernel).max() / 127, np.abs(kernel).max(axis=(0, 1)) / 127
    assert lost(one)[0] > 0.5  # the smallest channel is gone
    assert lost(each).max() < 0.01


def test_zeros_shrink_the_compressed_file_only(tmp_path: Path) -> None:
    k = keras.keras()
    model = k.Sequential([k.layers.Input((64,)), k.layers.Dense(64, use_bias=False)])
    full = keras.save(model, tmp_path / "full.keras")
    weights = model.get_weights()[0]
    weights[np.abs(weights) < np.quantile(np.abs(weights), 0.9)] = 0
    model.set_weights([weights])
    pruned = keras.save(model, tmp_path / "pruned.keras")
    before, after = size.of(full), size.of(pruned)
    assert abs(after.file_bytes - before.file_bytes) < 100
    assert after.nominal_bytes == before.nominal_bytes
    assert len(gzip.compress(pruned.read_bytes())) < 0.6 * len(gzip.compress(full.read_bytes()))


def test_rows_that_are_no_multiple_of_256_are_found_before_quantizing(tmp_path: Path) -> None:
    narrow = llama.Shape(512, 96, 1, 3, 3, 192, 512)
    model = workflow.assess(tiny.gguf(tmp_path / "narrow.gguf", shape=narrow))
    found = workflow.recommend(
        workflow.Requirements("language"), hardware.typical("linux", "intel"), model
    )
    assert found.strategy.name == "Q4_K_M"
    assert any("falls back" in caution.text.en for caution in found.cautions)


def test_five_bits_after_four_are_worse_than_four() -> None:
    """Q5_1 of a Q4_1 model: 31 steps do not hold the values of 15."""
    import gguf

    four, five = gguf.GGMLQuantizationType.Q4_1, gguf.GGMLQuantizationType.Q5_1
    weights = np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32)

    def rounded(values: np.ndarray, kind: Any) -> np.ndarray:
        return gguf.quants.dequantize(gguf.quants.quantize(values, kind), kind)

    def error(values: np.ndarray) -> float:
        return float(np.linalg.norm(values - weights))

    once, direct = rounded(weights, four), rounded(weights, five)
    twice = rounded(once, five)
    assert error(direct) < error(once)
    assert error(twice) > 1.3 * error(direct)
    assert error(twice) > error(once)


def test_an_integer_zero_point_can_t_hold_the_minimum_of_q4_1() -> None:
    import gguf

    kind = gguf.GGMLQuantizationType.Q4_1
    weights = np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32)
    stored = gguf.quants.quantize(weights, kind).reshape(-1, 20)
    step = stored[:, :2].copy().view(np.float16).astype(np.float32)
    least = stored[:, 2:4].copy().view(np.float16).astype(np.float32)
    codes = np.concatenate([stored[:, 4:] & 15, stored[:, 4:] >> 4], axis=1)
    exact = codes * step + least
    assert np.array_equal(
        exact.reshape(weights.shape), gguf.quants.dequantize(stored.reshape(64, -1), kind)
    )
    point = np.round(-least / step)
    shifted = (codes - point) * step
    assert 0.2 < np.abs(-least / step - point).mean() < 0.3  # of a step, by chance alone
    direct = np.linalg.norm(exact - weights.reshape(exact.shape))
    assert np.linalg.norm(shifted - weights.reshape(exact.shape)) > 1.2 * direct


@pytest.mark.skipif(not util.find_spec("openvino"), reason="OpenVINO is not installed")
def test_openvino_computes_in_what_the_hint_says_and_by_default_in_what_the_processor_has(
    tiny_files: dict[str, Path],
) -> None:
    import openvino

    core = openvino.Core()
    model = core.read_model(tiny_files["m.onnx"])

    def precision(settings: dict[str, str]) -> str:
        compiled = core.compile_model(model, "CPU", settings)
        return compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()

    assert precision({"INFERENCE_PRECISION_HINT": "f32"}) == "f32"
    wide = any("bf16" in name.lower() for name in machine.describe()["float"])
    assert precision({}) == "bf16" if wide else precision({}) in ("f32", "f16")


@pytest.mark.skipif(not util.find_spec("mlx_lm"), reason="mlx-lm is not installed")
def test_a_rope_base_inside_rope_parameters_is_overlooked(tmp_path: Path) -> None:
    from mlx_lm.models.llama import ModelArgs

    config = json.loads((tiny.folder(tmp_path / "tiny") / "config.json").read_text())
    config.pop("rope_theta", None)
    config["rope_parameters"] = {"rope_theta": 100_000.0, "rope_type": "default"}
    assert ModelArgs.from_dict(config).rope_theta != 100_000.0
    assert ModelArgs.from_dict({**config, "rope_theta": 100_000.0}).rope_theta == 100_000.0


@needs_llama
def test_a_prompt_longer_than_the_context_is_refused(tmp_path: Path) -> None:
    import llama_cpp

    path = str(tiny.gguf(tmp_path / "tiny.gguf"))
    model = llama_cpp.Llama(path, n_ctx=256, n_threads=1, verbose=False)
    with pytest.raises(ValueError, match="exceed context window"):
        model.create_completion("word " * 600, max_tokens=1)
    model.close()


@needs_llama
def test_a_quantized_cache_needs_flash_attention(tmp_path: Path) -> None:
    import llama_cpp

    path = str(tiny.gguf(tmp_path / "tiny.gguf"))
    settings: dict[str, Any] = {"n_ctx": 64, "n_threads": 1, "verbose": False}
    settings |= {"type_k": llama_cpp.GGML_TYPE_Q8_0, "type_v": llama_cpp.GGML_TYPE_Q8_0}
    with keras.quiet(), pytest.raises(ValueError, match="Failed to create llama_context"):
        llama_cpp.Llama(path, flash_attn=False, **settings)
    llama_cpp.Llama(path, flash_attn=True, **settings).close()


def test_a_port_can_be_taken_once() -> None:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        first.listen()
        with pytest.raises(OSError, match="in use"):
            second.bind(first.getsockname())
