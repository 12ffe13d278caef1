from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.files import tflite


def test_layers_carry_the_keras_names(tiny_files: dict[str, Path]) -> None:
    found = tflite.layers(tflite.read(tiny_files["m.tflite"]))
    assert [layer.name for layer in found] == ["first", "depthwise", "last"]
    assert [layer.kind for layer in found] == ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"]
    assert [layer.channels for layer in found] == [4, 4, 10]
    assert {layer.bits for layer in found} == {32}


def test_constants_are_the_models_weights(tiny_files: dict[str, Path], tiny_model: Any) -> None:
    kernel = tiny_model.get_layer("last").get_weights()[0]
    read = tflite.read(tiny_files["m.tflite"])
    stored = [t for t in read.tensors if t.data is not None and t.shape == kernel.T.shape]
    np.testing.assert_array_equal(stored[0].values(), kernel.T)


def test_integer_constants_dequantize_to_the_weights(
    tiny_files: dict[str, Path], tiny_model: Any
) -> None:
    kernel = tiny_model.get_layer("first").get_weights()[0].transpose(3, 0, 1, 2)
    read = tflite.read(tiny_files["int8.tflite"])
    stored = next(t for t in read.tensors if t.dtype == "int8" and t.shape == kernel.shape)
    step = np.asarray(stored.scales).reshape(-1, 1, 1, 1)
    assert (np.abs(stored.values() - kernel) <= step / 2 + 1e-7).all()


def test_the_graph_agrees_with_the_interpreters_own_list(tiny_files: dict[str, Path]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    read = tflite.read(tiny_files["int8.tflite"])
    reference = Interpreter(str(tiny_files["int8.tflite"]))
    details = {d["index"]: d for d in reference.get_tensor_details()}
    for index, tensor in enumerate(read.tensors):
        assert tensor.name == details[index]["name"]
        assert np.dtype(tensor.dtype) == details[index]["dtype"]
        np.testing.assert_allclose(
            tensor.scales, details[index]["quantization_parameters"]["scales"]
        )


def test_a_computed_tensor_has_no_codes(tiny_files: dict[str, Path]) -> None:
    read = tflite.read(tiny_files["m.tflite"])
    computed = next(t for t in read.tensors if t.data is None)
    with pytest.raises(InputError, match="computed when the model runs"):
        computed.codes()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(MissingFileError, match=r"gone\.tflite"):
        tflite.read("gone.tflite")


def test_another_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "picture.tflite"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(FormatError, match="mark TFL3"):
        tflite.read(file)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(
    tmp_path: Path, tiny_files: dict[str, Path], share: float
) -> None:
    whole = tiny_files["m.tflite"].read_bytes()
    file = tmp_path / "cut.tflite"
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FormatError, match="truncated or damaged"):
        tflite.read(file)
