from __future__ import annotations

import json
import struct
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab.errors import FormatError, MissingFileError
from edgelab.measuring import machine
from edgelab.measuring.accelerators import Accelerator
from edgelab.slm import llama
from edgelab.workflow import assess, hardware, matrices
from edgelab.workflow.assess import Model
from edgelab.workflow.hardware import Hardware
from tests.slm import tiny

needs_openvino = pytest.mark.skipif(not util.find_spec("openvino"), reason="OpenVINO is missing")


def parameters(model: Model) -> dict[str, int]:
    return {part.kind: part.parameters for part in model.parts}


def test_this_machine_is_the_one_that_was_described() -> None:
    here, described = assess(), machine.describe()
    assert here.measured_here
    assert (here.cpu, here.cores) == (described["cpu"], described["cores"])
    assert here.int8 == tuple(described["int8"])
    assert here.memory_bytes == described["memory_bytes"]
    assert here.platform in matrices.load().platforms
    assert Hardware.from_dict(here.to_dict()) == here
    assert here.cpu in repr(here)


@pytest.mark.parametrize(
    ("cpu", "architecture", "kind"),
    [
        ("Intel(R) Xeon(R) Platinum 8375C", "x86_64", "intel"),
        ("Intel64 Family 6 Model 85, GenuineIntel", "AMD64", "intel"),
        ("AMD64 Family 25 Model 33, AuthenticAMD", "AMD64", "amd"),
        ("AMD EPYC", "x86_64", "amd"),
        ("Common KVM processor", "x86_64", "amd"),
        ("Apple M3", "arm64", "arm"),
        ("", "aarch64", "arm"),
        ("", "riscv64", "other"),
    ],
)
def test_processors_are_told_apart(cpu: str, architecture: str, kind: str) -> None:
    assert hardware.processor(cpu, architecture) == kind


def test_of_several_accelerators_the_fittest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    both = (Accelerator("intel", "Intel GPU"), Accelerator("nvidia", "Tesla T4, 15360 MiB"))
    monkeypatch.setattr(hardware.accelerators, "found", lambda: both)
    here = hardware.here()
    assert here.accelerator == "nvidia"
    assert here.accelerators[:2] == ("Intel GPU", "Tesla T4, 15360 MiB")


def test_a_typical_machine_is_one_of_the_matrix() -> None:
    assert hardware.typical("ios").accelerator == "apple"
    assert hardware.typical("linux", "arm").accelerator == "none"
    assert hardware.typical("linux").fast_int8 is None


def test_fast_int8_is_read_off_the_instructions() -> None:
    known = Hardware("linux", "intel", cpu="x", int8=("AVX2",))
    assert known.fast_int8 is False
    assert Hardware("linux", "intel", cpu="x", int8=("AVX2", "AVX-512 VNNI")).fast_int8 is True


@pytest.mark.parametrize("name", ["m.keras", "m.tflite", "m.onnx"])
def test_every_format_of_one_network_says_the_same(tiny_files: dict[str, Path], name: str) -> None:
    found = assess(tiny_files[name])
    assert (found.kind, found.format) == ("image", name.split(".")[1])
    weights = parameters(found)
    assert {k: weights[k] for k in ("convolution", "depthwise", "dense")} == {
        "convolution": 3 * 3 * 1 * 4,
        "depthwise": 3 * 3 * 4,
        "dense": 8 * 8 * 4 * 10,
    }
    assert found.macs == 8 * 8 * (36 + 36) + 2560
    assert found.bytes == tiny_files[name].stat().st_size
    assert not found.quantized
    assert [p.quantizable for p in found.parts] == [p.kind != "vector" for p in found.parts]


@needs_openvino
def test_an_openvino_model_says_the_same(tiny_files: dict[str, Path], tmp_path: Path) -> None:
    import openvino

    path = tmp_path / "m.xml"
    openvino.save_model(
        openvino.convert_model(str(tiny_files["m.onnx"])), path, compress_to_fp16=False
    )
    found = assess(path)
    weights = parameters(found)
    assert (weights["convolution"], weights["depthwise"], weights["dense"]) == (36, 36, 2560)
    assert found.bytes == path.stat().st_size + path.with_suffix(".bin").stat().st_size
    assert found.types.keys() == {"float32"}


def test_a_model_in_memory_is_assessed_too(tiny_model: Any) -> None:
    found = assess(tiny_model)
    assert found.format == "keras"
    assert found.parameters == tiny_model.count_params()
    assert found.operators["Conv2D"] == 1


def test_an_integer_file_is_quantized_already(tiny_files: dict[str, Path]) -> None:
    found = assess(tiny_files["int8.tflite"])
    assert found.quantized
    assert parameters(found)["quantized"] == 36 + 36 + 2560
    assert not next(p for p in found.parts if p.kind == "quantized").quantizable


