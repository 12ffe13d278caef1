from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import keras, quantize, runtimes
from edgelab.errors import InputError
from edgelab.explaining import anatomy, coverage, filled
from edgelab.files import counts
from edgelab.measuring import profiling
from edgelab.runtimes import Candidate


def test_products_and_weights_are_those_that_are_counted(tiny_files: dict[str, Path]) -> None:
    for name in ("m.tflite", "int8.tflite", "m.onnx"):
        found = anatomy.of(tiny_files[name])
        assert found.macs == counts.of(tiny_files[name]).macs, name


def test_the_same_network_has_the_same_products_in_every_format(
    tiny_files: dict[str, Path],
) -> None:
    assert len({anatomy.of(tiny_files[n]).macs for n in ("m.tflite", "m.onnx", "m.keras")}) == 1


def test_a_float_file_multiplies_floats_with_fast_kernels(tiny_files: dict[str, Path]) -> None:
    found = anatomy.of(tiny_files["m.tflite"])
    assert (found.bits, found.share("float"), found.slow, found.converters) == (32, 1, 0, 0)


def test_an_integer_file_multiplies_integers(tiny_files: dict[str, Path]) -> None:
    found = anatomy.of(tiny_files["int8.tflite"])
    assert (found.bits, found.share("integer")) == (8, 1)
    assert found.weight_bytes == found.weights


def test_a_runtime_without_fast_kernels_takes_none(tiny_files: dict[str, Path]) -> None:
    assert anatomy.of(tiny_files["m.tflite"], "litert-builtin").slow == 1


def test_fast_kernels_take_a_float_file_in_one_piece(tiny_files: dict[str, Path]) -> None:
    assert coverage.pieces(tiny_files["m.tflite"]) == 1


def test_a_layer_without_a_fast_kernel_is_left_over(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    cut = quantize.mixed(tiny_files["m.tflite"], tmp_path / "cut.tflite", {"first": 4}, others=32)
    found = anatomy.of(cut)
    assert [p.fast for p in found.parts] == [False, True, True]
    assert found.slow == pytest.approx(found.parts[0].macs / found.macs)


def test_int16_activations_have_no_fast_kernel(
    tiny_model: Any, tiny_images: np.ndarray, tmp_path: Path
) -> None:
    file = quantize.int16_activations(tiny_model, tiny_images, tmp_path / "int16.tflite")
    found = anatomy.of(file)
    assert (found.share("int16"), found.slow) == (1, 1)
    assert found.converters == 2


def test_float16_weights_are_widened(tiny_model: Any, tmp_path: Path) -> None:
    found = anatomy.of(quantize.float16(tiny_model, tmp_path / "half.tflite"))
    assert (found.share("widened"), found.widened_from, found.bits) == (1, 16, 16)
    assert found.converters == 0  # weights are unpacked once, when the file is loaded
    assert found.weight_bytes == 4 * found.weights


def test_dynamic_and_static_onnx_files_are_told_apart(
    tiny_files: dict[str, Path], tiny_images: np.ndarray, tmp_path: Path
) -> None:
    dynamic = anatomy.of(quantize.onnx_dynamic(tiny_files["m.onnx"], tmp_path / "d.onnx"))
    static = anatomy.of(
        quantize.onnx_static(tiny_files["m.onnx"], tiny_images, tmp_path / "s.onnx")
    )
    assert dynamic.share("dynamic") == 1
    assert static.share("integer") == 1
    assert static.macs == dynamic.macs == anatomy.of(tiny_files["m.onnx"]).macs
    assert static.converters > 0


def test_channels_are_those_of_the_output_in_every_format(tiny_files: dict[str, Path]) -> None:
    for name in ("m.tflite", "int8.tflite", "m.onnx", "m.keras"):
        assert [p.channels for p in anatomy.of(tiny_files[name]).parts] == [4, 4, 10], name


def test_channels_of_a_matrix_product_are_its_last_dimension(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((16, 24), np.float32), "w")
    words, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 5, count))
        for name, count in (("words", 16), ("out", 24))
    )
    node = helper.make_node("MatMul", ["words", "w"], ["out"], name="product")
    graph = helper.make_graph([node], "sequence", [words], [out], [weights])
    file = tmp_path / "sequence.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), file)
    found = anatomy.of(file)
    assert [p.channels for p in found.parts] == [24]
    assert found.idle_lanes == 0


def test_channels_come_in_steps_of_eight(tiny_files: dict[str, Path]) -> None:
    found = anatomy.of(tiny_files["m.tflite"])
    first, depthwise, last = (p.macs for p in found.parts)
    done = first * 8 / 4 + depthwise * 8 / 4 + last * 16 / 10
    assert found.idle_lanes == pytest.approx(1 - found.macs / done)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"\.tflite, \.onnx and \.keras"):
        anatomy.of(file)


@pytest.fixture(scope="module")
def with_zeros(tiny_model: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return `tiny_model` with every second weight 0, in both formats, by the frameworks."""
    thin = keras.clone(tiny_model)
    thin.set_weights([np.where(np.arange(w.size).reshape(w.shape) % 2, w, 0) if w.ndim > 1 else w
                      for w in tiny_model.get_weights()])  # fmt: skip
    from edgelab import convert

    folder = tmp_path_factory.mktemp("zeros")
    return {
        ".tflite": convert.to_tflite(thin, folder / "thin.tflite"),
        ".onnx": convert.to_onnx(thin, folder / "thin.onnx"),
    }


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
def test_filling_leaves_no_zero_and_nothing_else_changes(
    with_zeros: dict[str, Path], suffix: str, tmp_path: Path
) -> None:
    before = anatomy.of(with_zeros[suffix])
    assert before.zeros == pytest.approx(0.5, abs=0.02)
    file = filled.fill(with_zeros[suffix], tmp_path / f"filled{suffix}")
    after = anatomy.of(file)
    assert (after.zeros, after.idle) == (0, 0)
    assert (after.macs, after.weights, after.bits) == (before.macs, before.weights, before.bits)
    with runtimes.load(file) as runner:
        assert np.isfinite(runner.run(np.ones((1, 8, 8, 1), np.float32))).all()


def test_only_known_formats_can_be_filled(tiny_files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.keras: zeros can be filled"):
        filled.fill(tiny_files["m.keras"], tmp_path / "filled.keras")


def test_onnx_runtime_tells_the_share_of_each_kind_of_operator(tiny_files: dict[str, Path]) -> None:
    shares = profiling.operator_shares(Candidate(tiny_files["m.onnx"]))
    assert any("Conv" in kind for kind in shares)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert sum(shares.values()) == pytest.approx(1)


def test_other_runtimes_tell_nothing(tiny_files: dict[str, Path]) -> None:
    assert profiling.operator_shares(Candidate(tiny_files["m.tflite"])) == {}
