from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, keras, quantize, size
from edgelab.errors import FormatError, InputError, MissingFileError, MissingRuntimeError

# first 3·3·1·4 + 4, depthwise 3·3·4 + 4, last 256·10 + 10
PARAMETERS = 40 + 40 + 2570


@pytest.mark.parametrize("file", ["m.tflite", "m.onnx", "m.keras"])
def test_float_files_count_four_bytes_a_parameter(tiny_files: dict[str, Path], file: str) -> None:
    found = size.of(tiny_files[file])
    assert found.nominal_bytes == 4 * PARAMETERS
    assert found.memory_bytes == 4 * PARAMETERS


def test_file_and_gzip_are_those_of_the_file_on_disk(tiny_files: dict[str, Path]) -> None:
    file = tiny_files["m.tflite"]
    found = size.of(file)
    assert found.file_bytes == file.stat().st_size
    assert found.gzip_bytes == len(gzip.compress(file.read_bytes(), 9, mtime=0))


def test_integer_weights_count_their_scales(tiny_files: dict[str, Path]) -> None:
    weights = 36 + 36 + 2560
    biases = 4 + 4 + 10
    scales = 2 * biases  # one a channel for the weights, one for the bias
    found = size.of(tiny_files["int8.tflite"])
    assert found.nominal_bytes == weights + 4 * biases + 4 * scales


def test_four_bits_take_half_a_byte_each_until_they_are_widened(
    tiny_files: dict[str, Path],
) -> None:
    file = quantize.weights(tiny_files["m.tflite"], "w.tflite", recipe={"depthwise": 8})
    found = {t.bits: t for t in size.tensors(file) if t.shape[-1] in (1, 256)}
    assert found[4].value_bytes == found[4].count // 2
    assert found[4].memory_bits == 32
    integers = quantize.weights(
        tiny_files["m.tflite"], "d.tflite", recipe={"depthwise": 8}, compute="int8"
    )
    assert size.of(integers).memory_bytes < size.of(file).memory_bytes
    assert size.of(integers).nominal_bytes == size.of(file).nominal_bytes


def test_float16_is_half_on_disk_and_whole_in_memory(tiny_model: Any) -> None:
    found = size.of(quantize.float16(tiny_model, "half.tflite"))
    assert found.nominal_bytes == 2 * PARAMETERS
    assert found.memory_bytes == 4 * PARAMETERS


def test_onnx_integers_leave_out_what_describes_the_activations(
    tiny_files: dict[str, Path], tiny_split: Any
) -> None:
    file = quantize.onnx_static(tiny_files["m.onnx"], tiny_split("calibration"), "q.onnx")
    found = size.tensors(file)
    assert sum(t.count for t in found) == PARAMETERS
    assert {t.bits for t in found if t.count > 10} == {8}
    assert all(t.memory_bits == t.bits for t in found)


def test_a_folder_counts_all_its_files(tiny_model: Any) -> None:
    folder = convert.to_saved_model(tiny_model, "saved")
    found = size.of(folder)
    assert found.file_bytes == sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    assert found.nominal_bytes == 4 * PARAMETERS


def test_openvino_counts_both_files(tiny_files: dict[str, Path]) -> None:
    pytest.importorskip("openvino")
    file = convert.to_openvino(tiny_files["m.onnx"], "m.xml")
    found = size.of(file)
    assert found.file_bytes == file.stat().st_size + file.with_suffix(".bin").stat().st_size
    assert found.nominal_bytes == 4 * PARAMETERS


def test_a_model_in_memory_is_sized_without_its_optimizer(tiny_model: Any) -> None:
    before = size.of(tiny_model).file_bytes
    trained = keras.clone(tiny_model)
    trained.compile("adam", "mse")
    trained.fit(np.zeros((4, 8, 8, 1)), np.zeros((4, 10)), verbose=0)
    assert size.of(trained).file_bytes < 1.2 * before
    assert trained.optimizer is not None


def test_the_same_file_has_the_same_gzip_size_twice(tiny_files: dict[str, Path]) -> None:
    assert size.of(tiny_files["int8.tflite"]) == size.of(tiny_files["int8.tflite"])


@pytest.mark.parametrize("file", ["m.tflite", "m.onnx", "m.keras"])
def test_a_truncated_file_is_a_format_error(
    tiny_files: dict[str, Path], tmp_path: Path, file: str
) -> None:
    cut = tmp_path / file
    whole = tiny_files[file].read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"truncated|TFL3"):
        size.of(cut)


def test_a_missing_file_an_unknown_suffix_and_no_artefact_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        size.of("nowhere.tflite")
    note = tmp_path / "notes.txt"
    note.write_text("hello")
    with pytest.raises(FormatError, match=r"no kind that edgelab can size.*\.tflite"):
        size.of(note)
    with pytest.raises(InputError, match="this is a int"):
        size.of(3)


def test_a_missing_package_is_named(
    tiny_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingRuntimeError, match="pip install onnx"):
        size.of(tiny_files["m.onnx"])