def test_packed_weights_of_onnx_are_counted_one_by_one(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    rows, columns, block = 8, 64, 32
    helper, kinds = onnx.helper, onnx.TensorProto
    tensors = {
        "packed": np.zeros((rows, columns // block, block // 2), np.uint8),
        "scales": np.ones((rows, columns // block), np.float32),
    }
    node = helper.make_node(
        "MatMulNBits", ["input_ids", *tensors], ["y"], domain="com.microsoft",
        K=columns, N=rows, bits=4, block_size=block,
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info("input_ids", kinds.FLOAT, [1, columns])],
        [helper.make_tensor_value_info("y", kinds.FLOAT, [1, rows])],
        [onnx.numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "q.onnx")
    found = assess(tmp_path / "q.onnx")
    assert (found.kind, found.parameters, found.types) == ("language", 512, {"int4": 512})
    assert found.quantized


def test_gguf_and_folder_of_one_model_agree(tmp_path: Path) -> None:
    file = assess(tiny.gguf(tmp_path / "tiny.gguf"))
    folder = assess(tiny.folder(tmp_path / "tiny"))
    assert file.parameters == folder.parameters
    assert parameters(file) == parameters(folder)
    assert file.kind == folder.kind == "language"
    assert file.context == folder.context == 512
    shape = tiny.SHAPE
    per_token = 2 * shape.layers * shape.kv_heads * (shape.hidden // shape.heads) * 2
    assert file.kv_bytes_per_token == folder.kv_bytes_per_token == per_token
    assert file.rows_of_256
    assert parameters(file)["embedding"] == shape.vocabulary * shape.hidden
    assert (file.format, folder.format) == ("gguf", "huggingface")


def test_rows_that_fit_no_k_type_are_told(tmp_path: Path) -> None:
    narrow = llama.Shape(512, 96, 1, 3, 3, 192, 512)
    found = assess(tiny.gguf(tmp_path / "narrow.gguf", shape=narrow))
    assert found.rows_of_256 is False
    assert found.has("off_256")
    assert not found.has("dense")


def mlx_folder(path: Path, bits: int = 4) -> Path:
    """Write a folder as MLX does: weights packed into 32-bit numbers, their scales beside them."""
    path.mkdir()
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64}
    config["quantization"] = {"group_size": 32, "bits": bits}
    (path / "config.json").write_text(json.dumps(config))
    tensors = {
        "layer.weight": ("U32", [16, 64 * bits // 32], 16 * 64 * bits // 8),
        "layer.scales": ("F16", [16, 2], 64),
        "layer.biases": ("F16", [16, 2], 64),
        "norm.weight": ("F16", [64], 128),
    }
    header: dict[str, Any] = {"__metadata__": {"format": "mlx"}}
    end = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    data = struct.pack("<Q", len(text)) + text + bytes(end)
    (path / "model.safetensors").write_bytes(data)
    return path


@pytest.mark.parametrize("bits", [4, 8])
def test_an_mlx_folder_is_unpacked_in_thought(tmp_path: Path, bits: int) -> None:
    found = assess(mlx_folder(tmp_path / "mlx", bits))
    assert (found.format, found.kind) == ("mlx", "language")
    assert found.types == {f"int{bits}": 16 * 64, "float16": 64}
    assert found.quantized


def test_a_truncated_artefact_is_a_format_error(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    files = [tiny_files[name] for name in ("m.keras", "m.tflite", "m.onnx")]
    for whole in [*files, tiny.gguf(tmp_path / "whole.gguf")]:
        broken = tmp_path / f"broken{whole.suffix}"
        broken.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
        with pytest.raises(FormatError, match="broken"):
            assess(broken)


@pytest.mark.parametrize("keep", [4, 60, 600])
def test_truncated_safetensors_are_a_format_error(tmp_path: Path, keep: int) -> None:
    file = mlx_folder(tmp_path / "mlx") / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(FormatError, match="safetensors"):
        assess(tmp_path / "mlx")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(FormatError, match=r"notes\.txt is of no kind"):
        assess(tmp_path / "notes.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError):
        assess(tmp_path / "empty")
    with pytest.raises(MissingFileError):
        assess(tmp_path / "gone.onnx")
    with pytest.raises(FormatError, match="this is a int"):
        assess(3)
    (tmp_path / "fake.gguf").write_bytes(b"no GGUF at all, but long enough for a header to be read")
    with pytest.raises(FormatError):
        assess(tmp_path / "fake.gguf")


def test_a_folder_with_broken_settings_is_refused(tmp_path: Path) -> None:
    folder = mlx_folder(tmp_path / "mlx")
    (folder / "config.json").write_text("{")
    with pytest.raises(FormatError, match=r"config\.json"):
        assess(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(FormatError, match="no settings"):
        assess(folder)


def test_the_table_says_why_in_both_languages(tmp_path: Path) -> None:
    found = assess(tiny.gguf(tmp_path / "tiny.gguf"))
    assert "norms, biases, other vectors" in found.table("en").column("Weights")
    assert "normes, biais, autres vecteurs" in found.table("fr").column("Poids")
    assert "context 512" in repr(found)
    assert Model.from_dict(found.to_dict()) == found
